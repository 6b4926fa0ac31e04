package careconnect_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/careconnect"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

var (
	pathStatus = fhir.MustPath("status")
	pathOwn    = fhir.MustPath("somethingElse")
)

// TestCancelsWhatItReads draws appointments: each can be cancelled as it was read,
// in JSON and by way of XML, and none with an element more. NHS booking standard,
// requirement 107.
func TestCancelsWhatItReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := fhir.Parse([]byte(fhirtest.Typed(t, elements.STU3, "Appointment", 0)))
		if err != nil {
			t.Skip() // an id that no resource has
		}
		set := func(r fhir.Resource, p fhir.Path, text string) fhir.Resource {
			r, err := r.Apply(fhir.Change{Path: p, Op: fhir.Set, Value: fhir.Quote(text)})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		stored := set(r, pathStatus, "booked")
		sent := set(stored, pathStatus, "cancelled")
		if err := careconnect.Cancels(sent, stored, local); err != nil {
			t.Fatalf("%v\n%s", err, sent.Raw())
		}
		if text, err := fhirxml.Encode(nil, sent, elements.STU3); err == nil {
			back, err := fhirxml.Decode(text, elements.STU3)
			if err != nil {
				t.Fatal(err)
			}
			if err := careconnect.Cancels(back, stored, local); err != nil {
				t.Fatalf("by XML: %v\n%s\n%s", err, text, stored.Raw())
			}
		}
		if err := careconnect.Cancels(set(sent, pathOwn, "x"), stored, local); !errors.Is(err, fhir.Unprocessable) {
			t.Fatalf("an element more: %v", err)
		}
	})
}
