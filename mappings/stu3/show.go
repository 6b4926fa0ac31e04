package stu3

import (
	"bytes"
	"slices"
	"strings"

	"slotway/fhir"
)

// Loss is something that R4 can say and STU3 cannot, and what an STU3 reader
// sees of it.
type Loss struct {
	Path string // of the element, under the name that Out leaves it
	Doc  string
	show func(ms []member, at int) []member
}

// losses is the table of Show, beside what holds everywhere: meta.source and
// Reference.type are left out, and an extension's valueUrl, valueCanonical and
// valueUuid are its valueUri. http://hl7.org/fhir/R4/appointment.html beside
// http://hl7.org/fhir/STU3/appointment.html, and so for the others.
var losses = []Loss{
	{"Appointment.status", "checked-in is arrived; waitlist is pending, or proposed without start and end", showStatus},
	{"Appointment.serviceCategory", "the first of several", showFirst},
	{"Appointment.cancelationReason", "its text, in the CareConnect extension", showCancelation},
	{"Appointment.patientInstruction", "in HL7's cross-version extension", showInstruction},
	{"Appointment.indication", "without Observations and ImmunizationRecommendations", showIndication},
	{"Appointment.participant.period", "left out", showNothing},
	{"Slot.serviceCategory", "the first of several", showFirst},
	{"Schedule.serviceCategory", "the first of several", showFirst},
	{"Location.type", "the first of several", showFirst},
	{"Location.hoursOfOperation", "left out", showNothing},
	{"Location.availabilityExceptions", "left out", showNothing},
	{"HealthcareService.category", "the first of several", showFirst},
	{"HealthcareService.eligibility", "the first of several, its comment as eligibilityNote", showEligibility},
	{"HealthcareService.program", "the texts, as programName", showProgram},
	{"HealthcareService.communication", "left out", showNothing},
	{"DocumentReference.category", "the first of several, as class", showClass},
}

// Losses gives the table. It must not be changed.
func Losses() []Loss { return losses }

// lossAt is the table by path. It is filled by init because the functions of the
// table lead back to it.
var lossAt = map[string]*Loss{}

func init() {
	for i := range losses {
		lossAt[losses[i].Path] = &losses[i]
	}
}

// Show gives a resource as an STU3 reader sees it: as Out does, and then less
// what the table says. What In made, it shows as it was sent.
func Show(r fhir.Resource) (fhir.Resource, error) {
	out, err := Out(r)
	if err != nil {
		return fhir.Resource{}, err
	}
	root := out.Root()
	raw := project(root, out.Type())
	if bytes.Equal(raw, root.Raw()) {
		return out, nil
	}
	return fhir.Parse(raw)
}

// project rewrites a value that stands at a path of a type.
func project(n fhir.Node, path string) []byte {
	if n.IsArray() {
		return eachOf(n, func(el fhir.Node) []byte { return project(el, path) })
	}
	ms := read(n)
	if len(ms) == 0 {
		return n.Raw()
	}
	if typ := n.Get("resourceType"); typ.IsString() {
		path = typ.Text()
	}
	changed := false
	for i := range ms {
		raw := project(ms[i].value, path+"."+ms[i].name)
		changed = changed || !bytes.Equal(raw, ms[i].raw)
		ms[i].raw = raw
	}
	before := len(ms)
	ms = slices.DeleteFunc(ms, func(m member) bool {
		return m.name == "source" && strings.HasSuffix(path, ".meta") || m.name == "type" && isReference(n) ||
			string(m.raw) == "{}" && m.value.Len() > 0 // nothing is left of it
	})
	changed = toURI(ms) || changed || len(ms) != before
	for _, m := range read(n) {
		if loss := lossAt[path+"."+m.name]; loss != nil {
			if at := find(ms, m.name); at >= 0 {
				was := write(ms)
				ms = loss.show(ms, at)
				changed = changed || !bytes.Equal(was, write(ms))
			}
		}
	}
	if !changed {
		return n.Raw()
	}
	return write(ms)
}

// isReference says whether an object is a Reference with the type that R4 has
// and STU3 has not: no other has only these members and a type that is a string.
func isReference(n fhir.Node) bool {
	points := false
	for name := range n.Members() {
		switch name {
		case "reference", "identifier", "display":
			points = true
		case "id", "extension", "type", "_reference", "_display", "_type":
		default:
			return false
		}
	}
	return points && n.Get("type").IsString()
}

// toURI renames the values that an extension has in R4 only.
func toURI(ms []member) (changed bool) {
	if find(ms, "url") < 0 || find(ms, "valueUri") >= 0 {
		return false
	}
	for i, m := range ms {
		switch m.name {
		case "valueUrl", "valueCanonical", "valueUuid":
			ms[i].name, ms[i].written, changed = "valueUri", fhir.Quote("valueUri"), true
		}
	}
	return changed
}
