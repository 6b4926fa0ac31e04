package session

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"slotway/server/internal/store"
)

// knownTime is how long somebody is remembered who does not sign in, and knownStep how
// old what is remembered may become, so that not every sign-in writes.
const (
	knownTime = 90 * 24 * time.Hour
	knownStep = 24 * time.Hour
)

// knownKey is the id under which somebody is remembered.
func knownKey(issuer, subject string) string { return issuer + "\x00" + subject }

// Remember remembers who has signed in, with what they may do, in place of what was
// remembered of them.
func (s *Sessions) Remember(ctx context.Context, p Person) error {
	until, id := s.Now().UTC().Add(knownTime), knownKey(p.Issuer, p.Subject)
	return s.Store.Update(ctx, func(tx store.Tx) error {
		old, had, err := s.known(ctx, tx, id)
		if err != nil || had && until.Sub(old.Until) < knownStep && samePerson(old.Value, p) {
			return err
		}
		if had {
			if err := s.unlearn(ctx, tx, id, old.Until); err != nil {
				return err
			}
		}
		return putIn(ctx, tx, s, spaceKnown, id, p, until)
	})
}

// Disown forgets somebody who may not sign in any more.
func (s *Sessions) Disown(ctx context.Context, issuer, subject string) error {
	id := knownKey(issuer, subject)
	return s.Store.Update(ctx, func(tx store.Tx) error {
		old, had, err := s.known(ctx, tx, id)
		if err != nil || !had {
			return err
		}
		return s.unlearn(ctx, tx, id, old.Until)
	})
}

// Remembered gives those who have signed in lately, in no order that means anything.
func (s *Sessions) Remembered(ctx context.Context) (all []Person, err error) {
	const step = 500
	for after := ""; ; {
		some, err := s.Store.Claims(ctx, spaceKnown, "", after, step)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			if k, err := open[Person](s, c); err == nil {
				all = append(all, k.Value)
			}
		}
		if len(some) == 0 {
			return all, nil
		}
		after = some[len(some)-1].Key
	}
}

// Recall gives somebody who has signed in lately; ok is false for anybody else.
func (s *Sessions) Recall(ctx context.Context, from store.Reader, issuer, subject string) (p Person, ok bool, err error) {
	k, ok, err := s.known(ctx, from, knownKey(issuer, subject))
	return k.Value, ok, err
}

// known gives what is remembered under an id.
func (s *Sessions) known(ctx context.Context, from store.Reader, id string) (k kept[Person], ok bool, err error) {
	k, err = find[Person](ctx, from, s, spaceKnown, id)
	return k, err == nil, nothing(err)
}

// unlearn takes away what is remembered under an id, and when it would have been over.
func (s *Sessions) unlearn(ctx context.Context, tx store.Tx, id string, until time.Time) error {
	key := s.digest(id)
	if err := tx.Release(ctx, spaceKnown, key, holder); err != nil {
		return err
	}
	return tx.Release(ctx, spaceOver, overKey(until, spaceKnown, key), holder)
}

// samePerson says whether two texts say the same of somebody.
func samePerson(a, b Person) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && slices.Equal(x, y)
}
