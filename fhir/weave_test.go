package fhir_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// TestEditsAreReadAsWritten makes random changes to random resources, one upon
// another: what is known of the outcome's text is what reading it would give.
func TestEditsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := parse(t, fhirtest.Resource(t, "X", 4))
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			var changes []fhir.Change
			for range rapid.IntRange(1, 4).Draw(t, "changes") {
				c := fhir.Change{Path: fhir.MustPath(drawPath(t)), Op: rapid.SampledFrom([]fhir.Op{fhir.Set, fhir.Remove, fhir.Replace}).Draw(t, "op")}
				if c.Value = json.RawMessage(fhirtest.JSON(t, 2)); c.Op == fhir.Replace {
					c.Value = json.RawMessage("[" + string(c.Value) + "]")
				}
				changes = append(changes, c)
			}
			next, err := r.Apply(changes...)
			if err != nil {
				continue
			}
			if wrong := fhir.Misread(next); wrong != "" {
				t.Fatalf("%s in\n%s", wrong, next.Raw())
			}
			r = next
		}
	})
}

// TestEditsKeepTheLimits nests a value deeper than what is read may be.
func TestEditsKeepTheLimits(t *testing.T) {
	deep := strings.Repeat("[", fhir.MaxDepth-1) + strings.Repeat("]", fhir.MaxDepth-1)
	r := fhir.Empty("X")
	at := func(path string) fhir.Change {
		return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: json.RawMessage(deep)}
	}
	if _, err := r.Apply(at("a")); err != nil {
		t.Errorf("a value %d deep below the resource: %v, want none", fhir.MaxDepth-1, err)
	}
	if _, err := r.Apply(at("a.b")); fhir.KindOf(err) != fhir.Invalid {
		t.Errorf("a value %d deep, two below: %v, want invalid", fhir.MaxDepth-1, err)
	}
}

// TestStoredIsReadInPart asks stored resources for random paths: a member that is
// read alone is what it is in the whole.
func TestStoredIsReadInPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := fhirtest.Resource(t, "X", 4)
		whole := parse(t, text)
		for _, p := range []string{drawPath(t), "id", "value[x]", rapid.SampledFrom(fhirtest.Names).Draw(t, "name")} {
			path := fhir.MustPath(p)
			if got, want := valuesAt(fhir.Stored([]byte(text), "X", ""), path), valuesAt(whole, path); !slices.Equal(got, want) {
				t.Fatalf("%s: %q, want %q in\n%s", p, got, want, text)
			}
		}
	})
}

func valuesAt(r fhir.Resource, p fhir.Path) (all []string) {
	for n := range r.At(p) {
		all = append(all, string(n.Raw()))
	}
	return all
}

// FuzzStoredIsReadInPart steps over whatever may be stored.
func FuzzStoredIsReadInPart(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":[{"a":"\\\""}], "value" :true}`, `{"a`, `{"a":`, `{"a":}`, `{"a":1]`, `{"a":"\`, `{}`, ``, `[`, `{"a"1,"b":2}`} {
		f.Add([]byte(text))
	}
	b := fhir.MustPath("b")
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := fhir.Parse(text)
		if err != nil {
			return
		}
		if got, want := valuesAt(fhir.Stored(text, "X", ""), b), valuesAt(r, b); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
