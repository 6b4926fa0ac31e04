package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"slotway/fhir"
)

// booked books the next slot, and gives the answer.
func (c *surgery) booked(t *testing.T, edits ...func(object)) reply {
	t.Helper()
	r := c.ask("POST", "/Appointment", bookingOf(t, c.slot(), edits...))
	if r.status != 201 {
		t.Fatalf("%d: %s", r.status, r.body)
	}
	return r
}

func cancelled(o object) { o["status"] = "cancelled" }

func stripped(o object) { delete(o, "meta") }

// TestCancel: NHS booking standard, requirements 93, 95, 97 to 100, 106 and 107, as
// the scripts do it: read, and put what was read with another status.
func TestCancel(t *testing.T) {
	c := startSurgery(t, Settings{})
	for _, tc := range []struct {
		req   string
		book  []func(object)
		edits []func(object)
	}{
		{"98", nil, nil},
		{"99", nil, []func(object){func(o object) { delete(o["meta"].(object), "versionId"); delete(o["meta"].(object), "lastUpdated") }}},
		{"107, contained in another order", nil, []func(object){func(o object) { slices.Reverse(o["contained"].([]any)) }}},
		{"107, times in another zone", nil, []func(object){func(o object) {
			for _, name := range []string{"start", "end", "created"} {
				at, _ := time.Parse(time.RFC3339, o[name].(string))
				o[name] = at.In(time.FixedZone("", 3600)).Format(time.RFC3339)
			}
		}}},
		{"without NHS number", []func(object){noNHS}, nil},
		{"without NHS number, nor what it was given", []func(object){noNHS}, []func(object){noNHS}},
		{"entered in error", nil, []func(object){func(o object) { o["status"] = "entered-in-error" }}},
		{"with what R4 has elsewhere", []func(object){func(o object) {
			o["reason"] = []any{object{"text": "r"}}
			o["incomingReferral"] = []any{object{"reference": "ReferralRequest/1"}}
			o["weather"] = "fine"
		}}, nil},
	} {
		for _, xml := range []bool{false, true} {
			t.Run(tc.req+map[bool]string{true: ", XML"}[xml], func(t *testing.T) {
				at := "/Appointment/" + c.booked(t, tc.book...).text("id")
				read := c.ask("GET", at, nil)
				body := edited(t, read.root.Raw(), append([]func(object){cancelled}, tc.edits...)...)
				id := uuid.NewString()
				header := []string{"If-Match: " + read.header.Get("ETag"), "X-Request-ID: " + id, "Location: https://somewhere.example/"}
				if xml {
					body, header = asXML(t, body), append(header, "Content-Type: application/fhir+xml", "Accept: application/fhir+xml")
				}
				r := c.ask("PUT", at, body, header...)
				if r.status != 200 || r.text("resourceType") != "Appointment" || r.text("meta", "versionId") != "2" || !slices.Contains([]string{"cancelled", "entered-in-error"}, r.text("status")) {
					t.Fatalf("%d: %.800s", r.status, r.body)
				}
				if r.header.Get("ETag") != `W/"2"` || r.header.Get("Last-Modified") == "" || r.header.Get("X-Correlation-ID") != id || !strings.HasSuffix(r.header.Get("Location"), at+"/_history/2") {
					t.Errorf("header %v", r.header)
				}
				slot := strings.TrimPrefix(r.root.One(fhir.MustPath("slot.reference")).Text(), "#")
				if free := c.ask("GET", "/Slot?service=999999999&status=free", nil); !slices.Contains(ids(entries(free, "Slot")), slot) {
					t.Error("the slot is not free again") // 100
				}
				if old := c.ask("GET", at+"/_history/1", nil); old.status != 200 || old.text("status") != "booked" {
					t.Errorf("version 1: %d %s", old.status, old.text("status")) // 95
				}
				c.ask("PUT", at, body, header...).refused(t, 409, "CONFLICTING_VALUES") // its If-Match is that of version 1
				header[0] = `If-Match: W/"2"`
				c.ask("PUT", at, body, header...).refused(t, 409, "DUPLICATE_REJECTED") // 106
				header[1] = "X-Request-ID: " + uuid.NewString()
				c.ask("PUT", at, body, header...).refused(t, 422, "INVALID_REQUEST_STATE") // 108
			})
		}
	}
}

// TestCancelRefused: NHS booking standard, requirements 94, 96, 101 to 105, 108, 110
// and 111: nothing of it changes what is stored.
func TestCancelRefused(t *testing.T) {
	c := startSurgery(t, Settings{})
	made := c.booked(t)
	at := "/Appointment/" + made.text("id")
	match := "If-Match: " + made.header.Get("ETag")
	renamed := func(o object) {
		cancelled(o)
		inside(o, "Patient")["name"].([]any)[0].(object)["family"] = "Samplexxxxx"
	}
	contact := func(o object) { cancelled(o); otherContact(2)(o) }
	for _, tc := range []struct {
		req, method, path string
		edit              func(object)
		header            []string
		status            int
		spine             string
	}{
		{"101", "PUT", at, renamed, []string{match}, 422, "REFERENCE_NOT_FOUND"},
		{"101, a contact", "PUT", at, contact, []string{match}, 422, "REFERENCE_NOT_FOUND"},
		{"102", "PUT", at, contact, []string{`If-Match: W/"999ff9ff-999f-9999-99fffff9999ff99ff"`}, 409, "CONFLICTING_VALUES"},
		{"103", "PUT", at, contact, nil, 412, "MISSING_OR_INVALID_HEADER"},
		{"103, any version", "PUT", at, cancelled, []string{"If-Match: *"}, 412, "MISSING_OR_INVALID_HEADER"},
		{"103, any version and this", "PUT", at, cancelled, []string{`If-Match: W/"1", *`}, 412, "MISSING_OR_INVALID_HEADER"},
		{"104", "PUT", at, cancelled, []string{match, "Authorization: "}, 403, "ACCESS DENIED"},
		{"105", "PUT", "/Appointment/nobody", cancelled, []string{match}, 404, "NO_RECORD_FOUND"},
		{"105, in XML", "PUT", "/Appointment/nobody", cancelled, []string{match, "Accept: application/fhir+xml"}, 404, "NO_RECORD_FOUND"},
		{"another id", "PUT", at, func(o object) { cancelled(o); o["id"] = "other" }, []string{match}, 400, "BAD_REQUEST"},
		{"no id", "PUT", at, func(o object) { cancelled(o); delete(o, "id") }, []string{match}, 400, "BAD_REQUEST"},
		{"booked as it is", "PUT", at, stripped, []string{match}, 422, "INVALID_REQUEST_STATE"},
		{"arrived", "PUT", at, func(o object) { o["status"] = "arrived" }, []string{match}, 422, "INVALID_REQUEST_STATE"},
		{"no request id", "PUT", at, cancelled, []string{match, "X-Request-ID: "}, 400, "BAD_REQUEST"},
		{"no media type", "PUT", at, cancelled, []string{match, "Content-Type: application/xml"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"no address", "PUT", "/Appointment", cancelled, []string{match}, 405, "BAD_REQUEST"},
		{"111", "DELETE", at, nil, nil, 405, "BAD_REQUEST"},
		{"111", "PATCH", at, nil, nil, 405, "BAD_REQUEST"},
		{"111", "OPTIONS", at, nil, nil, 405, "BAD_REQUEST"},
		{"94", "GET", "/Appointment/unknown", nil, []string{"Accept: application/fhir+xml"}, 404, "NO_RECORD_FOUND"},
		{"95", "GET", at + "/_history/7", nil, nil, 404, "NO_RECORD_FOUND"},
	} {
		t.Run(tc.req, func(t *testing.T) {
			var body []byte
			if tc.edit != nil {
				body = edited(t, made.root.Raw(), tc.edit)
			}
			c.ask(tc.method, tc.path, body, tc.header...).refused(t, tc.status, tc.spine)
		})
	}
	c.ask("PUT", at, []byte(`{"resourceType":"Appointment"`), match).refused(t, 400, "MESSAGE_NOT_WELL_FORMED")
	slotsOnly := "Authorization: Bearer " + c.token("demo-consumer", "organization/slot.read")
	c.ask("GET", at, nil, slotsOnly).refused(t, 403, "ACCESS DENIED") // 96
	if r := c.ask("GET", at, nil); r.header.Get("ETag") != `W/"1"` || r.text("status") != "booked" {
		t.Fatalf("it was changed: %s", r.body)
	}
	body := edited(t, made.root.Raw(), cancelled)
	done := 0
	for _, r := range c.together(2, func() reply { return c.ask("PUT", at, body, match) }) { // 110
		if r.status == 200 {
			done++
		} else {
			r.refused(t, 409, "CONFLICTING_VALUES")
		}
	}
	if done != 1 {
		t.Errorf("%d of two cancellations were done", done)
	}
	c.ask("PUT", at, edited(t, made.root.Raw(), func(o object) { o["status"] = "booked" }), `If-Match: W/"2"`).refused(t, 422, "INVALID_REQUEST_STATE") // 108
}

// TestPatientList: NHS booking standard, requirements 112 to 114.
func TestPatientList(t *testing.T) {
	c := startSurgery(t, Settings{})
	made := c.booked(t)
	nhs := made.root.One(fhir.MustPath("participant.actor.identifier.value")).Text()
	value := "https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C" + nhs
	// One that is over, and one of somebody else.
	for id, body := range map[string]doc{
		"over":  {"start": "2020-01-08T10:00:00Z", "end": "2020-01-08T10:15:00Z"},
		"fed":   {"start": "2031-01-08T10:00:00+01:00", "end": "2031-01-08T10:15:00+01:00", "comment": "not for a list"},
		"other": {"start": "2031-01-08T10:00:00Z", "end": "2031-01-08T10:15:00Z"},
	} {
		who := doc{"identifier": doc{"system": fhir.NHSNumberSystem, "value": nhs}}
		if who["reference"] = "Patient/" + c.patient(t, nhs); id == "other" {
			who = doc{"display": "somebody"}
		}
		body["resourceType"], body["id"], body["status"] = "Appointment", id, "booked"
		body["participant"] = []doc{{"actor": who, "status": "accepted"}}
		if err := c.put(t.Context(), body, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"Appointment.participant.actor:Patient.identifier", "Appointment.participant.actor", "actor:Patient.identifier",
		"patient:identifier", "patient.identifier", "identifier", "Appointment.participant.actor%3APatient.identifier",
	} {
		for _, format := range []string{"json", "xml"} {
			t.Run(name+" "+format, func(t *testing.T) {
				r := c.ask("GET", "/Appointment?"+name+"="+value+"&_format="+format, nil)
				all := entries(r, "Appointment")
				if got := ids(all); r.status != 200 || len(got) != 2 || !slices.Contains(got, "fed") || !slices.Contains(got, made.text("id")) {
					t.Fatalf("%d: %v: %.500s", r.status, got, r.body)
				}
				if links := string(r.root.Get("link").Raw()); strings.Contains(links, `"next"`) {
					t.Error("there are pages")
				}
				for _, a := range all {
					if a.Get("contained").Exists() || a.Get("comment").Exists() || a.Get("description").Exists() || !strings.HasSuffix(a.Get("identifier").First().Get("value").Text(), "/Appointment/"+a.Get("id").Text()) ||
						a.One(fhir.MustPath("participant.actor.identifier.value")).Text() != nhs || a.Get("start").Text() == "" || a.Find("meta", "versionId").Text() == "" {
						t.Errorf("%s", a.Raw())
					}
				}
			})
		}
	}
	if r := c.ask("GET", "/Appointment?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018", nil); r.status != 200 || string(r.root.Get("total").Raw()) != "0" { // 114
		t.Errorf("%d: %s", r.status, r.body)
	}
	for _, query := range []string{"identifier=https://fhir.nhs.uk/Id/nhs-number%7C123", "identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000019", "identifier=" + nhs, "status=booked", "identifier=", "identifier=" + value + "&version=1", "_id=", "_id", "_id=,", "_id=%2C", "_id=%20", "_id=" + made.text("id") + ",fed", "_id=%26"} {
		c.ask("GET", "/Appointment?"+query, nil).refused(t, 400, "INVALID_PARAMETER")
	}
	// As the capability statement has it: by id, and by id and version.
	at := "/Appointment/" + made.text("id")
	if r := c.ask("PUT", at, edited(t, made.root.Raw(), cancelled), `If-Match: W/"1"`); r.status != 200 {
		t.Fatal(r.status)
	}
	for query, status := range map[string]string{"_id=" + made.text("id"): "cancelled", "version=1&_id=" + made.text("id"): "booked", "version=2&_id=" + made.text("id"): "cancelled"} {
		r := c.ask("GET", "/Appointment?"+query, nil)
		if all := entries(r, "Appointment"); len(all) != 1 || all[0].Get("status").Text() != status {
			t.Errorf("%s: %d: %s", query, r.status, r.body)
		}
	}
}

// patient gives the id of the stored patient of an NHS number.
func (c *surgery) patient(t *testing.T, nhs string) string {
	t.Helper()
	k := &checker{demo: c.demo, consumer: c.admin}
	hits, err := k.search(t.Context(), "/R4/Patient?identifier="+fhir.NHSNumberSystem+"%7C"+nhs)
	if err != nil || len(hits) == 0 {
		t.Fatalf("%d patients: %v", len(hits), err)
	}
	return hits[0].Get("id").Text()
}
