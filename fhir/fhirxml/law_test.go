package fhirxml_test

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

func itoa(i int) string { return strconv.Itoa(i) }

// lawful checks both laws of the package on a resource: it comes back from XML as
// it was, and its XML comes back from JSON letter for letter.
func lawful(t fhirtest.Failer, r fhir.Resource, v elements.Version) {
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
		t.Fatalf("JSON from XML (-want +got):\n%s\nby %s", diff, xml)
	}
	again, err := fhirxml.Encode(nil, back, v)
	if err != nil || string(again) != string(xml) {
		t.Fatalf("XML from JSON: %v\ngot  %s\nwant %s", err, again, xml)
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

// types are those that the laws are tried on: what the server keeps, what it
// writes itself, and what stands in what it keeps.
var types = []string{
	"Appointment", "Slot", "Schedule", "Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService",
	"Bundle", "OperationOutcome", "CapabilityStatement", "Parameters", "SearchParameter", "StructureDefinition", "OperationDefinition",
	"DocumentReference", "Task", "AuditEvent", "ServiceRequest", "ReferralRequest", "Binary", "MessageHeader", "RelatedPerson", "Device",
	"Condition", "Questionnaire", "Moon",
}

// TestLaw draws resources of every sort, lawful and odd, in both versions.
func TestLaw(t *testing.T) {
	for _, v := range []elements.Version{elements.R4, elements.STU3} {
		for name, odd := range map[string]int{"as defined": 0, "odd": 4} {
			t.Run(v.String()+" "+name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					text := fhirtest.Typed(t, v, rapid.SampledFrom(types).Draw(t, "type"), odd)
					r, err := fhir.Parse([]byte(text))
					if err != nil {
						t.Fatalf("%v in %s", err, text)
					}
					lawful(t, r, v)
					if xml, _ := fhirxml.Encode(nil, r, v); odd == 0 && r.Type() != "Moon" && strings.Contains(string(xml), "urn:slotway:json") {
						t.Fatalf("what is as defined needs no attributes of ours: %s", xml)
					}
				})
			})
		}
	}
}
