package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"slotway/fhir"
)

// TestBookingRace races 64 clients for each of some slots through the whole
// program on both faces at once: each slot is booked once, by one of them.
func TestBookingRace(t *testing.T) {
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
	put := func(r doc) {
		t.Helper()
		status, body, err := d.call(t.Context(), http.MethodPut, "/R4/"+r["resourceType"].(string)+"/"+r["id"].(string), d.admin, r)
		if err := expect(err, status, http.StatusCreated, body); err != nil {
			t.Fatal(err)
		}
	}
	put(doc{"resourceType": "Schedule", "id": "diary", "actor": []doc{{"display": "A clinic"}}})
	for n := range 4 {
		slot := doc{
			"resourceType": "Slot", "id": fmt.Sprintf("race-%d", n), "status": "free", "schedule": doc{"reference": "Schedule/diary"},
			"start": fmt.Sprintf("2030-01-08T1%d:00:00.000+00:00", n), "end": fmt.Sprintf("2030-01-08T1%d:15:00.000+00:00", n),
		}
		put(slot)
		text, err := json.Marshal(slot)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := fhir.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		answers := map[string]int{}
		for client := range 64 {
			wg.Go(func() {
				path, body := "/R4/Appointment", r4Booking(slot["id"].(string), slot["start"].(string), slot["end"].(string))
				if client%2 == 1 {
					path, body = "/STU3/1/booking/Appointment", stu3Booking(shown.Root())
				}
				status, _, err := d.call(t.Context(), http.MethodPost, path, consumer, body, "X-Request-ID", a.newID())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				answers[fmt.Sprint(path, " ", status)]++
			})
		}
		wg.Wait()
		won := answers["/R4/Appointment 201"] + answers["/STU3/1/booking/Appointment 201"]
		lost := answers["/R4/Appointment 409"] + answers["/STU3/1/booking/Appointment 422"]
		if won != 1 || lost != 63 {
			t.Errorf("slot %d: %v, want one 201, and 409 on R4 and 422 on the booking face for the rest", n, answers)
		}
		c := &checker{demo: d, consumer: d.admin}
		hits, err := c.search(t.Context(), "/R4/Appointment?slot=Slot/"+slot["id"].(string))
		if err != nil || len(hits) != 1 {
			t.Errorf("slot %d has %d appointments (%v), want 1", n, len(hits), err)
		}
	}
}
