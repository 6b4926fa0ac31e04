package outbox

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// TestLargeLetters: a list of letters ends where there are no more, not where a page
// of the store does, which is full sooner when they are large (security S85).
func TestLargeLetters(t *testing.T) {
	h := newHospital(t)
	s := h.process("one")
	const n = 12
	now := time.Now()
	payload, err := json.Marshal(letter{Event: "S12", Queued: now, Gone: now, Sealed: make([]byte, 1<<20)})
	if err != nil {
		t.Fatal(err)
	}
	err = h.store.Update(t.Context(), func(tx store.Tx) error {
		for i := range n {
			at := place{partner: "pas", state: dead, when: now.UTC().Format(whenFormat), version: 1, customer: "trust", id: fmt.Sprintf("a%02d", i)}
			if err := tx.Claim(t.Context(), store.Claim{Space: Space, Key: at.key(), Holder: "h", Payload: payload}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	caller := auth.Principal{Customers: []string{"trust"}}
	if page, err := s.Items(t.Context(), caller, Query{Limit: 100}); err != nil || len(page.Items) != n || page.Next != "" {
		t.Errorf("%d letters are listed, and there are more: %t, %v; want %d", len(page.Items), page.Next != "", err, n)
	}
	s.count(t.Context(), "pas")
	if got := s.stats.lengths["pas"].Dead; got != n {
		t.Errorf("%d letters are counted, want %d", got, n)
	}
	if got, err := s.Prune(t.Context(), now.Add(time.Minute)); got != n || err != nil {
		t.Errorf("Prune() = %d, %v; want %d", got, err, n)
	}
}
