package booking_test

import (
	"errors"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// What is stored was taken once; whoever changes it is not refused for what it had
// already, and is for what they add.
func TestFaultsThatAreStored(t *testing.T) {
	w := newWorld(t)
	req := caller("X1")
	req.Copies = true
	body := `{"resourceType":"Appointment","myOwn":1,"contained":[
		{"resourceType":"Slot","id":"s1","meta":{"versionId":"3"},"schedule":{"reference":"Schedule/sc1"},"status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}],
		"status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","slot":[{"reference":"#s1"}],"participant":[{"actor":{"display":"A"},"status":"accepted"}]}`
	if _, err := w.Create(t.Context(), caller("X1"), parse(t, body)); !errors.Is(err, fhir.Unprocessable) {
		t.Errorf("a contained slot with a version: %v, want unprocessable", err)
	}
	rec, err := w.Create(t.Context(), req, parse(t, body))
	if err != nil {
		t.Fatalf("as a copy of the slot that was shown: %v", err)
	}
	w.Rules = r4.Rules{Strict: true}
	put := func(old, new string) error {
		_, _, err := w.Update(t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, rec.Key, parse(t, strings.Replace(string(w.read("Appointment", rec.ID).Resource.Raw()), old, new, 1)))
		return err
	}
	if err := put(`"display":"A"`, `"display":"B"`); err != nil {
		t.Errorf("a PUT with the faults that are stored: %v", err)
	}
	if err := put(`"display":"B"`, `"display":"B","nick":"C"`); !errors.Is(err, fhir.Unprocessable) || len(fhir.AsError(err).Issues) != 1 || fhir.AsError(err).Where != "Appointment.participant[0].actor.nick" {
		t.Errorf("a PUT with one more: %v, want that one refused", err)
	}
	if _, err := w.Cancel(t.Context(), caller("X1"), rec.Key, nil); err != nil || w.status("s1") != "free" {
		t.Errorf("cancelling it: %v, slot %s", err, w.status("s1"))
	}
	if err := put(`"cancelled"`, `"done"`); !errors.Is(err, fhir.Unprocessable) {
		t.Errorf("a status that is none: %v", err)
	}
}
