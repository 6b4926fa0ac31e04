package intake_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge"
	"slotway/server/internal/intake"
)

// atTime moves the clock of a shelf's services and store.
func (s *shelf) atTime(t time.Time) {
	s.clock = t
}

// TestPrune: what is older than is wanted goes, with its text and its answer; what
// is newer stays whole.
func TestPrune(t *testing.T) {
	const day = 24 * time.Hour
	s := stocked(t)
	b := careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue})
	first := msg("SIU^S12", "1", "20260512100000", book, wren)
	early := msg("SIU^S14", "0", "20260512100000", "SCH|Z1", wren) // refused: nothing is stored to answer it by
	exchangeOf(t, b, early, first, msg("SIU^S12", "2", "20260512100000", "SCH|B1||||||||||^^^20260601100000", strangeWren))
	s.atTime(now.Add(10 * day))
	exchangeOf(t, b, first, msg("SIU^S14", "3", "20260522100000", "SCH|A1||||||^Hip", wren))
	if diff := cmp.Diff([]string{"0 refused", "1 applied", "2 held", "1 repeated", "3 applied"}, s.entries()); diff != "" {
		t.Fatalf("journal (-want +got):\n%s", diff)
	}
	s.atTime(now.Add(11 * day))
	n, err := s.Prune(t.Context(), []string{"trustalias"}, intake.Retention{Messages: 7 * day})
	if err != nil || n != 3 {
		t.Fatalf("Prune = %d, %v, want 3 messages", n, err)
	}
	if diff := cmp.Diff([]string{"1 repeated", "3 applied"}, s.entries()); diff != "" {
		t.Errorf("journal afterwards (-want +got):\n%s", diff)
	}
	if n := s.count("raw"); n != 1 {
		t.Errorf("%d messages are kept, want that of 3", n)
	}
	if n := s.count("message"); n != 1 {
		t.Errorf("%d answers are kept, want that of 3", n)
	}
	page, err := s.Items(t.Context(), reviewer, intake.ItemQuery{Limit: 10})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("the queue has %d items, want that of 2: %v", len(page.Items), err)
	}
	if v, err := s.Item(t.Context(), reviewer, page.Items[0].ID); err != nil || v.Message == "" {
		t.Errorf("its message went with the journal: %v", err)
	}
}

// TestExpire: nobody decides; then it is as if the message had not come, and what
// waited behind it is not held for it.
func TestExpire(t *testing.T) {
	const day = 24 * time.Hour
	s := stocked(t)
	b := careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDatePass})
	exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, strangeWren))
	s.atTime(now.Add(20 * day))
	exchangeOf(t, b, msg("SIU^S13", "2", "20260601100000", "SCH|A1||||||||||^^^20260602100000", strangeWren))
	s.atTime(now.Add(31 * day))
	keep := intake.Retention{Undecided: 30 * day, Review: 30 * day}
	if n, err := s.Prune(t.Context(), []string{"trustalias"}, keep); err != nil || n != 1 {
		t.Fatalf("Prune = %d, %v, want 1 item", n, err)
	}
	st := &story{t: t, s: s}
	if got, want := st.queue(), "1 expired birth-date-differs\n2 pending birth-date-differs\n"; got != want {
		t.Errorf("queue = %q, want %q", got, want)
	}
	s.atTime(now.Add(51 * day))
	if n, err := s.Prune(t.Context(), []string{"trustalias"}, keep); err != nil || n != 1 {
		t.Fatalf("Prune = %d, %v, want 1 item", n, err)
	}
	// The line is empty: a message that says no date of birth is not behind anything.
	if got := exchangeOf(t, b, msg("SIU^S12", "3", "20260702100000", book, wrenBorn(""))); got[0] != "AA 3" || s.at("A1").Get("status").Text() != "booked" {
		t.Errorf("after all has expired: %v, status %s", got, s.at("A1").Get("status").Text())
	}
	s.atTime(now.Add(62 * day))
	if n, err := s.Prune(t.Context(), []string{"trustalias"}, keep); err != nil || n != 1 {
		t.Fatalf("Prune = %d, %v, want the first item", n, err)
	}
	if got, want := st.queue(), "2 expired birth-date-differs\n"; got != want {
		t.Errorf("queue = %q, want %q", got, want)
	}
}

// count gives how many claims a space holds.
func (s *shelf) count(space string) int {
	s.t.Helper()
	claims, err := s.Store.Claims(s.t.Context(), space, "", "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(claims)
}
