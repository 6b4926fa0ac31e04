package intake

import (
	"slices"
	"time"

	"slotway/mappings"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// planPerson is what a message about a patient makes of one who is known, or
// makes.
func (m *message) planPerson(t target) (plan, error) {
	switch {
	case !t.found && m.in.Event.Effect == mappings.EffectPersonUpdate:
		return nil, errNoPatient
	case !t.found:
		p, err := m.newPatient()
		return plan{p}, err
	case m.olderThan(t.patient):
		return nil, nil
	}
	r, err := m.next(t.patient, m.in.PersonChanges)
	return plan{{Key: t.patient.Key, Old: t.patient, Resource: r}}, err
}

// olderThan says whether a record holds something entered later than the message.
func (m *message) olderThan(rec store.Record) bool {
	at, err := time.Parse(time.RFC3339, rec.Resource.Root().One(pathRecorded).Text())
	return err == nil && m.env.Sent.Before(at) && !m.corrects(at)
}

// newPatient makes a patient of PID.
func (m *message) newPatient() (booking.Feed, error) {
	changes, warnings := m.in.NewPatient()
	m.in.Warnings = slices.Concat(m.in.Warnings, warnings)
	old := store.Record{Key: m.newKey("Patient"), Resource: noPatient}
	r, err := m.next(old, changes)
	return booking.Feed{Key: old.Key, Resource: r}, err
}
