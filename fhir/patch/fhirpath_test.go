package patch

import (
	"fmt"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// operationOf writes an operation from its type, its path and its other parts,
// each as the members of the part beside its name.
func operationOf(typ, path string, parts ...string) string {
	out := fmt.Sprintf(`{"name":"operation","part":[{"name":"type","valueCode":%s},{"name":"path","valueString":%s}`, fhir.Quote(typ), fhir.Quote(path))
	for i := 0; i < len(parts); i += 2 {
		out += fmt.Sprintf(`,{"name":%s,%s}`, fhir.Quote(parts[i]), parts[i+1])
	}
	return out + "]}"
}

func parametersOf(operations ...string) string {
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(operations, ",") + `]}`
}

// identifiers writes a Patient with identifiers of those values.
func identifiers(values ...string) string {
	var all []string
	for _, v := range values {
		all = append(all, `{"system":"http://example.org","value":"value `+v+`"}`)
	}
	return `{"resourceType":"Patient","identifier":[` + strings.Join(all, ",") + `]}`
}

const third = `"valueIdentifier":{"system":"http://example.org","value":"value 3"}`

// TestFHIRPathPatchSpecification are the cases that HL7 publishes for R4
// (https://github.com/FHIR/fhir-test-cases, r4/patch), in our words.
func TestFHIRPathPatchSpecification(t *testing.T) {
	const patient, born = `{"resourceType":"Patient"}`, `{"resourceType":"Patient","birthDate":"1920-01-01"}`
	const contact = `{"resourceType":"Patient","contact":[{"name":{"text":"a name"}}]}`
	move := func(from, to int) string {
		return operationOf("move", "Patient.identifier", "source", fmt.Sprintf(`"valueInteger":%d`, from), "destination", fmt.Sprintf(`"valueInteger":%d`, to))
	}
	tests := []struct {
		name, in, patch, want string
	}{
		{"no difference", born, parametersOf(), born},
		{"replace a primitive", born, parametersOf(operationOf("replace", "Patient.birthDate", "value", `"valueDate":"1930-01-01"`)), `{"resourceType":"Patient","birthDate":"1930-01-01"}`},
		{"delete a primitive", born, parametersOf(operationOf("delete", "Patient.birthDate")), patient},
		{"add a primitive", patient, parametersOf(operationOf("add", "Patient", "name", `"valueString":"birthDate"`, "value", `"valueDate":"1930-01-01"`)), `{"resourceType":"Patient","birthDate":"1930-01-01"}`},
		{
			"delete a nested primitive", `{"resourceType":"Patient","contact":[{"name":{"text":"a name"},"gender":"male"}]}`,
			parametersOf(operationOf("delete", "Patient.contact[0].gender")), contact,
		},
		{
			"add a nested primitive", contact,
			parametersOf(operationOf("add", "Patient.contact[0]", "name", `"valueString":"gender"`, "value", `"valueCode":"male"`)),
			`{"resourceType":"Patient","contact":[{"name":{"text":"a name"},"gender":"male"}]}`,
		},
		{
			"replace a nested primitive", contact,
			parametersOf(operationOf("replace", "Patient.contact[0].name.text", "value", `"valueString":"the name"`)),
			`{"resourceType":"Patient","contact":[{"name":{"text":"the name"}}]}`,
		},
		{
			"add a complex value", patient,
			parametersOf(operationOf("add", "Patient", "name", `"valueString":"maritalStatus"`, "value", `"valueCodeableConcept":{"text":"married"}`)),
			`{"resourceType":"Patient","maritalStatus":{"text":"married"}}`,
		},
		{
			"replace a complex value", `{"resourceType":"Patient","maritalStatus":{"id":"1","text":"married"}}`,
			parametersOf(operationOf("replace", "Patient.maritalStatus", "value", `"valueCodeableConcept":{"id":"2","text":"not married"}`)),
			`{"resourceType":"Patient","maritalStatus":{"id":"2","text":"not married"}}`,
		},
		{"delete a complex value", `{"resourceType":"Patient","maritalStatus":{"text":"married"}}`, parametersOf(operationOf("delete", "Patient.maritalStatus")), patient},
		{
			"add an anonymous value", patient,
			parametersOf(operationOf("add", "Patient", "name", `"valueString":"contact"`, "value", `"part":[{"name":"name","valueHumanName":{"text":"a name"}}]`)), contact,
		},
		{"delete an anonymous value", contact, parametersOf(operationOf("delete", "Patient.contact[0]")), patient},
		{"add to a list", identifiers("1", "2"), parametersOf(operationOf("add", "Patient", "name", `"valueString":"identifier"`, "value", third)), identifiers("1", "2", "3")},
		{"insert in a list", identifiers("1", "2"), parametersOf(operationOf("insert", "Patient.identifier", "index", `"valueInteger":1`, "value", third)), identifiers("1", "3", "2")},
		{"insert at its head", identifiers("1", "2"), parametersOf(operationOf("insert", "Patient.identifier", "index", `"valueInteger":0`, "value", third)), identifiers("3", "1", "2")},
		{"insert at its end", identifiers("1", "2"), parametersOf(operationOf("insert", "Patient.identifier", "index", `"valueInteger":2`, "value", third)), identifiers("1", "2", "3")},
		{"delete the first of a list", identifiers("1", "2", "3"), parametersOf(operationOf("delete", "Patient.identifier[0]")), identifiers("2", "3")},
		{"delete between", identifiers("1", "2", "3"), parametersOf(operationOf("delete", "Patient.identifier[1]")), identifiers("1", "3")},
		{"delete the last of a list", identifiers("1", "2", "3"), parametersOf(operationOf("delete", "Patient.identifier[2]")), identifiers("1", "2")},
		{"reorder 3 to 1", identifiers("1", "2", "3", "4"), parametersOf(move(3, 1)), identifiers("1", "4", "2", "3")},
		{"reorder 3 to 0", identifiers("1", "2", "3", "4"), parametersOf(move(3, 0)), identifiers("4", "1", "2", "3")},
		{"reorder 3 to 2", identifiers("1", "2", "3", "4"), parametersOf(move(3, 2)), identifiers("1", "2", "4", "3")},
		{"reorder 0 to 3", identifiers("1", "2", "3", "4"), parametersOf(move(0, 3)), identifiers("2", "3", "4", "1")},
		{"reorder 1 to 0", identifiers("1", "2", "3", "4"), parametersOf(move(1, 0)), identifiers("2", "1", "3", "4")},
		{"reorder several", identifiers("1", "2", "3", "4"), parametersOf(move(3, 0), move(3, 1), move(3, 2)), identifiers("4", "3", "2", "1")},
		{"a list unchanged", identifiers("1", "2"), parametersOf(), identifiers("1", "2")},
		{
			"add to an element that is not there", `{"resourceType":"Patient","identifier":[{"use":"official","value":"123"}]}`,
			parametersOf(operationOf("add", "Patient.identifier.where(use = 'official').period", "name", `"valueString":"end"`, "value", `"valueDate":"2021-12-01"`)),
			"unprocessable: Operation 0 (add): the path leads to nothing in the resource; it must lead to one element.",
		},
		{"add to a list that is not there", patient, parametersOf(operationOf("add", "Patient", "name", `"valueString":"identifier"`, "value", third)), identifiers("3")},
		{
			"a narrative and a name", `{"resourceType":"Patient","text":{"status":"generated","div":"<div>a</div>"},"name":[{"family":"Sample","given":["Ada"]}]}`,
			parametersOf(operationOf("replace", "Patient.text.div", "value", `"valueString":"<div>b</div>"`), operationOf("replace", "Patient.name[0].family", "value", `"valueString":"Sample1"`)),
			`{"resourceType":"Patient","text":{"status":"generated","div":"<div>b</div>"},"name":[{"family":"Sample1","given":["Ada"]}]}`,
		},
		{
			"consecutive operations", `{"resourceType":"Patient","contact":[{"name":{"family":"S","_family":{"extension":[{"url":"u","valueString":"W"}]}}}]}`,
			parametersOf(operationOf("add", "Patient.contact[0]", "name", `"valueString":"gender"`, "value", `"valueCode":"male"`), operationOf("add", "Patient", "name", `"valueString":"contact"`, "value", `"part":[{"name":"gender","valueCode":"male"}]`)),
			`{"resourceType":"Patient","contact":[{"name":{"family":"S","_family":{"extension":[{"url":"u","valueString":"W"}]}},"gender":"male"},{"gender":"male"}]}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { patched(t, tc.in, tc.patch, tc.want) })
	}
}

// patched applies a FHIRPath Patch and compares the bytes; or, where want is a
// sentence, what the caller is told.
func patched(t *testing.T, in, document, want string) {
	t.Helper()
	r := fhirtest.Parse(t, in)
	p, err := Parse([]byte(document))
	var got fhir.Resource
	if err == nil {
		got, err = p.Apply(t.Context(), r)
	}
	switch {
	case err != nil:
		e := fhir.AsError(err)
		if text := e.Kind.String() + ": " + e.Text; text != want {
			t.Errorf("got  %s\nwant %s", text, want)
		}
	case string(got.Raw()) != want:
		t.Errorf("got  %s\nwant %s", got.Raw(), want)
	}
	if string(r.Raw()) != in {
		t.Errorf("the resource itself became %s", r.Raw())
	}
}

const absent = `"_end":{"extension":[{"url":"http://d","valueCode":"unknown"}]},`

const booking = `{ "resourceType":"Appointment","id":"a","meta":{"versionId":"3"},"weight" : 1.50,` +
	`"status":"booked","start":"2030-01-08T10:00:00Z",` + absent +
	`"participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},{"type":[{"text":"t"}],"actor":{"reference":"Location/l","display":"L"},"status":"tentative"}]}`

// in gives the booking with one text in place of another, and with gives a
// resource with a member more.
func in(old, fresh string) string         { return strings.Replace(booking, old, fresh, 1) }
func with(resource, member string) string { return resource[:len(resource)-1] + "," + member + "}" }

// TestFHIRPathPatchOnAppointments covers what the published cases do not.
func TestFHIRPathPatchOnAppointments(t *testing.T) {
	replace := func(path, value string) string { return parametersOf(operationOf("replace", path, "value", value)) }
	add := func(path, name, value string) string {
		return parametersOf(operationOf("add", path, "name", `"valueString":"`+name+`"`, "value", value))
	}
	remove := func(path string) string { return parametersOf(operationOf("delete", path)) }
	tests := []struct{ name, patch, want string }{
		{"without the type", replace("status", `"valueCode":"arrived"`), in("booked", "arrived")},
		{"from any resource", replace("Resource.status", `"valueCode":"arrived"`), in("booked", "arrived")},
		{"by a condition", replace("Appointment.participant.where(actor.reference = 'Location/l').status", `"valueCode":"declined"`), in("tentative", "declined")},
		{"by two conditions", replace("Appointment.participant.where(status='tentative' and actor.display='L').status", `"valueCode":"declined"`), in("tentative", "declined")},
		{"by the last", replace("Appointment.participant.last().status", `"valueCode":"declined"`), in("tentative", "declined")},
		{"by existence", replace("Appointment.participant.where(type.exists()).status", `"valueCode":"declined"`), in("tentative", "declined")},
		{"by absence", replace("Appointment.participant.where(type.empty()).single().status", `"valueCode":"declined"`), in("accepted", "declined")},
		{"a value by one with extensions", replace("status", `"valueCode":"arrived","_valueCode":{"id":"x"}`), with(in("booked", "arrived"), `"_status":{"id":"x"}`)},
		{"a reason for absence by a value", replace("Appointment.end", `"valueInstant":"2030-01-08T11:00:00Z"`), with(in(absent, ""), `"end":"2030-01-08T11:00:00Z"`)},
		{"an extension of a primitive", replace("Appointment.end.extension('http://d').value", `"valueCode":"masked"`), in("unknown", "masked")},
		{"all that a primitive has", remove("Appointment.end.extension('http://d')"), in(absent, "")},
		{"the first extension of a primitive", add("Appointment.start", "extension", `"part":[{"name":"url","valueUri":"http://e"},{"name":"value[x]","valueString":"v"}]`), with(booking, `"_start":{"extension":[{"url":"http://e","valueString":"v"}]}`)},
		{"another extension of a primitive", add("Appointment.end", "extension", `"part":[{"name":"url","valueUri":"http://e"}]`), in(`"unknown"}]`, `"unknown"},{"url":"http://e"}]`)},
		{"a list that was not there", add("Appointment.participant[0]", "type", `"valueCodeableConcept":{"text":"x"}`), in(`"status":"accepted"}`, `"status":"accepted","type":[{"text":"x"}]}`)},
		{
			"a participant in parts", add("Appointment", "participant", `"part":[{"name":"actor","part":[{"name":"reference","valueString":"Patient/q"}]},{"name":"type","valueCodeableConcept":{"text":"1"}},{"name":"type","valueCodeableConcept":{"text":"2"}},{"name":"status","valueCode":"accepted"}]`),
			in(`"tentative"}]`, `"tentative"},{"actor":{"reference":"Patient/q"},"type":[{"text":"1"},{"text":"2"}],"status":"accepted"}]`),
		},
		{"insert where there is no list", parametersOf(operationOf("insert", "Appointment.slot", "index", `"valueInteger":0`, "value", `"valueReference":{"reference":"Slot/s"}`)), with(booking, `"slot":[{"reference":"Slot/s"}]`)},
		{"an unknown element goes", remove("Appointment.weight"), in(`"weight" : 1.50,`, "")},
		{"an unknown element by a value", replace("Appointment.weight", `"valueDecimal":2.00`), in("1.50", "2.00")},
		{"an element that is the only one", remove("Appointment.participant[1].type"), in(`"type":[{"text":"t"}],`, "")},
		{"what holds nothing goes with it", remove("Appointment.participant[1].type[0].text"), in(`"type":[{"text":"t"}],`, "")},
		{"nothing", remove("Appointment.slot"), booking},
		{"a contained resource", add("Appointment", "contained", `"resource":{"resourceType":"Patient","id":"p"}`), with(booking, `"contained":[{"resourceType":"Patient","id":"p"}]`)},

		{"no such element", remove("Appointment.statuss"), "unprocessable: Operation 0 (delete): Appointment has no element statuss, at character 13 of the path."},
		{"no such element in a condition", remove("Appointment.participant.where(stats='x')"), "unprocessable: Operation 0 (delete): Appointment.participant has no element stats, at character 31 of the path."},
		{"another type", remove("Patient.birthDate"), "unprocessable: Operation 0 (delete): the path begins with Patient, but the resource is a Appointment."},
		{"delete of several", remove("Appointment.participant"), "unprocessable: Operation 0 (delete): the path leads to 2 elements; it must lead to one, so name it by its position or a condition."},
		{"replace of several", replace("Appointment.participant.status", `"valueCode":"accepted"`), "unprocessable: Operation 0 (replace): the path leads to 2 elements; it must lead to one, so name it by its position or a condition."},
		{"replace of none", replace("Appointment.comment", `"valueString":"x"`), "unprocessable: Operation 0 (replace): the path leads to nothing in the resource; it must lead to one element."},
		{"single of several", replace("Appointment.participant.single().status", `"valueCode":"accepted"`), "unprocessable: Operation 0 (replace): single() meets more than one element, at character 25 of the path."},
		{"add of what is there", add("Appointment", "status", `"valueCode":"arrived"`), "unprocessable: Operation 0 (add): status is there already; replace changes it."},
		{"add of what is there without a value", add("Appointment", "end", `"valueInstant":"2030-01-08T11:00:00Z"`), "unprocessable: Operation 0 (add): end is there already; replace changes it."},
		{"add of no element", add("Appointment", "colour", `"valueString":"red"`), `unprocessable: Operation 0 (add): Appointment has no element "colour".`},
		{"add below what is unknown", add("Appointment.weight", "colour", `"valueString":"red"`), "unprocessable: Operation 0 (add): the path leads to an element that can have none of its own."},
		{"a value of another kind", replace("Appointment.status", `"valueInteger":1`), "unprocessable: Operation 0 (replace): status takes a valueCode."},
		{"a value of another data type", add("Appointment", "reasonCode", `"valueCoding":{"code":"x"}`), "unprocessable: Operation 0 (add): reasonCode takes a valueCodeableConcept, or its elements as parts."},
		{"a value for what has parts", add("Appointment", "participant", `"valueString":"x"`), "unprocessable: Operation 0 (add): participant takes its elements as parts."},
		{"a value for a resource", add("Appointment", "contained", `"valueString":"x"`), "unprocessable: Operation 0 (add): contained takes a resource."},
		{"parts for a primitive", replace("Appointment.status", `"part":[{"name":"x","valueCode":"y"}]`), "unprocessable: Operation 0 (replace): parts are for an element that has elements of its own."},
		{"a part that is no element", add("Appointment", "participant", `"part":[{"name":"actr","valueString":"x"}]`), `unprocessable: Operation 0 (add): Appointment.participant has no element "actr".`},
		{"a part twice", add("Appointment", "participant", `"part":[{"name":"status","valueCode":"accepted"},{"name":"status","valueCode":"declined"}]`), "unprocessable: Operation 0 (add): status is there already; replace changes it."},
		{"the whole resource", remove("Appointment"), "unprocessable: Operation 0 (delete): the path leads to the whole resource; a patch changes what is within it."},
		{"replace of the whole resource", replace("Appointment", `"resource":{"resourceType":"Appointment"}`), "unprocessable: Operation 0 (replace): the path leads to the whole resource; a patch changes what is within it."},
		{"the id", replace("Appointment.id", `"valueId":"b"`), "unprocessable: Operation 0 (replace): id is the server's to set; a patch must leave it alone."},
		{"the version", remove("Appointment.meta.versionId"), "unprocessable: Operation 0 (delete): meta.versionId is the server's to set; a patch must leave it alone."},
		{"a new time", add("Appointment.meta", "lastUpdated", `"valueInstant":"2020-01-01T00:00:00Z"`), "unprocessable: Operation 0 (add): meta.lastUpdated is the server's to set; a patch must leave it alone."},
		{"insert beyond the end", parametersOf(operationOf("insert", "Appointment.participant", "index", `"valueInteger":3`, "value", `"part":[{"name":"status","valueCode":"accepted"}]`)), "unprocessable: Operation 0 (insert): the index 3 is beyond the end of the list, which has 2."},
		{"insert into no list", parametersOf(operationOf("insert", "Appointment.status", "index", `"valueInteger":0`, "value", `"valueCode":"x"`)), "unprocessable: Operation 0 (insert): status is no list."},
		{"insert into no element", parametersOf(operationOf("insert", "Appointment.statuss", "index", `"valueInteger":0`, "value", `"valueCode":"x"`)), "unprocessable: Operation 0 (insert): Appointment has no element statuss."},
		{"insert into part of a list", parametersOf(operationOf("insert", "Appointment.participant.where(status='accepted')", "index", `"valueInteger":0`, "value", `"valueCode":"x"`)), "unprocessable: Operation 0 (insert): the path must lead to a whole list, such as Appointment.participant, and so end in a name."},
		{"insert into several lists", parametersOf(operationOf("insert", "Appointment.participant.type", "index", `"valueInteger":0`, "value", `"valueCodeableConcept":{}`)), "unprocessable: Operation 0 (insert): the path leads to 2 elements; it must lead to one, so name it by its position or a condition."},
		{"move beyond the end", parametersOf(operationOf("move", "Appointment.participant", "source", `"valueInteger":0`, "destination", `"valueInteger":2`)), "unprocessable: Operation 0 (move): there is no position 2 in the list, which has 2."},
		{"a comparison of what is no primitive", remove("Appointment.participant.where(actor = 'x')"), "unprocessable: Operation 0 (delete): a condition of the path compares what is no primitive; compare one of its elements."},
		{"a condition that is none", remove("Appointment.participant.where(status)"), "unprocessable: Operation 0 (delete): a condition of the path is neither true nor false."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { patched(t, booking, tc.patch, tc.want) })
	}
}

// TestChoices covers elements that may be of several types.
func TestChoices(t *testing.T) {
	const born, none = `{"resourceType":"Patient","deceasedBoolean":true,"active":true}`, `{"resourceType":"Patient"}`
	replace := func(path, value string) string { return parametersOf(operationOf("replace", path, "value", value)) }
	add := func(name, value string) string {
		return parametersOf(operationOf("add", "Patient", "name", `"valueString":"`+name+`"`, "value", value))
	}
	const time = `"valueDateTime":"2026-01-01"`
	tests := []struct{ name, in, patch, want string }{
		{"replace by the same type", born, replace("Patient.deceased", `"valueBoolean":false`), `{"resourceType":"Patient","deceasedBoolean":false,"active":true}`},
		{"replace by another type", born, replace("Patient.deceased", time), `{"resourceType":"Patient","active":true,"deceasedDateTime":"2026-01-01"}`},
		{"named by its type", born, replace("Patient.deceased.ofType(boolean)", `"valueBoolean":false`), `{"resourceType":"Patient","deceasedBoolean":false,"active":true}`},
		{"named by as", born, replace("Patient.deceased.as(FHIR.boolean)", `"valueBoolean":false`), `{"resourceType":"Patient","deceasedBoolean":false,"active":true}`},
		{"named as it is written", born, replace("Patient.deceasedBoolean", `"valueBoolean":false`), `{"resourceType":"Patient","deceasedBoolean":false,"active":true}`},
		{"named by another type", born, parametersOf(operationOf("delete", "Patient.deceased.ofType(dateTime)")), born},
		{"a type that it does not take", born, replace("Patient.deceased", `"valueString":"yes"`), `unprocessable: Operation 0 (replace): Patient.deceased[x] does not take a value of that type.`},
		{"add", none, add("deceased", time), `{"resourceType":"Patient","deceasedDateTime":"2026-01-01"}`},
		{"add by the name of the choice", none, add("deceased[x]", time), `{"resourceType":"Patient","deceasedDateTime":"2026-01-01"}`},
		{"add as it is written", none, add("deceasedDateTime", time), `{"resourceType":"Patient","deceasedDateTime":"2026-01-01"}`},
		{"add beside another type", born, add("deceased", time), `unprocessable: Operation 0 (add): deceasedDateTime is there already; replace changes it.`},
		{"add of a type that it does not take", none, add("deceased", `"valueString":"yes"`), `unprocessable: Operation 0 (add): Patient.deceased[x] does not take a value of that type.`},
		{"what is no choice is left alone", born, replace("Patient.active", `"valueBoolean":false`), `{"resourceType":"Patient","deceasedBoolean":true,"active":false}`},
		{"true by itself", `{"resourceType":"Patient","contact":[{"gender":"male"}],"communication":[{"preferred":false,"language":{"text":"a"}},{"preferred":true,"language":{"text":"b"}}]}`, parametersOf(operationOf("delete", "Patient.communication.where(preferred)")), `{"resourceType":"Patient","contact":[{"gender":"male"}],"communication":[{"preferred":false,"language":{"text":"a"}}]}`},
		{"not true", `{"resourceType":"Patient","communication":[{"preferred":false,"language":{"text":"a"}},{"language":{"text":"b"}}]}`, parametersOf(operationOf("delete", "Patient.communication.where(preferred.not())")), `{"resourceType":"Patient","communication":[{"language":{"text":"b"}}]}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { patched(t, tc.in, tc.patch, tc.want) })
	}
}

// TestCompanions holds that a primitive's id and extensions stay with it when
// the list that it stands in is changed.
func TestCompanions(t *testing.T) {
	person := func(given, beside string) string {
		if beside != "" {
			beside = `,"_given":` + beside
		}
		if given != "" {
			given = `,"given":` + given
		}
		return `{"resourceType":"Patient","name":[{"family":"Sample"` + given + beside + `}]}`
	}
	const x, y = `{"id":"x"}`, `{"id":"y"}`
	remove := func(at int) string {
		return parametersOf(operationOf("delete", fmt.Sprintf("Patient.name.given[%d]", at)))
	}
	insert := func(at int, value string) string {
		return parametersOf(operationOf("insert", "Patient.name.given", "index", fmt.Sprintf(`"valueInteger":%d`, at), "value", value))
	}
	move := func(from, to int) string {
		return parametersOf(operationOf("move", "Patient.name.given", "source", fmt.Sprintf(`"valueInteger":%d`, from), "destination", fmt.Sprintf(`"valueInteger":%d`, to)))
	}
	tests := []struct{ name, in, patch, want string }{
		{"delete before one", person(`["a","b"]`, `[null,`+x+`]`), remove(0), person(`["b"]`, `[`+x+`]`)},
		{"delete one", person(`["a","b"]`, `[null,`+x+`]`), remove(1), person(`["a"]`, ``)},
		{"delete one that has no value", person(`["a",null]`, `[null,`+x+`]`), remove(1), person(`["a"]`, ``)},
		{"delete the one value", person(`["a",null]`, `[null,`+x+`]`), remove(0), person(``, `[`+x+`]`)},
		{"insert before one", person(`["a","b"]`, `[null,`+x+`]`), insert(0, `"valueString":"c"`), person(`["c","a","b"]`, `[null,null,`+x+`]`)},
		{"insert one", person(`["a","b"]`, ``), insert(1, `"valueString":"c","_valueString":`+x), person(`["a","c","b"]`, `[null,`+x+`,null]`)},
		{"insert one that has no value", person(`["a"]`, ``), insert(1, `"_valueString":`+x), person(`["a",null]`, `[null,`+x+`]`)},
		{"insert the first", person(``, ``), insert(0, `"valueString":"c","_valueString":`+x), person(`["c"]`, `[`+x+`]`)},
		{"move one", person(`["a","b","c"]`, `[`+x+`,null,`+y+`]`), move(0, 2), person(`["b","c","a"]`, `[null,`+y+`,`+x+`]`)},
		{"move where the side is shorter", person(`["a","b","c"]`, `[`+x+`]`), move(0, 1), person(`["b","a","c"]`, `[null,`+x+`,null]`)},
		{"replace one", person(`["a","b"]`, `[null,`+x+`]`), parametersOf(operationOf("replace", "Patient.name.given[1]", "value", `"valueString":"c"`)), person(`["a","c"]`, ``)},
		{"replace by one", person(`["a","b"]`, ``), parametersOf(operationOf("replace", "Patient.name.given[1]", "value", `"valueString":"c","_valueString":`+x)), person(`["a","c"]`, `[null,`+x+`]`)},
		{"select by the value", person(`["a","b"]`, `[null,`+x+`]`), parametersOf(operationOf("delete", "Patient.name.given.where($this = 'b')")), person(`["a"]`, ``)},
		{"delete what stands beside", person(`["a","b"]`, `[null,`+x+`]`), parametersOf(operationOf("delete", "Patient.name.given[1].id")), person(`["a","b"]`, ``)},
		{"delete what stands beside no value", person(`["a",null]`, `[null,`+x+`]`), parametersOf(operationOf("delete", "Patient.name.given[1].id")), person(`["a"]`, ``)},
		{"add what stands beside", person(`["a","b"]`, ``), parametersOf(operationOf("add", "Patient.name.given[1]", "name", `"valueString":"id"`, "value", `"valueString":"x"`)), person(`["a","b"]`, `[null,`+x+`]`)},
		{"append", person(`["a"]`, `[`+x+`]`), parametersOf(operationOf("add", "Patient.name", "name", `"valueString":"given"`, "value", `"valueString":"b"`)), person(`["a","b"]`, `[`+x+`,null]`)},
		{"a single value that should be a list", person(`"a"`, ``), insert(1, `"valueString":"b"`), person(`["a","b"]`, ``)},
		{"a single value that should be a list, moved", person(`"a"`, x), move(0, 0), person(`["a"]`, `[`+x+`]`)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { patched(t, tc.in, tc.patch, tc.want) })
	}
}
