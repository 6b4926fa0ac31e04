package booking

import (
	"context"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func (s *Service) planDelete(_ context.Context, _ store.Reader, c Change) (step, error) {
	return func(ctx context.Context, tx *work) (out Result, err error) {
		old, err := s.current(ctx, tx, c.seesAll(), c.Key)
		if absent(err) && c.MayBeGone {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if old.Type == "Slot" {
			_, held, err := s.claimOf(ctx, tx, old.Customer, old.ID)
			if err != nil {
				return out, err
			}
			if held {
				return out, fhir.Errorf(fhir.Conflict, "The slot is booked; cancel the booking first.")
			}
		}
		if err := s.settle(ctx, tx, write{key: old.Key, old: old}, nil); err != nil {
			return out, err
		}
		if err := s.release(ctx, tx, old, nil); err != nil {
			return out, err
		}
		for _, u := range uniqueKeys(old.Customer, old.Resource) {
			if err := tx.Release(ctx, u.Space, u.Key, old.ID); err != nil {
				return out, err
			}
		}
		version := c.IfVersion
		if version == store.Any {
			version = old.Version
		}
		if out.Record, err = tx.Delete(ctx, old.Key, version); err != nil {
			return out, err
		}
		return out, s.tell(ctx, tx, Told{Old: old, Now: out.Record})
	}, nil
}

func (s *Service) planCheck(_ context.Context, _ store.Reader, c Change) (step, error) {
	return func(ctx context.Context, tx *work) (out Result, err error) {
		out.Record, err = tx.Read(ctx, c.seesAll(), c.Key)
		return out, err
	}, nil
}
