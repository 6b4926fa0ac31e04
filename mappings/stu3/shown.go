package stu3

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// Loss is something that R4 can say and STU3 says in another way, or not at all,
// and what an STU3 reader sees of it.
type Loss struct {
	Type, Element string // the type, or part of one, and the element under the name that Out leaves it
	Doc           string
	when          func(v *view, value fhir.Node) bool // whether it is this that is there; nil for always
	show          func(v *view, ms []member, at int) []member
}

// losses is the table of Show, beside what it does everywhere.
// http://hl7.org/fhir/R4/appointment.html beside
// http://hl7.org/fhir/STU3/appointment.html, and so for the others.
var losses = []Loss{
	{"Appointment", "status", "checked-in is arrived; waitlist is pending, or proposed without start and end", isText("checked-in", "waitlist"), showStatus},
	{"Appointment", "cancelationReason", "its text, in the CareConnect extension", nil, showCancelation},
	{"Appointment", "patientInstruction", "in HL7's cross-version extension", nil, showInstruction},
	{"Appointment", "indication", "without Observations and ImmunizationRecommendations", pointsAt("Observation", "ImmunizationRecommendation"), showIndication},
	{"Appointment.participant", "actor", "a PractitionerRole is the Practitioner of one that is contained, or else its name", pointsAt("PractitionerRole"), showActor},
	{"HealthcareService", "eligibility", "the first of several, its comment as eligibilityNote", fromR4, showEligibility},
	{"HealthcareService", "program", "the texts, as programName", nil, showProgram},
	{"DocumentReference", "category", "the first of several, as class", nil, showClass},
	{"Extension", "valueUrl", "as valueUri", nil, showURI},
	{"Extension", "valueCanonical", "as valueUri", nil, showURI},
	{"Extension", "valueUuid", "as valueUri", nil, showURI},
	{"Reference", "reference", "one to a contained resource that is left out says its type", pointsOut, showReference},
	{"Identifier", "use", "old is left out", isText("old"), showNothing},
	{"Address", "use", "billing is left out", isText("billing"), showNothing},
}

// Losses gives the table. It must not be changed.
func Losses() []Loss { return losses }

// lossBy is the table by type and element. It is filled by init because the
// functions of the table lead back to it.
var lossBy = map[string]map[string]*Loss{}

func init() {
	for i := range losses {
		l := &losses[i]
		if lossBy[l.Type] == nil {
			lossBy[l.Type] = map[string]*Loss{}
		}
		lossBy[l.Type][l.Element] = l
	}
}

// applies says whether a loss, if there is one, is that of a value.
func (l *Loss) applies(v *view, value fhir.Node) bool {
	return l != nil && (l.when == nil || l.when(v, value))
}

// isText is for codes that STU3 does not have.
func isText(codes ...string) func(*view, fhir.Node) bool {
	return func(_ *view, value fhir.Node) bool { return slices.Contains(codes, value.Text()) }
}

// pointsAt is for references to types that STU3 does not allow there.
func pointsAt(types ...string) func(*view, fhir.Node) bool {
	return func(v *view, value fhir.Node) bool {
		for el := range value.Each() {
			if slices.Contains(types, v.target(el)) {
				return true
			}
		}
		return false
	}
}

// pointsOut is for references to contained resources that are left out.
func pointsOut(v *view, value fhir.Node) bool {
	inside := v.contained[value.Text()]
	return inside.Exists() && resourcePair(inside.Get("resourceType").Text()).stu3 == nil
}

// fromR4 is for what Out left as a list, where STU3 has one value.
func fromR4(_ *view, value fhir.Node) bool { return value.IsArray() }

func remove(ms []member, at int) []member { return slices.Delete(ms, at, at+1) }

func showNothing(_ *view, ms []member, at int) []member { return remove(ms, at) }

func showURI(_ *view, ms []member, at int) []member {
	if find(ms, "valueUri") >= 0 {
		return remove(ms, at)
	}
	ms[at].name, ms[at].written = "valueUri", fhir.Quote("valueUri")
	return ms
}

func showReference(v *view, ms []member, at int) []member {
	return unlink(ms, at, v.contained[ms[at].value.Text()].Get("resourceType").Text())
}

// unlink takes away what a reference points at, and leaves what people read.
func unlink(ms []member, at int, text string) []member {
	ms = remove(ms, at)
	if find(ms, "display") < 0 && find(ms, "identifier") < 0 {
		ms = append(ms, named("display", fhir.Quote(text)))
	}
	return ms
}

// target gives the type of what a reference points at, if it says so.
func (v *view) target(ref fhir.Node) string {
	if typ := ref.Get("type").Text(); typ != "" {
		return typ
	}
	text := ref.Get("reference").Text()
	if inside := v.contained[text]; inside.Exists() {
		return inside.Get("resourceType").Text()
	}
	text, _, _ = strings.Cut(text, "/_history/")
	parts := strings.Split(text, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}
