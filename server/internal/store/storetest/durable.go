package storetest

import (
	"errors"
	"testing"

	"slotway/server/internal/store"
)

// Durable proves that what an Update answered for is there when the store is
// opened again, and that versions and logs go on from where they were.
func Durable(t *testing.T, open Open, reopen Reopen) {
	clock := NewClock()
	c := Catalog(t, "Europe/London")
	e := Env{c, clock.Now}
	s := &subject{open(t, e), t, t.Context(), clock, c}
	s.put("a", slot("kept", "free"))
	s.put("a", slot("deleted", "free"))
	s.remove(slotKey("a", "deleted"))
	s.update(func(tx store.Tx) error {
		return tx.Claim(s.ctx, store.Claim{Space: "slot", Key: "held", Holder: "one"})
	})
	for round := range 3 {
		s.update(func(tx store.Tx) error { return everyWriteAgain(s, tx, round) })
		_ = s.Update(s.ctx, func(tx store.Tx) error { return errors.Join(everyWrite(s, tx), errPlanned) })
		before := s.dump()
		if err := s.Close(); err != nil {
			t.Fatalf("Close() = %v", err)
		}
		s.Store = reopen(t, e)
		if after := s.dump(); after != before {
			t.Errorf("round %d: what was opened again is\n%s\nwant\n%s", round, after, before)
		}
	}
	if records, err := s.Log(s.ctx, "log", store.LogRange{Limit: 100}); err != nil || len(records) != 3 {
		t.Errorf("the log has %d records, %v; want 3", len(records), err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// everyWriteAgain is everyWrite, made so that it can be done in every round.
func everyWriteAgain(s *subject, tx store.Tx, round int) error {
	if round > 0 {
		err := errors.Join(
			tx.Release(s.ctx, "slot", "free", "two"),
			tx.Claim(s.ctx, store.Claim{Space: "slot", Key: "held", Holder: "one"}))
		if err != nil {
			return err
		}
		for _, id := range []string{"kept", "deleted"} {
			if _, err := tx.Delete(s.ctx, slotKey("a", id), store.Any); err != nil {
				return err
			}
		}
	}
	return everyWrite(s, tx)
}
