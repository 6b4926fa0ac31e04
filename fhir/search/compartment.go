package search

// Compartment is a row of the table of compartments: resources of Holds belong to
// the compartment of one of Type when they refer to it by Param,
// http://hl7.org/fhir/R4/compartmentdefinition.html.
type Compartment struct{ Type, Holds, Param string }

// compartments are those of HL7's definitions for the types kept here.
var compartments = []Compartment{
	{"Patient", "Appointment", "actor"},
	{"Patient", "Schedule", "actor"},
	{"Patient", "Patient", "link"},
	{"Patient", "AuditEvent", "patient"},
	{"Practitioner", "Appointment", "actor"},
	{"Practitioner", "Schedule", "actor"},
	{"Practitioner", "PractitionerRole", "practitioner"},
	{"Practitioner", "Patient", "general-practitioner"},
}

// Compartments gives the rows of the table. They must not be changed.
func Compartments() []Compartment { return compartments }

// CompartmentOf gives the parameter by which resources of a type belong to the
// compartment of one of another; ok is false when they do not.
func CompartmentOf(typ, holds string) (param string, ok bool) {
	for _, c := range compartments {
		if c.Type == typ && c.Holds == holds {
			return c.Param, true
		}
	}
	return "", false
}
