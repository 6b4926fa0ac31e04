package intake_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPanicWithinChange: a fault of ours in the middle of a change is that message's:
// nothing of it stays, it is answered AE, and its record says so; the next is served.
func TestPanicWithinChange(t *testing.T) {
	s := onDisk(t)
	withPatients(t, s)
	b := newBridge(t, s)
	seal, faulty := s.Seal, true
	s.Seal = func(plain []byte) []byte {
		if faulty {
			faulty = false
			panic("a bug")
		}
		return seal(plain)
	}
	got := exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S12", "2", "20260512100100", book, wren))
	if diff := cmp.Diff([]string{"AE 1 INTERNAL", "AA 2"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 failed", "2 applied"}, s.entries()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}
