// Package bars carries out the messages of the NHS Booking and Referral Standard
// (BaRS 1.0): a booking, a change of it, a cancellation. It reads the Bundle that
// a sender posts to $process-message, makes of it the Appointment that is stored,
// has package booking do what is asked in one commit with the record of the
// message, and writes the Bundle that answers it.
//
// It knows no HTTP but the text of the headers that say who asks (header.go).
//
// https://simplifier.net/guide/nhsbookingandreferralstandard
package bars

import (
	"context"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// Service carries out messages. Its fields are set once, before first use.
type Service struct {
	Store   store.Store
	Booking *booking.Service
	Now     func() time.Time
	NewID   func() string
}

// Call is who sends a message, and under which X-Request-Id.
type Call struct {
	Request   booking.Request
	RequestID string
	Target    Identifier // of NHSD-Target-Identifier: the service that is meant
}

// Process carries out a message and gives the Bundle that answers it.
//
// A message is carried out once. One that is sent again under its X-Request-Id is
// fhir.Duplicate, and so is any other under that id; a Bundle.id that was used for
// another message is fhir.Invalid. What a message does wrong is fhir.Invalid where
// the standard's workflow does not know it and fhir.Unprocessable where it would
// change what it may not; fhir.SlotTaken; fhir.NotFound for an appointment that is
// not there; fhir.Conflict for one that has changed here since.
func (s *Service) Process(ctx context.Context, c Call, body fhir.Resource) (fhir.Resource, error) {
	c.Request.Copies, c.Request.IfVersion = true, store.Any
	t := s.trace(c, body)
	if err := t.fresh(ctx, s.Store); err != nil {
		return fhir.Resource{}, err
	}
	m, err := readMessage(body, c.Target)
	if err != nil {
		return fhir.Resource{}, err
	}
	do := (*Service).update
	if m.reason == reasonNew {
		do = (*Service).book
	}
	answer, err := do(s, ctx, c, m, t)
	if err == nil {
		return answer, nil
	}
	// Of two copies that come at once the later one loses its slot to the first: it
	// is told that it is a copy.
	if again := t.fresh(ctx, s.Store); again != nil {
		return answer, again
	}
	if errors.Is(err, fhir.PreconditionFailed) {
		return answer, changedSince()
	}
	return answer, err
}

// book carries out a new booking.
func (s *Service) book(ctx context.Context, c Call, m *message, t *trace) (fhir.Resource, error) {
	if err := m.checkPatient(); err != nil {
		return fhir.Resource{}, err
	}
	wanted, err := m.order(s.kept(ctx, c))
	if err != nil {
		return fhir.Resource{}, err
	}
	req := c.Request
	req.SlotNeeded = true
	done, err := s.Booking.Do(ctx, booking.Change{
		Request: req, Op: booking.Create, Key: store.Key{Type: "Appointment"}, Resource: wanted, Also: t.record,
	})
	if err != nil {
		return fhir.Resource{}, err
	}
	return m.answer(done[0].Record, s.NewID)
}

// kept says whether a resource that a sender names by the id it has here is here
// for that sender to see.
func (s *Service) kept(ctx context.Context, c Call) func(typ, id string) bool {
	see := store.Visibility{Customers: c.Request.Principal.Customers}
	if len(c.Request.Principal.Labels) > 0 {
		see.Labels = c.Request.Principal.Labels
	}
	return func(typ, id string) bool {
		_, err := s.Store.Read(ctx, see, store.Key{Type: typ, ID: id})
		return err == nil
	}
}

// fault makes a failure with the issue type that the standard gives it.
func fault(k fhir.Kind, issue, where, text string) error {
	return &fhir.Error{Kind: k, Text: text, Where: where, Issues: []fhir.Issue{{Severity: "error", Code: issue, Text: text, Where: where}}}
}

// unknown is the failure of a message that no workflow of the standard knows.
func unknown(where, text string) error { return fault(fhir.Invalid, "invariant", where, text) }

func changedSince() error {
	return fault(fhir.Conflict, "conflict", "Appointment", "The appointment has changed here since it was booked; read it again, and send what is wanted of it as it is now.")
}
