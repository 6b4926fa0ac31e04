package booking_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// What can be held and booked, in the forms in which it is asked for, and what
// cannot. Whatever is refused leaves nothing behind.
func TestHoldAndBook(t *testing.T) {
	proposed := appointment("proposed", "10:00", "10:15", "Slot/s1")
	sent := func(body string) func(*testing.T) booking.Wish {
		return func(t *testing.T) booking.Wish { return booking.Wish{Resource: parse(t, body)} }
	}
	named := func(w booking.Wish) func(*testing.T) booking.Wish {
		return func(*testing.T) booking.Wish { return w }
	}
	patient := `{"resourceType":"Patient","id":"theirs","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}],"name":[{"family":"New"}]}`
	tests := []struct {
		name       string
		wish       func(*testing.T) booking.Wish
		hold, book error // nil: done
		taken      string
	}{
		{"a slot", named(slots("s1")), nil, nil, "s1"},
		{"two slots", named(slots("s2", "s1")), nil, nil, "s1 s2"},
		{"slots with a gap", named(slots("s1", "s3")), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"slots of two diaries", named(slots("s1", "other")), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"a slot that is not there", named(slots("nobody")), fhir.NotFound, fhir.NotFound, ""},
		{"a slot that is none", named(booking.Wish{Slots: []string{"Patient/p1"}}), fhir.NotFound, fhir.NotFound, ""},
		{"what Find proposed", named(booking.Wish{Appointment: "Appointment/find.s1"}), nil, nil, "s1"},
		{"what Find proposed, under our own base", named(booking.Wish{Appointment: base + "/Appointment/find.s1"}), nil, nil, "s1"},
		{"what Find could have proposed", named(booking.Wish{Appointment: "Appointment/find.nobody"}), fhir.NotFound, fhir.NotFound, ""},
		{"an appointment that is not there", named(booking.Wish{Appointment: "Appointment/nobody"}), fhir.NotFound, fhir.NotFound, ""},
		{"something else", named(booking.Wish{Appointment: "Patient/p1"}), fhir.NotFound, fhir.NotFound, ""},
		{"a proposed one as it is", sent(proposed), nil, nil, "s1"},
		{"with an id that is not stored", sent(strings.Replace(proposed, `"status"`, `"id":"find.s1","status"`, 1)), nil, nil, "s1"},
		{"a pending one as it is (ITI-117)", sent(strings.Replace(proposed, "proposed", "pending", 1)), nil, nil, "s1"},
		{"a cancelled one", sent(strings.Replace(proposed, "proposed", "cancelled", 1)), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"one without status", sent(strings.Replace(proposed, `"status":"proposed",`, "", 1)), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"one without slots", sent(strings.Replace(proposed, `"slot":[{"reference":"Slot/s1"}],`, "", 1)), fhir.Unprocessable, fhir.Unprocessable, ""}, // of several customers it must name one
		{"one at another time than its slot", sent(appointment("proposed", "09:00", "10:15", "Slot/s1")), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"one that breaks a rule", sent(strings.Replace(proposed, `"accepted"`, `"yes"`, 1)), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"a Slot", sent(slotJSON("s1", "sc1", "10:00")), fhir.Invalid, fhir.Invalid, ""},
		{"nothing", named(booking.Wish{}), fhir.Invalid, fhir.Invalid, ""},
		{"a slot for a patient of ours", named(booking.Wish{Slots: []string{"Slot/s1"}, Patient: []byte(`{"reference":"Patient/p1"}`)}), nil, nil, "s1"},
		{"a slot for a patient who is not here", named(booking.Wish{Slots: []string{"Slot/s1"}, Patient: []byte(`{"reference":"Patient/nobody"}`)}), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"a slot for a patient by identifier", named(booking.Wish{Slots: []string{"Slot/s1"}, Patient: []byte(`{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"},"display":"Ada"}`)}), nil, nil, "s1"},
		{"a slot for a patient by an identifier of nobody", named(booking.Wish{Slots: []string{"Slot/s1"}, Patient: []byte(`{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000042"}}`)}), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"more slots than may be", named(slots(slices.Repeat([]string{"s1"}, 101)...)), fhir.Unprocessable, fhir.Unprocessable, ""},
		{"a slot for a new patient", func(t *testing.T) booking.Wish {
			return booking.Wish{Slots: []string{"Slot/s1"}, NewPatient: parse(t, patient)}
		}, nil, nil, "s1"},
		{"a slot for a patient that is none", func(t *testing.T) booking.Wish {
			return booking.Wish{Slots: []string{"Slot/s1"}, NewPatient: parse(t, slotJSON("s1", "sc1", "10:00"))}
		}, fhir.Invalid, fhir.Invalid, ""},
	}
	for _, tc := range tests {
		for _, op := range []struct {
			name, status, slot string
			do                 func(*world, booking.Wish) (store.Record, error)
			want               error
		}{
			{"hold", "pending", "busy-tentative", func(w *world, wish booking.Wish) (store.Record, error) {
				return w.Hold(t.Context(), caller("X1"), wish)
			}, tc.hold},
			{"book", "booked", "busy", func(w *world, wish booking.Wish) (store.Record, error) {
				return w.Book(t.Context(), caller("X1"), wish)
			}, tc.book},
		} {
			t.Run(op.name+" "+tc.name, func(t *testing.T) {
				w := newWorld(t)
				rec, err := op.do(w, tc.wish(t))
				if !errors.Is(err, op.want) || (err == nil) != (op.want == nil) {
					t.Fatalf("%v, want %v", err, op.want)
				}
				var taken []string
				for _, id := range []string{"s1", "s2", "s3", "other"} {
					if w.status(id) == op.slot {
						taken = append(taken, id)
					}
				}
				if got := strings.Join(taken, " "); got != tc.taken {
					t.Errorf("taken: %s, want %s", got, tc.taken)
				}
				if err != nil && w.count("Appointment") != 0 {
					t.Error("what was refused was stored")
				}
				if err == nil && (w.appointment(rec.ID) != op.status || rec.Version != 1 || strings.HasPrefix(rec.ID, "find.")) {
					t.Errorf("stored as %s, version %d, %s", rec.ID, rec.Version, w.appointment(rec.ID))
				}
			})
		}
	}
}

// A patient who is named by identifier takes part by reference, too.
func TestBookForKnownPatient(t *testing.T) {
	w := newWorld(t)
	held := w.hold(slots("s1"))
	wish := booking.Wish{Appointment: "Appointment/" + held.ID, Patient: []byte(`{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"},"display":"Ada"}`)}
	rec, err := w.Book(t.Context(), caller("X1"), wish)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"},"display":"Ada","reference":"Patient/p1"}`
	if got := rec.Resource.Root().One(fhir.MustPath("participant[1].actor")); string(got.Raw()) != want {
		t.Errorf("the patient takes part as %s", got.Raw())
	}
}

// A booking for somebody who was not known, by way of a hold, is found by their
// NHS number, and makes one Patient.
func TestBookHoldForNewPatient(t *testing.T) {
	w := newWorld(t)
	held := w.hold(slots("s1"))
	patient := `{"resourceType":"Patient","id":"theirs","meta":{"versionId":"7"},"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}],"name":[{"family":"New"}]}`
	before := w.count("Patient")
	rec, err := w.Book(t.Context(), caller("X1"), booking.Wish{Appointment: "Appointment/" + held.ID, NewPatient: parse(t, patient)})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.count("Patient"); got != before+1 {
		t.Errorf("%d patients were made, want 1", got-before)
	}
	if len(rec.Links) != 1 || rec.Links[0].Param != "actor" {
		t.Errorf("links %+v", rec.Links)
	}
	if _, err := w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s2")); err != nil || w.count("Patient") != before+1 {
		t.Errorf("moving it: %v, %d patients", err, w.count("Patient"))
	}
}

// What is stored as proposed is held and booked under its own id.
func TestHoldStored(t *testing.T) {
	w := newWorld(t)
	stored := w.put("trust", strings.Replace(appointment("proposed", "10:00", "10:15", "Slot/s1"), `"status"`, `"id":"a1","status"`, 1))
	wish := booking.Wish{Appointment: "Appointment/a1"}
	rec, err := w.Hold(t.Context(), caller("X1"), wish)
	if err != nil || rec.ID != stored.ID || rec.Version != 2 || w.appointment("a1") != "pending" || w.status("s1") != "busy-tentative" {
		t.Fatalf("holding it: %v, version %d, %s, slot %s", err, rec.Version, w.appointment("a1"), w.status("s1"))
	}
	if _, err := w.Hold(t.Context(), caller("X1"), wish); !errors.Is(err, fhir.Conflict) {
		t.Errorf("holding it again: %v, want conflict", err)
	}
	own := caller("X1")
	own.Own = true
	if _, err := w.Book(t.Context(), own, wish); !errors.Is(err, fhir.NotFound) {
		t.Errorf("booking what a feed stored, with the right to one's own alone: %v, want not-found", err)
	}
	if _, err := w.Book(t.Context(), caller("X1"), wish); err != nil || w.status("s1") != "busy" {
		t.Errorf("booking it: %v, slot %s", err, w.status("s1"))
	}
	stale := caller("X1")
	stale.IfVersion = 1
	if _, err := w.Reschedule(t.Context(), stale, stored.Key, slots("s2")); !errors.Is(err, fhir.PreconditionFailed) || w.status("s1") != "busy" {
		t.Errorf("moving another version: %v, want precondition-failed", err)
	}
}

// The other two uses of $book, ITI-117: to change and to cancel.
func TestBookChangesAndCancels(t *testing.T) {
	w := newWorld(t)
	rec, err := w.Book(t.Context(), caller("X1"), booking.Wish{Resource: parse(t, appointment("proposed", "10:00", "10:15", "Slot/s1"))})
	if err != nil {
		t.Fatal(err)
	}
	again := func(body string) (store.Record, error) {
		return w.Book(t.Context(), caller("X1"), booking.Wish{Resource: parse(t, strings.Replace(body, `"status"`, `"id":"`+rec.ID+`","status"`, 1))})
	}
	moved, err := again(appointment("booked", "10:15", "10:30", "Slot/s2"))
	if err != nil || moved.ID != rec.ID || w.status("s1") != "free" || w.status("s2") != "busy" {
		t.Errorf("changing it: %v, slots %s and %s", err, w.status("s1"), w.status("s2"))
	}
	over, err := again(strings.Replace(appointment("cancelled", "10:15", "10:30", "Slot/s2"), `"status"`, `"cancelationReason":{"text":"ill"},"status"`, 1))
	if err != nil || over.Resource.Root().Find("cancelationReason", "text").Text() != "ill" || w.status("s2") != "free" {
		t.Errorf("cancelling it: %v, slot %s", err, w.status("s2"))
	}
	if _, err := again(appointment("booked", "10:15", "10:30", "Slot/s2")); !errors.Is(err, fhir.Conflict) {
		t.Errorf("booking what is cancelled: %v, want conflict", err)
	}
}

func TestCancel(t *testing.T) {
	for status, want := range map[string]error{
		"booked": nil, "pending": nil, "proposed": nil, "waitlist": nil, "arrived": nil, "checked-in": nil, "cancelled": nil,
		"fulfilled": fhir.Conflict, "noshow": fhir.Conflict, "entered-in-error": fhir.Conflict,
	} {
		t.Run(status, func(t *testing.T) {
			w := newWorld(t)
			rec := w.put("trust", strings.Replace(appointment(status, "10:00", "10:15", "Slot/s1"), `"status"`, `"id":"a1","status"`, 1))
			got, err := w.Cancel(t.Context(), caller("X1"), rec.Key, []byte(`{"text":"ill"}`))
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Fatalf("%v, want %v", err, want)
			}
			if want == nil && w.appointment("a1") != "cancelled" {
				t.Errorf("it is %s", w.appointment("a1"))
			}
			if reason := got.Resource.Root().Find("cancelationReason", "text").Text(); status == "cancelled" && (got.Version != 1 || reason != "") {
				t.Errorf("cancelled twice: version %d, reason %q", got.Version, reason)
			}
		})
	}
}

// A booking moves: its slots, its time and its schedules' actors change, its id and
// everything else stay.
func TestReschedule(t *testing.T) {
	w := clinics(t)
	body := `{"resourceType":"Appointment","status":"booked","start":"2030-01-08T09:00:00Z","end":"2030-01-08T09:15:00Z","minutesDuration":15,"comment":"bring a coat","slot":[{"reference":"Slot/d1"}],
		"participant":[{"actor":{"reference":"PractitionerRole/role"},"status":"accepted"},{"actor":{"reference":"Patient/p1"},"status":"accepted"},{"actor":{"reference":"Location/north"},"status":"accepted"}]}`
	rec, err := w.Create(t.Context(), caller("X1"), parse(t, body))
	if err != nil {
		t.Fatal(err)
	}
	moved, err := w.Reschedule(t.Context(), caller("X1"), rec.Key, booking.Wish{Appointment: "Appointment/find.e1"})
	if err != nil {
		t.Fatal(err)
	}
	root := moved.Resource.Root()
	var actors []string
	for a := range root.At(fhir.MustPath("participant.actor.reference")) {
		actors = append(actors, a.Text())
	}
	if diff := cmp.Diff([]string{"Patient/p1", "Practitioner/e"}, actors); diff != "" {
		t.Errorf("participants (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"start": "2030-01-08T11:30:00Z", "end": "2030-01-08T11:45:00Z", "minutesDuration": "15", "comment": "bring a coat", "status": "booked"} {
		if got := root.Get(name).Text(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if moved.ID != rec.ID || moved.Version != 2 || w.status("d1") != "free" || w.status("e1") != "busy" {
		t.Errorf("stored as %s version %d; the slots are %s and %s", moved.ID, moved.Version, w.status("d1"), w.status("e1"))
	}
	if _, err := w.Create(t.Context(), caller("X2"), parse(t, body)); err != nil {
		t.Errorf("booking the slot that was left: %v", err)
	}
}

// A move that fails leaves the old booking, and one that keeps a slot of its own
// is not in its own way.
func TestRescheduleIsAtomic(t *testing.T) {
	w := newWorld(t)
	rec, err := w.Create(t.Context(), caller("X1"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Create(t.Context(), caller("X2"), parse(t, appointment("booked", "10:30", "10:45", "Slot/s3"))); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		wish booking.Wish
		want error
	}{
		{"to a slot that is taken", slots("s3"), fhir.SlotTaken},
		{"to slots of which one is taken", slots("s2", "s3"), fhir.SlotTaken},
		{"to slots with a gap", slots("s2", "s4"), fhir.Unprocessable},
		{"to a slot that is not there", slots("nobody"), fhir.NotFound},
		{"to nothing", booking.Wish{}, fhir.Invalid},
		{"to no slot", booking.Wish{Resource: parse(t, strings.Replace(appointment("booked", "10:15", "10:30", "Slot/s2"), `"slot":[{"reference":"Slot/s2"}],`, "", 1))}, fhir.Unprocessable},
		{"to a contained slot that is not there", booking.Wish{Resource: parse(t, appointment("booked", "10:15", "10:30", "#s2"))}, fhir.Unprocessable},
	} {
		if _, err := w.Reschedule(t.Context(), caller("X1"), rec.Key, tc.wish); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
		if now := w.read("Appointment", rec.ID); now.Version != 1 || w.status("s1") != "busy" || w.status("s2") != "free" || w.status("s4") != "free" {
			t.Fatalf("%s: version %d, slots %s %s %s", tc.name, now.Version, w.status("s1"), w.status("s2"), w.status("s4"))
		}
	}
	if _, err := w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s1", "s2")); err != nil || w.status("s1") != "busy" || w.status("s2") != "busy" {
		t.Errorf("making it longer: %v, slots %s and %s", err, w.status("s1"), w.status("s2"))
	}
	if got, err := w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s1", "s2")); err != nil || got.Version != 2 {
		t.Errorf("moving it to where it is: %v, version %d, want 2 as before", err, got.Version)
	}
	if _, err := w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s2")); err != nil || w.status("s1") != "free" || w.status("s2") != "busy" {
		t.Errorf("making it shorter: %v, slots %s and %s", err, w.status("s1"), w.status("s2"))
	}
}

// A hold moves and stays a hold with the time it had; a booking made with
// contained resources moves too, and keeps its patient.
func TestRescheduleKinds(t *testing.T) {
	w := newWorld(t)
	held := w.hold(slots("s1"))
	moved, err := w.Reschedule(t.Context(), caller("X1"), held.Key, slots("s2"))
	if err != nil || w.status("s1") != "free" || w.status("s2") != "busy-tentative" || moved.Resource.Root().One(pathExpires).Text() != held.Resource.Root().One(pathExpires).Text() {
		t.Fatalf("moving a hold: %v, slots %s and %s", err, w.status("s1"), w.status("s2"))
	}
	w.now = w.now.Add(booking.DefaultHold)
	if n, err := w.Sweep(t.Context(), []string{"trust"}); n != 1 || err != nil || w.status("s2") != "free" {
		t.Errorf("swept %d (%v), the slot is %s", n, err, w.status("s2"))
	}
	rec, err := w.Create(t.Context(), caller("X1"), parse(t, `{"resourceType":"Appointment","contained":[
		{"resourceType":"Slot","id":"s1","schedule":{"reference":"Schedule/sc1"},"status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"},
		{"resourceType":"Patient","id":"pat","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}],
		"status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","slot":[{"reference":"#s1"}],"participant":[{"actor":{"reference":"#pat"},"status":"accepted"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	moved, err = w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s3"))
	if err != nil || w.status("s1") != "free" || w.status("s3") != "busy" {
		t.Fatalf("moving a booking with contained resources: %v, slots %s and %s", err, w.status("s1"), w.status("s3"))
	}
	if diff := cmp.Diff([]store.Link{rec.Links[1]}, moved.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

// Moving races with cancelling, and many move to one slot: whatever comes out,
// each slot is busy exactly while one booking names it.
func TestRescheduleRace(t *testing.T) {
	for round := range 20 {
		w := newWorld(t)
		var recs []store.Record
		for i, at := range []string{"10:00", "10:15", "10:30"} {
			end := []string{"10:15", "10:30", "10:45"}[i]
			rec, err := w.Create(t.Context(), caller("X1"), parse(t, appointment("booked", at, end, fmt.Sprintf("Slot/s%d", i+1))))
			if err != nil {
				t.Fatal(err)
			}
			recs = append(recs, rec)
		}
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				rec, err := recs[i%3], error(nil)
				switch i / 3 {
				case 0:
					_, err = w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s4"))
				case 1:
					_, err = w.Cancel(t.Context(), caller("X1"), rec.Key, nil)
				case 2:
					_, err = w.Reschedule(t.Context(), caller("X1"), rec.Key, slots("s1"))
				case 3:
					_, err = w.Hold(t.Context(), caller("X2"), slots("s4"))
				}
				if err != nil && !errors.Is(err, fhir.SlotTaken) && !errors.Is(err, fhir.Conflict) {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		wg.Wait()
		w.checkSlots("s1", "s2", "s3", "s4")
	}
}

// checkSlots holds the slots to the appointments: each is taken by one at most,
// and free when it is taken by none.
func (w *world) checkSlots(ids ...string) {
	w.t.Helper()
	page, err := w.Store.Search(w.t.Context(), store.Of("trust"), queryAll("Appointment"))
	if err != nil {
		w.t.Fatal(err)
	}
	by := map[string][]string{}
	for _, rec := range page.Records {
		root := rec.Resource.Root()
		if status := root.Get("status").Text(); status == "cancelled" || status == "proposed" {
			continue
		}
		for slot := range root.At(fhir.MustPath("slot.reference")) {
			by[slot.Text()] = append(by[slot.Text()], rec.ID+" "+root.Get("status").Text())
		}
	}
	for _, id := range ids {
		holders, status := by["Slot/"+id], w.status(id)
		if len(holders) > 1 || (len(holders) == 1) != slices.Contains([]string{"busy", "busy-tentative"}, status) {
			w.t.Errorf("slot %s is %s and taken by %v", id, status, holders)
		}
	}
}
