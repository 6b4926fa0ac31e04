package booking_test

import (
	"errors"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// Design decision 20: what is not there is a note to those who ask, and a fault
// where the service is strict. A booking is another matter.
func TestReferences(t *testing.T) {
	schedule := func(refs ...string) string {
		for i, r := range refs {
			refs[i] = `{"reference":"` + r + `"}`
		}
		return `{"resourceType":"Schedule","actor":[` + strings.Join(refs, ",") + `]}`
	}
	tests := []struct {
		name, body string
		notes      []string // places
	}{
		{"what is there", schedule("Patient/p1", base+"/Patient/p1", "Patient/p1/_history/9"), nil},
		{"what is not", schedule("Patient/p1", "Patient/none", base+"/Patient/none", "Location/none"), []string{"Schedule.actor[1].reference", "Schedule.actor[3].reference"}},
		{"what was deleted", schedule("Patient/gone"), []string{"Schedule.actor[0].reference"}},
		{"what is another customer's", schedule("Patient/theirs"), []string{"Schedule.actor[0].reference"}},
		{"what the caller may not see", schedule("Patient/hidden"), []string{"Schedule.actor[0].reference"}},
		{"elsewhere", schedule("http://elsewhere.test/Patient/1", "urn:uuid:11111111-1111-4111-8111-111111111101"), nil},
		{"of a type that is not kept", schedule("Device/1"), nil},
		{"in an extension", `{"resourceType":"Schedule","extension":[{"url":"http://x.test","valueReference":{"reference":"Patient/none"}}],"actor":[{"display":"A"}]}`, []string{"Schedule.extension[0].valueReference.reference"}},
		{"within what it contains", `{"resourceType":"Schedule","contained":[{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/none"}}],"actor":[{"reference":"#r"}]}`, []string{"Schedule.contained[0].practitioner.reference"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.put("trust", `{"resourceType":"Patient","id":"hidden","meta":{"security":[{"system":"s","code":"SECRET"}]}}`)
			w.put("clinic", `{"resourceType":"Patient","id":"theirs"}`)
			w.put("trust", `{"resourceType":"Patient","id":"gone"}`)
			if _, err := w.Delete(t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, store.Key{Type: "Patient", ID: "gone"}); err != nil {
				t.Fatal(err)
			}
			req := booking.Request{Principal: feed, IfVersion: store.Any, Note: true}
			req.Principal.Labels = []string{"s|OPEN"}
			req.Principal.Scopes = auth.ParseScopes("system/*.r")
			out, err := w.Do(t.Context(), create(req, parse(t, tc.body)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range out[0].Notes {
				got = append(got, n.Where)
				if n.Severity != "warning" || n.Code != "not-found" {
					t.Errorf("the note %+v is no warning", n)
				}
			}
			if strings.Join(got, " ") != strings.Join(tc.notes, " ") {
				t.Errorf("notes at %q, want %q", got, tc.notes)
			}
			req.Note = false
			if out, err := w.Do(t.Context(), create(req, parse(t, tc.body))); err != nil || len(out[0].Notes) > 0 {
				t.Errorf("without asking: %+v, %v; want no notes", out, err)
			}
			req.Note, req.Principal.Scopes = true, auth.ParseScopes("system/*.c")
			if out, err := w.Do(t.Context(), create(req, parse(t, tc.body))); err != nil || len(out[0].Notes) > 0 {
				t.Errorf("without the right to read: %+v, %v; want no notes", out, err)
			}
			w.StrictReferences = true
			before := w.count("Schedule")
			_, err = w.Do(t.Context(), create(req, parse(t, tc.body)))
			if strict := len(tc.notes) > 0; strict != errors.Is(err, fhir.Unprocessable) || strict != (w.count("Schedule") == before) {
				t.Errorf("strictly: %v, want it refused: %v", err, strict)
			}
		})
	}
}

// A strict service takes what points at one another in one Do.
func TestReferencesTogether(t *testing.T) {
	w := newWorld(t)
	w.StrictReferences = true
	req := booking.Request{Principal: feed, IfVersion: store.Any}
	a := create(req, parse(t, `{"resourceType":"Organization","name":"A","partOf":{"reference":"urn:uuid:b"}}`))
	b := create(req, parse(t, `{"resourceType":"Organization","name":"B","partOf":{"reference":"urn:uuid:a"}}`))
	a.FullURL, b.FullURL = "urn:uuid:a", "urn:uuid:b"
	if _, err := w.Do(t.Context(), a, b); err != nil {
		t.Error(err)
	}
}
