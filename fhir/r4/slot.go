package r4

import "slotway/fhir"

// Slot is a view of a Slot, http://hl7.org/fhir/R4/slot.html.
type Slot struct {
	ID          string
	Status      string
	Schedule    Reference
	Start, End  Instant
	Identifiers []Identifier
}

// ReadSlot gives the view of a Slot's node; see ReadAppointment.
func ReadSlot(n fhir.Node) (Slot, error) {
	return Slot{
		ID:          text(n, "id"),
		Status:      text(n, "status"),
		Schedule:    reference(n.Get("schedule").First()),
		Start:       instant(n, "start"),
		End:         instant(n, "end"),
		Identifiers: Identifiers(n),
	}, header(n, "Slot")
}
