package patch

import (
	"bytes"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// FuzzJSON applies any JSON Patch to any resource. It never panics; what comes
// out is a resource of the same type and id, or an error whose Kind tells what
// is at fault; a member that no operation names keeps its bytes.
func FuzzJSON(f *testing.F) {
	sample := fhirtest.Read(f, "examples", "R4", "Appointment", "seed-002.json")
	for _, tc := range suite {
		f.Add(sample, []byte(tc.patch))
		f.Add([]byte(`{"resourceType":"X","id":"i","a":[{"b":1.0}],"foo":`+tc.doc+`}`), []byte(tc.patch))
	}
	f.Fuzz(func(t *testing.T, resource, patch []byte) {
		r, err := fhir.Parse(resource)
		if err != nil {
			return
		}
		p, err := ParseJSON(patch)
		if err != nil {
			if k := fhir.KindOf(err); k != fhir.Invalid && k != fhir.TooLarge {
				t.Errorf("the document is refused as %v: %v", k, err)
			}
			return
		}
		got := applied(t, p, r)
		if got.IsZero() {
			return
		}
		touched := map[string]bool{}
		for _, op := range p.ops {
			for _, path := range []pointer{op.(*jsonOp).path, op.(*jsonOp).from} {
				if path != nil && len(path) == 0 {
					return
				}
				if path != nil {
					touched[path[0]] = true
				}
			}
		}
		keeps(t, r, got, touched)
	})
}

// FuzzFHIRPath applies any FHIRPath Patch to any resource, and holds to what
// FuzzJSON does. Its first path is also given by itself, so that the fuzzer finds
// its way into paths.
func FuzzFHIRPath(f *testing.F) {
	sample := fhirtest.Read(f, "examples", "R4", "Appointment", "seed-002.json")
	for _, path := range []string{
		"Appointment.status", "Appointment.participant.where(actor.reference = 'Patient/p' and status != 'x').first()", "participant[0].actor.display", "end.extension('u').value",
		"contained.ofType(Patient).name.given", "identifier.where(system.exists() or value.empty().not()).single()", "Appointment", "meta.versionId", "`status`", "participant.where($this.status = '\u0061')",
	} {
		for _, op := range pathOps {
			document := parametersOf(operationOf(op.name, "PATH", "value", `"valueString":"x","_valueString":{"id":"i"}`))
			for _, part := range op.parts {
				if part == "name" {
					document = parametersOf(operationOf(op.name, "PATH", "name", `"valueString":"extension"`, "value", `"part":[{"name":"url","valueUri":"u"},{"name":"value","valueString":"v"}]`))
				} else if part == "index" {
					document = parametersOf(operationOf(op.name, "PATH", "index", `"valueInteger":0`, "value", `"valueReference":{"reference":"Slot/s"}`))
				} else if part == "source" {
					document = parametersOf(operationOf(op.name, "PATH", "source", `"valueInteger":0`, "destination", `"valueInteger":1`))
				}
			}
			if op.parts == nil {
				document = parametersOf(operationOf(op.name, "PATH"))
			}
			f.Add(sample, []byte(document), path)
			f.Add([]byte(booking), []byte(document), path)
		}
	}
	f.Fuzz(func(t *testing.T, resource, document []byte, path string) {
		r, err := fhir.Parse(resource)
		if err != nil {
			return
		}
		document = bytes.Replace(document, []byte(`"PATH"`), fhir.Quote(path), 1)
		doc, err := fhir.Parse(document)
		if err != nil {
			return
		}
		p, err := ParseParameters(doc)
		if err != nil {
			if k := fhir.KindOf(err); k != fhir.Invalid && k != fhir.TooLarge {
				t.Errorf("the document is refused as %v: %v", k, err)
			}
			return
		}
		got := applied(t, p, r)
		if got.IsZero() {
			return
		}
		touched := map[string]bool{}
		for _, op := range p.ops {
			op := op.(*pathOp)
			name := op.name
			if steps := op.path.steps; len(steps) > 0 {
				if name = steps[0].name; steps[0].kind != member {
					name = "extension"
				}
			}
			// Of a choice, any of its members, and beside a primitive what it has there.
			for member := range r.Root().Members() {
				if plain := strings.TrimPrefix(member, "_"); strings.HasPrefix(plain, strings.TrimSuffix(name, "[x]")) {
					touched[member] = true
				}
			}
		}
		keeps(t, r, got, touched)
	})
}

// applied applies a patch and holds it to what any patch promises.
func applied(t *testing.T, p *Patch, r fhir.Resource) fhir.Resource {
	before := bytes.Clone(r.Raw())
	got, err := p.Apply(t.Context(), r)
	if !bytes.Equal(r.Raw(), before) {
		t.Fatalf("the resource itself was changed")
	}
	if err != nil {
		if k := fhir.KindOf(err); k != fhir.Unprocessable && k != fhir.TooLarge {
			t.Errorf("the patch is refused as %v: %v", k, err)
		}
		return fhir.Resource{}
	}
	if _, err := fhir.Parse(got.Raw()); err != nil || got.Type() != r.Type() || got.ID() != r.ID() {
		t.Fatalf("%s became %s (%v): %s", r, got, err, got.Raw())
	}
	again, err := p.Apply(t.Context(), r)
	if err != nil || !bytes.Equal(again.Raw(), got.Raw()) {
		t.Errorf("applied again it gives %s, %v", again.Raw(), err)
	}
	return got
}

// keeps holds that members that were not touched have the bytes they had.
func keeps(t *testing.T, before, after fhir.Resource, touched map[string]bool) {
	for name, v := range before.Root().Members() {
		if now := after.Root().Get(name); !touched[name] && !bytes.Equal(now.Raw(), v.Raw()) {
			t.Errorf("%s was %s and is %s", name, v.Raw(), now.Raw())
		}
	}
}
