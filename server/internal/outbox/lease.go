package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// leaseSpace is the space of the claims by which one process sends to a partner: key
// the partner, holder the process.
const leaseSpace = "outbox-lease"

// lease is one process's turn to send to a partner. Only one process gets it; it
// lasts until a time, by the clocks of the processes, which must agree within
// leaseSlack. A process whose clock stops while a message is on its way can still
// send that one after the next process has begun: the receiver then has it twice,
// under one MSH-10.
type lease struct {
	s       *Service
	partner string
	holder  string
	until   time.Time
}

const (
	leaseTime  = 90 * time.Second
	leaseSlack = 10 * time.Second
)

type leasePayload struct {
	Until time.Time `json:"until"`
}

// turn is what asking for the lease gives.
type turn int

const (
	anothers turn = iota // another process has it
	kept                 // it was this process's without a break
	begun                // it is this process's from now on: what was read before may be over
)

// hold takes the lease, or renews it when half of it is over.
func (l *lease) hold(ctx context.Context) (turn, error) {
	now := l.s.Now()
	if l.until.Sub(now) > leaseTime/2 {
		return kept, nil
	}
	until := now.Add(leaseTime)
	payload, err := json.Marshal(leasePayload{until})
	if err != nil {
		return anothers, err
	}
	mine := true
	err = l.s.Store.Update(ctx, func(tx store.Tx) error {
		mine = true
		c, err := tx.Claimed(ctx, leaseSpace, l.partner)
		if err != nil && !errors.Is(err, fhir.NotFound) {
			return err
		}
		if err == nil {
			var p leasePayload
			_ = json.Unmarshal(c.Payload, &p) // one that cannot be read is over
			if c.Holder != l.holder && !l.s.Alone && now.Before(p.Until.Add(leaseSlack)) {
				mine = false
				return nil
			}
			if err := tx.Release(ctx, leaseSpace, l.partner, c.Holder); err != nil {
				return err
			}
		}
		return tx.Claim(ctx, store.Claim{Space: leaseSpace, Key: l.partner, Holder: l.holder, Payload: payload})
	})
	if _, taken := store.IsTaken(err); taken {
		return anothers, nil
	}
	if err != nil || !mine {
		return anothers, err
	}
	last := l.until
	l.until = until
	if now.Before(last) {
		return kept, nil
	}
	return begun, nil
}

// covers says whether the lease lasts for something that takes so long.
func (l *lease) covers(d time.Duration) bool { return l.s.Now().Add(d).Before(l.until) }

// end gives the lease back.
func (l *lease) end(ctx context.Context) error {
	if l.until.IsZero() {
		return nil
	}
	l.until = time.Time{}
	return l.s.Store.Update(ctx, func(tx store.Tx) error {
		return tx.Release(ctx, leaseSpace, l.partner, l.holder)
	})
}
