package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func testClaims(t *testing.T, open Open) {
	claim := func(s *subject, c store.Claim) error {
		return s.Update(s.ctx, func(tx store.Tx) error { return tx.Claim(s.ctx, c) })
	}
	release := func(s *subject, space, key, holder string) {
		s.update(func(tx store.Tx) error { return tx.Release(s.ctx, space, key, holder) })
	}
	t.Run("life", func(t *testing.T) {
		s := begin(t, open)
		c := store.Claim{Space: "slot", Key: "a\x00x", Holder: "one", Payload: []byte("payload")}
		_, err := s.Claimed(s.ctx, c.Space, c.Key)
		wantKind(t, "Claimed of a free key", err, fhir.NotFound)
		if err := claim(s, c); err != nil {
			t.Fatalf("Claim() = %v", err)
		}
		got, err := s.Claimed(s.ctx, c.Space, c.Key)
		if err != nil || got.Holder != "one" || string(got.Payload) != "payload" || got.Space != c.Space || got.Key != c.Key {
			t.Errorf("Claimed() = %+v, %v; want %+v", got, err, c)
		}
		for _, holder := range []string{"two", "one"} {
			err := claim(s, store.Claim{Space: c.Space, Key: c.Key, Holder: holder})
			wantKind(t, "a second Claim", err, fhir.Conflict)
			if held, ok := store.IsTaken(err); !ok || held.Holder != "one" || string(held.Payload) != "payload" {
				t.Errorf("a second Claim shows %+v, %v; want the first", held, ok)
			}
		}
		release(s, c.Space, c.Key, "two")
		release(s, c.Space, "a\x00y", "one")
		release(s, "other", c.Key, "one")
		if _, err := s.Claimed(s.ctx, c.Space, c.Key); err != nil {
			t.Errorf("after others' releases Claimed() = %v, want it held", err)
		}
		release(s, c.Space, c.Key, "one")
		if err := claim(s, store.Claim{Space: c.Space, Key: c.Key, Holder: "two"}); err != nil {
			t.Errorf("Claim of a released key = %v", err)
		}
		if err := claim(s, store.Claim{Space: "other", Key: c.Key, Holder: "two"}); err != nil {
			t.Errorf("Claim of the key in another space = %v", err)
		}
	})
	t.Run("within one Update", func(t *testing.T) {
		s := begin(t, open)
		s.update(func(tx store.Tx) error {
			c := store.Claim{Space: "slot", Key: "x", Holder: "one"}
			second := store.Claim{Space: "slot", Key: "x", Holder: "two"}
			err := tx.Claim(s.ctx, c)
			wantKind(t, "a second Claim in the same Update", tx.Claim(s.ctx, second), fhir.Conflict)
			if got, err := tx.Claimed(s.ctx, "slot", "x"); err != nil || got.Holder != "one" {
				t.Errorf("Claimed() = %+v, %v; want the claim of this Update", got, err)
			}
			return errors.Join(err, tx.Release(s.ctx, "slot", "x", "one"), tx.Claim(s.ctx, second))
		})
		if got, err := s.Claimed(s.ctx, "slot", "x"); err != nil || got.Holder != "two" {
			t.Errorf("Claimed() = %+v, %v; want the last claim", got, err)
		}
	})
	t.Run("a queue", func(t *testing.T) { testQueue(t, begin(t, open)) })
	t.Run("a queue within a Tx", func(t *testing.T) { testQueueInTx(t, begin(t, open)) })
	t.Run("workers empty a queue", func(t *testing.T) { testQueueWorkers(t, begin(t, open)) })
	t.Run("64 claim 10 keys, one each wins", func(t *testing.T) { testRace(t, begin(t, open)) })
}

// Design decision 17: of any number that book a slot, one succeeds.
func testRace(t *testing.T, s *subject) {
	const slots, clients = 10, 64
	for i := range slots {
		s.put("a", slot(fmt.Sprint(i), "free"))
	}
	var won, lost, other atomic.Int64
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for i := range slots {
				id := fmt.Sprint((i + client) % slots)
				err := s.Update(s.ctx, func(tx store.Tx) error { return book(s, tx, id, fmt.Sprintf("%s-%d", id, client)) })
				if _, taken := store.IsTaken(err); err == nil {
					won.Add(1)
				} else if taken {
					lost.Add(1)
				} else {
					other.Add(1)
					t.Errorf("booking: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if won.Load() != slots || lost.Load() != slots*(clients-1) {
		t.Errorf("%d bookings won, %d lost, %d failed otherwise; want %d and %d", won.Load(), lost.Load(), other.Load(), slots, slots*(clients-1))
	}
	if _, total := s.find(store.Of("a"), "Slot", "status=busy"); total != slots {
		t.Errorf("%d slots are busy, want %d", total, slots)
	}
	found, total := s.find(store.Of("a"), "Appointment", "status=booked")
	if total != slots {
		t.Errorf("%d appointments are stored, want %d: %v", total, slots, found)
	}
}

// book is the shape of a booking: the claim, the slot, the appointment.
func book(s *subject, tx store.Tx, id, appointmentID string) error {
	now, err := tx.Read(s.ctx, store.Of("a"), slotKey("a", id))
	if err != nil {
		return err
	}
	if _, err := tx.Put(s.ctx, putOf(s.tb, "a", appointment(appointmentID, "booked", "2025-10-25T09:00:00Z", "Patient/p", ""))); err != nil {
		return err
	}
	if err := tx.Claim(s.ctx, store.Claim{Space: "slot", Key: "a\x00" + id, Holder: appointmentID}); err != nil {
		return err
	}
	busy := putOf(s.tb, "a", slot(id, "busy"))
	busy.IfVersion = now.Version
	_, err = tx.Put(s.ctx, busy)
	return err
}
