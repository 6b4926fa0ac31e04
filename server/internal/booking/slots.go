package booking

import (
	"context"
	"slices"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// slotSpace is the space of the claims that hold slots: key customer\0id of the
// slot, holder the id of the appointment.
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
	a, err := r4.ReadAppointment(r.Root())
	if err != nil {
		return nil, false // it is none
	}
	for _, ref := range a.Slots {
		if to := ref.Parse(s.Bases); to.Type == "Slot" {
			ids = append(ids, to.ID)
		}
	}
	for _, l := range links {
		if l.To.Type == "Slot" {
			ids = append(ids, l.To.ID)
		}
	}
	return ids, r4.TakesSlot(a.Status)
}

// holder gives the id of the appointment that holds a slot.
func (s *Service) holder(ctx context.Context, r store.Reader, customer, id string) (string, bool) {
	c, err := r.Claimed(ctx, slotSpace, customer+"\x00"+id)
	return c.Holder, err == nil
}

// slotTaken is the one answer to a lost race. Its text is what the NHS booking
// standard's supplier line P29 asks for, letter for letter.
func slotTaken(position string) error {
	return fhir.Errorf(fhir.SlotTaken, "Slot no longer available").Coded("SLOT_TAKEN").At(position)
}

// takeSlots takes every slot of a plan for an appointment: each must be free,
// and is marked busy.
func (s *Service) takeSlots(ctx context.Context, tx *work, p *plan, key store.Key) error {
	for i := range p.slots {
		sl := &p.slots[i]
		now, err := tx.Read(ctx, store.Of(key.Customer), sl.record.Key)
		if err != nil {
			return err
		}
		if now.Resource.Root().Get("status").Text() != "free" && !tx.made[now.Key] {
			return slotTaken(sl.position)
		}
		err = tx.Claim(ctx, store.Claim{Space: slotSpace, Key: key.Customer + "\x00" + now.ID, Holder: key.ID})
		if _, taken := store.IsTaken(err); taken {
			return slotTaken(sl.position)
		}
		if err != nil {
			return err
		}
		if tx.puts[now.ID] {
			continue
		}
		if err := s.mark(ctx, tx, now, "busy"); err != nil {
			return err
		}
	}
	return nil
}

var pathStatus = fhir.MustPath("status")

// mark stores a slot under another status.
func (s *Service) mark(ctx context.Context, tx store.Tx, rec store.Record, status string) error {
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
		if by, held := s.holder(ctx, tx, w.key.Customer, id); held && by != w.key.ID {
			return fhir.Errorf(fhir.Conflict, "Another booking holds Slot/%s.", id).Coded("SLOT_TAKEN").At("Appointment.slot")
		}
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

// freeSlot frees a slot if that appointment holds it.
func (s *Service) freeSlot(ctx context.Context, tx *work, appointment store.Record, id string) error {
	by, held := s.holder(ctx, tx, appointment.Customer, id)
	if !held || by != appointment.ID {
		return nil
	}
	if err := tx.Release(ctx, slotSpace, appointment.Customer+"\x00"+id, by); err != nil {
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
	if rec.Resource.Root().Get("status").Text() != "busy" {
		return nil
	}
	return s.mark(ctx, tx, rec, "free")
}

// checkSlot refuses to offer a slot that a booking holds.
func (s *Service) checkSlot(ctx context.Context, tx *work, w write) error {
	if w.resource.Root().Get("status").Text() != "free" {
		return nil
	}
	if _, held := s.holder(ctx, tx, w.key.Customer, w.key.ID); held {
		return fhir.Errorf(fhir.Conflict, "A booking holds this slot, so it cannot be free; cancel the booking.").Coded("SLOT_TAKEN").At("Slot.status")
	}
	return nil
}
