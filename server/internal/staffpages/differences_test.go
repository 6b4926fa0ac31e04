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
