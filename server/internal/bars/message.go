package bars

import (
	"fmt"
	"strings"

	"slotway/fhir"
)

// The reasons of a message, CodeSystem message-reason-bars. A deletion is of no
// workflow.
const (
	reasonNew    = "new"
	reasonUpdate = "update"
)

// eventBooking is the one event that is carried out, CodeSystem message-events-bars.
const (
	eventSystem  = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
	eventBooking = "booking-request"
)

// maxEntries is how many entries a message may have.
const maxEntries = 200

// message is a Bundle of type message, taken apart.
type message struct {
	bundle      fhir.Resource
	entries     []*entry
	header      *entry
	appointment *entry
	patient     *entry // whom the appointment is for; nil where only an identifier says so
	reason      string
	status      string // that the appointment is to have
}

// entry is one resource of a message.
type entry struct {
	at       int
	fullURL  string
	resource fhir.Resource
	fragment string // its id where it is contained in the stored appointment
}

// readMessage takes a message apart and checks it in the order of the guide: the
// bundle, its header, the workflow.
func readMessage(r fhir.Resource, target Identifier) (*message, error) {
	m := &message{bundle: r}
	for _, check := range []func() error{m.readBundle, m.readEntries, m.readHeader, func() error { return m.readRoute(target) }, m.readWorkflow} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	m.patient = m.findPatient()
	return m, nil
}

func (m *message) readBundle() error {
	root := m.bundle.Root()
	version := root.Find("meta", "versionId").Text()
	switch {
	case m.bundle.Type() != "Bundle" || root.Get("type").Text() != "message":
		return unknown("Bundle.type", "The body must be a Bundle of type message.")
	case !fhir.ValidID(m.bundle.ID()):
		return fault(fhir.Invalid, "required", "Bundle.id", "The Bundle needs an id of its own.")
	case version == "":
		return unknown("Bundle.meta.versionId", "The Bundle must say which version of the standard it is of.")
	case version != "1" && !strings.HasPrefix(version, "1."):
		return fault(fhir.Unprocessable, "not-supported", "Bundle.meta.versionId", "Messages of version 1 of the standard are taken here.")
	}
	return nil
}

func (m *message) readEntries() error {
	list := m.bundle.Root().Get("entry")
	if !list.IsArray() || list.Len() == 0 || list.Len() > maxEntries {
		return unknown("Bundle.entry", fmt.Sprintf("A message has from 1 to %d entries.", maxEntries))
	}
	urls := map[string]bool{}
	for n := range list.Each() {
		e := &entry{at: len(m.entries), fullURL: n.Get("fullUrl").Text()}
		where := fmt.Sprintf("Bundle.entry[%d]", e.at)
		var err error
		if e.resource, err = fhir.Parse(n.Get("resource").Raw()); err != nil {
			return unknown(where+".resource", "Each entry needs a resource.")
		}
		if e.fullURL != "" && urls[e.fullURL] {
			return unknown(where+".fullUrl", "Two entries have one fullUrl (bdl-7).")
		}
		urls[e.fullURL] = true
		m.entries = append(m.entries, e)
		switch e.resource.Type() {
		case "Appointment":
			if m.appointment != nil {
				return unknown(where, "A message is about one Appointment.")
			}
			m.appointment = e
		case "MessageHeader":
			if e.at > 0 {
				return unknown(where, "A message has one MessageHeader, and it comes first.")
			}
			m.header = e
		}
	}
	if m.header == nil {
		return unknown("Bundle.entry[0]", "The first entry must be the MessageHeader.")
	}
	return nil
}

func (m *message) readHeader() error {
	root := m.header.resource.Root()
	event := root.Get("eventCoding")
	if system := event.Get("system").Text(); event.Get("code").Text() != eventBooking || system != "" && !strings.EqualFold(system, eventSystem) {
		return unknown("MessageHeader.eventCoding", "The event must be "+eventBooking+"; no other is carried out here.")
	}
	for coding := range root.Find("reason", "coding").Each() {
		if code := coding.Get("code").Text(); code == reasonNew || code == reasonUpdate {
			m.reason = code
		}
	}
	switch {
	case m.reason == "":
		return unknown("MessageHeader.reason", "The reason must be new or update.")
	case m.appointment == nil:
		return unknown("Bundle.entry", "A booking message has an Appointment.")
	case root.Get("focus").Len() != 1 || m.resolve(root.Get("focus").First().Get("reference").Text()) != m.appointment:
		return unknown("MessageHeader.focus", "The focus must be the Appointment of the message, and nothing else.")
	}
	return nil
}

// readRoute checks where a message comes from and that it is meant for the service
// whose identifier it was sent to.
func (m *message) readRoute(target Identifier) error {
	root := m.header.resource.Root()
	if root.Find("source", "endpoint").Text() == "" {
		return fault(fhir.Invalid, "required", "MessageHeader.source.endpoint", "The endpoint of the sender is needed.")
	}
	to := root.Get("destination").First().Get("endpoint").Text()
	if to == "" {
		return fault(fhir.Invalid, "required", "MessageHeader.destination.endpoint", "The endpoint of the receiver is needed.")
	}
	if system, id, ok := strings.Cut(to, "|"); ok && system == target.System && id != target.Value {
		return unknown("MessageHeader.destination.endpoint", "The message is for another service than "+TargetHeader+" names.")
	}
	return nil
}

// readWorkflow checks that reason and status make a workflow of the standard.
func (m *message) readWorkflow() error {
	m.status = m.appointment.resource.Root().Get("status").Text()
	switch {
	case m.status == "booked":
	case m.reason == reasonUpdate && (m.status == "cancelled" || m.status == "entered-in-error"):
	case m.reason == reasonNew:
		return unknown("Appointment.status", "The status of a new booking is booked.")
	default:
		return unknown("Appointment.status", "The status that an update asks for is booked, cancelled or entered-in-error.")
	}
	return nil
}

// resolve gives the entry that a reference within the message leads to; nil for none.
func (m *message) resolve(text string) *entry {
	if text == "" || text[0] == '#' {
		return nil
	}
	for _, e := range m.entries {
		if e.fullURL == text || e.resource.ID() != "" && text == e.resource.Type()+"/"+e.resource.ID() {
			return e
		}
	}
	return nil
}

// findPatient gives the Patient among the entries that takes part. Where a
// participant names a Patient that no entry is, the only one there is is meant.
func (m *message) findPatient() *entry {
	var only *entry
	for _, e := range m.entries {
		if e.resource.Type() == "Patient" {
			if only != nil {
				only = nil
				break
			}
			only = e
		}
	}
	for text := range m.appointment.resource.At(pathActor) {
		if e := m.resolve(text.Text()); e != nil && e.resource.Type() == "Patient" {
			return e
		}
		if only != nil && strings.HasPrefix(text.Text(), "Patient/") && m.resolve(text.Text()) == nil {
			return only
		}
	}
	return nil
}

var pathActor = fhir.MustPath("participant.actor.reference")
