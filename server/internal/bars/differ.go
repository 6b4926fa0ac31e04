package bars

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Elements that a cancellation may have otherwise than the booking: those that say
// what it does, and those that are the server's.
var (
	ownElements     = []string{"resourceType", "id", "meta", "text", "implicitRules", "language"}
	changedElements = append([]string{"status"}, reasons...)
)

// differs gives the element of a cancellation that is not as it is in the booking;
// nothing when all are. What a cancellation leaves out it leaves alone, for it may
// be stripped back to what is needed. An element may be as the sender wrote it in
// the message that made the booking, or as the booking shows it.
func (s *Service) differs(ctx context.Context, c Call, m *message, wanted fhir.Resource, rec store.Record) (where string, err error) {
	first, err := s.firstMessage(ctx, c, rec)
	if err != nil {
		return "", err
	}
	var sent fhir.Node
	if first != nil {
		sent = first.appointment.resource.Root()
	}
	now := rec.Resource.Root()
	for name, v := range m.appointment.resource.Root().Members() {
		if slices.Contains(ownElements, name) || slices.Contains(changedElements, name) {
			continue
		}
		if !alike(v, sent.Get(name)) && !alike(wanted.Root().Get(name), now.Get(name)) {
			return "Appointment." + name, nil
		}
	}
	return m.otherPatient(first, now), nil
}

// otherPatient gives the element of a cancellation's patient that is not as in the
// booking.
func (m *message) otherPatient(first *message, now fhir.Node) string {
	if m.patient == nil {
		return ""
	}
	var sent, shown fhir.Node
	if first != nil && first.patient != nil {
		sent = first.patient.resource.Root()
	}
	for c := range now.Get("contained").Each() {
		if c.Get("id").Text() == patientFragment {
			shown = c
		}
	}
	if !sent.Exists() && !shown.Exists() {
		return ""
	}
	for name, v := range m.patient.resource.Root().Members() {
		if slices.Contains(ownElements, name) || strings.HasPrefix(name, "_") {
			continue
		}
		if !alike(v, sent.Get(name)) && !alike(v, shown.Get(name)) {
			return "Patient." + name
		}
	}
	return ""
}

// firstMessage gives the last message that said what the booking is; nil for a
// booking that was not made by one.
func (s *Service) firstMessage(ctx context.Context, c Call, rec store.Record) (*message, error) {
	last, err := remembered(ctx, s.Store, lastSpace, rec.Customer+"\x00"+rec.ID)
	if errors.Is(err, fhir.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	whole, err := remembered(ctx, s.Store, messageSpace, bundleKey(c.sender(), last.Bundle))
	if errors.Is(err, fhir.NotFound) {
		return nil, nil // another sender's
	}
	if err != nil {
		return nil, err
	}
	r, err := fhir.Parse(whole.Message)
	if err != nil {
		return nil, err
	}
	m := &message{bundle: r}
	if err := m.readEntries(); err != nil {
		return nil, err
	}
	m.patient = m.findPatient()
	return m, nil
}

// alike says whether two values say the same. Times do in whatever offset they are
// written.
func alike(a, b fhir.Node) bool {
	if !a.Exists() || !b.Exists() {
		return a.Exists() == b.Exists()
	}
	if a.IsString() && b.IsString() {
		at, err1 := time.Parse(time.RFC3339, a.Text())
		bt, err2 := time.Parse(time.RFC3339, b.Text())
		if err1 == nil && err2 == nil {
			return at.Equal(bt)
		}
	}
	return fhir.SameValue(a, b)
}
