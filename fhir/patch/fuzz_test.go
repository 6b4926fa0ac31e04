package patch

import (
	"bytes"
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

// applied applies a patch and holds it to what any patch promises.
func applied(t *testing.T, p *Patch, r fhir.Resource) fhir.Resource {
	before := bytes.Clone(r.Raw())
	got, err := p.Apply(r)
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
	again, err := p.Apply(r)
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
