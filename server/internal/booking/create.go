package booking

import (
	"cmp"
	"context"

	"slotway/server/internal/store"
)

func (s *Service) planCreate(ctx context.Context, now store.Reader, c Change) (step, error) {
	if err := s.check(c.Request, c.Resource, store.Record{}); err != nil {
		return nil, err
	}
	plan, err := s.planNew(ctx, now, c.Request, c.Resource, c.HoldUntil)
	if err != nil {
		return nil, err
	}
	key := store.Key{Customer: plan.customer, Type: c.Resource.Type(), ID: cmp.Or(c.Key.ID, s.NewID())}
	return func(ctx context.Context, tx *work) (out Result, err error) {
		if err := s.once(ctx, tx, c.Request, key, 1); err != nil {
			return out, err
		}
		w := write{key: key, resource: plan.resource, ifVersion: 0, links: plan.links, posted: true}
		if err := s.takeSlots(ctx, tx, plan, key); err != nil {
			return out, err
		}
		if err := s.addPatient(ctx, tx, plan, &w); err != nil {
			return out, err
		}
		if out.Record, err = s.put(ctx, tx, w); err != nil {
			return out, err
		}
		out.Created = true
		return out, s.author(ctx, tx, c.Principal, key)
	}, nil
}
