package r4

import (
	"time"

	"slotway/fhir"
)

// The views below hold what rules ask of a resource. They take whatever a sender
// wrote: a list where one value belongs gives its first, one value where a list
// belongs gives a list of one, and what cannot be read is absent. Saying that it
// is wrong is Validate's task.

// Instant is a time in a resource.
type Instant struct {
	Time   time.Time // zero when there is none that can be read
	Text   string    // as written
	Absent string    // why there is none: a code of the data-absent-reason extension
}

// Given says whether there is a time.
func (i Instant) Given() bool { return !i.Time.IsZero() }

// Identifier is a business identifier.
type Identifier struct{ System, Value, Use string }

// Coding is a code of a CodeableConcept, with the concept's own text.
type Coding struct{ System, Code, Display, Text string }

// Reference is a reference to another resource, or the description of one.
type Reference struct {
	Text       string // Type/id, a URL, or # and the id of a contained resource
	Type       string
	Identifier Identifier
	Display    string
}

// Parse takes the text apart; see fhir.ParseReference.
func (r Reference) Parse(bases []string) fhir.Reference { return fhir.ParseReference(r.Text, bases) }

// Contained is a resource within another.
type Contained struct {
	Type, ID string
	Node     fhir.Node
}

// header checks that n is a resource of a type.
func header(n fhir.Node, typ string) error {
	if got := n.Get("resourceType").Text(); got != typ {
		return fhir.Errorf(fhir.Invalid, "The resource must be of type %s.", typ).At("resourceType")
	}
	return nil
}

var absentCode = fhir.MustPath("extension.where(url=" + fhir.DataAbsentReason + ").valueCode")

func instant(n fhir.Node, name string) Instant {
	i := Instant{Text: text(n, name), Absent: n.Get("_" + name).First().One(absentCode).Text()}
	if m, ok := parseDateTime(i.Text, false); ok && m.instant {
		i.Time = m.lo
	}
	return i
}

func text(n fhir.Node, name string) string { return n.Get(name).First().Text() }

func identifier(n fhir.Node) Identifier {
	return Identifier{System: text(n, "system"), Value: text(n, "value"), Use: text(n, "use")}
}

// Identifiers gives the business identifiers of a resource.
func Identifiers(n fhir.Node) []Identifier { return list(n, "identifier", identifier) }

func reference(n fhir.Node) Reference {
	return Reference{
		Text:       text(n, "reference"),
		Type:       text(n, "type"),
		Identifier: identifier(n.Get("identifier").First()),
		Display:    text(n, "display"),
	}
}

// concepts gives every coding of every concept, and of a concept without codings
// its text alone.
func concepts(n fhir.Node, name string) (all []Coding) {
	for concept := range n.Get(name).Each() {
		before := len(all)
		for c := range concept.Get("coding").Each() {
			all = append(all, Coding{text(c, "system"), text(c, "code"), text(c, "display"), text(concept, "text")})
		}
		if t := text(concept, "text"); len(all) == before && t != "" {
			all = append(all, Coding{Text: t})
		}
	}
	return all
}

func contained(n fhir.Node) []Contained {
	return list(n, "contained", func(c fhir.Node) Contained {
		return Contained{Type: text(c, "resourceType"), ID: text(c, "id"), Node: c}
	})
}

// list reads each element of that name which is an object.
func list[T any](n fhir.Node, name string, read func(fhir.Node) T) (all []T) {
	for el := range n.Get(name).Each() {
		if el.IsObject() {
			all = append(all, read(el))
		}
	}
	return all
}

// Value gives the first identifier of a system, or nothing.
func Value(ids []Identifier, system string) string {
	for _, id := range ids {
		if id.System == system && id.Value != "" {
			return id.Value
		}
	}
	return ""
}
