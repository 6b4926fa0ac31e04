package bars

import (
	"cmp"
	"strconv"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// answer gives the Bundle that answers a message that is carried out: the message
// as it was sent, under its own Bundle.id, with the ids that its resources have
// here, and the MessageHeader of a response.
func (m *message) answer(rec store.Record, newID func() string) (fhir.Resource, error) {
	patient := ""
	for _, l := range rec.Links {
		if l.To.Type == "Patient" {
			patient = l.To.ID
		}
	}
	var changes []fhir.Change
	set := func(e *entry, path, value string) {
		p := fhir.MustPath("entry[" + strconv.Itoa(e.at) + "].resource." + path)
		changes = append(changes, fhir.Change{Path: p, Op: fhir.Set, Value: fhir.Quote(value)})
	}
	for _, e := range m.entries {
		switch {
		case e == m.appointment:
			set(e, "id", rec.ID)
			set(e, "meta.versionId", strconv.FormatInt(rec.Version, 10))
			set(e, "meta.lastUpdated", fhir.FormatInstant(rec.Updated))
		case e == m.header:
			set(e, "id", newID())
			set(e, "response.identifier", cmp.Or(e.resource.ID(), m.bundle.ID()))
			set(e, "response.code", "ok")
		case e == m.patient && patient != "":
			set(e, "id", patient)
		case e.resource.ID() == "":
			set(e, "id", newID())
		}
		if e.resource.Type() == "Slot" && m.status == "booked" {
			set(e, "status", "busy")
		}
	}
	return m.bundle.Apply(changes...)
}
