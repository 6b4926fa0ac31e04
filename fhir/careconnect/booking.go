package careconnect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
)

// Check says what is wrong with a booking as it was sent: first what it is made of
// (fhir.Invalid: a contained resource that is missing or there twice, a reference
// to one that is not there, contacts that are not ranked), then what it says
// (fhir.Unprocessable).
func Check(r fhir.Resource) error {
	root := r.Root()
	b, err := parts(root)
	if err != nil {
		return err
	}
	if err := dangling(r, root); err != nil {
		return err
	}
	if err := ranked(b["Patient"]); err != nil {
		return err
	}
	for _, rule := range within {
		if why := rule.broken(b[rule.typ].Get(rule.element)); why != "" {
			return fhir.Errorf(fhir.Unprocessable, "%s", why).Coded("INVALID_RESOURCE").At(rule.typ + "." + rule.element)
		}
	}
	for _, rule := range rules {
		if why := rule.broken(root, b); why != "" {
			return fhir.Errorf(fhir.Unprocessable, "%s", why).Coded("INVALID_RESOURCE").At("Appointment." + rule.element)
		}
	}
	return nil
}

func invalid(where, format string, args ...any) error {
	return fhir.Errorf(fhir.Invalid, format, args...).Coded("INVALID_PARAMETER").At(where)
}

// parts gives the three resources that a booking contains, by type, in whatever
// order they stand.
func parts(root fhir.Node) (map[string]fhir.Node, error) {
	found := map[string]fhir.Node{}
	for el := range root.Get("contained").Each() {
		typ := el.Get("resourceType").Text()
		switch typ {
		case "Slot", "Patient", "DocumentReference":
		default:
			continue
		}
		if found[typ].Exists() {
			return nil, invalid("Appointment.contained", "A booking contains one %s, not two.", typ)
		}
		if el.Get("id").Text() == "" {
			return nil, invalid("Appointment.contained.id", "The contained %s needs an id.", typ)
		}
		found[typ] = el
	}
	for _, typ := range []string{"Slot", "Patient", "DocumentReference"} {
		if !found[typ].Exists() {
			return nil, invalid("Appointment.contained", "A booking contains a Slot, a Patient and a DocumentReference; there is no %s.", typ)
		}
	}
	return found, nil
}

// dangling looks for references to contained resources that are not there.
func dangling(r fhir.Resource, root fhir.Node) (err error) {
	there := map[string]bool{"#": true}
	for el := range root.Get("contained").Each() {
		there["#"+el.Get("id").Text()] = true
	}
	for place, text := range r.Links {
		if strings.HasPrefix(text, "#") && !there[text] {
			return invalid(place, "The reference leads to no contained resource.")
		}
	}
	return nil
}

// ranked checks the contact rule: of all contacts, the patient's own and those of
// others, each has a rank, and exactly one has rank 1.
func ranked(patient fhir.Node) error {
	first, without := 0, 0
	count := func(of fhir.Node) {
		for el := range of.Get("telecom").Each() {
			switch rank, err := strconv.ParseUint(string(el.Get("rank").Raw()), 10, 31); {
			case err != nil || rank == 0:
				without++
			case rank == 1:
				first++
			}
		}
	}
	count(patient)
	for el := range patient.Get("contact").Each() {
		count(el)
	}
	if first != 1 {
		return invalid("Patient.telecom.rank", "Of all contacts in Patient.telecom and Patient.contact.telecom exactly one has rank 1; here there are %d.", first)
	}
	if without > 0 {
		return invalid("Patient.telecom.rank", "Every contact in Patient.telecom and Patient.contact.telecom has a rank; here %d have none.", without)
	}
	return nil
}

// rules are what a booking says, NHS booking standard, POST Appointment; each gives
// what would be right where it is broken. The contained resources are given by type.
var rules = []struct {
	element string
	broken  func(root fhir.Node, in map[string]fhir.Node) string
}{
	{"meta.profile", func(root fhir.Node, _ map[string]fhir.Node) string {
		for el := range root.Find("meta", "profile").Each() {
			if el.Text() == Profile("Appointment") {
				return ""
			}
		}
		return "The profile of a booking is " + Profile("Appointment") + "."
	}},
	{"language", func(root fhir.Node, _ map[string]fhir.Node) string {
		if isLanguage(root.Get("language").Text()) {
			return ""
		}
		return "The language of a booking is " + Language + "."
	}},
	{"status", func(root fhir.Node, _ map[string]fhir.Node) string {
		if root.Get("status").Text() == "booked" {
			return ""
		}
		return "The status of a booking is booked."
	}},
	{"description", func(root fhir.Node, _ map[string]fhir.Node) string {
		if strings.TrimSpace(root.Get("description").Text()) != "" {
			return ""
		}
		return "A booking says in its description what the call is about."
	}},
	{"start", func(root fhir.Node, _ map[string]fhir.Node) string { return instant(root.Get("start")) }},
	{"end", func(root fhir.Node, _ map[string]fhir.Node) string { return instant(root.Get("end")) }},
	{"created", func(root fhir.Node, _ map[string]fhir.Node) string {
		if !root.Get("created").Exists() {
			return ""
		}
		return instant(root.Get("created"))
	}},
	{"slot", func(root fhir.Node, in map[string]fhir.Node) string {
		return only(root.Get("slot"), in["Slot"], "slot")
	}},
	{"supportingInformation", func(root fhir.Node, in map[string]fhir.Node) string {
		for el := range root.Get("supportingInformation").Each() {
			if leads(el, in["DocumentReference"]) {
				return ""
			}
		}
		return "A booking refers in its supportingInformation to the contained DocumentReference."
	}},
	{"participant", func(root fhir.Node, in map[string]fhir.Node) string {
		if p := root.Get("participant"); p.Len() > 1 {
			return "A booking has one participant, the patient."
		}
		return only(root.Get("participant").First().Get("actor"), in["Patient"], "participant")
	}},
}

// within is what the contained resources of a booking have, as the standard's page
// on POST Appointment lists it; each gives what would be right where it is broken.
// Gender, date of birth and address are on that page too, but a patient of whom
// they are not known can be booked.
var within = []struct {
	typ, element string
	broken       func(n fhir.Node) string
}{
	{"DocumentReference", "identifier", needed("The document has the identifier of the clinical report.")},
	{"DocumentReference", "status", needed("The document has a status: current.")},
	{"DocumentReference", "type", needed("The document has a type: that it is an Integrated Urgent Care Report.")},
	{"DocumentReference", "indexed", instant},
	{"DocumentReference", "content", func(n fhir.Node) string {
		if n.IsArray() && n.First().Get("attachment").IsObject() {
			return ""
		}
		return "The document has a list of contents, the first with an attachment."
	}},
	{"Slot", "identifier", needed("The slot has the identifier that it was found with.")},
	{"Patient", "identifier", func(n fhir.Node) string {
		if n.Len() > 1 && n.IsArray() {
			return "The patient has one identifier, the NHS number, or none."
		}
		return ""
	}},
	{"Patient", "name", func(n fhir.Node) string {
		if n.Len() == 1 && n.First().Get("family").Exists() {
			return ""
		}
		return "The patient has one name, with the family name."
	}},
}

func needed(why string) func(fhir.Node) string {
	return func(n fhir.Node) string {
		if n.Exists() {
			return ""
		}
		return why
	}
}

// only checks that an element is one reference, to a contained resource.
func only(refs, to fhir.Node, name string) string {
	typ := to.Get("resourceType").Text()
	switch {
	case refs.IsArray() && refs.Len() != 1:
		return fmt.Sprintf("A booking has one %s; here there are %d.", name, refs.Len())
	case !leads(refs.First(), to):
		return fmt.Sprintf("The %s of a booking is the contained %s.", name, typ)
	}
	return ""
}

func leads(ref, to fhir.Node) bool {
	return ref.Get("reference").Text() == "#"+to.Get("id").Text()
}

func instant(n fhir.Node) string {
	if _, err := time.Parse(time.RFC3339, n.Text()); err != nil {
		return "A time of a booking is an instant with seconds and offset, such as 2030-01-08T10:00:00Z."
	}
	return ""
}

// Language is what a booking's language is.
const Language = "en-GB"

// isLanguage says whether a language is taken for that of bookings.
func isLanguage(code string) bool { return code == "" || code == "en" || code == Language }

var (
	pathLanguage = fhir.MustPath("language")
	pathCreated  = fhir.MustPath("created")
)

// Complete gives a booking with what the provider adds: the language, and when it
// was made where the consumer does not say.
func Complete(r fhir.Resource, now time.Time) (fhir.Resource, error) {
	var changes []fhir.Change
	root := r.Root()
	if root.Get("language").Text() != Language {
		changes = append(changes, fhir.Change{Path: pathLanguage, Op: fhir.Set, Value: fhir.Quote(Language)})
	}
	if !root.Get("created").Exists() {
		changes = append(changes, fhir.Change{Path: pathCreated, Op: fhir.Set, Value: fhir.Quote(UTC(now))})
	}
	return r.Apply(changes...)
}

// UTC writes an instant as consumers compare it, as text: in UTC, to the second, or
// to the millisecond where it is not whole.
func UTC(t time.Time) string {
	if t = t.UTC(); t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
