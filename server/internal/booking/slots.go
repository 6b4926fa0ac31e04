package booking

import (
	"context"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// slotSpace is the space of the claims that hold slots: key customer\0id of the
// slot, holder the id of the appointment, payload until when (untilPayload).
const slotSpace = "slot"

// slot is a stored slot that an appointment names.
type slot struct {
	r4.Slot
	record   store.Record
	position string // Appointment.slot[0]
}

// slotsOf gives the ids of the stored slots an appointment names, by reference
// or by link, and whether it holds them in its present status.
func (s *Service) slotsOf(r fhir.Resource, links []store.Link) (ids []string, holds bool) {
	slots, status, err := r4.ReadSlots(r.Root())
	if err != nil {
		return nil, false // it is none
	}
	for _, ref := range slots {
		if to := ref.Parse(s.Bases); to.Type == "Slot" {
			ids = append(ids, to.ID)
		}
	}
	for _, l := range links {
		if l.To.Type == "Slot" {
			ids = append(ids, l.To.ID)
		}
	}
	return ids, r4.TakesSlot(status)
}

// The statuses of a slot that is taken.
const (
	bookedStatus = "busy"
	heldStatus   = "busy-tentative"
)

// takenStatus is the status of a slot that is taken until a time, or for good.
func takenStatus(until time.Time) string {
	if until.IsZero() {
		return bookedStatus
	}
	return heldStatus
}

// slotTaken is the one answer to a lost race.
func slotTaken(id, position string) error {
	return fhir.Errorf(fhir.SlotTaken, "Slot/%s is no longer available.", id).Coded("SLOT_TAKEN").At(position)
}

// takeSlots takes every slot of a plan for an appointment: each must be free, or
// the appointment's already, and is marked busy.
func (s *Service) takeSlots(ctx context.Context, tx *work, p *plan, key store.Key) error {
	for i := range p.slots {
		if err := s.takeSlot(ctx, tx, &p.slots[i], key, p.until); err != nil {
			return err
		}
	}
	if len(p.slots) == 0 {
		return nil
	}
	return s.remember(ctx, tx, key, p.until)
}

func (s *Service) takeSlot(ctx context.Context, tx *work, sl *slot, key store.Key, until time.Time) error {
	by, held, err := s.holder(ctx, tx, key.Customer, sl.record.ID, key.ID)
	if err != nil {
		return err
	}
	if held && by != key.ID {
		return slotTaken(sl.record.ID, sl.position)
	}
	now, err := tx.Read(ctx, store.Of(key.Customer), sl.record.Key)
	if err != nil {
		return err
	}
	if held {
		return s.mark(ctx, tx, now, takenStatus(until))
	}
	if now.Resource.Root().Get("status").Text() != "free" && !tx.made[now.Key] {
		return slotTaken(now.ID, sl.position)
	}
	err = tx.Claim(ctx, store.Claim{Space: slotSpace, Key: key.Customer + "\x00" + now.ID, Holder: key.ID, Payload: untilPayload(until)})
	if _, taken := store.IsTaken(err); taken {
		return slotTaken(now.ID, sl.position)
	}
	if err != nil {
		return err
	}
	return s.mark(ctx, tx, now, takenStatus(until))
}

var pathStatus = fhir.MustPath("status")

// mark stores a slot under another status, unless a change still to come says
// what the slot is.
func (s *Service) mark(ctx context.Context, tx *work, rec store.Record, status string) error {
	if tx.puts[rec.ID] {
		return nil
	}
	r, err := rec.Resource.Apply(fhir.Change{Path: pathStatus, Op: fhir.Set, Value: fhir.Quote(status)})
	if err != nil {
		return err
	}
	_, err = tx.Put(ctx, store.Put{Key: rec.Key, Resource: r, IfVersion: rec.Version, Links: rec.Links})
	return err
}

// checkHolds keeps an appointment off slots that another booking holds, and
// frees those that it held and no longer does.
func (s *Service) checkHolds(ctx context.Context, tx *work, w write) error {
	keep, holds := s.slotsOf(w.resource, w.links)
	if !holds {
		keep = nil
	}
	for _, id := range keep {
		by, held, err := s.holder(ctx, tx, w.key.Customer, id, w.key.ID)
		if err != nil {
			return err
		}
		if !held || by == w.key.ID {
			continue
		}
		if second, err := s.sits(ctx, tx, w.key.Customer, id, w.key.ID); err != nil || !second {
			if err != nil {
				return err
			}
			return fhir.Errorf(fhir.Conflict, "Another booking holds Slot/%s.", id).Coded("SLOT_TAKEN").At("Appointment.slot")
		}
	}
	if err := s.settle(ctx, tx, w, keep); err != nil {
		return err
	}
	return s.release(ctx, tx, w.old, keep)
}

// release frees the slots that a version held, but those to keep.
func (s *Service) release(ctx context.Context, tx *work, old store.Record, keep []string) error {
	had, _ := s.slotsOf(old.Resource, old.Links)
	for _, id := range had {
		if slices.Contains(keep, id) {
			continue
		}
		if err := s.freeSlot(ctx, tx, old, id); err != nil {
			return err
		}
	}
	return nil
}

// freeSlot frees a slot if that appointment holds it, unless it was booked twice:
// then it is the other's.
func (s *Service) freeSlot(ctx context.Context, tx *work, appointment store.Record, id string) error {
	c, held, err := s.claimOf(ctx, tx, appointment.Customer, id)
	if err != nil || !held {
		return err
	}
	if c.Holder != appointment.ID {
		return s.stand(ctx, tx, appointment, id)
	}
	if err := tx.Release(ctx, c.Space, c.Key, c.Holder); err != nil {
		return err
	}
	if heir, err := s.inherit(ctx, tx, appointment.Customer, id); err != nil || heir {
		return err
	}
	if tx.puts[id] {
		return nil
	}
	rec, err := tx.Read(ctx, store.Of(appointment.Customer), store.Key{Customer: appointment.Customer, Type: "Slot", ID: id})
	if absent(err) {
		return nil // the slot itself is gone; there is nothing to offer again
	}
	if err != nil {
		return err
	}
	if rec.Resource.Root().Get("status").Text() != takenStatus(untilOf(c)) {
		return nil // somebody else has said since what the slot is
	}
	return s.mark(ctx, tx, rec, "free")
}

// checkSlot refuses to offer a slot that a booking holds.
func (s *Service) checkSlot(ctx context.Context, tx *work, w write) error {
	if w.resource.Root().Get("status").Text() != "free" {
		return nil
	}
	_, held, err := s.claimOf(ctx, tx, w.key.Customer, w.key.ID)
	if err != nil {
		return err
	}
	if held {
		return fhir.Errorf(fhir.Conflict, "A booking holds this slot, so it cannot be free; cancel the booking.").Coded("SLOT_TAKEN").At("Slot.status")
	}
	return nil
}
