package r4_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

func TestReadAppointmentOfTheSample(t *testing.T) {
	a, err := r4.ReadAppointment(fhirtest.Example(t, "R4/Appointment/seed-002.json").Root())
	if err != nil {
		t.Fatal(err)
	}
	want := r4.Appointment{
		ID:     "2f6de2c8-43d6-3d30-9920-1cecc40e972f",
		Status: "booked",
		Identifiers: []r4.Identifier{
			{System: "http://fhir.patientsknowbest.com/id/menudata-legacy-identifier", Value: "134707934"},
			{System: "http://fhir.patientsknowbest.com/id/common-identifier", Value: "e22fe762-f7a1-4d61-9d45-6f03e766195a"},
			{System: "http://fhir.patientsknowbest.com/id/external-identifier", Value: "112431409e"},
		},
		Start: r4.Instant{Time: time.Date(2025, 10, 25, 13, 30, 0, 0, time.UTC), Text: "2025-10-25T13:30:00.000+00:00"},
		End:   r4.Instant{Absent: "unknown"},
		Participants: []r4.Participant{
			{Actor: r4.Reference{Text: "Patient/beb67e3a-234e-3df9-a043-48f4931fa565", Display: "Mr Paul Peel"}, Status: "accepted"},
			{Actor: r4.Reference{Type: "Location", Display: "The best GP in the UK"}, Status: "accepted"},
		},
	}
	if diff := cmp.Diff(want, a, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.ExternalID() != "112431409e" || a.End.Given() || !a.Start.Given() {
		t.Errorf("external id %q, start %v, end %v", a.ExternalID(), a.Start.Given(), a.End.Given())
	}
	if got := a.Participants[0].Actor.Parse(nil); got != (fhir.Reference{Type: "Patient", ID: "beb67e3a-234e-3df9-a043-48f4931fa565"}) {
		t.Errorf("the patient is %+v", got)
	}
}

const booking = `{"resourceType":"Appointment","status":"booked","created":"2030-01-07T08:00:01.000Z",
 "contained":[
  {"resourceType":"Slot","id":"s-77","identifier":[{"system":"https://tools.ietf.org/html/rfc4122","value":"u"}],"schedule":{"reference":"Schedule/diary-3"},"status":"busy","start":"2030-01-08T10:00:00+01:00","end":"2030-01-08T10:15:00+01:00"},
  {"resourceType":"Patient","id":"p1","identifier":[{"use":"official","system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"name":[{"use":"official","prefix":["Ms"],"family":"Sample","given":["Ada","B"]}],"gender":"female","birthDate":"1980-02-03"}],
 "slot":{"reference":"#s-77"},
 "participant":[{"type":[{"coding":[{"system":"s","code":"ATND"},{"code":"x"}]},{"text":"referrer"}],"actor":{"reference":"#p1","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}},"required":"required","status":"accepted"}]}`

func TestReadContained(t *testing.T) {
	a, err := r4.ReadAppointment(fhirtest.Parse(t, booking).Root())
	if err != nil {
		t.Fatal(err)
	}
	wantTypes := []r4.Coding{{System: "s", Code: "ATND"}, {Code: "x"}, {Text: "referrer"}}
	if diff := cmp.Diff(wantTypes, a.Participants[0].Types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if len(a.Slots) != 1 || a.Slots[0].Text != "#s-77" { // one slot, written without a list
		t.Fatalf("slots %+v", a.Slots)
	}
	c, ok := a.ContainedAt(a.Slots[0].Parse(nil))
	if !ok || c.Type != "Slot" {
		t.Fatalf("%+v, %v", c, ok)
	}
	slot, err := r4.ReadSlot(c.Node)
	want := r4.Slot{
		ID: "s-77", Status: "busy", Schedule: r4.Reference{Text: "Schedule/diary-3"},
		Start:       r4.Instant{Time: time.Date(2030, 1, 8, 9, 0, 0, 0, time.UTC), Text: "2030-01-08T10:00:00+01:00"},
		End:         r4.Instant{Time: time.Date(2030, 1, 8, 9, 15, 0, 0, time.UTC), Text: "2030-01-08T10:15:00+01:00"},
		Identifiers: []r4.Identifier{{System: "https://tools.ietf.org/html/rfc4122", Value: "u"}},
	}
	if diff := cmp.Diff(want, slot, cmpopts.EquateApproxTime(0)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	i := slices.IndexFunc(a.Contained, func(c r4.Contained) bool { return c.Type == "Patient" })
	p, err := r4.ReadPatient(a.Contained[i].Node)
	wantPatient := r4.Patient{
		ID: "p1", Gender: "female", BirthDate: "1980-02-03",
		Identifiers: []r4.Identifier{{System: fhir.NHSNumberSystem, Value: "9990000018", Use: "official"}},
		Names:       []r4.Name{{Use: "official", Family: "Sample", Given: []string{"Ada", "B"}, Prefix: []string{"Ms"}}},
	}
	if diff := cmp.Diff(wantPatient, p); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, ref := range []string{"#nobody", "Slot/s-77", ""} {
		if c, ok := a.ContainedAt(fhir.ParseReference(ref, nil)); ok {
			t.Errorf("%q leads to %+v", ref, c)
		}
	}
}

// TestReadTakesWhatComes gives the views resources that no table would pass.
func TestReadTakesWhatComes(t *testing.T) {
	a, err := r4.ReadAppointment(fhirtest.Parse(t, `{"resourceType":"Appointment","status":["booked"],"start":"tomorrow","end":"2025-10-25","participant":{"actor":[{"display":["A"]}]},"slot":["Slot/1",{"reference":"Slot/2"}],"identifier":[1]}`).Root())
	if err != nil || a.Status != "booked" || a.Start.Given() || a.Start.Text != "tomorrow" || a.End.Given() || len(a.Slots) != 1 || len(a.Identifiers) != 0 || a.Participants[0].Actor.Display != "A" {
		t.Errorf("%+v, %v", a, err)
	}
	for name, read := range map[string]func(fhir.Node) error{
		"Appointment": func(n fhir.Node) error { _, err := r4.ReadAppointment(n); return err },
		"Slot":        func(n fhir.Node) error { _, err := r4.ReadSlot(n); return err },
		"Patient":     func(n fhir.Node) error { _, err := r4.ReadPatient(n); return err },
	} {
		if err := read(fhirtest.Parse(t, `{"resourceType":"Task"}`).Root()); fhir.KindOf(err) != fhir.Invalid {
			t.Errorf("a Task is read as a %s: %v", name, err)
		}
		if err := read(fhir.Node{}); fhir.KindOf(err) != fhir.Invalid {
			t.Errorf("nothing is read as a %s: %v", name, err)
		}
	}
}

// TestTakesSlot is design decision 17.
func TestTakesSlot(t *testing.T) {
	for status, want := range map[string]bool{
		"proposed": false, "pending": true, "booked": true, "arrived": true, "fulfilled": true,
		"cancelled": false, "noshow": false, "entered-in-error": false, "checked-in": true, "waitlist": false,
	} {
		if r4.TakesSlot(status) != want {
			t.Errorf("TakesSlot(%q) = %v, want %v", status, !want, want)
		}
	}
}
