package r4_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

// TestValidateBodies gives Validate one fault after another. In each body, … is
// what a sound resource of the type needs.
func TestValidateBodies(t *testing.T) {
	sound := map[string]string{
		"Appointment":       `"status":"booked","start":"2025-10-25T13:30:00Z","end":"2025-10-25T14:00:00Z","participant":[{"actor":{"display":"A"},"status":"accepted"}]`,
		"Slot":              `"schedule":{"reference":"Schedule/1"},"status":"free","start":"2025-10-25T13:30:00Z","end":"2025-10-25T14:00:00Z"`,
		"Schedule":          `"actor":[{"reference":"Location/1"}]`,
		"Patient":           `"active":true`,
		"Practitioner":      `"active":true`,
		"PractitionerRole":  `"active":true`,
		"Organization":      `"name":"Trust"`,
		"Location":          `"name":"Ward"`,
		"HealthcareService": `"name":"Clinic"`,
	}
	tests := []struct {
		name, typ, body string
		want            []string
	}{
		{"nothing", "Appointment", ``, []string{"required Appointment.status", "required Appointment.participant"}},
		{"nothing of a Slot", "Slot", ``, []string{"required Slot.schedule", "required Slot.status", "required Slot.start", "required Slot.end"}},
		{"nothing of a Schedule", "Schedule", ``, []string{"required Schedule.actor"}},
		{"nothing of an Organization", "Organization", ``, []string{"invariant Organization org-1"}},
		{"nothing of a Patient", "Patient", ``, nil},
		{"only the companion of what is required", "Slot", `"schedule":{"display":"x"},"_status":{"extension":[{"url":"u","valueCode":"unknown"}]},"start":"2025-10-25T13:30:00Z","end":"2025-10-25T14:00:00Z"`, nil},

		{"an unknown element", "Appointment", `…,"myOwn":{"a":[1,null,true]},"_myOwn":7`, nil},
		{"an unknown element that is empty", "Appointment", `…,"myOwn":{"a":[{"b":""}]}`, []string{"structure Appointment.myOwn.a[0].b ele-1"}},
		{"an unknown empty object", "Appointment", `…,"myOwn":{}`, []string{"structure Appointment.myOwn ele-1"}},
		{"a list without brackets", "Patient", `"name":{"family":"X"}`, []string{"structure Patient.name"}},
		{"a family name in a list", "Patient", `"name":[{"family":["X"]}]`, []string{"structure Patient.name[0].family"}},
		{"a status in a list", "Slot", strings.Replace(sound["Slot"], `"free"`, `["free"]`, 1), []string{"structure Slot.status"}},
		{"a control character", "Appointment", `…,"comment":"a\u0000","description":"a\tb\r\n"`, []string{"value Appointment.comment"}},
		{"no character", "Appointment", `…,"comment":"a\ufffe"`, []string{"value Appointment.comment"}},
		{"a control character in an unknown element", "Appointment", `…,"myOwn":[{"a":"\u001f"}]`, []string{"value Appointment.myOwn[0].a"}},
		{"an empty list", "Appointment", `…,"slot":[]`, []string{"structure Appointment.slot ele-1"}},
		{"an empty object", "Appointment", `…,"appointmentType":{}`, []string{"structure Appointment.appointmentType ele-1"}},
		{"an empty string", "Appointment", `…,"comment":""`, []string{"structure Appointment.comment ele-1"}},
		{"a string of white space", "Appointment", `…,"comment":" \n"`, []string{"structure Appointment.comment ele-1"}},
		{"an empty element of a list", "Appointment", `…,"specialty":[{"text":"a"},{}]`, []string{"structure Appointment.specialty[1] ele-1"}},
		{"a null", "Appointment", `…,"comment":null`, []string{"structure Appointment.comment"}},
		{"a null in a list of objects", "Appointment", `…,"slot":[null]`, []string{"structure Appointment.slot[0]"}},
		{"a string where an object belongs", "Slot", strings.Replace(sound["Slot"], `{"reference":"Schedule/1"}`, `"Schedule/1"`, 1), []string{"structure Slot.schedule"}},
		{"an object where a string belongs", "Appointment", `…,"comment":{"a":"b"}`, []string{"structure Appointment.comment"}},
		{"a number where a string belongs", "Appointment", `…,"comment":1`, []string{"structure Appointment.comment"}},
		{"a string where a number belongs", "Appointment", `…,"priority":"1"`, []string{"structure Appointment.priority"}},
		{"a string where a boolean belongs", "Patient", `"active":"true"`, []string{"structure Patient.active"}},
		{"nulls beside companions", "Patient", `"name":[{"given":[null,"B"],"_given":[{"extension":[{"url":"u","valueString":"v"}]},null]}]`, nil},
		{"a null without a companion", "Patient", `"name":[{"given":[null,"B"],"_given":[null,{"id":"x"}]}]`, []string{"structure Patient.name[0].given[0]"}},
		{"companions of another number", "Patient", `"name":[{"given":["A"],"_given":[null,{"extension":[{"url":"u","valueString":"v"}]}]}]`, []string{"structure Patient.name[0]._given"}},
		{"a companion that is an empty list", "Patient", `"name":[{"_given":[]}]`, []string{"structure Patient.name[0]._given ele-1"}},
		{"a companion of nulls alone", "Patient", `"name":[{"_given":[null]}]`, []string{"structure Patient.name[0]._given[0] ele-1"}},
		{"a companion with an id alone, of nothing", "Patient", `"_birthDate":{"id":"x"}`, []string{"structure Patient._birthDate ele-1"}},
		{"a companion with an id alone, of something", "Patient", `"birthDate":"1980","_birthDate":{"id":"x"}`, nil},
		{"an element with an id alone", "Patient", `"name":[{"id":"x"}]`, []string{"structure Patient.name[0] ele-1"}},
		{"a companion that is empty", "Appointment", `…,"_comment":{}`, []string{"structure Appointment._comment ele-1"}},
		{"a companion in a list", "Appointment", `…,"_comment":[{"id":"x"}]`, []string{"structure Appointment._comment"}},
		{"a companion not in a list", "Patient", `"name":[{"_given":{"id":"x"}}]`, []string{"structure Patient.name[0]._given"}},
		{"two of a choice", "Patient", `"deceasedBoolean":true,"deceasedDateTime":"2025-01-01"`, []string{"structure Patient.deceasedDateTime"}},
		{"one of a choice", "Patient", `"deceasedDateTime":"2025-01-01"`, nil},
		{"a choice of a type it does not have", "Patient", `"deceasedString":"yes"`, nil}, // an unknown element

		{"a time without a zone", "Slot", strings.Replace(sound["Slot"], "13:30:00Z", "13:30:00", 1), []string{"value Slot.start"}},
		{"a date where an instant belongs", "Slot", strings.Replace(sound["Slot"], "2025-10-25T13:30:00Z", "2025-10-25", 1), []string{"value Slot.start"}},
		{"a day that does not exist", "Slot", strings.Replace(sound["Slot"], "2025-10-25T13:30:00Z", "2025-02-29T13:30:00Z", 1), []string{"value Slot.start"}},
		{"microseconds and an offset", "Slot", strings.Replace(sound["Slot"], "13:30:00Z", "14:30:00.123456+01:00", 1), nil},
		{"a birth date with a time", "Patient", `"birthDate":"1980-02-03T00:00:00Z"`, []string{"value Patient.birthDate"}},
		{"a birth year", "Patient", `"birthDate":"1980"`, nil},
		{"a created date", "Appointment", `…,"created":"2025-10"`, nil},
		{"a created time without seconds", "Appointment", `…,"created":"2025-10-25T14:30Z"`, []string{"value Appointment.created"}},
		{"no minutes", "Appointment", `…,"minutesDuration":0`, []string{"value Appointment.minutesDuration"}},
		{"half minutes", "Appointment", `…,"minutesDuration":7.5`, []string{"value Appointment.minutesDuration"}},
		{"priority 0", "Appointment", `…,"priority":0`, nil},
		{"priority -1", "Appointment", `…,"priority":-1`, []string{"value Appointment.priority"}},
		{"priority past 32 bits", "Appointment", `…,"priority":2147483648`, []string{"value Appointment.priority"}},
		{"a code with a space at its end", "Appointment", `…,"specialty":[{"coding":[{"code":"a "}]}]`, []string{"value Appointment.specialty[0].coding[0].code"}},
		{"a system with a space", "Appointment", `…,"identifier":[{"system":"http://a b","value":"1"}]`, []string{"value Appointment.identifier[0].system"}},
		{"an opening time", "Location", `"name":"W","hoursOfOperation":[{"daysOfWeek":["mon"],"openingTime":"08:00:00","closingTime":"8:00"}]`, []string{"value Location.hoursOfOperation[0].closingTime"}},
		{"bad base64", "Patient", `"photo":[{"contentType":"image/png","data":"a$"}]`, []string{"value Patient.photo[0].data"}},

		{"a status of no list", "Appointment", strings.Replace(sound["Appointment"], "booked", "BOOKED", 1), []string{"code-invalid Appointment.status"}},
		{"a participant's status", "Appointment", strings.Replace(sound["Appointment"], "accepted", "yes", 1), []string{"code-invalid Appointment.participant[0].status"}},
		{"a participant without status", "Appointment", strings.Replace(sound["Appointment"], `,"status":"accepted"`, "", 1), []string{"required Appointment.participant[0].status"}},
		{"required", "Appointment", strings.Replace(sound["Appointment"], `"status":"accepted"`, `"status":"accepted","required":"true"`, 1), []string{"code-invalid Appointment.participant[0].required"}},
		{"a slot's status", "Slot", strings.Replace(sound["Slot"], "free", "booked", 1), []string{"code-invalid Slot.status"}},
		{"a gender", "Patient", `"gender":"F"`, []string{"code-invalid Patient.gender"}},
		{"a name's use", "Patient", `"name":[{"use":"legal"}]`, []string{"code-invalid Patient.name[0].use"}},
		{"a telecom's system", "Patient", `"telecom":[{"system":"mobile","value":"1"}]`, []string{"code-invalid Patient.telecom[0].system"}},
		{"a day of the week", "HealthcareService", `"availableTime":[{"daysOfWeek":["mon","Tue"]}]`, []string{"code-invalid HealthcareService.availableTime[0].daysOfWeek[1]"}},
		{"a code of an open list", "Appointment", `…,"specialty":[{"coding":[{"system":"http://x","code":"anything"}]}]`, nil},

		{"an end before the start", "Appointment", strings.Replace(sound["Appointment"], "T14:00:00Z", "T14:00:00+01:00", 1), []string{"business-rule Appointment.end"}},
		{"an end at the start", "Slot", strings.Replace(sound["Slot"], "14:00:00Z", "13:30:00Z", 1), nil},
		{"a slot that ends before it starts", "Slot", strings.Replace(sound["Slot"], "14:00:00Z", "13:29:59Z", 1), []string{"business-rule Slot.end"}},
		{"a period that ends before it starts", "Schedule", `…,"planningHorizon":{"start":"2025-10-02","end":"2025-10"}`, nil},
		{"a period that ends a month before", "Schedule", `…,"planningHorizon":{"start":"2025-10-02","end":"2025-08"}`, []string{"invariant Schedule.planningHorizon.end per-1"}},
		{"noshow with a reason", "Appointment", strings.Replace(sound["Appointment"], "booked", "noshow", 1) + `,"cancelationReason":{"text":"x"}`, nil},
		{"a home address of a trust", "Organization", `…,"address":[{"use":"home"}],"telecom":[{"system":"phone","use":"home"}]`, []string{"invariant Organization.address org-2", "invariant Organization.telecom org-3"}},
		{"a contact that is nobody", "Patient", `"contact":[{"gender":"male"}]`, []string{"invariant Patient.contact[0] pat-1"}},
		{"a number of no system", "Patient", `"telecom":[{"value":"1"}]`, []string{"warning invariant Patient.telecom[0] cpt-2"}},

		{"an extension without url", "Patient", `"extension":[{"valueString":"x"}]`, []string{"required Patient.extension[0].url"}},
		{"an extension that says nothing", "Patient", `"extension":[{"url":"u"}]`, []string{"invariant Patient.extension[0] ext-1"}},
		{"an extension that says it twice", "Patient", `"extension":[{"url":"u","valueString":"x","extension":[{"url":"v","valueCode":"y"}]}]`, []string{"invariant Patient.extension[0] ext-1"}},
		{"an extension of two values", "Patient", `"extension":[{"url":"u","valueString":"x","valueCode":"y"}]`, []string{"structure Patient.extension[0].valueCode"}},
		{"an extension of the wrong form", "Patient", `"extension":[{"url":"u","valueInstant":"2025"}]`, []string{"value Patient.extension[0].valueInstant"}},
		{"an extension of a type not known", "Patient", `"extension":[{"url":"u","valueMoney":{"value":1}}]`, nil},
		{"an extension on a primitive", "Patient", `"_birthDate":{"extension":[{"valueString":"x"}]}`, []string{"required Patient._birthDate.extension[0].url"}},

		{"an extension of a quantity", "Patient", `"extension":[{"url":"u","valueQuantity":{"value":1.50,"comparator":"<","unit":"kg"}},{"url":"u","valueMoney":{"value":1}},{"url":"u","valueTiming":{"repeat":{"frequency":1}}}]`, nil},
		{"faults of a quantity", "Patient", `"extension":[{"url":"u","valueQuantity":{"value":"1","comparator":"~","code":"kg"}}]`, []string{"structure Patient.extension[0].valueQuantity.value", "code-invalid Patient.extension[0].valueQuantity.comparator", "invariant Patient.extension[0].valueQuantity.code qty-3"}},
		{"half a ratio", "Patient", `"extension":[{"url":"u","valueRatio":{"numerator":{"value":1}}}]`, []string{"invariant Patient.extension[0].valueRatio rat-1"}},
		{"an annotation without text", "Patient", `"extension":[{"url":"u","valueAnnotation":{"authorString":"x"}}]`, []string{"required Patient.extension[0].valueAnnotation.text"}},
		{"an empty timing", "Patient", `"extension":[{"url":"u","valueTiming":{"repeat":{}}}]`, []string{"structure Patient.extension[0].valueTiming.repeat ele-1"}},
		{"a photo of no type", "Patient", `"photo":[{"data":"AAAA"}]`, []string{"invariant Patient.photo[0].data att-1"}},
		{"an OID", "Patient", `"extension":[{"url":"u","valueOid":"urn:oid:2.16.840"},{"url":"u","valueOid":"urn:oid:2.016"},{"url":"u","valueOid":"urn:oid:x"}]`, []string{"value Patient.extension[1].valueOid", "value Patient.extension[2].valueOid"}},
		{"a UUID", "Patient", `"extension":[{"url":"u","valueUuid":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},{"url":"u","valueUuid":"urn:uuid:c757873d-ec9a-4326-a141-556f4323952x"}]`, []string{"value Patient.extension[1].valueUuid"}},

		{"a narrative", "Patient", `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>A&nbsp;<b>B</b><br/></p></div>"}`, nil},
		{"a narrative without status", "Patient", `"text":{"div":"<div>A</div>"}`, []string{"required Patient.text.status"}},
		{"a narrative that is no XHTML", "Patient", `"text":{"status":"generated","div":"<div><p>A</div>"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative of plain text", "Patient", `"text":{"status":"generated","div":"A"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative of two divs", "Patient", `"text":{"status":"generated","div":"<div>A</div><div>B</div>"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative with a script", "Patient", `"text":{"status":"generated","div":"<div>A<script>x()</script></div>"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative with a handler", "Patient", `"text":{"status":"generated","div":"<div><p onclick=\"x()\">A</p></div>"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative with a script in a link", "Patient", `"text":{"status":"generated","div":"<div><a href=\" JavaScript:x()\">A</a></div>"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative with a document type", "Patient", `"text":{"status":"generated","div":"<!DOCTYPE div [<!ENTITY a \"b\">]><div>&a;</div>"}`, []string{"invariant Patient.text.div txt-1"}},
		{"a narrative of blanks", "Patient", `"text":{"status":"generated","div":"<div> <p/> </div>"}`, []string{"invariant Patient.text.div txt-2"}},
		{"a narrative of an image", "Patient", `"text":{"status":"generated","div":"<div><img src=\"#i\" alt=\"\"/></div>"}`, nil},

		{"a relative reference", "Appointment", `…,"slot":[{"reference":"Slot/a/_history/2"}]`, nil},
		{"an absolute one", "Appointment", `…,"slot":[{"reference":"https://other.example/fhir/Slot/1"},{"reference":"urn:uuid:1d3a1f2e-0000-4000-8000-000000000000"}]`, nil},
		{"a reference that is a sentence", "Appointment", `…,"slot":[{"reference":"the first slot"}]`, []string{"value Appointment.slot[0].reference"}},
		{"a reference with a bad id", "Appointment", `…,"slot":[{"reference":"Slot/a_b"}]`, []string{"value Appointment.slot[0].reference"}},
		{"a reference to the wrong type", "Appointment", `…,"slot":[{"reference":"Schedule/1"}]`, []string{"value Appointment.slot[0].reference"}},
		{"a reference to anything", "Appointment", `…,"supportingInformation":[{"reference":"Binary/1"}]`, nil},
		{"a contained resource that is not there", "Appointment", `…,"slot":[{"reference":"#s"}]`, []string{"invariant Appointment.slot[0].reference ref-1"}},
		{"the holder, from outside", "Appointment", `…,"slot":[{"reference":"#"}]`, []string{"value Appointment.slot[0].reference"}},
		{"a reference that is empty", "Appointment", `…,"slot":[{"reference":""}]`, []string{"structure Appointment.slot[0].reference ele-1"}},

		{
			"contained resources", "Appointment",
			`…,"contained":[{"resourceType":"Slot","id":"s",` + sound["Slot"] + `},{"resourceType":"DocumentReference","id":"d","indexed":"x"}],"slot":[{"reference":"#s"}],"supportingInformation":[{"reference":"#d"}]`, nil,
		},
		{
			"faults in contained resources", "Appointment",
			`…,"contained":[{"resourceType":"Slot","id":"s","status":"free"},{"resourceType":"DocumentReference","id":"d","content":[]}],"slot":[{"reference":"#s"}],"supportingInformation":[{"reference":"#d"}]`,
			[]string{"required Appointment.contained[0].schedule", "required Appointment.contained[0].start", "required Appointment.contained[0].end", "structure Appointment.contained[1].content ele-1"},
		},
		{
			"a contained resource of the wrong type", "Appointment",
			`…,"contained":[{"resourceType":"Patient","id":"p","active":true}],"slot":[{"reference":"#p"}]`,
			[]string{"value Appointment.slot[0].reference"},
		},
		{
			"a contained resource without type", "Appointment", `…,"contained":[{"id":"p","active":true}],"slot":[{"reference":"#p"}]`,
			[]string{"required Appointment.contained[0].resourceType"},
		},
		{"one contained in one contained", "Patient", `"contained":[{"resourceType":"Patient","id":"a","contained":[{"resourceType":"Patient","id":"b","active":true}]}],"link":[{"other":{"reference":"#a"},"type":"refer"}]`, []string{"invariant Patient.contained[0].contained dom-3", "invariant Patient.contained dom-2"}},
		{"a contained resource nobody refers to", "Patient", `"contained":[{"resourceType":"Patient","id":"a","active":true}]`, []string{"invariant Patient.contained dom-3"}},
		{"a contained resource that refers to its holder", "Patient", `"contained":[{"resourceType":"Patient","id":"a","link":[{"other":{"reference":"#"},"type":"refer"}]}]`, nil},
		{"a contained resource with a version", "Patient", `"contained":[{"resourceType":"Patient","id":"a","meta":{"versionId":"1","security":[{"code":"x"}]}}],"link":[{"other":{"reference":"#a"},"type":"refer"}]`, []string{"invariant Patient.contained dom-4", "invariant Patient.contained dom-5"}},
		{"a contained resource named by a URI", "Patient", `"contained":[{"resourceType":"Patient","id":"a","active":true}],"extension":[{"url":"u","valueUri":"#a"}]`, nil},
		{"a contained resource without id", "Patient", `"contained":[{"resourceType":"Patient","active":true}]`, []string{"invariant Patient.contained dom-3"}},
		{"two contained resources of one id", "Patient", `"contained":[{"resourceType":"Patient","id":"a","active":true},{"resourceType":"Patient","id":"a","active":true}],"link":[{"other":{"reference":"#a"},"type":"refer"}]`, []string{"structure Patient.contained[1].id"}},
		{"another type", "Binary", `"status":1,"a":{}`, []string{"structure Binary.a ele-1"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			body := strings.TrimPrefix(strings.Replace(tc.body, "…", sound[tc.typ], 1), ",")
			if body != "" {
				body = "," + body
			}
			got := broken(r4.Validate(fhirtest.Parse(t, `{"resourceType":"`+tc.typ+`"`+body+`}`)))
			if diff := cmp.Diff(append([]string{}, tc.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for typ, body := range sound {
		if issues := r4.Validate(fhirtest.Parse(t, `{"resourceType":"`+typ+`",`+body+`}`)); len(issues) > 0 {
			t.Errorf("%s is not sound: %+v", typ, issues)
		}
	}
}
