package stu3

// Row is one difference between STU3 and R4: an element of a type under its name
// in either, and how its value is turned. An element that has no name in R4 is
// carried in an extension. Elements without a row are the same in both.
type Row struct {
	Type     string // resource or data type, or the path of an element within one
	STU3, R4 string
	Conv     Conv
}

// rows is the table. The types it has no row for (Organization, Practitioner,
// PractitionerRole) are alike in both versions, but for what they contain; a
// test lays the definitions of both side by side. A contained resource of another
// type is taken as far as it is alike in both.
// http://hl7.org/fhir/STU3/appointment.html beside http://hl7.org/fhir/R4/appointment.html,
// and so for the others.
var rows = []Row{
	{"Appointment", "serviceCategory", "serviceCategory", single},
	{"Appointment", "reason", "reasonCode", same},
	{"Appointment", "indication", "reasonReference", same},
	{"Appointment", "incomingReferral", "basedOn", referral},
	{"Slot", "serviceCategory", "serviceCategory", single},
	{"Schedule", "serviceCategory", "serviceCategory", single},
	{"Location", "type", "type", single},
	{"HealthcareService", "category", "category", single},
	{"HealthcareService", "eligibility", "eligibility", coded},
	{"HealthcareService", "eligibilityNote", "", carried("valueString")},
	{"HealthcareService", "programName", "program", texts},
	{"Patient", "animal", "", inParts(map[string]string{"species": "valueCodeableConcept", "breed": "valueCodeableConcept", "genderStatus": "valueCodeableConcept"})},
	{"DocumentReference", "class", "category", single},
	{"DocumentReference", "created", "", carried("valueDateTime")},
	{"DocumentReference", "indexed", "date", primitive},
	{"DocumentReference.context", "encounter", "encounter", single},
	{"DocumentReference.context", "related", "related", related},
	// Values of extensions.
	{"Money", "code", "currency", primitive},
	{"Money", "comparator", "", carried("valueCode")},
	{"Money", "unit", "", carried("valueString")},
	{"Money", "system", "", carried("valueUri")},
	{"Signature", "whoUri", "who", uri},
	{"Signature", "whoReference", "who", reference},
	{"Signature", "onBehalfOfUri", "onBehalfOf", uri},
	{"Signature", "onBehalfOfReference", "onBehalfOf", reference},
	{"Signature", "contentType", "sigFormat", primitive},
	{"Signature", "blob", "data", primitive},
}

// Rows gives the table. It must not be changed.
func Rows() []Row { return rows }

// byType are the rows of each type, and inner the paths of elements that have
// rows of their own.
var byType, inner = func() (map[string][]*Row, map[string]bool) {
	types, within := map[string][]*Row{}, map[string]bool{}
	for i := range rows {
		r := &rows[i]
		types[r.Type] = append(types[r.Type], r)
		within[r.Type] = true
	}
	return types, within
}()

// names says whether the row's STU3 element is written under that name: its own,
// or that of the companion of a primitive.
func (r *Row) inSTU3(name string) bool {
	return name == r.STU3 || r.Conv.primitive && name == "_"+r.STU3
}

func (r *Row) inR4(name string) bool {
	return r.R4 != "" && (name == r.R4 || r.Conv.primitive && name == "_"+r.R4)
}
