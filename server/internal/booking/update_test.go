package booking_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// After a change of the booking's own content, its links stand for what the new
// version says, and the slots it names no longer are free.
func TestRelink(t *testing.T) {
	slot := `{"resourceType":"Slot","id":"s1","schedule":{"reference":"Schedule/sc1"},"status":"busy","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`
	patient := `{"resourceType":"Patient","id":"pat","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"name":[{"family":"New"}]}`
	sent := `{"resourceType":"Appointment","id":"ID","contained":[` + slot + `,` + patient + `],"status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","slot":[{"reference":"#s1"}],
		"participant":[{"actor":{"reference":"#pat"},"status":"accepted"}]}`
	tests := []struct {
		name, old, new string // a change to what was sent
		gone           string // the contained resource that goes with it
		finds          string // the NHS number that finds it afterwards
		slot           string // the status of the slot afterwards
	}{
		{"nothing", "", "", "", "9990000018", "busy"},
		{"another patient", "9990000018", "9990000026", "", "9990000026", "busy"},
		{"a patient by reference", `"#pat"`, `"Patient/p2"`, "," + patient, "9990000026", "busy"},
		{"no slot", `"slot":[{"reference":"#s1"}],`, "", slot + ",", "9990000018", "free"},
		{"another slot", `"slot":[{"reference":"#s1"}],`, `"slot":[{"reference":"Slot/s2"}],`, slot + ",", "9990000018", "free"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.put("trust", `{"resourceType":"Patient","id":"p2","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}]}`)
			rec, err := w.Create(t.Context(), caller("X1"), parse(t, strings.Replace(sent, `"id":"ID",`, "", 1)))
			if err != nil {
				t.Fatal(err)
			}
			body := strings.Replace(strings.Replace(sent, `"ID"`, fmt.Sprintf("%q", rec.ID), 1), tc.old, tc.new, 1)
			w.put("trust", strings.Replace(body, tc.gone, "", 1))
			for _, nhs := range []string{"9990000018", "9990000026"} {
				parsed, err := search.Parse(w.Catalog, "Appointment", "actor:Patient.identifier="+nhs, w.now)
				if err != nil {
					t.Fatal(err)
				}
				page, err := w.Store.Search(t.Context(), store.Of("trust"), parsed.Query)
				if want := nhs == tc.finds; err != nil || (page.Total == 1) != want {
					t.Errorf("%s finds %d (%v), want it found: %v", nhs, page.Total, err, want)
				}
			}
			if got := w.status("s1"); got != tc.slot {
				t.Errorf("the slot is %s, want %s", got, tc.slot)
			}
		})
	}
}

// A client that lists the labels it may see cannot change what it cannot see.
func TestLabels(t *testing.T) {
	w := newWorld(t)
	secret := `{"resourceType":"Patient","id":"secret","meta":{"security":[{"system":"http://fhir.patientsknowbest.com/codesystem/privacy-label","code":"SECRET"}]},"name":[{"family":"Hidden"}]}`
	rec := w.put("trust", secret)
	req := booking.Request{Principal: auth.Principal{Client: "c", Customers: []string{"trust"}, Labels: []string{"http://fhir.patientsknowbest.com/codesystem/privacy-label|OPEN"}}, IfVersion: store.Any, Create: true}
	if _, _, err := w.Update(t.Context(), req, store.Key{Type: "Patient", ID: "secret"}, parse(t, secret)); !errors.Is(err, fhir.Conflict) {
		t.Errorf("PUT over what is hidden: %v, want conflict", err)
	}
	if _, err := w.Delete(t.Context(), req, store.Key{Type: "Patient", ID: "secret"}); !errors.Is(err, fhir.NotFound) {
		t.Errorf("DELETE of what is hidden: %v, want not-found", err)
	}
	if now := w.read("Patient", "secret"); now.Version != rec.Version {
		t.Errorf("version %d, want %d: it was changed", now.Version, rec.Version)
	}
}

// Design decision 17: PUT takes no slot, is refused against another booking's
// hold only, and frees what the booking no longer holds.
func TestUpdateAndSlots(t *testing.T) {
	w := newWorld(t)
	rec, err := w.Create(t.Context(), caller("X1"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1")))
	if err != nil {
		t.Fatal(err)
	}
	update := func(id, body string) error {
		r, err := parse(t, body).Apply(fhir.Change{Path: fhir.MustPath("id"), Op: fhir.Set, Value: fhir.Quote(id)})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.Update(t.Context(), booking.Request{Principal: feed, IfVersion: store.Any, Create: true}, store.Key{Customer: "trust", Type: "Appointment", ID: id}, r)
		return err
	}
	if err := update("feed-1", appointment("booked", "10:00", "10:15", "Slot/s1")); !errors.Is(err, fhir.Conflict) {
		t.Errorf("PUT onto another booking's slot: %v, want conflict", err)
	}
	if err := update("feed-2", appointment("cancelled", "10:00", "10:15", "Slot/s1")); err != nil {
		t.Errorf("PUT of a cancelled appointment on it: %v", err)
	}
	if err := update("feed-3", appointment("booked", "10:15", "10:30", "Slot/s2")); err != nil || w.status("s2") != "free" {
		t.Errorf("PUT on a free slot: %v, slot %s; want it stored and the slot left free", err, w.status("s2"))
	}
	if _, _, err := w.Update(t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, store.Key{Customer: "trust", Type: "Slot", ID: "s1"}, parse(t, slotJSON("s1", "sc1", "10:00"))); !errors.Is(err, fhir.Conflict) {
		t.Errorf("PUT that frees a booked slot: %v, want conflict", err)
	}
	if err := update(rec.ID, appointment("cancelled", "10:00", "10:15", "Slot/s1")); err != nil || w.status("s1") != "free" {
		t.Errorf("cancelling: %v, slot %s, want free", err, w.status("s1"))
	}
	if _, err := w.Create(t.Context(), caller("X2"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1"))); err != nil {
		t.Errorf("booking the freed slot: %v", err)
	}
	if err := update(rec.ID, appointment("booked", "10:00", "10:15", "Slot/s1")); !errors.Is(err, fhir.Conflict) {
		t.Errorf("un-cancelling onto somebody else's slot: %v, want conflict", err)
	}
}

// A deletion frees the slot and the identifiers, and a booked slot is not deleted.
func TestDelete(t *testing.T) {
	w := newWorld(t)
	body := strings.Replace(appointment("booked", "10:00", "10:15", "Slot/s1"), `"status"`, `"identifier":[{"system":"`+fhir.ExternalIDSystem+`","value":"E1"}],"status"`, 1)
	rec, err := w.Create(t.Context(), caller("X1"), parse(t, body))
	if err != nil {
		t.Fatal(err)
	}
	req := booking.Request{Principal: feed, IfVersion: store.Any}
	if _, err := w.Delete(t.Context(), req, store.Key{Type: "Slot", ID: "s1"}); !errors.Is(err, fhir.Conflict) {
		t.Errorf("deleting a booked slot: %v, want conflict", err)
	}
	if _, err := w.Delete(t.Context(), booking.Request{Principal: feed, IfVersion: 7}, rec.Key); !errors.Is(err, fhir.PreconditionFailed) {
		t.Errorf("deleting another version: %v, want precondition-failed", err)
	}
	if w.status("s1") != "busy" {
		t.Error("a deletion that failed freed the slot")
	}
	if _, err := w.Delete(t.Context(), req, rec.Key); err != nil || w.status("s1") != "free" {
		t.Errorf("deleting: %v, slot %s, want free", err, w.status("s1"))
	}
	if _, err := w.Create(t.Context(), caller("X1"), parse(t, body)); err != nil {
		t.Errorf("booking again under the same external identifier: %v", err)
	}
}
