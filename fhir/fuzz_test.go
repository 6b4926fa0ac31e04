package fhir_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// FuzzParse holds the parser to the standard library: what it accepts, that
// accepts too, and both see the same values.
func FuzzParse(f *testing.F) {
	f.Add(fhirtest.Read(f, "examples", "R4", "Appointment", "seed-002.json"))
	for _, text := range []string{
		``, `{}`, `{"resourceType":"X"}`, `{"resourceType":"X","a":[1.50,-0e7,true,null,{"b":[]}]}`, `{"resourceType":"X","\u0061":"\ud83d\ude00\/"}`,
		`{"resourceType":"X","a":1,"\u0061":2}`, "{\"resourceType\":\"X\",\"a\":\"\xff\"}", `{"resourceType":"X","a":"\ud800"}`, ` {"resourceType":"X"} x`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := fhir.Parse(b)
		if err != nil {
			if k := fhir.KindOf(err); k != fhir.Invalid && k != fhir.TooLarge {
				t.Errorf("an error of kind %v: %v", k, err)
			}
			return
		}
		if !json.Valid(b) || !utf8.Valid(b) {
			t.Fatalf("accepted %q", b)
		}
		if diff := cmp.Diff(fhirtest.Decode(t, b), values(r.Root())); diff != "" {
			t.Errorf("other values (-standard library +fhir):\n%s", diff)
		}
		if !bytes.Equal(r.Raw(), b) {
			t.Errorf("Raw is not what was parsed")
		}
	})
}

// values gives what a Node holds as the standard library decodes it.
func values(n fhir.Node) any {
	switch {
	case n.IsObject():
		object := map[string]any{}
		for name, v := range n.Members() {
			object[name] = values(v)
		}
		return object
	case n.IsArray():
		list := []any{}
		for e := range n.Each() {
			list = append(list, values(e))
		}
		return list
	case n.IsString():
		return n.Text()
	case n.IsNumber():
		return json.Number(n.Text())
	case n.IsBool():
		return n.Text() == "true"
	}
	return nil
}

// FuzzApply makes any change to any resource. It never panics; what comes out is
// a resource; and the same change again changes nothing more, but for a Remove
// by position.
func FuzzApply(f *testing.F) {
	sample := fhirtest.Read(f, "examples", "R4", "Appointment", "seed-002.json")
	for _, path := range []string{"end", "_end", "meta.versionId", "identifier.where(system=http://fhir.patientsknowbest.com/id/external-identifier).value", "participant[1].actor.display", "a.b[2].c"} {
		f.Add(sample, path, uint8(fhir.Set), []byte(`"x"`))
		f.Add(sample, path, uint8(fhir.Remove), []byte(nil))
		f.Add(sample, path, uint8(fhir.Replace), []byte(`[{"system":"x"}]`))
	}
	f.Add([]byte(`{"resourceType":"X","a":{}}`), "a.where(b.c=d).b.e", uint8(fhir.Set), []byte(`{"f":[]}`))
	f.Fuzz(func(t *testing.T, b []byte, path string, op uint8, value []byte) {
		r, err := fhir.Parse(b)
		if err != nil {
			return
		}
		p, err := fhir.ParsePath(path)
		if err != nil {
			return
		}
		c := fhir.Change{Path: p, Op: fhir.Op(op % 3), Value: value}
		got, err := r.Apply(c)
		if err != nil {
			if k := fhir.KindOf(err); k != fhir.Invalid && k != fhir.Unprocessable && k != fhir.TooLarge {
				t.Errorf("an error of kind %v: %v", k, err)
			}
			return
		}
		if _, err := fhir.Parse(got.Raw()); err != nil {
			t.Fatalf("Apply gave %q: %v", got.Raw(), err)
		}
		if c.Op == fhir.Remove && !bytes.ContainsAny([]byte(path), "[") {
			again, err := got.Apply(c)
			if err != nil || !bytes.Equal(again.Raw(), got.Raw()) {
				t.Errorf("Remove %s again: %v\n%q\n%q", path, err, got.Raw(), again.Raw())
			}
		}
	})
}

// FuzzRepoint points every link at itself, which says the same, and at something
// else, which is then what all links are.
func FuzzRepoint(f *testing.F) {
	f.Add([]byte(`{"resourceType":"A","a":{"reference":"B/1"},"text":{"div":"<a href=\"x\"/><img src='y'/>"},"url":"z"}`))
	f.Add([]byte(`{"resourceType":"A","div":"href=\"href='src=\"\u0022"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := fhir.Parse(b)
		if err != nil {
			return
		}
		same, err := r.Repoint(func(text string, _ bool) (string, bool) { return text, true })
		if err != nil || !fhir.Same(r, same) {
			t.Fatalf("links that point where they did: %v\n%q\n%q", err, r.Raw(), same.Raw())
		}
		other, err := r.Repoint(func(string, bool) (string, bool) { return "B/2", true })
		if err != nil {
			t.Fatal(err)
		}
		for place, text := range other.Links {
			if text != "B/2" {
				t.Errorf("%s is %q", place, text)
			}
		}
	})
}
