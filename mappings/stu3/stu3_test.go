package stu3_test

import (
	"errors"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/mappings/stu3"
)

// TestIn shows what each difference looks like in R4.
func TestIn(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing to do", `{"resourceType":"Slot" , "status":"free"}`, `{"resourceType":"Slot" , "status":"free"}`},
		{"a type without rows", `{"resourceType":"Practitioner","reason":1}`, `{"resourceType":"Practitioner","reason":1}`},
		{
			"renamed in its place", `{"resourceType":"Appointment","reason":[{"text":"a"}],"indication":[{"reference":"Condition/1"}],"x":1}`,
			`{"resourceType":"Appointment","reasonCode":[{"text":"a"}],"reasonReference":[{"reference":"Condition/1"}],"x":1}`,
		},
		{
			"a referral", `{"resourceType":"Appointment","incomingReferral":[{"reference":"ReferralRequest/r","display":"d"},{"reference":"https://a/ReferralRequest/r"},{"reference":"#r"}]}`,
			`{"resourceType":"Appointment","basedOn":[{"reference":"ServiceRequest/r","display":"d"},{"reference":"https://a/ReferralRequest/r"},{"reference":"#r"}]}`,
		},
		{"one of what repeats", `{"resourceType":"Slot","serviceCategory":{"text":"a"}}`, `{"resourceType":"Slot","serviceCategory":[{"text":"a"}]}`},
		{
			"a service's programmes", `{"resourceType":"HealthcareService","programName":["a","b"],"eligibility":{"text":"c"}}`,
			`{"resourceType":"HealthcareService","program":[{"text":"a"},{"text":"b"}],"eligibility":[{"code":{"text":"c"}}]}`,
		},
		{
			"what R4 does not have", `{"resourceType":"HealthcareService","eligibilityNote":"n","name":"x","extension":[{"url":"u","valueCode":"c"}]}`,
			`{"resourceType":"HealthcareService","name":"x","extension":[{"url":"u","valueCode":"c"},{"id":"after.resourceType","url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-HealthcareService.eligibilityNote","valueString":"n"}]}`,
		},
		{
			"an animal", `{"animal":{"species":{"text":"s"},"id":"i"},"resourceType":"Patient"}`,
			`{"resourceType":"Patient","extension":[{"id":"first","url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.animal","extension":[{"url":"species","valueCodeableConcept":{"text":"s"}},{"url":"id","valueString":"i"}]}]}`,
		},
		{
			"contained", `{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","class":{"text":"a"},"indexed":"2025","_indexed":{"id":"i"},"context":{"encounter":{"reference":"Encounter/1"}}},{"resourceType":"Slot","reason":1}],"y":2}`,
			`{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","category":[{"text":"a"}],"date":"2025","_date":{"id":"i"},"context":{"encounter":[{"reference":"Encounter/1"}]}},{"resourceType":"Slot","reason":1}],"y":2}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := stu3.In(fhirtest.Parse(t, tc.in))
			if err != nil || string(got.Raw()) != tc.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), tc.want)
			}
		})
	}
}

func TestInRefuses(t *testing.T) {
	tests := []struct{ name, in, where string }{
		{"a name of R4's", `{"resourceType":"Appointment","reasonCode":[{"text":"a"}]}`, "Appointment.reasonCode"},
		{"a companion's name of R4's", `{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","_date":{}}]}`, "Appointment.contained._date"},
		{"a list of what is one", `{"resourceType":"Slot","serviceCategory":[{"text":"a"}]}`, "Slot.serviceCategory"},
		{"a service request", `{"resourceType":"Appointment","incomingReferral":[{"reference":"ServiceRequest/1"}]}`, "Appointment.incomingReferral"},
		{"a programme that is no string", `{"resourceType":"HealthcareService","programName":[{"text":"a"}]}`, "HealthcareService.programName"},
		{"an unknown part of an animal", `{"resourceType":"Patient","animal":{"colour":"x"}}`, "Patient.animal"},
		{"an animal that is no object", `{"resourceType":"Patient","animal":"x"}`, "Patient.animal"},
		{"an extension for what R4 does not have", `{"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.animal","extension":[{"url":"id","valueString":"i"}]}]}`, "Patient.extension"},
		{"an empty extension", `{"resourceType":"Patient","animal":{"id":"i"},"extension":[]}`, "Patient.extension"},
		{"a related document that is none", `{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","context":{"related":[{}]}}]}`, "Appointment.contained.context.related"},
		{"one with both", `{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","context":{"related":[{"ref":{"reference":"a"},"identifier":{"value":"b"}}]}}]}`, "Appointment.contained.context.related"},
		{"one that would be taken for another", `{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","context":{"related":[{"ref":{"identifier":{"value":"b"}}}]}}]}`, "Appointment.contained.context.related"},
		{"an element of another type that R4 does not have", `{"resourceType":"Appointment","contained":[{"resourceType":"Condition","assertedDate":"2029"}]}`, "Appointment.contained.assertedDate"},
		{"one that R4 has in another form", `{"resourceType":"Appointment","contained":[{"resourceType":"Slot"},{"resourceType":"Condition","clinicalStatus":"active"}]}`, "Appointment.contained.clinicalStatus"},
		{"its companion", `{"resourceType":"Appointment","contained":[{"resourceType":"Condition","_clinicalStatus":{"id":"i"}}]}`, "Appointment.contained._clinicalStatus"},
		{"one within a part", `{"resourceType":"Appointment","contained":[{"resourceType":"Claim","item":[{"prosthesis":1},{"careTeamLinkId":[1]}]}]}`, "Appointment.contained.item.careTeamLinkId"},
		{"two of what is one", `{"resourceType":"Slot","extension":[{"url":"u","valueSignature":{"whoUri":"a","whoReference":{"reference":"b"}}}]}`, "Slot.extension.valueSignature.whoReference"},
		{"somebody who would be taken for a URI", `{"resourceType":"Slot","extension":[{"url":"u","valueSignature":{"whoReference":{"identifier":{"value":"a"}}}}]}`, "Slot.extension.valueSignature.whoReference"},
		{"extensions of what becomes a concept", `{"resourceType":"HealthcareService","programName":["a"],"_programName":[{"id":"i"}]}`, "HealthcareService._programName"},
		{"a currency by R4's name", `{"resourceType":"Slot","extension":[{"url":"u","valueMoney":{"currency":"GBP"}}]}`, "Slot.extension.valueMoney.currency"},
		{"a contained type that R4 does not have", `{"resourceType":"Appointment","contained":[{"resourceType":"Slot"},{"resourceType":"ReferralRequest"}]}`, "Appointment.contained"},
		{"an escaped name", `{"resourceType":"Appointment","\u0072eason":[]}`, "Appointment.reason"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := stu3.In(fhirtest.Parse(t, tc.in))
			e, ok := errors.AsType[*fhir.Error](err)
			if !ok || e.Kind != fhir.Unprocessable || e.Where != tc.where || !got.IsZero() {
				t.Fatalf("got %s, %v, want unprocessable at %s", got.Raw(), err, tc.where)
			}
			if !strings.Contains(e.Text, tc.where) {
				t.Errorf("the text does not name the element: %s", e.Text)
			}
		})
	}
}

// TestOutAfterChanges proves that what was carried survives changes made to the
// R4 resource in between, as a message makes them.
func TestOutAfterChanges(t *testing.T) {
	tests := []struct {
		name, in string
		change   fhir.Change
		want     string
	}{
		{
			"the one before is gone", `{"resourceType":"Patient","name":[{"text":"a"}],"animal":{"id":"i"},"active":true}`,
			fhir.Change{Path: fhir.MustPath("name"), Op: fhir.Remove},
			`{"resourceType":"Patient","active":true,"animal":{"id":"i"}}`,
		},
		{
			"an extension is added", `{"resourceType":"Patient","animal":{"id":"i"}}`,
			fhir.Change{Path: fhir.MustPath("extension.where(url=u)"), Op: fhir.Set, Value: []byte(`{"url":"u","valueCode":"c"}`)},
			`{"resourceType":"Patient","animal":{"id":"i"},"extension":[{"url":"u","valueCode":"c"}]}`,
		},
		{
			"a second category", `{"resourceType":"Slot","serviceCategory":{"text":"a"}}`,
			fhir.Change{Path: fhir.MustPath("serviceCategory[1]"), Op: fhir.Set, Value: []byte(`{"text":"b"}`)},
			`{"resourceType":"Slot","serviceCategory":[{"text":"a"},{"text":"b"}]}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := stu3.In(fhirtest.Parse(t, tc.in))
			if err == nil {
				r, err = r.Apply(tc.change)
			}
			if err == nil {
				r, err = stu3.Out(r)
			}
			if err != nil || string(r.Raw()) != tc.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, r.Raw(), tc.want)
			}
		})
	}
}

// TestOutOfR4 gives Out what R4 writers wrote.
func TestOutOfR4(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"renamed", `{"resourceType":"Appointment","reasonCode":[{"text":"a"}],"basedOn":[{"reference":"ServiceRequest/1"}]}`, `{"resourceType":"Appointment","reason":[{"text":"a"}],"incomingReferral":[{"reference":"ReferralRequest/1"}]}`},
		{"no form in STU3", `{"resourceType":"HealthcareService","program":[{"coding":[{"code":"x"}]}],"category":[{},{}]}`, `{"resourceType":"HealthcareService","program":[{"coding":[{"code":"x"}]}],"category":[{},{}]}`},
		{"both names", `{"resourceType":"Appointment","reasonCode":[{"text":"a"}],"reason":1}`, `{"resourceType":"Appointment","reasonCode":[{"text":"a"}],"reason":1}`},
		{
			"another's extension, without a place", `{"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.animal","extension":[{"url":"breed","valueCodeableConcept":{"text":"b"}}]}],"active":true}`,
			`{"resourceType":"Patient","active":true,"animal":{"breed":{"text":"b"}}}`,
		},
		{
			"an extension we do not know", `{"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.other","valueCode":"c"}]}`,
			`{"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.other","valueCode":"c"}]}`,
		},
		{"a contained type that STU3 does not have", `{"resourceType":"Appointment","contained":[{"resourceType":"ServiceRequest","id":"r"}]}`, `{"resourceType":"Appointment","contained":[{"resourceType":"ServiceRequest","id":"r"}]}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := stu3.Out(fhirtest.Parse(t, tc.in))
			if err != nil || string(got.Raw()) != tc.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), tc.want)
			}
		})
	}
}
