package booking

import (
	"context"
	"errors"

	"slotway/server/internal/store"
)

// errNotDone ends an Update that was only tried.
var errNotDone = errors.New("tried only")

// Would says whether a change would be done now: it is carried out whole, and
// nothing of it is kept. Its error is the one that Do would give.
func (s *Service) Would(ctx context.Context, c Change) error {
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := s.DoIn(ctx, tx, c); err != nil {
			return err
		}
		return errNotDone
	})
	if errors.Is(err, errNotDone) {
		return nil
	}
	return err
}
