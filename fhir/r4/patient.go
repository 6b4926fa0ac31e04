package r4

import "slotway/fhir"

// Patient is a view of a Patient, http://hl7.org/fhir/R4/patient.html.
type Patient struct {
	ID          string
	Identifiers []Identifier
	Names       []Name
	BirthDate   string // YYYY, YYYY-MM or YYYY-MM-DD
	Gender      string
}

// Name is a HumanName.
type Name struct {
	Use, Text, Family string
	Given, Prefix     []string
}

// ReadPatient gives the view of a Patient's node; see ReadAppointment.
func ReadPatient(n fhir.Node) (Patient, error) {
	return Patient{
		ID:          text(n, "id"),
		Identifiers: Identifiers(n),
		Names:       list(n, "name", name),
		BirthDate:   text(n, "birthDate"),
		Gender:      text(n, "gender"),
	}, header(n, "Patient")
}

func name(n fhir.Node) Name {
	return Name{Use: text(n, "use"), Text: text(n, "text"), Family: text(n, "family"), Given: texts(n, "given"), Prefix: texts(n, "prefix")}
}

func texts(n fhir.Node, name string) (all []string) {
	for el := range n.Get(name).Each() {
		if t := el.Text(); t != "" {
			all = append(all, t)
		}
	}
	return all
}
