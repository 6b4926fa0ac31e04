package stu3_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/mappings/stu3"
)

// TestLawOnTheDefinitions draws resources as the definitions of STU3 have them, any
// element of any type: Out(In(x)) is x byte for byte but for white space, or In
// names what cannot be carried. What In takes, Show shows as it was sent.
func TestLawOnTheDefinitions(t *testing.T) {
	types := []string{"Appointment", "Slot", "Schedule", "HealthcareService", "Location", "Patient", "DocumentReference", "Practitioner", "PractitionerRole", "Organization"}
	for _, odd := range []int{0, 12} {
		taken, refused := 0, 0
		rapid.Check(t, func(t *rapid.T) {
			typ := rapid.SampledFrom(types).Draw(t, "type")
			x, err := fhir.Parse([]byte(fhirtest.Typed(t, elements.STU3, typ, odd)))
			if err != nil {
				t.Skip() // an id, or a depth, that no resource has
			}
			in, err := stu3.In(x)
			if err != nil {
				e := fhir.AsError(err)
				if e.Kind != fhir.Unprocessable || !strings.HasPrefix(e.Where, typ+".") || !strings.Contains(e.Text, e.Where) {
					t.Fatalf("In: %v at %q in %s", err, e.Where, x.Raw())
				}
				refused++
				return
			}
			taken++
			want := compact(t, x)
			for name, back := range map[string]func(fhir.Resource) (fhir.Resource, error){"Out": stu3.Out, "Show": stu3.Show} {
				out, err := back(in)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if got := compact(t, out); got != want {
					t.Fatalf("%s\nin   %s\nR4   %s\nback %s", name, want, in.Raw(), got)
				}
			}
		})
		if taken < refused {
			t.Errorf("of %d one in %d odd only %d were taken", taken+refused, odd, taken)
		}
	}
}
