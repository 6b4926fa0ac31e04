package app

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestValidateOperation is $validate in all its forms. It stores nothing.
func TestValidateOperation(t *testing.T) {
	c := newClinic(t, Settings{})
	good := r4Booking("s1", "2030-01-08T10:00:00Z", "2030-01-08T10:15:00Z")
	with := func(r doc, more doc) doc {
		out := maps.Clone(r)
		maps.Copy(out, more)
		return out
	}
	params := func(r doc, more ...doc) doc {
		p := more
		if r != nil {
			p = append(p, doc{"name": "resource", "resource": r})
		}
		return doc{"resourceType": "Parameters", "parameter": p}
	}
	mode := func(m string) doc { return doc{"name": "mode", "valueCode": m} }
	patient := doc{"resourceType": "Patient", "id": "p1", "active": true}
	tests := []struct {
		name, path string
		body       any
		want       string // the errors' codes and places, or what is said when there is none
	}{
		{"a good one", "/Appointment/$validate", good, "The resource is valid."},
		{"a good one as a parameter", "/Appointment/$validate", params(good), "The resource is valid."},
		{"one that would be done", "/Appointment/$validate", params(good, mode("create")), "The create would be done."},
		{"without status", "/Appointment/$validate", with(good, doc{"status": nil}), "structure Appointment.status"},
		{"several faults", "/Appointment/$validate", with(good, doc{"status": "BOOKED", "end": "2030-01-08T09:00:00Z", "participant": []doc{{"status": "accepted"}}}), "invariant Appointment.participant[0]; code-invalid Appointment.status; business-rule Appointment.end"},
		{"an unknown element is let be", "/Appointment/$validate", with(good, doc{"myOwn": 1}), "The resource is valid."},
		{"another type", "/Slot/$validate", good, "invalid resourceType"},
		{"a profile that is not known", "/Appointment/$validate", params(good, doc{"name": "profile", "valueUri": "http://example.com/p"}), "not-supported profile"},
		{"the type's own profile", "/Appointment/$validate", params(good, doc{"name": "profile", "valueUri": "http://hl7.org/fhir/StructureDefinition/Appointment|4.0.1"}), "The resource is valid."},
		{"a taken slot", "/Appointment/$validate", params(r4Booking("s2", "2030-01-08T10:15:00Z", "2030-01-08T10:30:00Z"), mode("create")), "conflict Appointment.slot[0]"},
		{"a taken slot, not asked about", "/Appointment/$validate", params(r4Booking("s2", "2030-01-08T10:15:00Z", "2030-01-08T10:30:00Z")), "The resource is valid."},
		{"an update", "/Patient/p1/$validate", params(patient, mode("update")), "The update would be done."},
		{"an update of another id", "/Patient/p1/$validate", params(with(patient, doc{"id": "p2"}), mode("update")), "invalid Patient.id"},
		{"an update by its type", "/Patient/$validate", params(patient, mode("update")), "The update would be done."},
		{"a second patient of that number", "/Patient/$validate", params(doc{"resourceType": "Patient", "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": "9990000018"}}}, mode("create")), "duplicate Patient.identifier"},
		{"a deletion", "/Patient/p1/$validate", params(nil, mode("delete")), "The delete would be done."},
		{"a deletion of a booked slot", "/Slot/s2/$validate", params(nil, mode("delete")), "conflict "},
		{"a deletion of nobody", "/Patient/nobody/$validate", params(nil, mode("delete")), "not-found "},
		{"the stored one", "/Patient/p1/$validate", nil, "The resource is valid."},
		{"a reference to what is not here", "/Slot/$validate", doc{"resourceType": "Slot", "status": "free", "schedule": doc{"reference": "Schedule/nobody"}, "start": "2030-01-08T10:00:00Z", "end": "2030-01-08T10:15:00Z"}, "The resource is valid."},
	}
	c.operate("/$book", c.admin, 200, ref("slot", "Slot/s2"), ref("patient-reference", "Patient/p1"))
	count := func() string {
		_, r, _ := c.ask(http.MethodGet, "/R4/Appointment?_summary=count", c.admin, nil)
		_, p, _ := c.ask(http.MethodGet, "/R4/Patient?_summary=count", c.admin, nil)
		return r.Root().Get("total").Text() + " " + p.Root().Get("total").Text()
	}
	before := count()
	for _, tc := range tests {
		status, r, _ := c.ask(http.MethodPost, "/R4"+tc.path, c.admin, tc.body)
		var errs []string
		said := ""
		for i := range r.At(fhir.MustPath("issue")) {
			if i.Get("severity").Text() == "error" {
				errs = append(errs, i.Get("code").Text()+" "+i.Get("expression").First().Text())
			} else {
				said = i.Get("diagnostics").Text()
			}
		}
		got := strings.Join(errs, "; ")
		if len(errs) == 0 {
			got = said
		}
		if status != http.StatusOK || r.Type() != "OperationOutcome" || got != tc.want {
			t.Errorf("%s: %d, %s, want %s: %s", tc.name, status, got, tc.want, r.Raw())
		}
	}
	if now := count(); now != before || c.slot("s1") != "free" {
		t.Errorf("%s appointments and patients before, %s after; the slot is %s", before, now, c.slot("s1"))
	}
	if status, r, _ := c.ask(http.MethodGet, "/R4/Patient/p1/$validate?mode=delete", c.admin, nil); status != 200 || !strings.Contains(string(r.Raw()), "would be done") {
		t.Errorf("by GET: %d %s", status, r.Raw())
	}
	if _, r, _ := c.ask(http.MethodPost, "/R4/Slot/$validate", c.admin, tests[len(tests)-1].body); !strings.Contains(string(r.Raw()), "names a Schedule that is not here") {
		t.Errorf("a reference that does not resolve is not warned of: %s", r.Raw())
	}
	for name, tc := range map[string]struct {
		path string
		body any
		want int
	}{
		"no resource": {"/Patient/$validate", params(nil), 400}, "a mode that is none": {"/Patient/$validate", params(patient, mode("profile")), 400},
		"no JSON": {"/Patient/$validate", []byte("{"), 400}, "the stored one of nobody": {"/Patient/nobody/$validate", nil, 404}, "a type that is not kept": {"/Observation/$validate", params(patient), 404},
	} {
		if status, r, _ := c.ask(http.MethodPost, "/R4"+tc.path, c.admin, tc.body); status != tc.want {
			t.Errorf("%s: %d, want %d: %s", name, status, tc.want, r.Raw())
		}
	}
}

// TestStrictValidation refuses elements that R4 does not have, by name, where the
// server is set so, in either format, and takes its own.
func TestStrictValidation(t *testing.T) {
	c := newClinic(t, Settings{Validation: "strict"})
	good := r4Booking("s1", "2030-01-08T10:00:00Z", "2030-01-08T10:15:00Z")
	bad := maps.Clone(good)
	bad["myOwn"], bad["participant"] = doc{"a": 1}, []doc{{"actor": doc{"display": "A", "nick": "B"}, "status": "accepted"}}
	status, r, _ := c.ask(http.MethodPost, "/R4/Appointment", c.admin, bad)
	got := strings.Join(texts(r, "issue.expression"), " ")
	if status != http.StatusUnprocessableEntity || got != "Appointment.myOwn Appointment.participant[0].actor.nick" && got != "Appointment.participant[0].actor.nick Appointment.myOwn" {
		t.Errorf("%d at %s: %s", status, got, r.Raw())
	}
	if status, r, _ := c.ask(http.MethodPost, "/R4/Appointment", c.admin, good); status != http.StatusCreated {
		t.Errorf("a good one: %d %s", status, r.Raw())
	}
	held := c.operate("/$hold", c.admin, 200, ref("slot", "Slot/s2")).Get("id").Text()
	c.operate("/$book", c.admin, 200, ref("appointment-reference", "Appointment/"+held))
	c.operate("/"+held+"/$cancel", c.admin, 200)

	lenient := newClinic(t, Settings{})
	status, r, _ = lenient.ask(http.MethodPost, "/R4/Appointment", lenient.admin, bad)
	if status != http.StatusCreated || r.Root().Find("myOwn", "a").Text() != "1" {
		t.Errorf("by default: %d %s", status, r.Raw())
	}
}
