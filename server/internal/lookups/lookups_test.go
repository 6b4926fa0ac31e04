package lookups

import (
	"testing"
	"time"
	_ "time/tzdata"

	"slotway/fhir"
)

// What {date} may be, and from when on it counts.
func TestParseAfter(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ text, want string }{
		{"2018-01-17", "2018-01-16T23:59:59.999Z"},
		{"2025-09-14", "2025-09-13T22:59:59.999Z"}, // summer time
		{"1756815121459", "2025-09-02T12:12:01.459Z"},
		{"0", "1970-01-01T00:00:00Z"},
		{"2025-09-02T12:12:01.459Z", "2025-09-02T12:12:01.459Z"},
		{"2025-09-02T13:12:01+01:00", "2025-09-02T12:12:01Z"},
		{"2025-09-02T13:12:01 01:00", "2025-09-02T12:12:01Z"},
		{"2025-09-02T13%3A12%3A01", "2025-09-02T12:12:01Z"},
		{"2025-09-02T13:12", "2025-09-02T12:12:00Z"},
		{"", ""},
		{"today", ""},
		{"2025-13-01", ""},
		{"2025-02-30", ""},
		{"-1", ""},
		{"99999999999999999999", ""},
		{"2025", "1970-01-01T00:00:02.025Z"},
	}
	for _, tc := range tests {
		got, err := ParseAfter(tc.text, london)
		if tc.want == "" {
			if fhir.KindOf(err) != fhir.Invalid || err == nil {
				t.Errorf("ParseAfter(%q) = %s, %v; want it refused", tc.text, got, err)
			}
			continue
		}
		if want, _ := time.Parse(time.RFC3339Nano, tc.want); err != nil || !got.Equal(want) {
			t.Errorf("ParseAfter(%q) = %s, %v; want %s", tc.text, got.UTC(), err, tc.want)
		}
	}
}

// Patients as senders write them.
func TestPatientUser(t *testing.T) {
	tests := []struct {
		name, patient string
		ok            func(user) bool
	}{
		{"nothing known", `{"resourceType":"Patient"}`, func(u user) bool {
			return u.FirstName == "" && u.DOB == nil && u.Phone == nil && len(u.NationalIDs) == 0 && u.NationalIDs != nil && u.Contacts != nil && u.Gender == nil && !u.IsDeceased && u.Patient
		}},
		{"two phones and an old one", `{"resourceType":"Patient","telecom":[{"system":"phone","value":"1","use":"old"},{"system":"phone","value":"2","use":"mobile"},{"system":"phone","value":"3","use":"work"},{"system":"email","value":"a@b"}]}`, func(u user) bool {
			return *u.Phone == "2" && *u.Email == "a@b" && len(u.Contacts) == 3 && u.Contacts[0].Primary && !u.Contacts[1].Primary && *u.Contacts[0].PhoneUseType == "MOBILE_PHONE" && u.Contacts[2].PhoneUseType == nil && u.Contacts[2].ID == "19"
		}},
		{"the official name", `{"resourceType":"Patient","name":[{"use":"old","family":"A"},{"family":"B","given":["x"]},{"use":"official","family":"C","given":["Y","Z"],"prefix":["Mrs"]}]}`, func(u user) bool {
			return u.LastName == "C" && u.FirstName == "Y" && u.Title == "Mrs"
		}},
		{"a name as text", `{"resourceType":"Patient","name":[{"text":"Ada Mary Sample"}]}`, func(u user) bool { return u.LastName == "Sample" && u.FirstName == "Ada Mary" }},
		{"died", `{"resourceType":"Patient","deceasedDateTime":"2024-01-02","gender":"male"}`, func(u user) bool { return u.IsDeceased && *u.DateDeceased == "2024-01-02" && *u.GenderMF == "m" }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fhir.Parse([]byte(tc.patient))
			if err != nil {
				t.Fatal(err)
			}
			if u := patientUser(16, r); !tc.ok(u) {
				t.Errorf("user = %+v", u)
			}
		})
	}
}
