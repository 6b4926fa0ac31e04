package booking

import (
	"cmp"
	"context"
	"slices"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func (s *Service) planUpdate(ctx context.Context, now store.Reader, c Change) (step, error) {
	if c.Edit == nil {
		if err := s.checkUpdate(ctx, now, c); err != nil {
			return nil, err
		}
	}
	key := c.Key
	if key.Customer == "" {
		var err error
		if key.Customer, err = s.customerOf(ctx, now, c, key); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, tx *work) (out Result, err error) {
		w, err := s.next(ctx, tx, c, key)
		if err != nil {
			return out, err
		}
		if err := s.once(ctx, tx, c.Request, key, w.old.Version+1); err != nil {
			return out, err
		}
		if w.links, err = s.relink(ctx, tx, w); err != nil {
			return out, err
		}
		out.Created = w.old.Version == 0
		if c.Take {
			return s.take(ctx, tx, c, w)
		}
		out.Record, err = s.put(ctx, tx, w)
		return out, err
	}, nil
}

// take stores an appointment's next version and takes the slots that it names
// and does not hold yet. What it held and names no longer is free again.
func (s *Service) take(ctx context.Context, tx *work, c Change, w write) (out Result, err error) {
	until := c.HoldUntil
	if until.IsZero() && isHold(w.resource) {
		if until, err = s.heldUntil(ctx, tx, w.old); err != nil {
			return out, err
		}
	}
	p, err := s.planNew(ctx, tx, c.Request, w.resource, until)
	if err != nil {
		return out, err
	}
	if p.customer != w.key.Customer {
		return out, fhir.Errorf(fhir.Unprocessable, "The slots belong to another customer than the appointment.").At("Appointment.slot")
	}
	if err := s.takeSlots(ctx, tx, p, w.key); err != nil {
		return out, err
	}
	w.resource = p.resource
	if !slices.ContainsFunc(w.links, func(l store.Link) bool { return l.To.Type == "Patient" }) {
		if err := s.addPatient(ctx, tx, p, &w); err != nil {
			return out, err
		}
	}
	for _, l := range p.links {
		if !slices.Contains(w.links, l) {
			w.links = append(w.links, l)
		}
	}
	out.Record, err = s.put(ctx, tx, w)
	return out, err
}

// next makes the version that an update stores. It rests on the version read
// here, so it is put on that one and no other.
func (s *Service) next(ctx context.Context, tx *work, c Change, key store.Key) (w write, err error) {
	w = write{key: key, resource: c.Resource, ifVersion: c.IfVersion}
	w.old, err = s.current(ctx, tx, c.sees(key.Customer), key)
	switch {
	case err == nil && c.fresh:
		return w, fhir.Errorf(fhir.Conflict, "Nothing meets the condition, and the id is in use.").At(key.Type + ".id")
	case err == nil:
	case absent(err) && c.Request.Create && c.Edit == nil:
		if _, err := tx.Read(ctx, store.Of(key.Customer), key); !absent(err) {
			return w, cmp.Or(err, error(fhir.Errorf(fhir.Conflict, "The id is in use.").At(key.Type+".id")))
		}
	default:
		return w, err
	}
	if w.ifVersion == store.Any {
		w.ifVersion = w.old.Version
	}
	if c.Edit == nil {
		return w, nil
	}
	if w.ifVersion != w.old.Version {
		return w, fhir.Errorf(fhir.PreconditionFailed, "Version %d is asked for, but the current one is %d.", w.ifVersion, w.old.Version)
	}
	if w.resource, err = c.Edit(w.old); err != nil {
		return w, err
	}
	return w, s.check(c.Request, w.resource, w.old)
}

// checkUpdate validates the resource of an update; only where it has faults is the
// current version looked at for the same ones.
func (s *Service) checkUpdate(ctx context.Context, now store.Reader, c Change) error {
	err := s.check(c.Request, c.Resource, store.Record{})
	if err == nil {
		return nil
	}
	old, missing := now.Read(ctx, c.seesAll(), c.Key)
	if missing != nil {
		return err
	}
	return s.check(c.Request, c.Resource, old)
}

// customerOf gives the customer of a resource to be updated: where it is, or
// where a new one would go.
func (s *Service) customerOf(ctx context.Context, now store.Reader, c Change, key store.Key) (string, error) {
	rec, err := now.Read(ctx, c.seesAll(), key)
	if err == nil {
		return rec.Customer, nil
	}
	if absent(err) && c.Request.Create && c.Edit == nil {
		return home(c.Request, c.Resource)
	}
	return "", err
}
