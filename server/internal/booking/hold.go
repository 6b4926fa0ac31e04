package booking

import (
	"context"
	"errors"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// A hold is an appointment of status pending whose slots are claimed until a
// time. That time is part of each claim, so whoever meets a claim, in whatever
// process, knows whether it still holds: what is over is ended by the first who
// needs the slot, within the same Update, or else by Sweep.

// holdSpace is the space of the claims by which Sweep finds holds: key
// customer\0 when it ends \0 id of the appointment, holder that id.
const holdSpace = "hold"

// dueFormat writes times so that their order is that of the text.
const dueFormat = "2006-01-02T15:04:05.000Z"

func holdKey(key store.Key, until time.Time) string {
	return key.Customer + "\x00" + until.UTC().Format(dueFormat) + "\x00" + key.ID
}

// untilPayload is what the claim of a slot remembers of a hold; of a booking,
// which holds for good, it is nothing.
func untilPayload(until time.Time) []byte {
	if until.IsZero() {
		return nil
	}
	return []byte(until.UTC().Format(dueFormat))
}

// untilOf gives until when a claim holds its slot; zero means for good.
func untilOf(c store.Claim) time.Time {
	t, err := time.Parse(dueFormat, string(c.Payload))
	if err != nil {
		return time.Time{}
	}
	return t
}

// claimOf gives the claim on a slot, over or not.
func (s *Service) claimOf(ctx context.Context, r store.Reader, customer, slot string) (c store.Claim, held bool, err error) {
	c, err = r.Claimed(ctx, slotSpace, customer+"\x00"+slot)
	if errors.Is(err, fhir.NotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

// holder gives the id of the appointment that holds a slot. A hold that is over
// is ended here and holds nothing, unless it is that of the appointment being
// written, which the writer has looked at already.
func (s *Service) holder(ctx context.Context, tx *work, customer, slot, writing string) (id string, held bool, err error) {
	c, held, err := s.claimOf(ctx, tx, customer, slot)
	if err != nil || !held {
		return "", false, err
	}
	if until := untilOf(c); c.Holder == writing || until.IsZero() || s.Now().Before(until) {
		return c.Holder, true, nil
	}
	err = s.expire(ctx, tx, store.Key{Customer: customer, Type: "Appointment", ID: c.Holder})
	if absent(err) { // nothing is left that could be ended
		return "", false, tx.Release(ctx, slotSpace, c.Key, c.Holder)
	}
	return "", false, err
}

// current reads what is about to be changed, an appointment or a slot after
// ending the hold on it when that is over.
func (s *Service) current(ctx context.Context, tx *work, see store.Visibility, key store.Key) (store.Record, error) {
	rec, err := tx.Read(ctx, see, key)
	if err != nil {
		return rec, err
	}
	holding, until := rec.Key, time.Time{}
	switch rec.Type {
	case "Appointment":
		until, err = s.heldUntil(ctx, tx, rec)
	case "Slot":
		var c store.Claim
		c, _, err = s.claimOf(ctx, tx, rec.Customer, rec.ID)
		holding, until = store.Key{Customer: rec.Customer, Type: "Appointment", ID: c.Holder}, untilOf(c)
	}
	if err != nil || until.IsZero() || s.Now().Before(until) {
		return rec, err
	}
	if err := s.expire(ctx, tx, holding); err != nil {
		return rec, err
	}
	return tx.Read(ctx, see, key)
}

// heldUntil gives when the hold of an appointment ends; zero when it is none.
func (s *Service) heldUntil(ctx context.Context, r store.Reader, rec store.Record) (time.Time, error) {
	if rec.Resource.IsZero() || rec.Resource.Root().Get("status").Text() != "pending" {
		return time.Time{}, nil
	}
	slots, _ := s.slotsOf(rec.Resource, rec.Links)
	for _, id := range slots {
		c, held, err := s.claimOf(ctx, r, rec.Customer, id)
		if err != nil {
			return time.Time{}, err
		}
		if held && c.Holder == rec.ID {
			return untilOf(c), nil
		}
	}
	return time.Time{}, nil
}

var (
	pathHoldExpires = fhir.MustPath("extension").Where("url", fhir.HoldExpires)
	pathHoldInstant = pathHoldExpires.Then("valueInstant")
	pathReason      = fhir.MustPath("cancelationReason")
)

// expire ends a hold: its appointment is cancelled, and its slots are free.
func (s *Service) expire(ctx context.Context, tx *work, key store.Key) error {
	old, err := tx.Read(ctx, store.Of(key.Customer), key)
	if err != nil {
		return err
	}
	r, err := old.Resource.Apply(
		fhir.Change{Path: pathStatus, Op: fhir.Set, Value: fhir.Quote("cancelled")},
		fhir.Change{Path: pathReason, Op: fhir.Set, Value: []byte(`{"text":"The hold expired."}`)},
		fhir.Change{Path: pathHoldExpires, Op: fhir.Remove},
	)
	if err != nil {
		return err
	}
	_, err = s.put(ctx, tx, write{key: old.Key, resource: r, ifVersion: old.Version, old: old, links: old.Links})
	return err
}

// isHold says whether a version shows itself to be a hold.
func isHold(r fhir.Resource) bool {
	return !r.IsZero() && r.Root().Get("status").Text() == "pending" && r.Root().One(pathHoldInstant).Exists()
}

// settle makes a booking of what was a hold and is one no longer: the slots that
// it keeps are its own for good.
func (s *Service) settle(ctx context.Context, tx *work, w write, keep []string) error {
	until, err := s.heldUntil(ctx, tx, w.old)
	if err != nil || until.IsZero() || isHold(w.resource) && len(keep) > 0 {
		return err
	}
	if err := tx.Release(ctx, holdSpace, holdKey(w.old.Key, until), w.old.ID); err != nil {
		return err
	}
	for _, id := range keep {
		c, held, err := s.claimOf(ctx, tx, w.key.Customer, id)
		if err != nil {
			return err
		}
		if !held || c.Holder != w.key.ID || untilOf(c).IsZero() {
			continue
		}
		if err := s.own(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// own turns the claim of a hold into that of a booking.
func (s *Service) own(ctx context.Context, tx *work, c store.Claim) error {
	if err := tx.Release(ctx, c.Space, c.Key, c.Holder); err != nil {
		return err
	}
	c.Payload = nil
	if err := tx.Claim(ctx, c); err != nil {
		return err
	}
	customer, id, _ := strings.Cut(c.Key, "\x00")
	rec, err := tx.Read(ctx, store.Of(customer), store.Key{Customer: customer, Type: "Slot", ID: id})
	if absent(err) {
		return nil
	}
	if err != nil || rec.Resource.Root().Get("status").Text() != heldStatus {
		return err
	}
	return s.mark(ctx, tx, rec, bookedStatus)
}

// remember keeps a hold where Sweep finds it.
func (s *Service) remember(ctx context.Context, tx *work, key store.Key, until time.Time) error {
	if until.IsZero() {
		return nil
	}
	err := tx.Claim(ctx, store.Claim{Space: holdSpace, Key: holdKey(key, until), Holder: key.ID})
	if _, again := store.IsTaken(err); again {
		return nil
	}
	return err
}
