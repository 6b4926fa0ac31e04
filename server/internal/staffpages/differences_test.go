package staffpages

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/server/internal/intake"
	"slotway/server/internal/store"
)

// E66: what a version says otherwise than the one before.
func TestDifferences(t *testing.T) {
	for _, tc := range []struct {
		name, old, now string
		want           []difference
	}{
		{"nothing", `{"resourceType":"Appointment","id":"a","meta":{"versionId":"1","lastUpdated":"x"},"status":"booked"}`, `{"resourceType":"Appointment","id":"a","meta":{"versionId":"2","lastUpdated":"y"},"status":"booked"}`, nil},
		{"other order", `{"resourceType":"Appointment","status":"booked","start":"s"}`, `{"resourceType":"Appointment","start":"s","status":"booked"}`, nil},
		{
			"other, new and gone", `{"resourceType":"Appointment","status":"booked","end":"e","minutesDuration":20}`, `{"resourceType":"Appointment","status":"cancelled","minutesDuration":30,"comment":""}`,
			[]difference{{"status", "booked", "cancelled"}, {"minutesDuration", "20", "30"}, {"comment", "", ""}, {"end", "e", ""}},
		},
		{
			"lists", `{"resourceType":"Appointment","participant":[{"status":"accepted"},{"status":"declined"}]}`, `{"resourceType":"Appointment","participant":[{"status":"accepted","required":true}]}`,
			[]difference{{"participant[0].required", "", "true"}, {"participant[1].status", "declined", ""}},
		},
		{
			"one in front of the others", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},{"actor":{"reference":"Location/l"},"status":"accepted"}]}`,
			`{"resourceType":"Appointment","participant":[{"actor":{"reference":"Practitioner/d","display":"Dr D"},"status":"needs-action"},{"actor":{"reference":"Patient/p"},"status":"accepted"},{"actor":{"reference":"Location/l"},"status":"tentative"}]}`,
			[]difference{
				{"participant[Practitioner/d].actor.reference", "", "Practitioner/d"},
				{"participant[Practitioner/d].actor.display", "", "Dr D"},
				{"participant[Practitioner/d].status", "", "needs-action"},
				{"participant[Location/l].status", "accepted", "tentative"},
			},
		},
		{
			"another order", `{"resourceType":"Appointment","identifier":[{"system":"https://a/x","value":"1"},{"system":"https://a/y","value":"2"}],"extension":[{"url":"https://a/m","valueUrl":"u"},{"url":"https://a/n","valueBoolean":true}]}`,
			`{"resourceType":"Appointment","identifier":[{"system":"https://a/y","value":"2"},{"system":"https://a/x","value":"1"}],"extension":[{"url":"https://a/n","valueBoolean":true},{"url":"https://a/m","valueUrl":"u"}]}`, nil,
		},
		{
			"a value of one that is known", `{"resourceType":"Appointment","identifier":[{"system":"https://a/x","value":"1"}],"extension":[{"url":"https://a/manage","valueUrl":"u"}],"serviceType":[{"coding":[{"system":"http://snomed.info/sct","code":"1"}]}]}`,
			`{"resourceType":"Appointment","identifier":[{"system":"https://a/x","value":"2"}],"extension":[{"url":"https://a/manage","valueUrl":"v"}],"serviceType":[{"coding":[{"system":"http://snomed.info/sct","code":"2"}]}]}`,
			[]difference{{"identifier[x].value", "1", "2"}, {"extension[manage].valueUrl", "u", "v"}, {"serviceType[sct].coding[sct].code", "1", "2"}},
		},
		{
			"several known by the same", `{"resourceType":"Appointment","participant":[{"actor":{"type":"Location"},"status":"accepted"},{"actor":{"type":"Location"},"status":"accepted"}]}`,
			`{"resourceType":"Appointment","participant":[{"actor":{"type":"Location"},"status":"accepted"},{"actor":{"type":"Location"},"status":"declined"},{"actor":{"type":"Location"},"status":"tentative"}]}`,
			[]difference{{"participant[Location, 2].status", "accepted", "declined"}, {"participant[Location, 3].actor.type", "", "Location"}, {"participant[Location, 3].status", "", "tentative"}},
		},
		{
			"addresses that end alike", `{"resourceType":"Appointment","identifier":[{"system":"https://a/id","value":"1"}]}`,
			`{"resourceType":"Appointment","identifier":[{"system":"https://b/id","value":"2"},{"system":"https://a/id","value":"3"}]}`,
			[]difference{{"identifier[https://b/id].system", "", "https://b/id"}, {"identifier[https://b/id].value", "", "2"}, {"identifier[https://a/id].value", "1", "3"}},
		},
		{"one that is called like a place", `{"resourceType":"Appointment","note":[{"text":"a"}]}`, `{"resourceType":"Appointment","note":[{"id":"0","text":"b"}]}`, []difference{{"note[0].id", "", "0"}, {"note[0].text", "", "b"}, {"note[0].text", "a", ""}}},
		{"names", `{"resourceType":"Patient","name":[{"use":"official","given":["A","B"]}]}`, `{"resourceType":"Patient","name":[{"use":"old","given":["Z"]},{"use":"official","given":["A","C"]}]}`, []difference{{"name[old].use", "", "old"}, {"name[old].given[0]", "", "Z"}, {"name[official].given[1]", "B", "C"}}},
		{"a label", `{"resourceType":"Appointment","meta":{"versionId":"1"}}`, `{"resourceType":"Appointment","meta":{"versionId":"2","tag":[{"code":"x"}]}}`, []difference{{"meta.tag[0].code", "", "x"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, differences(resource(t, tc.old), resource(t, tc.now))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Of what is new all is said, as far as there is room.
func TestChangeOfNew(t *testing.T) {
	many := strings.Repeat(`{"text":"x"},`, maxDifferences+9)
	r := resource(t, fmt.Sprintf(`{"resourceType":"Appointment","note":[%s]}`, strings.TrimSuffix(many, ",")))
	c := changeOf(intake.Write{New: store.Record{Key: store.Key{Type: "Appointment", ID: "a"}, Version: 1, Resource: r}})
	if !c.New || c.Name != "Appointment a" || len(c.Rows) != maxDifferences || c.More != 9 {
		t.Errorf("new %t, %s, %d rows and %d more", c.New, c.Name, len(c.Rows), c.More)
	}
}

func resource(t *testing.T, text string) fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
