package intake_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
)

var clerk = auth.Principal{Subject: "clerk", Customers: []string{"trustalias"}}

// last gives the newest entry of a control id.
func (s *shelf) last(control string) (e journal.Entry) {
	s.t.Helper()
	for _, line := range s.journal() {
		var one journal.Entry
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			s.t.Fatal(err)
		}
		if one.Control == control {
			e = one
		}
	}
	return e
}

// E67: what carrying a message out again would change is said before, is what then
// happens, and leaves nothing.
func TestTry(t *testing.T) {
	ends := msg("SIU^S15", "2", "20260512100100", "SCH|A1", wren)
	tests := []struct {
		name    string
		before  [][]byte // and the last of them is tried
		since   [][]byte
		state   journal.State
		answer  string
		changes map[string][2]string // of a status: from, to
	}{
		{"refused, and good by now", [][]byte{ends}, [][]byte{msg("SIU^S12", "1", "20260512100000", book, wren)}, journal.Applied, "AA", map[string][2]string{"Appointment": {"booked", "cancelled"}}},
		{"refused, and not any better", [][]byte{ends}, nil, journal.Refused, "AR", nil},
		{"refused, and a new booking", [][]byte{msg("SIU^S12", "1", "20260512100000", book, "PID|||123^^^NHS^NH")}, nil, journal.Refused, "AR", nil},
		{"carried out", [][]byte{msg("SIU^S12", "1", "20260512100000", book, wren)}, nil, journal.Repeated, "AA", nil},
		{"refused, and overtaken", [][]byte{ends}, [][]byte{msg("SIU^S12", "3", "20260512100000", book, wren), msg("SIU^S13", "4", "20260512100200", "SCH|A1||||||||||^^^20260602100000", wren)}, journal.Stale, "AA", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			b := newBridge(t, s)
			exchangeOf(t, b, tc.before...)
			control := s.last("2").Control
			if control == "" {
				control = "1"
			}
			tried := s.last(control)
			exchangeOf(t, b, tc.since...)
			appointments, lines := s.stored("Appointment"), len(s.journal())
			got, err := s.Try(t.Context(), clerk, tried.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.State != tc.state || got.Answer.Code != tc.answer || got.First {
				t.Errorf("it would be %s, answered %s; want %s and %s", got.State, got.Answer.Code, tc.state, tc.answer)
			}
			changes := map[string][2]string{}
			for _, w := range got.Writes {
				status := [2]string{"", w.New.Resource.Root().Get("status").Text()}
				if w.Old.Version != 0 {
					status[0] = w.Old.Resource.Root().Get("status").Text()
				}
				changes[w.New.Type] = status
			}
			if len(changes) != len(tc.changes) || len(tc.changes) > 0 && !cmp.Equal(changes, tc.changes) {
				t.Errorf("it would change %v, want %v", changes, tc.changes)
			}
			if diff := cmp.Diff(appointments, s.stored("Appointment")); diff != "" || len(s.journal()) != lines {
				t.Errorf("a trial left something: %d entries more\n%s", len(s.journal())-lines, diff)
			}
			// And so it is.
			id, err := s.Again(t.Context(), clerk, tried.ID)
			if err != nil {
				t.Fatal(err)
			}
			done := s.last(control)
			if done.ID != id || done.State != tc.state || done.Answer != tc.answer || len(done.Wrote) != len(got.Writes) {
				t.Errorf("it was %s, answered %s, and made %v; %s was said", done.State, done.Answer, done.Wrote, got.State)
			}
			wrote, err := s.Wrote(t.Context(), done)
			if err != nil || len(wrote) != len(got.Writes) {
				t.Fatalf("it made %d, %v", len(wrote), err)
			}
			for i, w := range wrote {
				is, said := w.New.Resource.Root().Get("status").Text(), got.Writes[i].New.Resource.Root().Get("status").Text()
				if is != said || w.Old.Version != got.Writes[i].Old.Version {
					t.Errorf("it is %s after version %d; %s after %d was said", is, w.Old.Version, said, got.Writes[i].Old.Version)
				}
			}
		})
	}
}

// What would be held is said to be; and of what waits behind others that a trial must
// not carry out, nothing is said.
func TestTryHeld(t *testing.T) {
	s := stocked(t)
	b := careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue})
	exchangeOf(t, b, msg("SIU^S15", "1", "20260512100000", "SCH|A1", strangeWren), msg("SIU^S14", "2", "20260512100100", "SCH|A1", wren, "ZAP|https://appointments-r-us.co.uk/x"))
	b.Directory = newBridge(t, s).Directory
	exchangeOf(t, b, msg("SIU^S12", "3", "20260512095900", book, wren))
	careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue})
	got, err := s.Try(t.Context(), clerk, s.last("1").ID)
	if err != nil || got.State != journal.Held || !got.Answer.Held || got.Answer.Code != "AA" || len(got.Writes) != 0 {
		t.Fatalf("a message that does not fit: %+v, %v", got, err)
	}
	if _, err := s.Again(t.Context(), clerk, s.last("1").ID); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Try(t.Context(), clerk, s.last("2").ID); err != nil || !got.First || len(got.Writes) != 0 {
		t.Errorf("one that comes after it: %+v, %v", got, err)
	}
	if s.last("1").State != journal.Held {
		t.Errorf("the message that waits is %s", s.last("1").State)
	}
}

// Who may not see a message cannot try it, and what is no message, nobody can.
func TestTryApart(t *testing.T) {
	s := stocked(t)
	b := newBridge(t, s)
	exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, wren))
	b.Answer(t.Context(), demo, msg("ACK^S12", "2", "20260512100000"))
	if _, err := s.Try(t.Context(), clerk, s.last("2").ID); err == nil {
		t.Error("a reply can be carried out again")
	}
	other := auth.Principal{Subject: "other", Customers: []string{"alias_123"}}
	if _, err := s.Try(t.Context(), other, s.last("1").ID); !errors.Is(err, fhir.NotFound) {
		t.Errorf("another customer's: %v", err)
	}
	if _, err := s.Try(t.Context(), clerk, "nothing"); !errors.Is(err, fhir.NotFound) {
		t.Errorf("nothing: %v", err)
	}
}

// The ERR segments of a refusal are kept with its entry.
func TestRefusalsAreKept(t *testing.T) {
	s := stocked(t)
	b := newBridge(t, s)
	exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", "SCH|A1||||||||||^^^never", wren))
	got, err := s.Answer(t.Context(), s.last("1"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.refused[0].Errors, got.Errors); diff != "" || len(got.Errors) == 0 || got.Code != "AR" || got.App != s.refused[0].App {
		t.Errorf("kept %+v (-was +is):\n%s", got, diff)
	}
}
