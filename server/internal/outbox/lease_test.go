package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// took says whether a lease is had.
func (l *lease) took(t *testing.T) bool {
	t.Helper()
	on, err := l.hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return on != anothers
}

// leaseTo gives the lease to another process, as it is had when its time is over.
func (h *hospital) leaseTo(t *testing.T, holder string) {
	t.Helper()
	err := h.store.Update(t.Context(), func(tx store.Tx) error {
		c, err := tx.Claimed(t.Context(), leaseSpace, "pas")
		if err != nil {
			return err
		}
		if err := tx.Release(t.Context(), leaseSpace, "pas", c.Holder); err != nil {
			return err
		}
		return tx.Claim(t.Context(), store.Claim{Space: leaseSpace, Key: "pas", Holder: holder})
	})
	if err != nil {
		t.Error(err)
	}
}

// Clocks that disagree do not have two processes send at a time, nor keep all from
// sending: nobody's clock is compared with another's (R35).
func TestLeaseAndClocks(t *testing.T) {
	for _, ahead := range []time.Duration{-24 * time.Hour, -time.Hour, 0, time.Hour, 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHospital(t)
				one, two := h.process("one"), h.process("two")
				two.Now = func() time.Time { return time.Now().Add(ahead) }
				a, b := &lease{s: one, partner: "pas", holder: "one"}, &lease{s: two, partner: "pas", holder: "two"}
				if !a.took(t) || b.took(t) {
					t.Fatal("not one has the lease")
				}
				for range 10 { // while it is renewed
					time.Sleep(leaseTime / 3)
					if !a.took(t) || b.took(t) {
						t.Fatal("not the first has the lease")
					}
				}
				died := time.Now()
				for !b.took(t) {
					time.Sleep(time.Second)
				}
				if took := time.Since(died); took < leaseTime/2 || took > 35*time.Second { // R37
					t.Errorf("the next has it %v after the one before was killed", took)
				}
			})
		})
	}
}

// A process that is stopped while it waits for an answer, and goes on when another has
// the lease, writes nothing of it (R36).
func TestLateWrite(t *testing.T) {
	for _, code := range []string{"AA", "AR"} {
		synctest.Test(t, func(t *testing.T) {
			h := newHospital(t)
			one := h.process("one")
			h.put(t, one, "x", "booked", "10:00", "")
			late := &worker{s: one, sub: h.subs[0], lease: &lease{s: one, partner: "pas", holder: "one"}, again: map[string]trial{}}
			if !late.lease.took(t) {
				t.Fatal("nobody has the lease")
			}
			h.answer = func(int) (string, error) { // meanwhile
				h.leaseTo(t, "two")
				return code, nil
			}
			claims, err := h.store.Claims(t.Context(), Space, prefix("pas", queued), "", 1)
			if err != nil || len(claims) != 1 {
				t.Fatalf("%d letters, %v", len(claims), err)
			}
			at, _ := placeOf(claims[0].Key)
			late.sub.Timeout = time.Minute
			if gone, err := late.deliver(t.Context(), at, claims[0]); gone || err != nil {
				t.Errorf("%s: the letter is gone: %t, %v", code, gone, err)
			}
			log, err := h.store.Log(t.Context(), journal.Stream, store.LogRange{Limit: 10})
			if err != nil || len(log) != 0 || len(h.left(t, queued)) != 1 || len(h.left(t, dead)) != 0 {
				t.Errorf("%s: it wrote %d records, %d letters are left and %d given up: %v", code, len(log), len(h.left(t, queued)), len(h.left(t, dead)), err)
			}
			if late.lease.took(t) {
				t.Error("it thinks that it has the lease")
			}
		})
	}
}

// An answer that takes its time does not end the lease: it is renewed meanwhile.
func TestSlowPartner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHospital(t)
		h.subs[0].Timeout = 10 * time.Minute
		h.answer = func(int) (string, error) { time.Sleep(3 * leaseTime); return "AA", nil }
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		one, two := h.process("one"), h.process("two")
		all.Go(func() { one.Run(ctx) })
		all.Go(func() { two.Run(ctx) })
		for i := range 5 {
			h.put(t, one, fmt.Sprint("x", i), "booked", "10:00", "")
		}
		time.Sleep(20 * leaseTime)
		stop()
		all.Wait()
		if len(h.took) != 5 || len(h.left(t, queued)) != 0 {
			t.Errorf("%d messages were taken and %d are left, want 5 and none", len(h.took), len(h.left(t, queued)))
		}
	})
}

// A process that loses the lease while it waits for an answer stops waiting.
func TestLostWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHospital(t)
		one := h.process("one")
		l := &lease{s: one, partner: "pas", holder: "one"}
		if !l.took(t) {
			t.Fatal("nobody has the lease")
		}
		h.leaseTo(t, "two")
		began := time.Now()
		err := l.during(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
		if !errors.Is(err, errOver) || time.Since(began) > leaseTime {
			t.Errorf("it ends after %v with %v", time.Since(began), err)
		}
	})
}
