package request

import (
	"context"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// What is said of why a request has ended, where nobody wrote a reason.
const (
	whyChanged   = "The appointment was changed."
	whyDeleted   = "The appointment was deleted."
	whyCancelled = "The appointment was cancelled."
	whyDone      = "Done by staff."
	whyWithdrawn = "Withdrawn by the patient."
)

// Reason gives why the request has ended, in the words of whoever closed it; empty
// where they wrote none.
func (r Request) Reason() string {
	switch r.Why {
	case whyChanged, whyDeleted, whyCancelled, whyDone, whyWithdrawn:
		return ""
	}
	return r.Why
}

// Told answers the open request of an appointment whose status moved on from
// pending, within the Update that moved it (design decision 22): it is completed,
// with what the status is now. An appointment that was deleted takes its request
// with it. It has the shape of booking.Service.Tell.
func (s *Service) Told(ctx context.Context, tx store.Tx, t booking.Told) error {
	if t.Old.Version == 0 || t.Old.Deleted || statusOf(t.Old) != "pending" {
		return nil // no request is open
	}
	after := ""
	if !t.Now.Deleted {
		after = statusOf(t.Now)
	}
	if after == "pending" {
		return nil
	}
	rec, open, err := s.openOf(ctx, tx, t.Now.Key)
	if err != nil || !open {
		return err
	}
	state, why := Completed, whyChanged
	switch {
	case t.Now.Deleted:
		state, why = Withdrawn, whyDeleted
	case after == "cancelled":
		why = whyCancelled
	}
	return s.close(ctx, tx, rec, state, why, after)
}

// Said notes that a feed has said of an appointment that it is pending, by itself: a
// request that is open stays so, and is not what makes the status so any more. It
// has the shape of booking.Service.Said.
func (s *Service) Said(ctx context.Context, tx store.Tx, appointment store.Key, status string) error {
	if status != "pending" {
		return nil
	}
	rec, open, err := s.openOf(ctx, tx, appointment)
	if err != nil || !open {
		return err
	}
	_, err = s.put(ctx, tx, rec, rec.Key, fhir.Change{Path: pathBefore, Op: fhir.Set, Value: fhir.Quote(status)})
	return err
}

// openOf gives the Task of an appointment's open request.
func (s *Service) openOf(ctx context.Context, tx store.Tx, appointment store.Key) (rec store.Record, open bool, err error) {
	c, err := tx.Claimed(ctx, openSpace, openKey(appointment))
	if absent(err) {
		return rec, false, nil
	}
	if err != nil {
		return rec, false, err
	}
	rec, err = tx.Read(ctx, store.Of(appointment.Customer), store.Key{Customer: appointment.Customer, Type: "Task", ID: c.Holder})
	return rec, err == nil, err
}

// close ends a request, so that its appointment can have another.
func (s *Service) close(ctx context.Context, tx store.Tx, rec store.Record, state State, why, after string, more ...fhir.Change) error {
	r, err := s.view(rec)
	if err != nil {
		return err
	}
	if err := tx.Release(ctx, openSpace, openKey(r.Appointment), rec.ID); err != nil {
		return err
	}
	now := instant(later(s.Now(), r.Asked))
	changes := append([]fhir.Change{
		set("status", fhir.Quote(string(state))),
		set("statusReason", value(object{"text": why})),
		set("lastModified", now),
		set("executionPeriod", value(object{"end": strings.Trim(string(now), `"`)})),
	}, more...)
	if after != "" {
		changes = append(changes, set("output", value([]object{{"type": coded(statusAfter, "Status of the appointment after the request"), "valueCode": after}})))
	}
	_, err = s.put(ctx, tx, rec, rec.Key, changes...)
	return err
}
