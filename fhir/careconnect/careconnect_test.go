package careconnect_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/careconnect"
)

const booking = `{"resourceType":"Appointment","meta":{"profile":["https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Appointment-1"]},"language":"en-GB",
 "contained":[
  {"resourceType":"DocumentReference","id":"d1","identifier":[{"value":"w"}],"status":"current","type":{"text":"report"},"indexed":"2030-01-07T08:00:00+11:00","content":[{"attachment":{"language":"en"}}]},
  {"resourceType":"Slot","id":"s1","identifier":[{"value":"v"}],"schedule":{"reference":"Schedule/d"},"status":"free"},
  {"resourceType":"Patient","id":"p1","name":[{"family":"Sample"}],"gender":"female","birthDate":"1980-02-03","address":[{"city":"Leeds"}],"telecom":[{"system":"phone","value":"0113","rank":1}]}],
 "status":"booked","description":"Earache","supportingInformation":[{"reference":"#d1"}],
 "start":"2030-01-08T10:00:00.000Z","end":"2030-01-08T10:15:00.000Z","slot":[{"reference":"#s1"}],"created":"2030-01-07T08:00:01Z",
 "participant":[{"actor":{"reference":"#p1"},"status":"accepted"}]}`

func parse(t *testing.T, text string) fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return r
}

// with gives the booking with texts replaced, in pairs.
func with(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("there is no %s", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

const contact = `"contact":[{"relationship":[{"text":"N"}],"telecom":[{"system":"phone","value":"0114","rank":RANK}]}]`

// TestCheck: NHS booking standard, requirements 66 to 69, 81, 82, 83 and 89.
func TestCheck(t *testing.T) {
	const slot = `{"resourceType":"Slot","id":"s1","identifier":[{"value":"v"}],"schedule":{"reference":"Schedule/d"},"status":"free"},`
	tests := []struct {
		name  string
		pairs []string
		err   error
		where string
	}{
		{"as it should be", nil, nil, ""},
		{"another order of what is contained", []string{slot, "", `"contained":[`, `"contained":[` + slot}, nil, ""},
		{"en", []string{`"en-GB"`, `"en"`}, nil, ""},
		{"no language", []string{`"language":"en-GB",`, ""}, nil, ""},
		{"the patient's contact first, another's second", []string{`"rank":1}]}`, `"rank":1}],` + strings.Replace(contact, "RANK", "2", 1) + "}"}, nil, ""},
		{"only another's contact", []string{`"telecom":[{"system":"phone","value":"0113","rank":1}]`, strings.Replace(contact, "RANK", "1", 1)}, nil, ""},
		{"an element of somebody's own", []string{`"status":"booked"`, `"status":"booked","weather":{"x":[1]}`}, nil, ""},

		{"a patient of whom little is known", []string{`"gender":"female","birthDate":"1980-02-03","address":[{"city":"Leeds"}],`, ""}, nil, ""},

		{"two contacts first", []string{`"rank":1}]}`, `"rank":1}],` + strings.Replace(contact, "RANK", "1", 1) + "}"}, fhir.Invalid, "Patient.telecom.rank"},
		{"no contact first", []string{`"rank":1`, `"rank":2`}, fhir.Invalid, "Patient.telecom.rank"},
		{"another's contact without rank", []string{`"rank":1}]}`, `"rank":1}],` + strings.Replace(contact, `,"rank":RANK`, "", 1) + "}"}, fhir.Invalid, "Patient.telecom.rank"},
		{"a contact of rank 0", []string{`"rank":1}]}`, `"rank":1},{"system":"email","value":"a@b","rank":0}]}`}, fhir.Invalid, "Patient.telecom.rank"},
		{"a contact whose rank is no number", []string{`"rank":1}]}`, `"rank":1},{"system":"email","value":"a@b","rank":"2"}]}`}, fhir.Invalid, "Patient.telecom.rank"},
		{"two contacts of rank 2", []string{`"rank":1}]}`, `"rank":1},{"system":"email","value":"a@b","rank":2},{"system":"email","value":"c@d","rank":2}]}`}, nil, ""},
		{"no rank", []string{`,"rank":1`, ""}, fhir.Invalid, "Patient.telecom.rank"},
		{"no contact", []string{`,"telecom":[{"system":"phone","value":"0113","rank":1}]`, ""}, fhir.Invalid, "Patient.telecom.rank"},
		{"no Slot", []string{slot, ""}, fhir.Invalid, "Appointment.contained"},
		{"two Slots", []string{slot, slot + strings.Replace(slot, "s1", "s2", 1)}, fhir.Invalid, "Appointment.contained"},
		{"no DocumentReference", []string{`"DocumentReference"`, `"Basic"`}, fhir.Invalid, "Appointment.contained"},
		{"no id", []string{`"id":"s1",`, ""}, fhir.Invalid, "Appointment.contained.id"},
		{"a reference to nothing", []string{`"#d1"`, `"#d2"`}, fhir.Invalid, "Appointment.supportingInformation[0].reference"},

		{"no profile", []string{"Appointment-1", "Encounter-1"}, fhir.Unprocessable, "Appointment.meta.profile"},
		{"another language", []string{"en-GB", "cy"}, fhir.Unprocessable, "Appointment.language"},
		{"proposed", []string{`"booked"`, `"proposed"`}, fhir.Unprocessable, "Appointment.status"},
		{"pending", []string{`"booked"`, `"pending"`}, fhir.Unprocessable, "Appointment.status"},
		{"no description", []string{`"Earache"`, `" "`}, fhir.Unprocessable, "Appointment.description"},
		{"no start", []string{`"start":"2030-01-08T10:00:00.000Z",`, ""}, fhir.Unprocessable, "Appointment.start"},
		{"a day for a start", []string{`"start":"2030-01-08T10:00:00.000Z"`, `"start":"2030-01-08"`}, fhir.Unprocessable, "Appointment.start"},
		{"no document", []string{`"supportingInformation":[{"reference":"#d1"}],`, ""}, fhir.Unprocessable, "Appointment.supportingInformation"},
		{"two slots", []string{`"slot":[`, `"slot":[{"reference":"Slot/x"},`}, fhir.Unprocessable, "Appointment.slot"},
		{"a slot that is not contained", []string{`"#s1"`, `"Slot/s1"`}, fhir.Unprocessable, "Appointment.slot"},
		{"a patient for a slot", []string{`"#s1"`, `"#p1"`}, fhir.Unprocessable, "Appointment.slot"},
		{"two participants", []string{`"participant":[`, `"participant":[{"actor":{"display":"x"}},`}, fhir.Unprocessable, "Appointment.participant"},
		{"no identifier of the document", []string{`"identifier":[{"value":"w"}],`, ""}, fhir.Unprocessable, "DocumentReference.identifier"},
		{"no status of the document", []string{`"status":"current",`, ""}, fhir.Unprocessable, "DocumentReference.status"},
		{"no type of the document", []string{`"type":{"text":"report"},`, ""}, fhir.Unprocessable, "DocumentReference.type"},
		{"a day for when it was indexed", []string{"2030-01-07T08:00:00+11:00", "2030-01-07"}, fhir.Unprocessable, "DocumentReference.indexed"},
		{"an object for the contents", []string{`[{"attachment":{"language":"en"}}]`, `{"attachment":{"language":"en"}}`}, fhir.Unprocessable, "DocumentReference.content"},
		{"no attachment", []string{`{"attachment":{"language":"en"}}`, `{}`}, fhir.Unprocessable, "DocumentReference.content"},
		{"no identifier of the slot", []string{`"identifier":[{"value":"v"}],`, ""}, fhir.Unprocessable, "Slot.identifier"},
		{"two identifiers", []string{`"name":[`, `"identifier":[{"value":"1"},{"value":"2"}],"name":[`}, fhir.Unprocessable, "Patient.identifier"},
		{"no name", []string{`"name":[{"family":"Sample"}],`, ""}, fhir.Unprocessable, "Patient.name"},
		{"two names", []string{`"name":[`, `"name":[{"family":"Other"},`}, fhir.Unprocessable, "Patient.name"},
		{"no family name", []string{`"family":"Sample"`, `"given":["Ada"]`}, fhir.Unprocessable, "Patient.name"},
		{"a day for when it was made", []string{`"created":"2030-01-07T08:00:01Z"`, `"created":"2030-01-07"`}, fhir.Unprocessable, "Appointment.created"},
		{"nobody", []string{`"#p1"`, `"Patient/1"`}, fhir.Unprocessable, "Appointment.participant"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := careconnect.Check(parse(t, with(t, booking, tc.pairs...)))
			if tc.err == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, tc.err) || fhir.AsError(err).Where != tc.where {
				t.Errorf("%v at %q, want %v at %q", err, fhir.AsError(err).Where, tc.err, tc.where)
			}
		})
	}
}

// TestComplete: NHS booking standard, requirement 60; contradiction X8.
func TestComplete(t *testing.T) {
	now := time.Date(2030, 1, 7, 8, 0, 2, 0, time.FixedZone("", 3600))
	for _, tc := range []struct {
		name              string
		pairs             []string
		language, created string
	}{
		{"as sent", nil, "en-GB", "2030-01-07T08:00:01Z"},
		{"en", []string{"en-GB", "en"}, "en-GB", "2030-01-07T08:00:01Z"},
		{"neither", []string{`"language":"en-GB",`, "", `,"created":"2030-01-07T08:00:01Z"`, ""}, "en-GB", "2030-01-07T07:00:02Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sent := parse(t, with(t, booking, tc.pairs...))
			got, err := careconnect.Complete(sent, now)
			if err != nil {
				t.Fatal(err)
			}
			root := got.Root()
			if l, c := root.Get("language").Text(), root.Get("created").Text(); l != tc.language || c != tc.created {
				t.Errorf("language %q, created %q", l, c)
			}
			if tc.pairs == nil && string(got.Raw()) != string(sent.Raw()) {
				t.Error("what needs nothing was changed")
			}
		})
	}
}

const local = "https://facade.example.test/Id/patient"

// TestCancels: NHS booking standard, requirements 99, 101, 107 and 108.
func TestCancels(t *testing.T) {
	stored := with(t, booking, `"language"`, `"id":"a1","language"`, `"meta":{`, `"meta":{"versionId":"1","lastUpdated":"2030-01-07T08:00:02Z",`, `"free"`, `"busy"`,
		`"name"`, `"identifier":[{"system":"`+local+`","value":"u"}],"name"`)
	cancelled := []string{`"booked"`, `"cancelled"`}
	tests := []struct {
		name   string
		stored []string
		pairs  []string
		where  string // of what is refused; empty for a cancellation
	}{
		{"as it was read", nil, cancelled, ""},
		{"entered in error", nil, []string{`"booked"`, `"entered-in-error"`}, ""},
		{"without what is the server's in meta (99)", nil, append(cancelled, `"versionId":"1","lastUpdated":"2030-01-07T08:00:02Z",`, ""), ""},
		{"without what the provider gave", nil, append(cancelled, `"identifier":[{"system":"`+local+`","value":"u"}],`, "", `"language":"en-GB",`, "", `"created":"2030-01-07T08:00:01Z",`, ""), ""},
		{"with a narrative", nil, append(cancelled, `"status":"cancelled"`, `"text":{"status":"empty"},"status":"cancelled"`), ""},
		{"the slot as it was sent", nil, append(cancelled, `"busy"`, `"free"`), ""},
		{"times in another zone (107)", nil, append(cancelled, `"2030-01-08T10:00:00.000Z"`, `"2030-01-08T11:00:00+01:00"`), ""},
		{"contained resources in another order (107)", nil, append(cancelled, `{"resourceType":"DocumentReference","id":"d1","identifier":[{"value":"w"}],"status":"current","type":{"text":"report"},"indexed":"2030-01-07T08:00:00+11:00","content":[{"attachment":{"language":"en"}}]},`, "", `"rank":1}]}]`, `"rank":1}]},{"status":"current","resourceType":"DocumentReference","id":"d1","identifier":[{"value":"w"}],"type":{"text":"report"},"indexed":"2030-01-07T08:00:00+11:00","content":[{"attachment":{"language":"en"}}]}]`), ""},

		{"another name (101)", nil, append(cancelled, "Sample", "Samplexxxxx"), "Patient.name.family"},
		{"a contact more", nil, append(cancelled, `"rank":1}]`, `"rank":1}],"contact":[{"telecom":[{"value":"1"}]}]`), "Patient.contact"},
		{"a contact less", nil, append(cancelled, `,"telecom":[{"system":"phone","value":"0113","rank":1}]`, ""), "Patient.telecom"},
		{"another rank", nil, append(cancelled, `"rank":1`, `"rank":2`), "Patient.telecom.rank"},
		{"another time", nil, append(cancelled, "10:00:00.000Z", "10:01:00.000Z"), "Appointment.start"},
		{"another profile", nil, append(cancelled, "Appointment-1", "Appointment-2"), "Appointment.meta.profile"},
		{"another language", nil, append(cancelled, "en-GB", "cy"), "Appointment.language"},
		{"the language as it was sent", nil, append(cancelled, `"language":"en-GB"`, `"language":"en"`), ""},
		{"another description", nil, append(cancelled, "Earache", "Toothache"), "Appointment.description"},
		{"no description", nil, append(cancelled, `"description":"Earache",`, ""), "Appointment.description"},
		{"a comment", nil, append(cancelled, `"description"`, `"comment":"x","description"`), "Appointment.comment"},
		{"another identifier than the provider's", nil, append(cancelled, `"value":"u"`, `"value":"v"`), "Patient.identifier.value"},
		{"another resource under an id", nil, append(cancelled, `"DocumentReference"`, `"Basic"`), "Appointment.contained"},
		{"one contained resource more", nil, append(cancelled, `"contained":[`, `"contained":[{"resourceType":"Basic","id":"b"},`), "Appointment.contained"},
		{"one participant more", nil, append(cancelled, `"participant":[`, `"participant":[{"status":"accepted"},`), "Appointment.participant"},
		{"booked again (108)", nil, nil, "Appointment.status"},
		{"another status", nil, []string{`"booked"`, `"arrived"`}, "Appointment.status"},
		{"cancelled before (108)", cancelled, nil, "Appointment.status"},
		{"booked after it was cancelled (108)", cancelled, []string{`"cancelled"`, `"booked"`}, "Appointment.status"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			stored := with(t, stored, tc.stored...)
			err := careconnect.Cancels(parse(t, with(t, stored, tc.pairs...)), parse(t, stored), local)
			if tc.where == "" {
				if err != nil {
					t.Fatalf("%v", err)
				}
				return
			}
			if !errors.Is(err, fhir.Unprocessable) || fhir.AsError(err).Where != tc.where {
				t.Errorf("%v, want it refused at %s", err, tc.where)
			}
		})
	}
}
