package fhir

import (
	"slices"
	"strings"
)

// Interaction is something that can be done with a resource type over REST,
// http://hl7.org/fhir/R4/http.html, under its code in a CapabilityStatement.
type Interaction string

// The interactions.
const (
	Read            Interaction = "read"
	VRead           Interaction = "vread"
	HistoryInstance Interaction = "history-instance"
	HistoryType     Interaction = "history-type"
	HistorySystem   Interaction = "history-system"
	Create          Interaction = "create"
	Update          Interaction = "update"
	Patch           Interaction = "patch"
	Delete          Interaction = "delete"
	SearchType      Interaction = "search-type"
	Batch           Interaction = "batch"
	Transaction     Interaction = "transaction"
	ProcessMessage  Interaction = "$process-message"
)

// Type is a row of the resource-type table.
type Type struct {
	Name         string
	Interactions []Interaction
	Booking      []Interaction // what the STU3 booking face offers of it; none when empty
	BaRS         []Interaction // what the BaRS face offers of it; none when empty
	Doc          string        // what this server uses it for
}

var everything = []Interaction{Read, VRead, HistoryInstance, HistoryType, Create, Update, Patch, Delete, SearchType}

// seeing is what can be done with what only this server writes.
var seeing = []Interaction{Read, VRead, HistoryInstance, HistoryType, SearchType}

// types is the resource-type table: the types this server keeps, in the order
// in which data that refers to other data is best loaded.
var types = []Type{
	{"Organization", everything, nil, nil, "A trust or provider; the data controller of what it sends."},
	{"Location", everything, nil, nil, "Where an appointment takes place."},
	{"HealthcareService", everything, nil, nil, "A service that can be booked, under its Directory of Services id."},
	{"Practitioner", everything, nil, nil, "Somebody who sees patients."},
	{"PractitionerRole", everything, nil, nil, "A practitioner's role in an organization."},
	{"Patient", everything, nil, nil, "Somebody who has appointments."},
	{"Schedule", everything, nil, nil, "A diary: whose slots its slots are."},
	{"Slot", everything, []Interaction{SearchType}, []Interaction{SearchType}, "A time that can be booked once."},
	{"Appointment", everything, []Interaction{Read, VRead, Create, Update, SearchType}, []Interaction{Read, SearchType}, "A booking, or a request for one."},
	{"Task", seeing, nil, nil, "A patient's request to change or cancel an appointment, and what became of it."},
}

// recorded are the types of what the server itself keeps a record of. They are read
// and searched like others; nobody writes them, and no store holds them as resources.
var recorded = []Type{
	{"AuditEvent", []Interaction{Read, SearchType}, nil, nil, "Who did what: for auditors, with a scope of its own."},
}

// Recorded gives the rows of the types that the server makes records of. They must
// not be changed.
func Recorded() []Type { return recorded }

// ServedType gives the row of a type that is kept or recorded here.
func ServedType(name string) (t Type, ok bool) {
	for _, t := range recorded {
		if t.Name == name {
			return t, true
		}
	}
	return TypeOf(name)
}

// IsRecorded says whether the type is one of Recorded.
func (t Type) IsRecorded() bool {
	return slices.ContainsFunc(recorded, func(r Type) bool { return r.Name == t.Name })
}

// system is what can be done with all types at once,
// http://hl7.org/fhir/R4/http.html#operations.
var system = Type{Interactions: []Interaction{Batch, Transaction, HistorySystem}, BaRS: []Interaction{ProcessMessage}, Doc: "Everything that is kept here."}

// System gives the row of the whole system, which has no name.
func System() Type { return system }

// Types gives the rows of the resource-type table. They must not be changed.
func Types() []Type { return types }

// TypeOf gives the row of a resource type; ok is false for a type not kept here.
func TypeOf(name string) (t Type, ok bool) {
	for i := range types {
		if types[i].Name == name {
			return types[i], true
		}
	}
	return Type{}, false
}

// Has says whether the type has an interaction, or an operation, on the R4 face.
func (t Type) Has(i Interaction) bool {
	if o, ok := OperationOf(i); ok {
		return t.Name != "" && o.On(t.Name) && !t.IsRecorded()
	}
	return slices.Contains(t.Interactions, i)
}

// Reference is a reference's text taken apart, http://hl7.org/fhir/R4/references.html#literal.
type Reference struct {
	Type, ID string // of a relative reference, or of an absolute one under a base of ours
	Version  string // of a version-specific one
	Fragment string // of one to a contained resource: #id
	URL      string // of one to another server, or a urn
}

// ParseReference takes a reference apart. Under one of the bases, which end
// without a slash, an absolute reference is as good as a relative one.
func ParseReference(text string, bases []string) Reference {
	if text == "" {
		return Reference{}
	}
	if text[0] == '#' {
		return Reference{Fragment: text[1:]}
	}
	rest := text
	for _, b := range bases {
		if len(text) > len(b) && text[:len(b)] == b && text[len(b)] == '/' {
			rest = text[len(b)+1:]
			break
		}
	}
	typ, id, _ := strings.Cut(rest, "/")
	id, version, versioned := strings.Cut(id, "/_history/")
	if isTypeName(typ) && ValidID(id) && (!versioned || ValidID(version)) {
		return Reference{Type: typ, ID: id, Version: version}
	}
	return Reference{URL: text}
}

func isTypeName(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
