package bars

import (
	"strconv"
	"strings"

	"slotway/fhir"
)

// patientFragment is the id under which the patient is contained in a stored booking.
const patientFragment = "patient"

// lent are the types of what a sender copies from the receiver: in a message they
// have the ids that they have here, and references to them lead there. The others,
// and those that are not here, are the sender's own.
var lent = map[string]bool{
	"Slot": true, "Schedule": true, "HealthcareService": true, "Practitioner": true, "PractitionerRole": true, "Location": true, "Organization": true,
}

var (
	pathID        = fhir.MustPath("id")
	pathContained = fhir.MustPath("contained[65535]") // past the end: appended
	pathVersionID = fhir.MustPath("meta.versionId")
	pathUpdated   = fhir.MustPath("meta.lastUpdated")
)

// order gives the Appointment of a message as it is stored (design decision 18):
// what it refers to of this server's stays a reference, by the id it has here; the
// patient and whatever else of the message it leads to is contained in it, with the
// sender's bytes. kept says what is here.
func (m *message) order(kept func(typ, id string) bool) (fhir.Resource, error) {
	o := &ordering{m: m, kept: kept}
	if m.patient != nil {
		o.contain(m.patient)
	}
	r, err := m.appointment.resource.Repoint(o.link)
	if err != nil {
		return r, err
	}
	changes := []fhir.Change{{Path: pathID, Op: fhir.Remove}, {Path: pathVersionID, Op: fhir.Remove}, {Path: pathUpdated, Op: fhir.Remove}}
	for i := 0; i < len(o.contained); i++ { // it grows: what is contained leads on
		e := o.contained[i]
		c, err := e.resource.Repoint(o.link)
		if err != nil {
			return r, err
		}
		if c, err = c.Apply(fhir.Change{Path: pathVersionID, Op: fhir.Remove}, fhir.Change{Path: pathUpdated, Op: fhir.Remove}, fhir.Change{Path: pathID, Op: fhir.Set, Value: fhir.Quote(e.fragment)}); err != nil {
			return r, err
		}
		changes = append(changes, fhir.Change{Path: pathContained, Op: fhir.Set, Value: c.Raw()})
	}
	i := 0
	for p := range m.appointment.resource.Root().Get("participant").Each() {
		if !p.Get("status").Exists() && p.IsObject() { // senders forget it
			changes = append(changes, fhir.Change{Path: fhir.MustPath("participant[" + strconv.Itoa(i) + "].status"), Op: fhir.Set, Value: fhir.Quote("accepted")})
		}
		i++
	}
	return r.Apply(changes...)
}

// ordering is an order at work.
type ordering struct {
	m         *message
	kept      func(typ, id string) bool
	contained []*entry
}

// link gives what a link of the message is in the stored booking.
func (o *ordering) link(text string, reference bool) (string, bool) {
	if !reference {
		return "", false
	}
	e := o.m.resolve(text)
	if e == nil && o.m.patient != nil && strings.HasPrefix(text, "Patient/") {
		e = o.m.patient
	}
	if e == nil || e == o.m.appointment || e == o.m.header {
		return "", false
	}
	typ, id := e.resource.Type(), e.resource.ID()
	if id != "" && (typ == "Slot" || lent[typ] && o.kept(typ, id)) {
		return typ + "/" + id, true
	}
	return "#" + o.contain(e), true
}

// contain gives the id under which an entry is contained.
func (o *ordering) contain(e *entry) string {
	if e.fragment == "" {
		e.fragment = patientFragment
		if e != o.m.patient {
			e.fragment = strings.ToLower(e.resource.Type()) + "-" + strconv.Itoa(e.at)
		}
		o.contained = append(o.contained, e)
	}
	return e.fragment
}
