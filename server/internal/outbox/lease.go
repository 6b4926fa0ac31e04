package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// leaseSpace is the space of the claims by which one process sends to a partner: key
// the partner, holder the process, payload a number that each renewal changes.
const leaseSpace = "outbox-lease"

// lease is one process's turn to send to a partner. Its holder renews it, also while it
// waits for an answer, and believes in it for leaseTime after it began to. Others take
// it over when they have seen it unchanged for leaseSlack longer. Each measures by its
// own clock alone, so that what the clocks show does not matter.
//
// What a holder writes is fenced: it is refused when the lease has become another's. A
// message that is on its way when its process is stopped may reach the partner twice,
// under one MSH-10: the next holder cannot know that it went.
type lease struct {
	s       *Service
	partner string
	holder  string
	until   time.Time // how long it is this process's
	beat    int64     // of the last renewal
	seen    []byte    // whose it was when it was last looked at, and of which renewal
	since   time.Time // when that was seen first
}

const (
	leaseTime  = 24 * time.Second
	leaseSlack = 6 * time.Second
	// renewEvery is how often a lease is renewed that is in use.
	renewEvery = leaseTime / 3
	// watchEvery is how often a process that sends nothing looks who does, so that it
	// knows how long that has been so when it has something to send.
	watchEvery = 2 * time.Second
)

type leasePayload struct {
	Beat int64 `json:"beat"`
}

// turn is what asking for the lease gives.
type turn int

const (
	anothers turn = iota // another process has it
	kept                 // it was this process's without a break
	begun                // it is this process's from now on: what was read before may be over
)

// errOver ends what was begun under a lease that is over.
var errOver = errors.New("the lease is over")

// hold takes the lease, or renews it when a third of it is over.
func (l *lease) hold(ctx context.Context) (turn, error) {
	now := l.s.Now()
	if l.until.Sub(now) > leaseTime-renewEvery {
		return kept, nil
	}
	payload, err := json.Marshal(leasePayload{l.beat + 1})
	if err != nil {
		return anothers, err
	}
	mine := true
	err = l.s.Store.Update(ctx, func(tx store.Tx) error {
		c, err := tx.Claimed(ctx, leaseSpace, l.partner)
		if err != nil && !errors.Is(err, fhir.NotFound) {
			return err
		}
		if mine = err != nil || c.Holder == l.holder || l.s.Alone || l.over(c, now); !mine {
			return nil
		}
		if err == nil {
			if err := tx.Release(ctx, leaseSpace, l.partner, c.Holder); err != nil {
				return err
			}
		}
		return tx.Claim(ctx, store.Claim{Space: leaseSpace, Key: l.partner, Holder: l.holder, Payload: payload})
	})
	if _, taken := store.IsTaken(err); taken || err == nil && !mine {
		l.until = time.Time{}
		return anothers, nil
	}
	if err != nil {
		return anothers, err
	}
	last := l.until
	l.until, l.beat = now.Add(leaseTime), l.beat+1
	if now.Before(last) {
		return kept, nil
	}
	return begun, nil
}

// over says whether another's lease has not been renewed for so long that it is over.
func (l *lease) over(c store.Claim, now time.Time) bool {
	mark := append([]byte(c.Holder+"\n"), c.Payload...)
	if !bytes.Equal(mark, l.seen) {
		l.seen, l.since = mark, now
	}
	return now.Sub(l.since) >= leaseTime+leaseSlack
}

// watch looks whose the lease is.
func (l *lease) watch(ctx context.Context) error {
	c, err := l.s.Store.Claimed(ctx, leaseSpace, l.partner)
	if err == nil {
		l.over(c, l.s.Now())
	}
	return unlessAbsent(err)
}

// during does something and renews the lease meanwhile. What is done ends with errOver
// when the lease has become another's.
func (l *lease) during(ctx context.Context, do func(context.Context) error) error {
	own, end := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for l.s.wait(own, renewEvery) {
			if on, err := l.hold(own); err == nil && on == anothers || !l.covers(0) {
				end(errOver)
			}
		}
	}()
	err := do(own)
	end(nil)
	<-done
	return err
}

// covers says whether the lease lasts for something that takes so long.
func (l *lease) covers(d time.Duration) bool { return l.s.Now().Add(d).Before(l.until) }

// fence gives errOver, within an Update, when the lease has become another's.
func (l *lease) fence(ctx context.Context, tx store.Tx) error {
	c, err := tx.Claimed(ctx, leaseSpace, l.partner)
	if err := unlessAbsent(err); err != nil {
		return err
	}
	if c.Holder != l.holder {
		return errOver
	}
	return nil
}

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
