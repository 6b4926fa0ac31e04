package bars

import "slotway/fhir"

// contactRank is the extension that ranks the people to be asked about a patient.
const contactRank = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactRank"

var (
	pathRank   = fhir.MustPath("extension").Where("url", contactRank).Then("valuePositiveInt")
	pathNumber = fhir.MustPath("participant.actor.identifier").Where("system", fhir.NHSNumberSystem).Then("value")
)

// checkPatient checks that a new booking says whom it is for, and whom to ask
// first: exactly one contact, or, where nobody is named as one, exactly one way to
// reach the patient, has the rank 1.
func (m *message) checkPatient() error {
	if m.patient == nil {
		for range m.appointment.resource.At(pathNumber) {
			return nil
		}
		return unknown("Appointment.participant", "A participant must be the Patient of the message, or have their NHS number as its identifier.")
	}
	first, of := 0, "contact"
	contacts := m.patient.resource.Root().Get("contact")
	for c := range contacts.Each() {
		if string(c.One(pathRank).Raw()) == "1" {
			first++
		}
	}
	if contacts.Len() == 0 {
		of = "telecom"
		for t := range m.patient.resource.Root().Get("telecom").Each() {
			if string(t.Get("rank").Raw()) == "1" {
				first++
			}
		}
	}
	if first == 1 {
		return nil
	}
	return unknown("Patient."+of, "Exactly one contact of the patient has the rank 1: whom to ask first.")
}
