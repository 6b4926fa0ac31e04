package fhirxml_test

import (
	"strconv"
	"testing"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

func itoa(i int) string { return strconv.Itoa(i) }

// lawful checks both laws of the package on a resource: it comes back from XML as
// it was, and its XML comes back from JSON letter for letter.
func lawful(t testing.TB, r fhir.Resource, v elements.Version) {
	t.Helper()
	xml, err := fhirxml.Encode(nil, r, v)
	if err != nil {
		t.Fatalf("Encode: %v of\n%s", err, r.Raw())
	}
	back, err := fhirxml.Decode(xml, v)
	if err != nil {
		t.Fatalf("Decode: %v of\n%s\nfrom %s", err, xml, r.Raw())
	}
	if diff := fhirtest.Diff(t, r.Raw(), back.Raw()); diff != "" {
		t.Errorf("JSON from XML (-want +got):\n%s\nby %s", diff, xml)
	}
	again, err := fhirxml.Encode(nil, back, v)
	if err != nil || string(again) != string(xml) {
		t.Errorf("XML from JSON: %v\ngot  %s\nwant %s", err, again, xml)
	}
}

// TestLawOnExamples takes every example of both versions there and back. An
// example of one version is lawful as the other too: what the other does not know
// is carried.
func TestLawOnExamples(t *testing.T) {
	for _, name := range []string{"R4", "STU3"} {
		for _, file := range fhirtest.Examples(t, name) {
			t.Run(file.Name, func(t *testing.T) {
				lawful(t, file.Resource, elements.R4)
				lawful(t, file.Resource, elements.STU3)
			})
		}
	}
}
