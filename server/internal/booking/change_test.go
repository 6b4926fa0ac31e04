package booking_test

import (
	"errors"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

var cancelled = []fhir.Change{{Path: fhir.MustPath("status"), Op: fhir.Set, Value: fhir.Quote("cancelled")}}

// cancel is the change that cancels an appointment.
func cancel(req booking.Request, key store.Key) booking.Change {
	return booking.Change{Request: req, Op: booking.Update, Key: key, Edit: func(now store.Record) (fhir.Resource, error) {
		return now.Resource.Apply(cancelled...)
	}}
}

func create(req booking.Request, r fhir.Resource) booking.Change {
	return booking.Change{Request: req, Op: booking.Create, Key: store.Key{Type: r.Type()}, Resource: r}
}

// Several changes are one: a booking is moved, or stays.
func TestDoTogether(t *testing.T) {
	tests := []struct {
		name       string
		to         string // the slot it is moved to
		want       error
		at         int
		old, s1, s string // what the booking and the slots are afterwards
	}{
		{"to a free slot", "s2", nil, 0, "cancelled", "free", "busy"},
		{"to the slot it has, which it gives up first", "s1", nil, 0, "cancelled", "busy", "busy"},
		{"to a taken slot", "s3", fhir.SlotTaken, 1, "booked", "busy", "busy"},
		{"to none", "s9", fhir.Unprocessable, 1, "booked", "busy", "busy"},
	}
	times := map[string]string{"s1": "10:00", "s2": "10:15", "s3": "10:30", "s4": "10:45", "s9": "10:00"}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			at := func(slot, end string) fhir.Resource {
				return parse(t, appointment("booked", times[slot], end, "Slot/"+slot))
			}
			old, err := w.Create(t.Context(), caller("X1"), at("s1", "10:15"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Create(t.Context(), caller("X2"), at("s3", "10:45")); err != nil {
				t.Fatal(err)
			}
			ends := map[string]string{"s1": "10:15", "s2": "10:30", "s3": "10:45", "s9": "10:15"}
			out, err := w.Do(t.Context(), cancel(caller("X1"), old.Key), create(caller("X1"), at(tc.to, ends[tc.to])))
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("Do = %v, want %v", err, tc.want)
			}
			if f, ok := errors.AsType[*booking.Failed](err); err != nil && (!ok || f.At != tc.at) {
				t.Errorf("the error is %v, want that of change %d", err, tc.at)
			}
			if err == nil && (len(out) != 2 || out[0].Created || !out[1].Created || out[1].Record.ID == old.ID) {
				t.Errorf("results %+v, want a new version and a new resource", out)
			}
			if got := w.read("Appointment", old.ID).Resource.Root().Get("status").Text(); got != tc.old {
				t.Errorf("the old booking is %s, want %s", got, tc.old)
			}
			if got := w.status("s1"); got != tc.s1 {
				t.Errorf("its slot is %s, want %s", got, tc.s1)
			}
			if tc.to != "s9" && w.status(tc.to) != tc.s {
				t.Errorf("the other slot is %s, want %s", w.status(tc.to), tc.s)
			}
		})
	}
}

// An edit sees the current version, keeps the rules, and needs the resource.
func TestEdit(t *testing.T) {
	tests := []struct {
		name    string
		id      string
		version int64
		edit    func(store.Record) (fhir.Resource, error)
		want    error
	}{
		{"cancels", "", store.Any, func(r store.Record) (fhir.Resource, error) { return r.Resource.Apply(cancelled...) }, nil},
		{"of the version named", "", 1, func(r store.Record) (fhir.Resource, error) { return r.Resource.Apply(cancelled...) }, nil},
		{"of another version", "", 2, func(r store.Record) (fhir.Resource, error) { return r.Resource.Apply(cancelled...) }, fhir.PreconditionFailed},
		{"of nothing", "none", store.Any, func(r store.Record) (fhir.Resource, error) { return r.Resource, nil }, fhir.NotFound},
		{"that breaks a rule", "", store.Any, func(r store.Record) (fhir.Resource, error) {
			return r.Resource.Apply(fhir.Change{Path: fhir.MustPath("participant"), Op: fhir.Remove})
		}, fhir.Unprocessable},
		{"that refuses", "", store.Any, func(store.Record) (fhir.Resource, error) {
			return fhir.Resource{}, fhir.Errorf(fhir.Conflict, "No.")
		}, fhir.Conflict},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			rec, err := w.Create(t.Context(), caller("X1"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1")))
			if err != nil {
				t.Fatal(err)
			}
			req := caller("X1")
			req.IfVersion, req.Create = tc.version, true
			key := store.Key{Type: "Appointment", ID: rec.ID}
			if tc.id != "" {
				key.ID = tc.id
			}
			_, err = w.Do(t.Context(), booking.Change{Request: req, Op: booking.Update, Key: key, Edit: tc.edit})
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("Do = %v, want %v", err, tc.want)
			}
			want := map[bool]string{true: "free", false: "busy"}[err == nil]
			if got := w.status("s1"); got != want {
				t.Errorf("the slot is %s, want %s", got, want)
			}
		})
	}
}
