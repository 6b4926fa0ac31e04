package patch

import (
	"testing"

	"slotway/fhir/fhirtest"
)

func BenchmarkJSON(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	doc := []byte(`[{"op":"test","path":"/status","value":"booked"},{"op":"replace","path":"/status","value":"cancelled"},{"op":"add","path":"/comment","value":"Rang to cancel."},{"op":"replace","path":"/participant/0/status","value":"declined"}]`)
	b.ReportAllocs()
	b.SetBytes(int64(len(r.Raw())))
	for b.Loop() {
		p, err := ParseJSON(doc)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Apply(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFHIRPath(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	doc := []byte(parametersOf(
		operationOf("replace", "Appointment.status", "value", `"valueCode":"cancelled"`),
		operationOf("add", "Appointment", "name", `"valueString":"comment"`, "value", `"valueString":"Rang to cancel."`),
		operationOf("replace", "Appointment.participant.where(actor.type = 'Location').actor.display", "value", `"valueString":"Another place"`),
	))
	b.ReportAllocs()
	b.SetBytes(int64(len(r.Raw())))
	for b.Loop() {
		p, err := Parse(doc)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Apply(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
