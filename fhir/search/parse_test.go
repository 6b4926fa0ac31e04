package search

import (
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// Whatever is sent, the parser answers: an Invalid that names a parameter, or a
// query whose self link is the same query.
func FuzzParse(f *testing.F) {
	for _, q := range []string{
		"actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9991230017&date=2025-10-25&status=pending",
		"_has:Schedule:actor:_has:Slot:schedule:status=busy", "date=ge2025-10-25T09:00:00+01:00,ap2025", `identifier=a%5C,b%5C|c`,
		"identifier:of-type=a|b|c&status:not=booked&patient:missing=true", "_include=Appointment:actor:Patient&_include:iterate=*&_revinclude=*",
		"_sort=-date,--end&_count=5&_summary=true&_elements=status&_total=none&_format=json&_page=x", "foo=bar&&=&%zz=1&specialty:text=%F0%9F%98%80",
		"slot.schedule.actor:Practitioner.name:exact=a,b", "-period=2025&_lastUpdated=lt2025",
		"location.near=53.1|-2.5|10|km&_explain=true&_contained=false", "patient.phone=+44,x&patient.email=a b@c&date=2025-10-25T14:30:00+01:00",
	} {
		f.Add(q)
	}
	c := catalogIn(f, "Europe/London")
	all := fixture(f, c)
	f.Fuzz(func(t *testing.T, query string) {
		p, err := Parse(c, "Appointment", query, now)
		if err != nil {
			if fhir.KindOf(err) != fhir.Invalid || fhir.AsError(err).Text == "" {
				t.Fatalf("Parse(%q) = %v, want an Invalid with a text", query, err)
			}
			return
		}
		again, err := Parse(c, "Appointment", p.Self, now)
		if err != nil {
			t.Fatalf("the self link %q of %q = %v", p.Self, query, err)
		}
		if again.Self != p.Self || len(again.Warnings) > 0 {
			t.Errorf("the self link %q of %q becomes %q, warnings %v", p.Self, query, again.Self, again.Warnings)
		}
		if got, want := strings.Join(all.search(again.Query), " "), strings.Join(all.search(p.Query), " "); got != want {
			t.Errorf("the self link %q of %q finds %q, want %q", p.Self, query, got, want)
		}
	})
}

// fhir-search 7.2: escapes are undone after percent-decoding and before nothing else.
func TestAlternatives(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a", "a"}, {"a,b", "a b"}, {`a\,b`, `a\,b`}, {`a\\,b`, `a\\ b`}, {",a,,b,", "a b"}, {",", ""}, {"", ""}, {`a\`, `a\`},
	}
	for _, tc := range tests {
		if got := slices.Collect(alternatives(tc.in)); strings.Join(got, " ") != tc.want {
			t.Errorf("alternatives(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}
