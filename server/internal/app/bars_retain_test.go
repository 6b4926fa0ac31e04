package app

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestBaRSRetention: a message is kept, and known again, for as long as the
// configuration says, and then no trace of its bytes is left; the booking stays.
func TestBaRSRetention(t *testing.T) {
	c := newBaRS(t)
	request, sent := uuid.NewString(), c.fresh()
	status, r, _ := c.post(sent, "X-Request-Id", request)
	if status != http.StatusOK {
		t.Fatal(status, r)
	}
	prune := func(before time.Time, want int) {
		t.Helper()
		if n, err := c.app.bars.Prune(t.Context(), before); err != nil || n != want {
			t.Errorf("%d messages taken away, %v; want %d", n, err, want)
		}
	}
	kept := func() int {
		t.Helper()
		claims, err := c.app.store.Claims(t.Context(), "bars-message", "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(claims)
	}
	prune(time.Now().Add(-time.Hour), 0)
	status, r, _ = c.post(sent, "X-Request-Id", request)
	c.refused(status, r, 409, "duplicate", "REC_CONFLICT")
	if n := kept(); n != 1 {
		t.Errorf("%d messages are kept, want 1", n)
	}
	prune(time.Now().Add(time.Hour), 1)
	if n := kept(); n != 0 {
		t.Errorf("%d messages are kept, want none", n)
	}
	prune(time.Now().Add(time.Hour), 0)
	status, r, _ = c.post(sent, "X-Request-Id", request) // a new one, whose slot is taken
	c.refused(status, r, 409, "conflict", "REC_CONFLICT")
}
