package booking_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// statusOf gives the status of a stored appointment.
func (w *world) appointment(id string) string {
	w.t.Helper()
	return w.read("Appointment", id).Resource.Root().Get("status").Text()
}

func slots(ids ...string) booking.Wish {
	var w booking.Wish
	for _, id := range ids {
		w.Slots = append(w.Slots, "Slot/"+id)
	}
	return w
}

func (w *world) hold(wish booking.Wish) store.Record {
	w.t.Helper()
	rec, err := w.Hold(w.t.Context(), caller("X1"), wish)
	if err != nil {
		w.t.Fatalf("hold: %v", err)
	}
	return rec
}

var pathExpires = fhir.MustPath("extension").Where("url", fhir.HoldExpires).Then("valueInstant")

// A hold keeps others out until it is over, and then stands in nobody's way,
// though nothing has swept it up.
func TestHold(t *testing.T) {
	w := newWorld(t)
	held := w.hold(slots("s1"))
	root := held.Resource.Root()
	if got, want := root.One(pathExpires).Text(), "2026-05-12T10:10:00.000+00:00"; got != want || root.Get("status").Text() != "pending" {
		t.Errorf("the hold is %s until %s, want pending until %s", root.Get("status").Text(), got, want)
	}
	if got := root.Find("slot").First().Get("reference").Text(); got != "Slot/s1" {
		t.Errorf("the hold is of %s", got)
	}
	if got := w.status("s1"); got != "busy-tentative" {
		t.Errorf("the slot is %s", got)
	}
	book := parse(t, appointment("booked", "10:00", "10:15", "Slot/s1"))
	w.now = w.now.Add(booking.DefaultHold - time.Millisecond)
	if _, err := w.Create(t.Context(), caller("X2"), book); !errors.Is(err, fhir.SlotTaken) || !strings.Contains(fhir.AsError(err).Text, "Slot/s1") {
		t.Errorf("booking a held slot: %v, want slot-taken that names it", err)
	}
	if _, err := w.Hold(t.Context(), caller("X2"), slots("s1")); !errors.Is(err, fhir.SlotTaken) {
		t.Errorf("holding a held slot: %v, want slot-taken", err)
	}
	w.now = w.now.Add(time.Millisecond)
	rec, err := w.Create(t.Context(), caller("X2"), book)
	if err != nil {
		t.Fatalf("booking after the hold's time: %v", err)
	}
	if w.status("s1") != "busy" || w.appointment(rec.ID) != "booked" {
		t.Errorf("the slot is %s", w.status("s1"))
	}
	over := w.read("Appointment", held.ID).Resource.Root()
	if over.Get("status").Text() != "cancelled" || over.Find("cancelationReason", "text").Text() != "The hold expired." || over.One(pathExpires).Exists() {
		t.Errorf("the hold that is over: %s", over.Raw())
	}
	if _, err := w.Book(t.Context(), caller("X1"), booking.Wish{Appointment: "Appointment/" + held.ID}); !errors.Is(err, fhir.Conflict) || !strings.Contains(fhir.AsError(err).Text, "Slot/s1") {
		t.Errorf("booking a hold that is over: %v, want a conflict that names the slot", err)
	}
}

// Whatever somebody wants to do with a slot or an appointment whose hold is over,
// the hold is not in the way.
func TestHoldIsOverForEverybody(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, held store.Record) error
		slot string // the status of s1 afterwards; - for a slot that is gone
	}{
		{"a booking", func(w *world, _ store.Record) error {
			_, err := w.Create(w.t.Context(), caller("X2"), parse(w.t, appointment("booked", "10:00", "10:15", "Slot/s1")))
			return err
		}, "busy"},
		{"another hold", func(w *world, _ store.Record) error {
			_, err := w.Hold(w.t.Context(), caller("X2"), slots("s1"))
			return err
		}, "busy-tentative"},
		{"a PUT of an appointment", func(w *world, _ store.Record) error {
			w.put("trust", strings.Replace(appointment("booked", "10:00", "10:15", "Slot/s1"), `"status"`, `"id":"feed-1","status"`, 1))
			return nil
		}, "free"},
		{"a PUT of the slot", func(w *world, _ store.Record) error {
			w.put("trust", slotJSON("s1", "sc1", "10:00"))
			return nil
		}, "free"},
		{"deletion of the slot", func(w *world, _ store.Record) error {
			_, err := w.Delete(w.t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, w.read("Slot", "s1").Key)
			return err
		}, "-"},
		{"cancelling it", func(w *world, held store.Record) error {
			rec, err := w.Cancel(w.t.Context(), caller("X1"), held.Key, nil)
			if err == nil && rec.Resource.Root().Find("cancelationReason", "text").Text() != "The hold expired." {
				w.t.Errorf("it was cancelled twice: %s", rec.Resource.Raw())
			}
			return err
		}, "free"},
		{"deleting it", func(w *world, held store.Record) error {
			_, err := w.Delete(w.t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, held.Key)
			return err
		}, "free"},
		{"moving another to it", func(w *world, _ store.Record) error {
			rec, err := w.Create(w.t.Context(), caller("X2"), parse(w.t, appointment("booked", "10:15", "10:30", "Slot/s2")))
			if err != nil {
				return err
			}
			_, err = w.Reschedule(w.t.Context(), caller("X2"), rec.Key, slots("s1"))
			return err
		}, "busy"},
		{"booking it", func(w *world, held store.Record) error {
			_, err := w.Book(w.t.Context(), caller("X1"), booking.Wish{Appointment: "Appointment/" + held.ID})
			if !errors.Is(err, fhir.Conflict) {
				w.t.Errorf("booking what is over: %v, want conflict", err)
			}
			return nil
		}, "busy-tentative"},
		{"moving it", func(w *world, held store.Record) error {
			_, err := w.Reschedule(w.t.Context(), caller("X1"), held.Key, slots("s3"))
			if !errors.Is(err, fhir.Conflict) {
				w.t.Errorf("moving what is over: %v, want conflict", err)
			}
			return nil
		}, "busy-tentative"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			held := w.hold(slots("s1"))
			w.now = w.now.Add(booking.DefaultHold)
			if err := tc.do(w, held); err != nil {
				t.Fatal(err)
			}
			if tc.slot != "-" && w.status("s1") != tc.slot {
				t.Errorf("the slot is %s, want %s", w.status("s1"), tc.slot)
			}
		})
	}
}

// A hold becomes a booking: once, for good, and with the patient it was made for.
func TestBookHold(t *testing.T) {
	w := newWorld(t)
	held := w.hold(slots("s1", "s2"))
	wish := booking.Wish{Appointment: "Appointment/" + held.ID, Patient: []byte(`{"reference":"Patient/p1"}`)}
	rec, err := w.Book(t.Context(), caller("X1"), wish)
	if err != nil {
		t.Fatal(err)
	}
	root := rec.Resource.Root()
	if rec.ID != held.ID || root.Get("status").Text() != "booked" || root.One(pathExpires).Exists() {
		t.Errorf("the booking: %s", root.Raw())
	}
	for _, part := range []string{"HealthcareService/h1", "Patient/p1"} {
		if got := root.One(fhir.MustPath("participant").Where("actor.reference", part).Then("status")).Text(); got != "accepted" {
			t.Errorf("%s takes part as %q, want accepted", part, got)
		}
	}
	w.now = w.now.Add(100 * booking.DefaultHold)
	for _, id := range []string{"s1", "s2"} {
		if w.status(id) != "busy" {
			t.Errorf("slot %s is %s", id, w.status(id))
		}
		if _, err := w.Hold(t.Context(), caller("X2"), slots(id)); !errors.Is(err, fhir.SlotTaken) {
			t.Errorf("holding what is booked, long after: %v, want slot-taken", err)
		}
	}
	if _, err := w.Book(t.Context(), caller("X1"), wish); !errors.Is(err, fhir.Conflict) {
		t.Errorf("booking it again: %v, want conflict", err)
	}
	if _, err := w.Cancel(t.Context(), caller("X1"), rec.Key, nil); err != nil || w.status("s1") != "free" || w.status("s2") != "free" {
		t.Errorf("cancelling: %v; the slots are %s and %s", err, w.status("s1"), w.status("s2"))
	}
}

// A hold that the system of record turns into a booking is one for good, too.
func TestHoldBookedByUpdate(t *testing.T) {
	w := newWorld(t)
	held := w.hold(slots("s1"))
	w.put("trust", strings.Replace(string(held.Resource.Raw()), `"pending"`, `"booked"`, 1))
	w.now = w.now.Add(100 * booking.DefaultHold)
	if w.status("s1") != "busy" {
		t.Errorf("the slot is %s", w.status("s1"))
	}
	if _, err := w.Hold(t.Context(), caller("X2"), slots("s1")); !errors.Is(err, fhir.SlotTaken) {
		t.Errorf("holding it: %v, want slot-taken", err)
	}
	if n, err := w.Sweep(t.Context(), []string{"trust"}); n != 0 || err != nil || w.appointment(held.ID) != "booked" {
		t.Errorf("swept %d (%v); the booking is %s", n, err, w.appointment(held.ID))
	}
}

// Only one of many books a hold or takes the slot when its time is over, whatever
// they do and in whatever order.
func TestHoldRace(t *testing.T) {
	for round := range 20 {
		w := newWorld(t)
		held := w.hold(slots("s1"))
		start := w.now
		var mu sync.Mutex
		at := start.Add(booking.DefaultHold - time.Microsecond)
		w.Now = func() time.Time { // every look at the clock is later than the one before
			mu.Lock()
			defer mu.Unlock()
			at = at.Add(100 * time.Nanosecond)
			return at
		}
		var wg sync.WaitGroup
		results := make([]error, 12)
		for i := range results {
			wg.Go(func() {
				switch i % 3 {
				case 0:
					_, results[i] = w.Book(t.Context(), caller("X1"), booking.Wish{Appointment: "Appointment/" + held.ID})
				case 1:
					_, results[i] = w.Create(t.Context(), caller("X2"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1")))
				case 2:
					_, results[i] = w.Hold(t.Context(), caller("X3"), slots("s1"))
				}
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, fhir.SlotTaken) && !errors.Is(err, fhir.Conflict):
				t.Errorf("round %d: %v", round, err)
			}
		}
		if won != 1 {
			t.Errorf("round %d: %d won, want 1", round, won)
		}
	}
}

// Sweep ends what is over, and nothing else, once.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	first := w.hold(slots("s1"))
	w.now = w.now.Add(time.Minute)
	second := w.hold(slots("s2"))
	sweep := func(want int) {
		t.Helper()
		if n, err := w.Sweep(t.Context(), []string{"clinic", "trust"}); n != want || err != nil {
			t.Errorf("swept %d (%v), want %d", n, err, want)
		}
	}
	sweep(0)
	w.now = w.now.Add(booking.DefaultHold - time.Minute)
	sweep(1)
	if w.appointment(first.ID) != "cancelled" || w.status("s1") != "free" || w.appointment(second.ID) != "pending" || w.status("s2") != "busy-tentative" {
		t.Errorf("the first hold is %s, the second %s", w.appointment(first.ID), w.appointment(second.ID))
	}
	sweep(0)
	w.now = w.now.Add(time.Hour)
	sweep(1)
	sweep(0)
	if w.status("s2") != "free" {
		t.Errorf("the second slot is %s", w.status("s2"))
	}
}

// More holds than one look shows are all ended.
func TestSweepMany(t *testing.T) {
	w := newWorld(t)
	for i := range 250 {
		id := fmt.Sprintf("many-%d", i)
		w.put("trust", slotJSON(id, "sc1", "12:00"))
		w.hold(slots(id))
	}
	w.now = w.now.Add(time.Hour)
	if n, err := w.Sweep(t.Context(), []string{"trust"}); n != 250 || err != nil {
		t.Errorf("swept %d (%v), want 250", n, err)
	}
}

func queryAll(typ string) search.Query { return search.Query{Type: typ, Count: 1000} }
