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
		Identifiers: identifiers(n),
	}, header(n, "Slot")
}

// Schedule is a view of a Schedule, http://hl7.org/fhir/R4/schedule.html.
type Schedule struct {
	ID          string
	Actors      []Reference
	Horizon     Period
	Identifiers []Identifier
	Inactive    bool // active is false
}

// Period is a time from one moment to another; a missing end is open. A date
// begins, as a start, and ends, as an end, with its day in UTC.
type Period struct{ Start, End Instant }

// ReadSchedule gives the view of a Schedule's node; see ReadAppointment.
func ReadSchedule(n fhir.Node) (Schedule, error) {
	horizon := n.Get("planningHorizon").First()
	return Schedule{
		ID:          text(n, "id"),
		Actors:      list(n, "actor", reference),
		Horizon:     Period{moments(horizon, "start", false), moments(horizon, "end", true)},
		Identifiers: identifiers(n),
		Inactive:    text(n, "active") == "false",
	}, header(n, "Schedule")
}

// moments reads a dateTime, which may be a date only.
func moments(n fhir.Node, name string, end bool) Instant {
	i := instant(n, name)
	if m, ok := parseDateTime(i.Text, false); ok {
		if i.Time = m.lo; end {
			i.Time = m.hi
		}
	}
	return i
}
