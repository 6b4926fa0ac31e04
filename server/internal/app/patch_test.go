package app

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

const jsonPatch = "application/json-patch+json"

// TestPatchesAtOnce lets 32 clients add to one appointment at once, none of them
// naming a version: each patch is applied to what the one before it left.
func TestPatchesAtOnce(t *testing.T) {
	d, _ := patchDemo(t)
	appointment := r4Booking("slot-1", "2030-01-08T10:00:00Z", "2030-01-08T10:15:00Z")
	delete(appointment, "slot")
	appointment["id"] = "busy"
	status, body, err := d.call(t.Context(), http.MethodPut, "/R4/Appointment/busy", d.admin, appointment)
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		t.Fatal(err)
	}
	const clients = 32
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			patch := []doc{{"op": "add", "path": "/participant/-", "value": doc{"actor": doc{"display": strconv.Itoa(n)}, "status": "accepted"}}}
			status, body, err := d.call(t.Context(), http.MethodPatch, "/R4/Appointment/busy", d.admin, patch, "Content-Type", jsonPatch)
			if err := expect(err, status, http.StatusOK, body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, body, _, err = d.request(t.Context(), http.MethodGet, "/R4/Appointment/busy", d.admin, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := fhirtest.Parse(t, string(body)).Root()
	names := map[string]bool{}
	for n := range root.At(fhir.MustPath("participant.actor.display")) {
		names[n.Text()] = true
	}
	if version := root.Find("meta", "versionId").Text(); version != strconv.Itoa(clients+1) || len(names) != clients+1 {
		t.Errorf("version %s with %d participants, want %d of both", version, len(names), clients+1)
	}
}

// TestPatchedToCancelled holds that a patch frees what an update would free:
// design decision 17.
func TestPatchedToCancelled(t *testing.T) {
	d, consumer := patchDemo(t)
	slotStatus := func() string {
		_, body, err := d.call(t.Context(), http.MethodGet, "/R4/Slot/slot-1", d.admin, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fhirtest.Parse(t, string(body)).Root().Get("status").Text()
	}
	status, body, err := d.call(t.Context(), http.MethodPost, "/R4/Appointment", consumer, r4Booking("slot-1", "2030-01-08T10:00:00Z", "2030-01-08T10:15:00Z"))
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		t.Fatal(err)
	}
	if got := slotStatus(); got != "busy" {
		t.Fatalf("the slot is %s after the booking, want busy", got)
	}
	id := fhirtest.Parse(t, string(body)).ID()
	cancel := []doc{{"op": "replace", "path": "/status", "value": "cancelled"}}
	status, body, err = d.call(t.Context(), http.MethodPatch, "/R4/Appointment/"+id, d.admin, cancel, "Content-Type", jsonPatch)
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatal(err)
	}
	if got := slotStatus(); got != "free" {
		t.Errorf("the slot is %s after the cancellation, want free", got)
	}
}

// patchDemo runs a demo with one free slot, and gives it and the token of a
// client who may book.
func patchDemo(t *testing.T) (*demo, string) {
	t.Helper()
	a := startDemo(t, t.TempDir(), Settings{})
	d := &demo{app: a, base: a.cfg.BaseURL}
	var err error
	if d.admin, err = fetchToken(t.Context(), d.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	consumer, err := fetchToken(t.Context(), d.base, "demo-consumer", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []doc{
		{"resourceType": "Schedule", "id": "diary", "actor": []doc{{"display": "A clinic"}}},
		{
			"resourceType": "Slot", "id": "slot-1", "status": "free", "schedule": doc{"reference": "Schedule/diary"},
			"start": "2030-01-08T10:00:00.000+00:00", "end": "2030-01-08T10:15:00.000+00:00",
		},
	} {
		status, body, err := d.call(t.Context(), http.MethodPut, "/R4/"+r["resourceType"].(string)+"/"+r["id"].(string), d.admin, r)
		if err := expect(err, status, http.StatusCreated, body); err != nil {
			t.Fatal(err)
		}
	}
	return d, consumer
}
