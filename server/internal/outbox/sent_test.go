package outbox

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/server/internal/journal"
)

// What becomes of each message is in the journal, with its text; what was given up is
// dropped in the end, and what is queued is not.
func TestSentIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHospital(t)
		h.subs[0].Transport, h.subs[0].Address = "mllp", "engine.example:2575"
		h.answer = func(n int) (string, error) {
			return map[int]string{1: "AE", 2: "AA", 3: "AR"}[n], nil
		}
		s := h.process("one")
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { s.Run(ctx) })
		h.put(t, s, "x", "booked", "10:00", "")
		time.Sleep(3 * time.Second)
		h.put(t, s, "x", "cancelled", "10:00", "")
		time.Sleep(3 * time.Second)
		stop()
		all.Wait()
		h.put(t, s, "y", "booked", "11:00", "")

		page, err := journal.Search(t.Context(), h.store, journal.Query{Customers: []string{"trust"}, Appointment: "x", Forward: true})
		if err != nil {
			t.Fatal(err)
		}
		type row struct {
			Event, Placer, Tells, Answer string
			State                        journal.State
			Tries                        int
		}
		var got []row
		for _, e := range page.Entries {
			got = append(got, row{e.Event, e.Placer, e.Tells, e.Answer, e.State, e.Tries})
			if e.Act != journal.Sending || e.Partner != "pas" || e.Transport != "mllp" || e.Address != "engine.example:2575" || len(e.Control) != 20 || e.Text != "" || e.Sent.IsZero() {
				t.Errorf("the entry is %+v", e)
			}
			sealed, err := journal.Sealed(t.Context(), h.store, e.ID)
			if err != nil {
				t.Error(err)
			}
			if text, _ := s.Open(sealed); string(text[:4]) != "MSH|" {
				t.Errorf("the message of the entry is %q", text)
			}
		}
		want := []row{
			{"SIU^S12", "x", "Appointment/x/1", "AA", journal.Delivered, 2},
			{"SIU^S15", "x", "Appointment/x/2", "AR", journal.GivenUp, 1},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the journal (-want +got):\n%s", diff)
		}

		for _, tc := range []struct {
			before time.Time
			want   int
		}{{time.Now().Add(-time.Minute), 0}, {time.Now().Add(time.Minute), 1}, {time.Now().Add(time.Minute), 0}} {
			if n, err := s.Prune(t.Context(), tc.before); n != tc.want || err != nil {
				t.Errorf("Prune = %d, %v, want %d", n, err, tc.want)
			}
		}
		if left := len(h.left(t, queued)); left != 1 {
			t.Errorf("%d messages are queued, want 1", left)
		}
	})
}

// Letters are encrypted again where that is due.
func TestReseal(t *testing.T) {
	h := newHospital(t)
	s := h.process("one")
	for _, id := range []string{"x", "y", "z"} {
		h.put(t, s, id, "booked", "10:00", "")
	}
	old := s.Open
	s.Seal = func(b []byte) []byte { return append([]byte("new:"), b...) }
	s.Open = func(b []byte) ([]byte, error) {
		if string(b[:4]) == "new:" {
			return b[4:], nil
		}
		return old(b)
	}
	stale := func(b []byte) bool { return string(b[:4]) != "new:" }
	for _, want := range []int{3, 0} {
		if n, err := s.Reseal(t.Context(), stale); n != want || err != nil {
			t.Errorf("Reseal = %d, %v, want %d", n, err, want)
		}
	}
	if n := len(h.left(t, queued)); n != 3 {
		t.Errorf("%d messages are queued, want 3", n)
	}
}
