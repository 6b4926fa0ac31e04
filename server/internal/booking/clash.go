package booking

import (
	"context"
	"errors"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// A slot that a feed books though another booking holds it is booked twice: the
// slot says so (Slot.overbooked), and a claim remembers the second booking, so that
// the slot is not offered when only the first of the two is gone.

// clashSpace is the space of those claims: key customer\0slot\0appointment, holder
// the appointment, payload the note.
const clashSpace = "overbooked"

func clashKey(customer, slot, appointment string) string {
	return customer + "\x00" + slot + "\x00" + appointment
}

// sit books a slot for an appointment of a feed, and gives the clash where it is
// another's and that is new.
func (s *Service) sit(ctx context.Context, tx *work, slot store.Record, key store.Key, note string) (*Clash, error) {
	by, held, err := s.holder(ctx, tx, key.Customer, slot.ID, key.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case held && by == key.ID:
		return nil, nil
	case held:
		return s.clash(ctx, tx, slot, Clash{key.Customer, slot.ID, key.ID, by, note})
	}
	err = tx.Claim(ctx, store.Claim{Space: slotSpace, Key: key.Customer + "\x00" + slot.ID, Holder: key.ID})
	if err != nil {
		return nil, err
	}
	if slot, err = tx.Read(ctx, store.Of(key.Customer), slot.Key); err != nil {
		return nil, err
	}
	if status := slot.Resource.Root().Get("status").Text(); status != "free" && status != heldStatus {
		return nil, nil // the feed, or its diary, has said already that it is not to be had
	}
	return nil, s.mark(ctx, tx, slot, bookedStatus)
}

// clash books a slot a second time.
func (s *Service) clash(ctx context.Context, tx *work, slot store.Record, c Clash) (*Clash, error) {
	err := tx.Claim(ctx, store.Claim{Space: clashSpace, Key: clashKey(c.Customer, c.Slot, c.Appointment), Holder: c.Appointment, Payload: []byte(c.Note)})
	if _, known := store.IsTaken(err); known {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &c, s.overbook(ctx, tx, slot.Key, true)
}

// sits says whether an appointment is the second booking of a slot.
func (s *Service) sits(ctx context.Context, r store.Reader, customer, slot, appointment string) (bool, error) {
	_, err := r.Claimed(ctx, clashSpace, clashKey(customer, slot, appointment))
	if errors.Is(err, fhir.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// inherit gives a slot whose booking is gone to a second booking of it, if there is
// one.
func (s *Service) inherit(ctx context.Context, tx *work, customer, slot string) (bool, error) {
	others, err := tx.Claims(ctx, clashSpace, clashKey(customer, slot, ""), "", 2)
	if err != nil || len(others) == 0 {
		return false, err
	}
	if err := s.clear(ctx, tx, customer, slot, others[0], len(others) > 1); err != nil {
		return true, err
	}
	if err := tx.Claim(ctx, store.Claim{Space: slotSpace, Key: customer + "\x00" + slot, Holder: others[0].Holder}); err != nil {
		return true, err
	}
	rec, err := tx.Read(ctx, store.Of(customer), store.Key{Customer: customer, Type: "Slot", ID: slot})
	if absent(err) || err == nil && rec.Resource.Root().Get("status").Text() != heldStatus {
		return true, nil
	}
	if err != nil {
		return true, err
	}
	return true, s.mark(ctx, tx, rec, bookedStatus) // the first was only held
}

// stand takes back the second booking of a slot.
func (s *Service) stand(ctx context.Context, tx *work, appointment store.Record, slot string) error {
	c, err := tx.Claimed(ctx, clashSpace, clashKey(appointment.Customer, slot, appointment.ID))
	if errors.Is(err, fhir.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	others, err := tx.Claims(ctx, clashSpace, clashKey(appointment.Customer, slot, ""), "", 2)
	if err != nil {
		return err
	}
	return s.clear(ctx, tx, appointment.Customer, slot, c, len(others) > 1)
}

// clear ends a clash.
func (s *Service) clear(ctx context.Context, tx *work, customer, slot string, c store.Claim, more bool) error {
	if err := tx.Release(ctx, c.Space, c.Key, c.Holder); err != nil {
		return err
	}
	if !more {
		if err := s.overbook(ctx, tx, store.Key{Customer: customer, Type: "Slot", ID: slot}, false); err != nil {
			return err
		}
	}
	if s.Cleared == nil {
		return nil
	}
	return s.Cleared(ctx, tx.Tx, Clash{Customer: customer, Slot: slot, Appointment: c.Holder, Note: string(c.Payload)})
}

var pathOverbooked = fhir.MustPath("overbooked")

// overbook says of a slot whether it is booked twice.
func (s *Service) overbook(ctx context.Context, tx *work, key store.Key, is bool) error {
	rec, err := tx.Read(ctx, store.Of(key.Customer), key)
	if absent(err) || err == nil && tx.puts[key.ID] {
		return nil
	}
	if err != nil {
		return err
	}
	change := fhir.Change{Path: pathOverbooked, Op: fhir.Remove}
	if is {
		change = fhir.Change{Path: pathOverbooked, Op: fhir.Set, Value: []byte("true")}
	}
	r, err := rec.Resource.Apply(change)
	if err != nil {
		return err
	}
	_, err = tx.Put(ctx, store.Put{Key: rec.Key, Resource: r, IfVersion: rec.Version, Links: rec.Links})
	return err
}
