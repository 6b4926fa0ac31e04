package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What is not included is said: what the token's scopes do not reach, and what lies
// further than references are followed.
func TestIncludesLeftOut(t *testing.T) {
	d := startFixture(t, "UTC")
	admin := d.admin
	for i := range 7 {
		place := doc{"resourceType": "Location", "id": fmt.Sprint("deep-", i), "partOf": doc{"reference": fmt.Sprint("Location/deep-", i+1)}}
		status, body, err := d.call(t.Context(), http.MethodPut, fmt.Sprint("/R4/Location/deep-", i), admin, place)
		if err := expect(err, status, http.StatusCreated, body); err != nil {
			t.Fatal(err)
		}
	}
	narrow, err := fetchToken(t.Context(), d.base, "demo-consumer", demoSecret, "system/Appointment.rs system/Location.rs system/Slot.rs")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, token, query, includes, code, says string }{
		{"all scopes", admin, "Appointment?_id=a01&_include=*", "Location/l1 Patient/p1 Practitioner/pr1 Slot/s1", "", ""},
		{"some scopes", narrow, "Appointment?_id=a01&_include=*", "Location/l1 Slot/s1", "suppressed", "Patient, Practitioner"},
		{"none needed", narrow, "Appointment?_id=a01&_include=Appointment:slot", "Slot/s1", "", ""},
		{"none of who refers", narrow, "Location?_id=l2&_revinclude=Schedule:actor", "", "suppressed", "Schedule"},
		{"to the limit", admin, "Location?_id=deep-2&_include:iterate=Location:partof", "Location/deep-3 Location/deep-4 Location/deep-5 Location/deep-6", "", ""},
		{"beyond the limit", admin, "Location?_id=deep-1&_include:iterate=Location:partof", "Location/deep-2 Location/deep-3 Location/deep-4 Location/deep-5", "incomplete", "3 times"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d.admin = tc.token
			a := d.page(t, "/R4/"+tc.query)
			if got := strings.Join(a.includes, " "); got != tc.includes {
				t.Errorf("includes %s, want %s", got, tc.includes)
			}
			var codes, texts []string
			for _, i := range a.issues {
				codes, texts = append(codes, i.Get("code").Text()), append(texts, i.Find("details", "text").Text())
			}
			if got := strings.Join(codes, " "); got != tc.code || !strings.Contains(strings.Join(texts, " "), tc.says) {
				t.Errorf("the outcome entry says %s: %q; want %s: …%s…", got, texts, tc.code, tc.says)
			}
		})
	}
}
