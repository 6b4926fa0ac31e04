package request_test

import (
	"strings"
	"sync"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// What is sent twice is one request, however it is sent and whatever became of it
// meanwhile; under another id, of another kind or by another it is not.
func TestAskTwice(t *testing.T) {
	w := newWorld(t)
	a := request.Ask{Appointment: appointment, Patient: ada, Kind: request.Cancel, Note: "I am away.", ID: "made-before"}
	const clicks = 8
	var all [clicks]request.Request
	var wg sync.WaitGroup
	for i := range clicks {
		wg.Go(func() {
			var err error
			if all[i], err = w.Ask(t.Context(), a); err != nil {
				t.Errorf("Ask = %v", err)
			}
		})
	}
	wg.Wait()
	for _, r := range all {
		if r.Key.ID != "made-before" || r.Number != all[0].Number || len(r.Messages) != 1 {
			t.Errorf("request %s with number %s and %d messages, want made-before, %s and 1", r.Key.ID, r.Number, len(r.Messages), all[0].Number)
		}
	}
	other := a
	other.ID = "another"
	if _, err := w.Ask(t.Context(), other); fhir.KindOf(err) != fhir.Conflict {
		t.Errorf("another request beside it: %v, want a conflict", err)
	}
	other = a
	other.Kind = request.Change
	if _, err := w.Ask(t.Context(), other); fhir.KindOf(err) != fhir.Conflict {
		t.Errorf("the id for another kind: %v, want a conflict", err)
	}
	other = a
	other.Patient.ID = "p2"
	if _, err := w.Ask(t.Context(), other); fhir.KindOf(err) != fhir.NotFound {
		t.Errorf("the id by another: %v, want not found", err)
	}
	w.feed("cancelled", change("status", `"cancelled"`))
	if r, err := w.Ask(t.Context(), a); err != nil || r.State != request.Completed {
		t.Errorf("sent once more after its answer: %s %v, want what became of it", r.State, err)
	}
}

// A patient's message, too, and only a patient's own, while the request is open.
func TestWrite(t *testing.T) {
	w := newWorld(t)
	r := w.ask(request.Change, "Another day, please.")
	last := r.Messages[0].Number
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := w.Write(t.Context(), r.Key, ada, last, "Not a Monday."); err != nil {
				t.Errorf("Write = %v", err)
			}
		})
	}
	wg.Wait()
	if r = w.read(r); len(r.Messages) != 2 || !r.Messages[1].Patient || r.Messages[1].Text != "Not a Monday." {
		t.Fatalf("messages %+v, want one more", r.Messages)
	}
	if r, err := w.Write(t.Context(), r.Key, ada, r.Messages[1].Number, "Not a Monday."); err != nil || len(r.Messages) != 3 {
		t.Errorf("said again after it was seen: %d messages (%v), want 3", len(r.Messages), err)
	}
	p2 := store.Key{Customer: "trust", Type: "Patient", ID: "p2"}
	for name, tc := range map[string]struct {
		by   store.Key
		text string
		want fhir.Kind
	}{
		"another":        {p2, "Mine.", fhir.NotFound},
		"empty":          {ada, " ", fhir.Unprocessable},
		"too long":       {ada, strings.Repeat("é", request.MaxText+1), fhir.Unprocessable},
		"control":        {ada, "a\x00b", fhir.Unprocessable},
		"not characters": {ada, "\xff", fhir.Unprocessable},
	} {
		if _, err := w.Write(t.Context(), r.Key, tc.by, 0, tc.text); fhir.KindOf(err) != tc.want {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	w.feed("cancelled", change("status", `"cancelled"`))
	if _, err := w.Write(t.Context(), r.Key, ada, 0, "Too late."); fhir.KindOf(err) != fhir.Conflict {
		t.Errorf("after its answer: %v, want a conflict", err)
	}
	if _, err := w.Write(t.Context(), r.Key, ada, last, "Not a Monday."); err != nil {
		t.Errorf("what was said before its answer, sent again: %v", err)
	}
}
