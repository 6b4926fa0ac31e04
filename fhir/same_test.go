package fhir_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

func TestSame(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"order of members", `{"resourceType":"Slot","a":1,"b":[{"c":"x","d":true}]}`, `{"b":[{"d":true,"c":"x"}],"resourceType":"Slot","a":1}`, true},
		{"white space and escapes", `{"resourceType":"Slot","a":"\u0041"}`, "{ \"resourceType\" : \"Slot\",\n\"a\": \"A\" }", true},
		{"order of elements", `{"resourceType":"Slot","a":[1,2]}`, `{"resourceType":"Slot","a":[2,1]}`, false},
		{"a decimal's text", `{"resourceType":"Slot","a":1.50}`, `{"resourceType":"Slot","a":1.5}`, false},
		{"a member more", `{"resourceType":"Slot"}`, `{"resourceType":"Slot","a":1}`, false},
		{"a member fewer", `{"resourceType":"Slot","a":1}`, `{"resourceType":"Slot"}`, false},
		{"another name", `{"resourceType":"Slot","a":1}`, `{"resourceType":"Slot","b":1}`, false},
		{"an element more", `{"resourceType":"Slot","a":[1]}`, `{"resourceType":"Slot","a":[1,1]}`, false},
		{"null is a value", `{"resourceType":"Slot","a":null}`, `{"resourceType":"Slot"}`, false},
		{"another kind", `{"resourceType":"Slot","a":"1"}`, `{"resourceType":"Slot","a":1}`, false},
		{"left out", `{"resourceType":"Slot","meta":{"versionId":"1"},"a":1}`, `{"resourceType":"Slot","a":1}`, true},
		{"left out at the top only", `{"resourceType":"Slot","x":{"meta":1}}`, `{"resourceType":"Slot","x":{}}`, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a, err := fhir.Parse([]byte(tc.a))
			if err != nil {
				t.Fatal(err)
			}
			b, err := fhir.Parse([]byte(tc.b))
			if err != nil {
				t.Fatal(err)
			}
			if got := fhir.Same(a, b, "meta"); got != tc.want {
				t.Errorf("Same(%s, %s) = %v, want %v", tc.a, tc.b, got, tc.want)
			}
			if got := fhir.Same(b, a, "meta"); got != tc.want {
				t.Errorf("Same is not symmetric on %s, %s", tc.a, tc.b)
			}
		})
	}
}

// TestSameInAnyOrder holds that a random resource is the same as itself with the
// members of its own in another order, and not the same as with one of them gone.
func TestSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := parse(t, fhirtest.Resource(t, "X", 4))
		var members []string
		for name, v := range r.Root().Members() {
			members = append(members, string(fhir.Quote(name))+":"+string(v.Raw()))
		}
		object := func(members []string) fhir.Resource { return parse(t, "{"+strings.Join(members, ",")+"}") }
		shuffled := rapid.Permutation(members).Draw(t, "shuffled")
		if !fhir.Same(r, object(shuffled)) {
			t.Fatalf("%s is not the same as with its members as %v", r.Raw(), shuffled)
		}
		gone := slices.DeleteFunc(slices.Clone(shuffled), func(m string) bool { return strings.HasPrefix(m, `"status"`) })
		if less := object(gone); fhir.Same(r, less) != (len(gone) == len(members)) || fhir.Same(less, r) != (len(gone) == len(members)) {
			t.Fatalf("%s is compared wrongly with %s", r.Raw(), less.Raw())
		}
	})
}

// TestSameOfWideObjects compares objects of many members in opposite orders.
func TestSameOfWideObjects(t *testing.T) {
	var members []string
	for i := range 60_000 {
		members = append(members, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	object := func() fhir.Resource {
		return fhirtest.Parse(t, `{"resourceType":"X",`+strings.Join(members, ",")+`}`)
	}
	a := object()
	slices.Reverse(members)
	b := object()
	began := time.Now()
	if !fhir.Same(a, b, "meta") {
		t.Error("the order of members counts")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
