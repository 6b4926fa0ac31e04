package stu3_test

import (
	"strings"
	"testing"

	"slotway/fhir/fhirtest"
	"slotway/mappings/stu3"
)

// TestShow has a case for each row of Losses, and for what holds everywhere.
func TestShow(t *testing.T) {
	tests := []struct{ path, in, want string }{
		{"Appointment.status", `{"resourceType":"Appointment","status":"checked-in"}`, `{"resourceType":"Appointment","status":"arrived"}`},
		{"Appointment.status", `{"resourceType":"Appointment","status":"waitlist"}`, `{"resourceType":"Appointment","status":"proposed"}`},
		{"Appointment.status", `{"resourceType":"Appointment","start":"2025-10-25T13:30:00Z","status":"waitlist"}`, `{"resourceType":"Appointment","start":"2025-10-25T13:30:00Z","status":"pending"}`},
		{"Appointment.status", `{"resourceType":"Appointment","status":"booked"}`, `{"resourceType":"Appointment","status":"booked"}`},
		{"Appointment.serviceCategory", `{"resourceType":"Appointment","serviceCategory":[{"text":"a"},{"text":"b"}]}`, `{"resourceType":"Appointment","serviceCategory":{"text":"a"}}`},
		{
			"Appointment.cancelationReason", `{"resourceType":"Appointment","cancelationReason":{"coding":[{"code":"c"},{"display":"Patient"}]},"x":1}`,
			`{"resourceType":"Appointment","x":1,"extension":[{"url":"https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-AppointmentCancellationReason-1","valueString":"Patient"}]}`,
		},
		{"Appointment.cancelationReason", `{"resourceType":"Appointment","cancelationReason":{"text":"t"},"extension":[{"url":"https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-AppointmentCancellationReason-1","valueString":"sent"}]}`, `{"resourceType":"Appointment","extension":[{"url":"https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-AppointmentCancellationReason-1","valueString":"sent"}]}`},
		{"Appointment.cancelationReason", `{"resourceType":"Appointment","cancelationReason":{"id":"i"},"x":1}`, `{"resourceType":"Appointment","x":1}`},
		{
			"Appointment.patientInstruction", `{"resourceType":"Appointment","extension":[{"url":"u","valueCode":"c"}],"patientInstruction":"No \"food\"."}`,
			`{"resourceType":"Appointment","extension":[{"url":"u","valueCode":"c"},{"url":"http://hl7.org/fhir/4.0/StructureDefinition/extension-Appointment.patientInstruction","valueString":"No \"food\"."}]}`,
		},
		{
			"Appointment.indication", `{"resourceType":"Appointment","reasonReference":[{"reference":"Observation/1"},{"reference":"Condition/1","type":"Condition"},{"reference":"ImmunizationRecommendation/1"}]}`,
			`{"resourceType":"Appointment","indication":[{"reference":"Condition/1"}]}`,
		},
		{"Appointment.indication", `{"resourceType":"Appointment","reasonReference":[{"reference":"Observation/1"}]}`, `{"resourceType":"Appointment"}`},
		{"Appointment.indication", `{"resourceType":"Appointment","reasonReference":[{"reference":"Procedure/1"}]}`, `{"resourceType":"Appointment","indication":[{"reference":"Procedure/1"}]}`},
		{
			"Appointment.participant.period", `{"resourceType":"Appointment","participant":[{"status":"accepted","period":{"start":"2025"}},{"status":"declined"}]}`,
			`{"resourceType":"Appointment","participant":[{"status":"accepted"},{"status":"declined"}]}`,
		},
		{"Slot.serviceCategory", `{"resourceType":"Slot","serviceCategory":[{"text":"a"},{"text":"b"}]}`, `{"resourceType":"Slot","serviceCategory":{"text":"a"}}`},
		{"Schedule.serviceCategory", `{"resourceType":"Schedule","serviceCategory":[{"text":"a"},{"text":"b"}]}`, `{"resourceType":"Schedule","serviceCategory":{"text":"a"}}`},
		{"Location.type", `{"resourceType":"Location","type":[{"text":"a"},{"text":"b"}]}`, `{"resourceType":"Location","type":{"text":"a"}}`},
		{"Appointment.indication", `{"resourceType":"Appointment","contained":[{"resourceType":"Observation","id":"o"}],"reasonReference":[{"reference":"#o"},{"reference":"https://a/fhir/Observation/1/_history/2"},{"type":"Observation","display":"d"},{"reference":"Condition/1"}]}`, `{"resourceType":"Appointment","contained":[{"resourceType":"Observation","id":"o"}],"indication":[{"reference":"Condition/1"}]}`},
		{
			"Appointment.participant.actor", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"PractitionerRole/r","display":"Dr Who"}},{"actor":{"reference":"https://a/PractitionerRole/r"}},{"actor":{"type":"PractitionerRole","identifier":{"value":"v"}}},{"actor":{"reference":"Practitioner/p"}}]}`,
			`{"resourceType":"Appointment","participant":[{"actor":{"display":"Dr Who"}},{"actor":{"display":"https://a/PractitionerRole/r"}},{"actor":{"identifier":{"value":"v"}}},{"actor":{"reference":"Practitioner/p"}}]}`,
		},
		{
			"Appointment.participant.actor", `{"resourceType":"Appointment","contained":[{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/p","type":"Practitioner"}}],"participant":[{"status":"accepted","actor":{"reference":"#r"}}]}`,
			`{"resourceType":"Appointment","contained":[{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/p"}}],"participant":[{"status":"accepted","actor":{"reference":"Practitioner/p"}}]}`,
		},
		{
			"Reference.reference", `{"resourceType":"Appointment","contained":[{"resourceType":"ServiceRequest","id":"s"},{"resourceType":"Slot","id":"t"}],"basedOn":[{"reference":"#s"},{"reference":"#t"}],"supportingInformation":[{"reference":"#s","display":"d"}]}`,
			`{"resourceType":"Appointment","contained":[{"resourceType":"Slot","id":"t"}],"incomingReferral":[{"display":"ServiceRequest"},{"reference":"#t"}],"supportingInformation":[{"display":"d"}]}`,
		},
		{"contained", `{"resourceType":"Appointment","contained":[{"resourceType":"ServiceRequest","id":"s"}],"status":"booked"}`, `{"resourceType":"Appointment","status":"booked"}`},
		{"another form", `{"resourceType":"Appointment","contained":[{"resourceType":"Condition","clinicalStatus":{"text":"a"},"code":{"text":"b"}},{"resourceType":"Device","version":[{"value":"1"}]}]}`, `{"resourceType":"Appointment","contained":[{"resourceType":"Condition","code":{"text":"b"}},{"resourceType":"Device"}]}`},
		{"Identifier.use", `{"resourceType":"Patient","identifier":[{"use":"old","value":"1"},{"use":"usual"},{"use":"old"}],"name":[{"use":"old"}]}`, `{"resourceType":"Patient","identifier":[{"value":"1"},{"use":"usual"}],"name":[{"use":"old"}]}`},
		{"Address.use", `{"resourceType":"Patient","address":[{"use":"billing","text":"a"},{"use":"home"}]}`, `{"resourceType":"Patient","address":[{"text":"a"},{"use":"home"}]}`},
		{"Location.hoursOfOperation", `{"resourceType":"Location","hoursOfOperation":[{"allDay":true}],"name":"n"}`, `{"resourceType":"Location","name":"n"}`},
		{"Location.availabilityExceptions", `{"resourceType":"Location","availabilityExceptions":"x","name":"n"}`, `{"resourceType":"Location","name":"n"}`},
		{"HealthcareService.category", `{"resourceType":"HealthcareService","category":[{"text":"a"},{"text":"b"}]}`, `{"resourceType":"HealthcareService","category":{"text":"a"}}`},
		{
			"HealthcareService.eligibility", `{"resourceType":"HealthcareService","eligibility":[{"code":{"text":"a"},"comment":"b"},{"comment":"c"}],"x":1}`,
			`{"resourceType":"HealthcareService","eligibility":{"text":"a"},"eligibilityNote":"b","x":1}`,
		},
		{"HealthcareService.eligibility", `{"resourceType":"HealthcareService","eligibility":[{"comment":"b"}],"x":1}`, `{"resourceType":"HealthcareService","eligibilityNote":"b","x":1}`},
		{
			"HealthcareService.program", `{"resourceType":"HealthcareService","program":[{"text":"a"},{"coding":[{"code":"b"}]},{"id":"x"}]}`,
			`{"resourceType":"HealthcareService","programName":["a","b"]}`,
		},
		{"HealthcareService.communication", `{"resourceType":"HealthcareService","communication":[{"text":"cy"}],"x":1}`, `{"resourceType":"HealthcareService","x":1}`},
		{
			"DocumentReference.category", `{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","category":[{"text":"a"},{"text":"b"}]}]}`,
			`{"resourceType":"Appointment","contained":[{"resourceType":"DocumentReference","class":{"text":"a"}}]}`,
		},

		{
			"meta.source", `{"resourceType":"Slot","meta":{"source":"#m1","versionId":"1"},"contained":[{"resourceType":"Patient","meta":{"source":"x"},"source":1}]}`,
			`{"resourceType":"Slot","meta":{"versionId":"1"},"contained":[{"resourceType":"Patient","source":1}]}`,
		},
		{
			"Reference.type",
			`{"resourceType":"Appointment","participant":[{"actor":{"type":"Location","display":"d"}},{"actor":{"reference":"Patient/1","type":"Patient","identifier":{"type":{"text":"t"},"value":"v"}}}],"address":{"type":"postal","text":"t"},"x":[{"type":"z"}]}`,
			`{"resourceType":"Appointment","participant":[{"actor":{"display":"d"}},{"actor":{"reference":"Patient/1","identifier":{"type":{"text":"t"},"value":"v"}}}],"address":{"type":"postal","text":"t"},"x":[{"type":"z"}]}`,
		},
		{
			"Extension.valueCanonical", `{"resourceType":"Slot","extension":[{"url":"u","valueExpression":{"language":"text/cql"}},{"url":"v","valueCanonical":"a"},{"url":"w","valueMoney":{"value":1,"currency":"GBP"}}]}`,
			`{"resourceType":"Slot","extension":[{"url":"v","valueUri":"a"},{"url":"w","valueMoney":{"value":1,"code":"GBP"}}]}`,
		},
		{"Extension.valueUuid", `{"resourceType":"Slot","extension":[{"url":"u","valueUsageContext":{"code":{"code":"c"}}}],"meta":{"source":"s"}}`, `{"resourceType":"Slot"}`},
		{
			"Extension.valueUrl", `{"resourceType":"Appointment","extension":[{"url":"u","valueUrl":"http://a?b=c"},{"url":"v","extension":[{"url":"w","valueCanonical":"d"}]}],"_end":{"extension":[{"url":"x","valueUuid":"urn:uuid:e"}]},"valueUrl":"f"}`,
			`{"resourceType":"Appointment","extension":[{"url":"u","valueUri":"http://a?b=c"},{"url":"v","extension":[{"url":"w","valueUri":"d"}]}],"_end":{"extension":[{"url":"x","valueUri":"urn:uuid:e"}]},"valueUrl":"f"}`,
		},
	}
	shown := map[string]bool{}
	for _, tc := range tests {
		t.Run(tc.path, func(t *testing.T) {
			got, err := stu3.Show(fhirtest.Parse(t, tc.in))
			if err != nil || string(got.Raw()) != tc.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), tc.want)
			}
		})
		shown[tc.path] = true
	}
	for _, loss := range stu3.Losses() {
		if !shown[loss.Type+"."+loss.Element] || loss.Doc == "" {
			t.Errorf("no case shows %s.%s", loss.Type, loss.Element)
		}
	}
}

// TestShowOfTheSample shows the owner's sample, which an R4 feed wrote.
func TestShowOfTheSample(t *testing.T) {
	r := fhirtest.Example(t, "R4/Appointment/seed-002.json")
	got, err := stu3.Show(r)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(`"valueUrl"`, `"valueUri"`, `"type": "Location", `, ``).Replace(string(r.Raw()))
	if diff := fhirtest.Diff(t, []byte(want), got.Raw()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
