package intake

import (
	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/hl7bridge"
)

// fit says how a message agrees with the patient whom it was found to be about.
type fit uint8

const (
	unchecked fit = iota // nothing was compared
	matches
	differs
)

// Reason says why a message is held for review.
type Reason string

// The reasons.
const (
	BirthDateDiffers  Reason = "birth-date-differs"
	BirthDateMissing  Reason = "birth-date-missing"  // in the message or in the record
	NumberNotVerified Reason = "number-not-verified" // status 02 or 03 of the NHS number
	NumberMissing     Reason = "number-missing"      // a patient who has an NHS number is named by a local one only
	Behind            Reason = "behind"              // others of its data point are held before it
	Overbooked        Reason = "overbooked"          // its time was booked already; the message had its effect
)

// compare compares the message with the patient it was found to be about (spec
// hl7-bridge 3.2 and 3.4). The answer to the sender must not show the outcome.
func (m *message) compare(t target) (fit, Reason) {
	switch status := m.in.Person.NHSStatus; {
	case m.env.SoftMatch.NHSStatus && (status == "02" || status == "03"):
		return differs, NumberNotVerified
	case !t.found:
		return matches, "" // it is who the message says
	case m.person():
		return m.compareNumbers(t)
	}
	return m.compareBirthDates(t)
}

// compareNumbers holds what names a patient who has an NHS number by a local one
// only. Dates of birth of such messages are not compared: they may correct them.
func (m *message) compareNumbers(t target) (fit, Reason) {
	for _, id := range m.in.Person.Identifiers {
		if id.System == fhir.NHSNumberSystem {
			return matches, ""
		}
	}
	if p, err := r4.ReadPatient(t.patient.Resource.Root()); err != nil || r4.Value(p.Identifiers, fhir.NHSNumberSystem) != "" {
		return differs, NumberMissing
	}
	return matches, ""
}

func (m *message) compareBirthDates(t target) (fit, Reason) {
	check := m.env.SoftMatch.BirthDate
	if check == "" || check == hl7bridge.BirthDateOff {
		return unchecked, ""
	}
	sent, stored := m.in.Person.BirthDate, birthDateOf(t.patient.Resource)
	switch {
	case sent == "" || stored == "":
		if check == hl7bridge.BirthDatePass {
			return unchecked, ""
		}
		return differs, BirthDateMissing
	case sent == stored && len(sent) == len("2006-01-02"):
		return matches, ""
	}
	return differs, BirthDateDiffers // a part of a date is not the date
}

func birthDateOf(r fhir.Resource) string { return r.Root().Get("birthDate").Text() }
