package r4

import "slotway/fhir"

// Appointment is a view of an Appointment, http://hl7.org/fhir/R4/appointment.html.
type Appointment struct {
	ID           string
	Status       string
	Identifiers  []Identifier
	Start, End   Instant
	Created      string
	Slots        []Reference
	Participants []Participant
	Contained    []Contained
}

// Timing is what of an Appointment says when it is and whether it takes place.
type Timing struct {
	Status     string
	Start, End Instant
}

// ReadTiming is ReadAppointment for those who ask for no more.
func ReadTiming(n fhir.Node) (Timing, error) {
	return Timing{text(n, "status"), instant(n, "start"), instant(n, "end")}, header(n, "Appointment")
}

// ReadSlots gives of an Appointment the slots that it names, and its status.
func ReadSlots(n fhir.Node) (slots []Reference, status string, err error) {
	return list(n, "slot", reference), text(n, "status"), header(n, "Appointment")
}

// Participant is somebody or something that takes part in an appointment.
type Participant struct {
	Actor    Reference
	Types    []Coding
	Status   string
	Required string
}

// ReadAppointment gives the view of a resource's root, or of a contained
// resource. The error, of Kind Invalid, says that it is of another type.
func ReadAppointment(n fhir.Node) (Appointment, error) {
	return Appointment{
		ID:           text(n, "id"),
		Status:       text(n, "status"),
		Identifiers:  Identifiers(n),
		Start:        instant(n, "start"),
		End:          instant(n, "end"),
		Created:      text(n, "created"),
		Slots:        list(n, "slot", reference),
		Participants: list(n, "participant", participant),
		Contained:    contained(n),
	}, header(n, "Appointment")
}

func participant(n fhir.Node) Participant {
	return Participant{
		Actor:    reference(n.Get("actor").First()),
		Types:    concepts(n, "type"),
		Status:   text(n, "status"),
		Required: text(n, "required"),
	}
}

// ExternalID gives the placer's own id of the appointment, or nothing.
func (a Appointment) ExternalID() string { return Value(a.Identifiers, fhir.ExternalIDSystem) }

// ContainedAt gives the contained resource that a reference names by its
// fragment; ok is false when there is none.
func (a Appointment) ContainedAt(ref fhir.Reference) (c Contained, ok bool) {
	for _, c := range a.Contained {
		if ref.Fragment != "" && c.ID == ref.Fragment {
			return c, true
		}
	}
	return Contained{}, false
}

// TakesSlot says whether an appointment of that status holds the slots it
// names: not while it is only proposed or waited for, and not once it is over
// without having happened.
func TakesSlot(status string) bool {
	switch status {
	case "proposed", "waitlist", "cancelled", "noshow", "entered-in-error":
		return false
	}
	return true
}
