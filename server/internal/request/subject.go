package request

import (
	"cmp"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// subjectForm is how the look-ups word a date and time: Sunday 14 September 2025 12:00am.
const subjectForm = "Monday 2 January 2006 3:04pm"

// subject words what a request is about, so that people and programs match it with
// the appointment: what is asked, when the appointment starts, and its subject as
// the feed has it.
func (s *Service) subject(kind Kind, appointment store.Record) string {
	zone := time.UTC
	if s.Zone != nil {
		zone = s.Zone(appointment.Customer)
	}
	when := "date not known"
	if a, err := r4.ReadAppointment(appointment.Resource.Root()); err == nil && a.Start.Given() {
		when = a.Start.Time.In(zone).Format(subjectForm)
	}
	return "Request to " + string(kind) + " appointment: " + when + " - " + SubjectOf(appointment.Resource)
}

// SubjectOf gives the subject of an appointment: that of the feed, or what else
// says what it is for, or Appointment.
func SubjectOf(appointment fhir.Resource) string {
	root := appointment.Root()
	for _, path := range subjectPaths {
		if text := root.One(path).Text(); text != "" {
			return text
		}
	}
	return "Appointment"
}

var subjectPaths = []fhir.Path{
	fhir.MustPath("appointmentType.coding.display"), fhir.MustPath("appointmentType.text"),
	fhir.MustPath("serviceType.text"), fhir.MustPath("serviceType.coding.display"),
	fhir.MustPath("description"),
	fhir.MustPath("specialty.coding.display"), fhir.MustPath("specialty.text"),
}

// asking is what a request says when the patient wrote no note.
func (k Kind) asking() string {
	return cmp.Or(map[Kind]string{Change: "Please change this appointment.", Cancel: "Please cancel this appointment."}[k], "")
}
