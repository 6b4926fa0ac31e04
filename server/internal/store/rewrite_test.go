package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// Rewrite changes what is due, over several commits, keeps who holds it, and stops at
// a fault; again, it has nothing to do.
func TestRewrite(t *testing.T) {
	s := storetest.NewModel(search.NewCatalog(nil, time.UTC), time.Now)
	const n = 250
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for i := range n {
			c := store.Claim{Space: "raw", Key: fmt.Sprintf("%03d", i), Holder: "h", Payload: []byte("old")}
			if i%10 == 0 {
				c.Payload = []byte("new")
			}
			if err := tx.Claim(t.Context(), c); err != nil {
				return err
			}
		}
		return tx.Claim(t.Context(), store.Claim{Space: "rawer", Key: "x", Holder: "h", Payload: []byte("old")})
	})
	if err != nil {
		t.Fatal(err)
	}
	fault := errors.New("a fault")
	if _, err := store.Rewrite(t.Context(), s, "raw", func([]byte) ([]byte, error) { return nil, fault }); !errors.Is(err, fault) {
		t.Errorf("Rewrite = %v, want the fault", err)
	}
	change := func(payload []byte) ([]byte, error) {
		if bytes.Equal(payload, []byte("new")) {
			return nil, nil
		}
		return []byte("new"), nil
	}
	for _, want := range []int{n - n/10, 0} {
		if got, err := store.Rewrite(t.Context(), s, "raw", change); got != want || err != nil {
			t.Errorf("Rewrite = %d, %v, want %d", got, err, want)
		}
	}
	claims, err := s.Claims(t.Context(), "raw", "", "", n+1)
	if err != nil || len(claims) != n {
		t.Fatalf("%d claims, %v, want %d", len(claims), err, n)
	}
	for _, c := range claims {
		if string(c.Payload) != "new" || c.Holder != "h" {
			t.Errorf("claim %s is %q of %s", c.Key, c.Payload, c.Holder)
		}
	}
	if other, err := s.Claimed(t.Context(), "rawer", "x"); err != nil || string(other.Payload) != "old" {
		t.Errorf("another space's claim is %q, %v", other.Payload, err)
	}
}
