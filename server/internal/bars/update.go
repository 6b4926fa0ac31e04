package bars

import (
	"context"
	"errors"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// update carries out a change of a booking, or its cancellation.
func (s *Service) update(ctx context.Context, c Call, m *message, t *trace) (fhir.Resource, error) {
	none := fhir.Resource{}
	grant, err := c.Request.Principal.Demand(auth.Cancel, "Appointment")
	if err != nil {
		return none, err
	}
	rec, err := s.booked(ctx, c, m, grant)
	if err != nil {
		return none, err
	}
	wanted, err := m.order(s.kept(ctx, c))
	if err != nil {
		return none, err
	}
	last, err := remembered(ctx, s.Store, lastSpace, rec.Customer+"\x00"+rec.ID)
	if err != nil && !errors.Is(err, fhir.NotFound) {
		return none, err
	}
	// What nobody has changed here since the last message, or whoever sends this one
	// has read since, is as they know it.
	known := last.Version == rec.Version || m.saw(rec)
	change := booking.Change{Request: c.Request, Op: booking.Update, Key: rec.Key, Also: t.record}
	change.IfVersion = rec.Version
	if m.status == "booked" {
		if !known {
			return none, changedSince()
		}
		change.Edit, change.Take = func(now store.Record) (fhir.Resource, error) { return merged(now.Resource, wanted) }, true
	} else {
		where, err := s.differs(ctx, c, m, wanted, rec)
		switch {
		case err != nil:
			return none, err
		case where != "" && !known:
			return none, changedSince()
		case where != "":
			return none, fault(fhir.Unprocessable, "processing", where, "A cancellation changes the status and gives a reason, and nothing else of the booking.")
		}
		change.Edit = func(now store.Record) (fhir.Resource, error) { return m.cancelled(now.Resource) }
	}
	done, err := s.Booking.Do(ctx, change)
	if err != nil {
		return none, err
	}
	return m.answer(done[0].Record, s.NewID)
}

// booked finds the booking that an update is about. It must be one still.
func (s *Service) booked(ctx context.Context, c Call, m *message, grant auth.Grant) (store.Record, error) {
	missing := fault(fhir.NotFound, "not-found", "Appointment.id", "There is no such booking.")
	id := m.appointment.resource.ID()
	if id == "" {
		return store.Record{}, fault(fhir.Invalid, "required", "Appointment.id", "An update names the booking by the id that it was given when it was made.")
	}
	see := store.Visibility{Customers: c.Request.Principal.Customers}
	if len(c.Request.Principal.Labels) > 0 {
		see.Labels = c.Request.Principal.Labels
	}
	key, err := store.Key{Type: "Appointment", ID: id}, error(nil)
	if grant == auth.Own {
		key, err = s.Booking.Owned(ctx, c.Request.Principal, key)
	}
	var rec store.Record
	if err == nil {
		rec, err = s.Store.Read(ctx, see, key)
	}
	switch {
	case errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone):
		return rec, missing
	case err != nil:
		return rec, err
	}
	if rec.Resource.Root().Get("status").Text() != "booked" {
		return rec, fault(fhir.Conflict, "conflict", "Appointment.status", "The booking is no longer current: it is cancelled, or over. Read it again.")
	}
	return rec, nil
}

// saw says whether the sender has read the version that is current.
func (m *message) saw(rec store.Record) bool {
	sent, now := m.appointment.resource.Root(), rec.Resource.Root()
	for _, name := range []string{"versionId", "lastUpdated"} {
		if text := sent.Find("meta", name).Text(); text != "" && text == now.Find("meta", name).Text() {
			return true
		}
	}
	return false
}

// merged gives a booking with what a message says of it: what the message does not
// speak of, such as what a hospital's own system added, stays.
func merged(now, wanted fhir.Resource) (fhir.Resource, error) {
	var changes []fhir.Change
	for name, v := range wanted.Root().Members() {
		if name != "resourceType" && name != "meta" {
			changes = append(changes, fhir.Change{Path: fhir.MustPath(name), Op: fhir.Set, Value: v.Raw()})
		}
	}
	return now.Apply(changes...)
}

// reasons are the elements that say why a booking is cancelled.
var reasons = []string{"cancelationReason", "reasonCode"}

// cancelled gives a booking with the status that a message asks for, and why.
func (m *message) cancelled(now fhir.Resource) (fhir.Resource, error) {
	changes := []fhir.Change{{Path: fhir.MustPath("status"), Op: fhir.Set, Value: fhir.Quote(m.status)}}
	for _, name := range reasons {
		if v := m.appointment.resource.Root().Get(name); v.Exists() {
			changes = append(changes, fhir.Change{Path: fhir.MustPath(name), Op: fhir.Set, Value: v.Raw()})
		}
	}
	return now.Apply(changes...)
}
