package careconnect_test

import (
	"errors"
	"testing"

	"slotway/fhir"
	"slotway/fhir/careconnect"
)

// TestShow: NHS booking standard, requirements 44 to 47.
func TestShow(t *testing.T) {
	bases := []string{"https://facade.example.test/R4"}
	const care = `"meta":{"profile":["https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-`
	tests := []struct{ name, service, in, want string }{
		{
			"a slot in another zone, without identifier and with an absolute reference", "",
			`{"resourceType":"Slot","id":"s","meta":{"versionId":"3","profile":["x"]},"schedule":{"reference":"https://facade.example.test/R4/Schedule/d"},"status":"free","start":"2030-07-08T10:00:00.000+01:00","end":"2030-07-08T10:15:00.500+01:00"}`,
			`{"resourceType":"Slot","id":"s","meta":{"versionId":"3","profile":["https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Slot-1"]},"schedule":{"reference":"Schedule/d"},"status":"free","start":"2030-07-08T09:00:00Z","end":"2030-07-08T09:15:00.500Z","identifier":[{"system":"https://tools.ietf.org/html/rfc4122","value":"a89031c7-748f-8be5-afe9-1fe5ffb05ce4"}]}`,
		},
		{
			"a slot with two identifiers", "",
			`{"resourceType":"Slot","id":"s","identifier":[{"system":"x","value":"1"},{"system":"https://tools.ietf.org/html/rfc4122","value":"2"}],"schedule":{"reference":"Schedule/d"},"status":"busy","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`,
			`{"resourceType":"Slot","id":"s","identifier":[{"system":"https://tools.ietf.org/html/rfc4122","value":"2"}],"schedule":{"reference":"Schedule/d"},"status":"busy","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z",` + care + `Slot-1"]}}`,
		},
		{
			"a shared schedule, as the service that was asked for (47)", "y",
			`{"resourceType":"Schedule","id":"d","identifier":[{"value":"1"}],"actor":[{"reference":"HealthcareService/x"},{"reference":"HealthcareService/y"},{"reference":"Location/l"},{"reference":"https://facade.example.test/R4/Practitioner/a"},{"reference":"Practitioner/b"},{"reference":"PractitionerRole/r"}]}`,
			`{"resourceType":"Schedule","id":"d","identifier":[{"value":"1"}],"actor":[{"reference":"HealthcareService/y"},{"reference":"Practitioner/a"},{"reference":"PractitionerRole/r"}],` + care + `Schedule-1"]}}`,
		},
		{
			"a service with two places and no identifier (46)", "",
			`{"resourceType":"HealthcareService","id":"999999999","location":[{"reference":"Location/a"},{"reference":"Location/b"}]}`,
			`{"resourceType":"HealthcareService","id":"999999999","location":[{"reference":"Location/a"}],` + care + `HealthcareService-1"]},"identifier":[{"system":"https://fhir.nhs.uk/Id/dos-service-id","value":"999999999"}]}`,
		},
		{"an organisation", "", `{"resourceType":"Organization","id":"o"}`, `{"resourceType":"Organization","id":"o",` + care + `Organization-1"]}}`},
		{"anything else", "", `{"resourceType":"Basic","id":"b"}`, `{"resourceType":"Basic","id":"b"}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := careconnect.Show(parse(t, tc.in), tc.service, bases)
			if err != nil || !fhir.Same(got, parse(t, tc.want)) {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), tc.want)
			}
		})
	}
	for _, text := range []string{
		`{"resourceType":"Slot","id":"s","schedule":{"reference":"Schedule/d"},"status":"free","end":"2030-01-08T10:15:00Z"}`,
		`{"resourceType":"Slot","id":"s","status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`,
		`{"resourceType":"Slot","id":"s","schedule":{"reference":"Schedule/d"},"start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`,
		`{"resourceType":"Schedule","id":"d","actor":[{"display":"somebody"}]}`,
	} {
		if _, err := careconnect.Show(parse(t, text), "", nil); !errors.Is(err, fhir.Internal) { // requirement 122
			t.Errorf("%s is shown: %v", text, err)
		}
	}
}

// TestListed: NHS booking standard 2.10, requirement 112.
func TestListed(t *testing.T) {
	const address = "https://facade.example.test/STU3/1/booking/Appointment/a"
	number := func(n string) string {
		return `{"identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + n + `"}}`
	}
	for _, tc := range []struct{ name, in, participant string }{
		{"a consumer's", `"contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Sample"}]}],"participant":[{"actor":{"reference":"#p","display":"Ada Sample","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}},"status":"accepted"}]`, `[{"actor":` + number("9990000018") + `,"status":"accepted"}]`},
		{"a feed's", `"participant":[{"actor":{"reference":"Practitioner/x","display":"Dr X"},"status":"accepted"},{"actor":{"reference":"Patient/p","display":"Ada Sample"},"status":"tentative"}]`, `[{"actor":` + number("9990000026") + `,"status":"tentative"}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := careconnect.Listed(parse(t, `{"resourceType":"Appointment","id":"a","meta":{"versionId":"2"},"status":"booked","description":"Earache","comment":"x","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z",`+tc.in+`}`), address, "9990000026")
			want := `{"resourceType":"Appointment","id":"a","meta":{"versionId":"2","profile":["https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Appointment-1"]},"status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","identifier":[{"system":"urn:ietf:rfc:3986","value":"` + address + `"}],"participant":` + tc.participant + `}`
			if err != nil || !fhir.Same(got, parse(t, want)) {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), want)
			}
		})
	}
}

// TestListedNobody: an appointment that is listed by its id has no empty list of
// participants, whoever takes part.
func TestListedNobody(t *testing.T) {
	for in, want := range map[string]string{
		`{"resourceType":"Appointment","id":"1","participant":[{"actor":{"reference":"Patient/1"},"status":"tentative"}]}`: `[{"actor":{"display":"Patient"},"status":"tentative"}]`,
		`{"resourceType":"Appointment","id":"1","participant":[{"actor":{"reference":"Location/1"},"status":"accepted"}]}`: ``,
		`{"resourceType":"Appointment","id":"1"}`: ``,
	} {
		r, err := careconnect.Listed(parse(t, in), "https://facade.example/Appointment/1", "")
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.Root().Get("participant").Raw()); got != want {
			t.Errorf("%s: the participants are %q, want %q", in, got, want)
		}
	}
}
