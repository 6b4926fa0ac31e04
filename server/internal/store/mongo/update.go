package mongo

import (
	"context"
	"errors"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// An Update that lost so many times runs its function while no other loser of this
// process does; after so many more it gives up.
const (
	patience = 2
	attempts = 200
)

// Update runs fn on the store as it is at one moment and writes what it did as one
// record of the log, if nothing that it read has changed meanwhile; else it
// runs it again. See store.Store.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	if s.o.ReadOnly {
		return fhir.Errorf(fhir.Busy, "The store is opened to be read only.")
	}
	for attempt := range attempts {
		if attempt == patience {
			select {
			case s.serial <- struct{}{}:
				defer func() { <-s.serial }()
			case <-ctx.Done():
				return store.GaveUp(ctx)
			}
		}
		if err := s.attempt(ctx, fn); !errors.Is(err, errStale) {
			return err
		}
	}
	return fhir.Errorf(fhir.Busy, "Others change the same resources all the time; nothing was changed. Try again in a moment.")
}

// attempt runs fn once. errStale: its reads were overtaken.
func (s *Store) attempt(ctx context.Context, fn func(store.Tx) error) error {
	v, err := s.look(ctx)
	if err != nil {
		return err
	}
	t := newTx(s, v)
	err = engine.Run(fn, t, t.usable)
	switch {
	case t.stale:
		return errStale
	case err != nil:
		return err
	}
	c := t.change()
	if c.empty() {
		return nil
	}
	return s.writer.commit(ctx, c)
}
