package fhir

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTypes(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range Types() {
		if !isTypeName(typ.Name) || seen[typ.Name] || typ.Doc == "" || len(typ.Interactions) == 0 {
			t.Errorf("the row of %q is incomplete or stands twice", typ.Name)
		}
		seen[typ.Name] = true
		if got, ok := TypeOf(typ.Name); !ok || got.Name != typ.Name || !got.Has(Read) {
			t.Errorf("TypeOf(%q) = %v, %v", typ.Name, got, ok)
		}
		for _, i := range typ.Booking {
			if !typ.Has(i) {
				t.Errorf("%s offers %s for booking only", typ.Name, i)
			}
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d types, want 10", len(seen))
	}
	for _, name := range []string{"", "Binary", "appointment"} {
		if _, ok := TypeOf(name); ok {
			t.Errorf("TypeOf(%q) found one", name)
		}
	}
	if (Type{Interactions: []Interaction{Read}}).Has(Delete) {
		t.Error("a type has an interaction that its row does not name")
	}
}

func TestParseReference(t *testing.T) {
	bases := []string{"https://a.example/R4", "https://a.example/STU3/1/booking"}
	tests := []struct {
		in   string
		want Reference
	}{
		{"", Reference{}},
		{"Patient/p1", Reference{Type: "Patient", ID: "p1"}},
		{"Patient/p1/_history/3", Reference{Type: "Patient", ID: "p1", Version: "3"}},
		{"https://a.example/R4/Patient/p1", Reference{Type: "Patient", ID: "p1"}},
		{"https://a.example/STU3/1/booking/Slot/s/_history/2", Reference{Type: "Slot", ID: "s", Version: "2"}},
		{"#p1", Reference{Fragment: "p1"}},
		{"#", Reference{}},
		{"https://b.example/R4/Patient/p1", Reference{URL: "https://b.example/R4/Patient/p1"}},
		{"https://a.example/R4", Reference{URL: "https://a.example/R4"}},
		{"https://a.example/R4Patient/p1", Reference{URL: "https://a.example/R4Patient/p1"}},
		{"https://a.example/R4/", Reference{URL: "https://a.example/R4/"}},
		{"urn:uuid:1d3a1f2e-0000-4000-8000-000000000000", Reference{URL: "urn:uuid:1d3a1f2e-0000-4000-8000-000000000000"}},
		{"Patient", Reference{URL: "Patient"}},
		{"patient/p1", Reference{URL: "patient/p1"}},
		{"Patient/", Reference{URL: "Patient/"}},
		{"Patient/a_b", Reference{URL: "Patient/a_b"}},
		{"Patient/p1/_history", Reference{URL: "Patient/p1/_history"}},
		{"Patient/p1/_history/", Reference{URL: "Patient/p1/_history/"}},
		{"Patient/p1/_history/3/x", Reference{URL: "Patient/p1/_history/3/x"}},
		{"Patient/p1?x=y", Reference{URL: "Patient/p1?x=y"}},
		{"/Patient/p1", Reference{URL: "/Patient/p1"}},
	}
	for _, tc := range tests {
		t.Run(tc.in, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ParseReference(tc.in, bases)); diff != "" {
				t.Errorf("ParseReference(%q) (-want +got):\n%s", tc.in, diff)
			}
		})
	}
}
