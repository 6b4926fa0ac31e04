package app

import (
	"io"
	"net"
	"strings"
	"testing"
)

// The protocol at its edges, http://hl7.org/fhir/R4/http.html: versions named in
// every way, ids at their limit, patches of every type, preferences together, and
// formats that exclude each other.
func TestWireEdges(t *testing.T) {
	w := startWire(t)
	const a01 = "/R4/Appointment/a01"
	of := func(id string) []byte { return []byte(strings.Replace(wireAppointment, `"a01"`, `"`+id+`"`, 1)) }
	long, longer := strings.Repeat("x", 64), strings.Repeat("x", 65)
	json, xml := `Content-Type: application/fhir\+json;charset=utf-8`, `Content-Type: application/fhir\+xml;charset=utf-8`
	jsonPatch, parameters := "Content-Type: application/json-patch+json", "Content-Type: application/fhir+json"
	describe := []byte(`[{"op":"add","path":"/description","value":"x"}]`)
	form := "Content-Type: application/x-www-form-urlencoded"
	w.checkAll(t, []exchange{
		// ids
		{"an id of 64", "PUT", "/R4/Appointment/" + long, nil, of(long), false, 201, []string{"Location: .*/" + long + "/_history/1"}, ""},
		{"read", "GET", "/R4/Appointment/" + long, nil, nil, false, 200, nil, long},
		{"an id of 65", "PUT", "/R4/Appointment/" + longer, nil, of(longer), false, 400, nil, `Appointment.id`},
		{"read, an id of 65", "GET", "/R4/Appointment/" + longer, nil, nil, false, 404, nil, "not-found"},
		{"found, an id of 65", "GET", "/R4/Appointment?_id=" + longer, nil, nil, false, 200, nil, `"total":0`},
		{"in other letters", "GET", "/R4/Appointment/A01", nil, nil, false, 404, nil, "not-found"},
		{"the base in other letters", "GET", "/r4/Appointment/a01", nil, nil, false, 404, nil, "OperationOutcome"},
		{"an id in the body of a POST", "POST", "/R4/Appointment", nil, of("mine"), false, 201, nil, ""},
		{"was not taken", "GET", "/R4/Appointment/mine", nil, nil, false, 404, nil, ""},
		{"a version of 0", "GET", a01 + "/_history/0", nil, nil, false, 404, nil, "not-found"},
		{"a version that is no number", "GET", a01 + "/_history/x", nil, nil, false, 404, nil, "not-found"},
		{"a version to come", "GET", a01 + "/_history/99999999999999999999", nil, nil, false, 404, nil, "not-found"},
		{"a version with a sign", "GET", a01 + "/_history/+1", nil, nil, false, 404, nil, "not-found"},

		// If-Match
		{"strong", "PUT", a01, []string{`If-Match: "2"`}, of("a01"), false, 200, []string{`Etag: W/"3"`}, ""},
		{"one of several", "PUT", a01, []string{`If-Match: W/"1", W/"3"`}, []byte(strings.Replace(string(of("a01")), "COMMENT", "4th", 1)), false, 200, []string{`Etag: W/"4"`}, ""},
		{"any", "PUT", a01, []string{`If-Match: *`}, []byte(strings.Replace(string(of("a01")), "COMMENT", "5th", 1)), false, 200, []string{`Etag: W/"5"`}, ""},
		{"any, of what is not there", "PUT", "/R4/Appointment/none", []string{`If-Match: *`}, of("none"), false, 412, nil, "If-Match"},
		{"a version of what is not there", "PUT", "/R4/Appointment/none", []string{`If-Match: W/"1"`}, of("none"), false, 412, nil, "If-Match"},
		{"without quotes", "PUT", a01, []string{`If-Match: 4`}, of("a01"), false, 412, nil, "If-Match"},
		{"no tag at all", "PUT", a01, []string{`If-Match: W/"`}, of("a01"), false, 412, nil, "If-Match"},
		{"another's tag", "DELETE", a01, []string{`If-Match: W/"abc"`}, nil, false, 412, nil, "If-Match"},
		{"nothing changed", "GET", a01, nil, nil, false, 200, []string{`Etag: W/"5"`}, "5th"},
		{"must not be there, and is not", "PUT", "/R4/Appointment/fresh", []string{"If-None-Match: *"}, of("fresh"), false, 201, nil, ""},
		{"both a version and none", "PUT", "/R4/Appointment/both", []string{"If-None-Match: *", `If-Match: W/"1"`}, of("both"), false, 412, nil, "cannot both hold"},
		{"a time that is none", "GET", a01, []string{"If-Modified-Since: yesterday"}, nil, false, 200, nil, "5th"},

		// conditions
		{"a patch that one meets", "PATCH", "/R4/Appointment?_id=fresh", []string{jsonPatch}, describe, false, 200, []string{`Etag: W/"2"`}, `"description":"x"`},
		{"a patch that none meets", "PATCH", "/R4/Appointment?_id=none", []string{jsonPatch}, describe, false, 404, nil, "meets the condition"},
		{"a patch that many meet", "PATCH", "/R4/Appointment?status=booked", []string{jsonPatch}, describe, false, 412, nil, "multiple-matches"},
		{"a patch of no condition", "PATCH", "/R4/Appointment", []string{jsonPatch}, describe, false, 400, nil, "needs the id"},
		{"a deletion that many meet", "DELETE", "/R4/Appointment?status=booked", nil, nil, false, 412, nil, "multiple-matches"},
		{"a deletion that none meets", "DELETE", "/R4/Appointment?_id=none", nil, nil, false, 204, nil, ""},
		{"a deletion by what is no criterion", "DELETE", "/R4/Appointment?_sort=date", nil, nil, false, 412, nil, "which Appointment is meant"},
		{"a deletion by an unknown name", "DELETE", "/R4/Appointment?colour=red", nil, nil, false, 400, nil, "colour"},
		{"an update that many meet", "PUT", "/R4/Appointment?status=booked", nil, of("a01"), false, 412, nil, "multiple-matches"},
		{"a create that one meets", "POST", "/R4/Appointment", []string{"If-None-Exist: _id=fresh"}, of("x"), false, 200, []string{`Etag: W/"2"`}, `"id":"fresh"`},
		{"a create by a bad value", "POST", "/R4/Appointment", []string{"If-None-Exist: date=junk"}, of("x"), false, 400, nil, "date"},

		// deletion
		{"deleted", "DELETE", "/R4/Appointment/fresh", nil, nil, false, 204, []string{`Etag: W/"3"`}, ""},
		{"deleted again", "DELETE", "/R4/Appointment/fresh", nil, nil, false, 204, nil, ""},
		{"read", "GET", "/R4/Appointment/fresh", nil, nil, false, 410, nil, `"deleted"`},
		{"the deletion read", "GET", "/R4/Appointment/fresh/_history/3", nil, nil, false, 410, nil, `"deleted"`},
		{"the version before it", "GET", "/R4/Appointment/fresh/_history/2", nil, nil, false, 200, []string{`Etag: W/"2"`}, `"description":"x"`},
		{"patched", "PATCH", "/R4/Appointment/fresh", []string{jsonPatch}, describe, false, 410, nil, `"deleted"`},
		{"not found", "GET", "/R4/Appointment?_id=fresh", nil, nil, false, 200, nil, `"total":0`},
		{"put again", "PUT", "/R4/Appointment/fresh", nil, of("fresh"), false, 201, []string{`Etag: W/"4"`}, ""},
		{"its history has it all", "GET", "/R4/Appointment/fresh/_history", nil, nil, false, 200, nil, `"total":4`},

		// patches
		{"a merge patch", "PATCH", a01, []string{"Content-Type: application/merge-patch+json"}, []byte(`{}`), false, 415, []string{"Accept-Patch: .*application/json-patch\\+json.*"}, "Content-Type"},
		{"an XML patch", "PATCH", a01, []string{"Content-Type: application/xml-patch+xml"}, []byte(`<diff/>`), false, 415, []string{"Accept-Patch: .*"}, ""},
		{"no type", "PATCH", a01, []string{"Content-Type: "}, describe, false, 415, nil, "Content-Type"},
		{"by Parameters", "PATCH", a01, []string{parameters}, []byte(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Appointment.comment"},{"name":"value","valueString":"6th"}]}]}`), false, 200, []string{`Etag: W/"6"`}, "6th"},
		{"by Parameters in XML", "PATCH", a01, []string{"Content-Type: application/fhir+xml", "Accept: application/fhir+json"}, []byte(`<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="replace"/></part><part><name value="path"/><valueString value="Appointment.comment"/></part><part><name value="value"/><valueString value="7th"/></part></parameter></Parameters>`), false, 200, []string{`Etag: W/"7"`}, "7th"},
		{"a resource", "PATCH", a01, []string{parameters}, of("a01"), false, 400, nil, "Parameters"},
		{"a test that fails", "PATCH", a01, []string{jsonPatch}, []byte(`[{"op":"test","path":"/comment","value":"6th"},{"op":"remove","path":"/comment"}]`), false, 422, nil, "test"},
		{"to what is not sound", "PATCH", a01, []string{jsonPatch}, []byte(`[{"op":"remove","path":"/participant"}]`), false, 422, nil, "Appointment.participant"},
		{"to what it is", "PATCH", a01, []string{jsonPatch}, []byte(`[{"op":"replace","path":"/comment","value":"7th"}]`), false, 200, []string{`Etag: W/"7"`}, "7th"},

		// preferences
		{"two in one", "PUT", a01, []string{"Prefer: return=minimal, handling=strict"}, []byte(strings.Replace(string(of("a01")), "COMMENT", "8th", 1)), false, 200, []string{"Preference-Applied: return=minimal", "Content-Length: 0"}, ""},
		{"by a semicolon", "GET", "/R4/Appointment?foo=1", []string{"Prefer: return=minimal; handling=strict"}, nil, false, 400, nil, "foo"},
		{"in quotes and capitals", "GET", "/R4/Appointment?foo=1", []string{`Prefer: Handling="strict"`}, nil, false, 400, nil, "foo"},
		{"one that is not known", "GET", "/R4/Appointment?foo=1", []string{"Prefer: handling=maybe, respond-async"}, nil, false, 200, nil, "foo"},

		// formats
		{"JSON excluded", "GET", a01, []string{"Accept: application/fhir+json;q=0, */*"}, nil, false, 200, []string{xml}, ""},
		{"JSON excluded alone", "GET", a01, []string{"Accept: application/fhir+json;q=0"}, nil, false, 406, nil, "Accept"},
		{"everything excluded", "GET", a01, []string{"Accept: */*;q=0"}, nil, false, 406, nil, "Accept"},
		{"XML rather", "GET", a01, []string{"Accept: application/fhir+json;q=0.1, application/fhir+xml;q=0.2"}, nil, false, 200, []string{xml}, ""},
		{"any application", "GET", a01, []string{"Accept: application/*"}, nil, false, 200, []string{json}, ""},
		{"a browser", "GET", a01, []string{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, nil, false, 200, nil, "8th"},
		{"_format before Accept", "GET", a01 + "?_format=json", []string{"Accept: application/fhir+xml"}, nil, false, 200, []string{json}, ""},
		{"_format with a bare plus", "GET", a01 + "?_format=application/fhir+xml", nil, nil, false, 200, []string{xml}, ""},
		{"_format with a plus in percents", "GET", a01 + "?_format=application%2Ffhir%2Bxml", nil, nil, false, 200, []string{xml}, ""},
		{"the right version of FHIR", "GET", a01, []string{"Accept: application/fhir+json; fhirVersion=4.0"}, nil, false, 200, []string{json}, ""},
		{"a body in UTF-16", "PUT", a01, []string{"Content-Type: application/fhir+json; charset=utf-16"}, of("a01"), false, 415, nil, "utf-8"},
		{"an empty body", "PUT", a01, nil, []byte(" "), false, 400, nil, "OperationOutcome"},
		{"a list for a body", "POST", "/R4/Appointment", nil, []byte("[" + wireAppointment + "]"), false, 400, nil, "OperationOutcome"},
		{"something behind the body", "PUT", a01, nil, []byte(wireAppointment + "{}"), false, 400, nil, "OperationOutcome"},
		{"a member twice", "PUT", a01, nil, []byte(strings.Replace(wireAppointment, `"status"`, `"status":"booked","status"`, 1)), false, 400, nil, "twice"},
		{"half a pair", "PUT", a01, nil, []byte(strings.Replace(wireAppointment, "COMMENT", `\ud800`, 1)), false, 400, nil, "surrogate"},

		// summaries in XML
		{"a summary", "GET", "/R4/Appointment?_id=a01&_summary=true&_format=xml", nil, nil, false, 200, []string{xml}, `SUBSETTED`},
		{"texts alone", "GET", "/R4/Appointment?_id=a01&_summary=text&_format=xml", nil, nil, false, 200, []string{xml}, `SUBSETTED`},
		{"data", "GET", "/R4/Appointment?_id=a01&_summary=data&_format=xml", nil, nil, false, 200, []string{xml}, `<comment value="8th"/>`},
		{"a count", "GET", "/R4/Appointment?_id=a01&_summary=count&_format=xml", nil, nil, false, 200, []string{xml}, `<total value="1"/>`},
		{"no summary", "GET", "/R4/Appointment?_id=a01&_summary=false&_format=xml", nil, nil, false, 200, []string{xml}, `<comment value="8th"/>`},

		// histories
		{"since no time", "GET", a01 + "/_history?_since=junk", nil, nil, false, 400, nil, "_since"},
		{"since twice", "GET", a01 + "/_history?_since=2025&_since=2026", nil, nil, false, 400, nil, "_since"},
		{"less than none", "GET", a01 + "/_history?_count=-1", nil, nil, false, 400, nil, "_count"},
		{"none", "GET", a01 + "/_history?_count=0", nil, nil, false, 200, nil, `"total":8`},
		{"since a time to come", "GET", a01 + "/_history?_since=2999-01-01T00:00:00Z", nil, nil, false, 200, nil, `"total":0`},
		{"since an offset with a bare plus", "GET", a01 + "/_history?_since=2999-01-01T00:00:00+01:00", nil, nil, false, 200, nil, `"total":0`},
		{"of nobody", "GET", "/R4/Appointment/none/_history", nil, nil, false, 404, nil, "not-found"},
		{"a page that is made up", "GET", "/R4/Appointment/_history?_page=x", nil, nil, false, 400, nil, "_page"},
		{"a page of a search that is made up", "GET", "/R4/Appointment?_page=AAAA", nil, nil, false, 400, nil, "_page"},

		// batches
		{"an entry that refers to another", "POST", "/R4", nil, []byte(`{"resourceType":"Bundle","type":"batch","entry":[` + entryOf("POST", "Patient", full(urnA)+patientEntry("")) + "," + entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"`+urnA+`"}]}`) + `]}`), false, 200, nil, `"expression":["Schedule.actor[0].reference"]`},
		{"the other one", "GET", "/R4/Patient?family=new&_summary=count", nil, nil, false, 200, nil, `"total":1`},
		{"one that was refused", "GET", "/R4/Schedule?_summary=count", nil, nil, false, 200, nil, `"total":0`},
		{"one that refers to nothing here", "POST", "/R4", nil, []byte(`{"resourceType":"Bundle","type":"batch","entry":[` + entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"`+urnB+`"}]}`) + `]}`), false, 200, nil, `"status":"201 Created"`},
		{"a search in place of a reference", "POST", "/R4", nil, []byte(`{"resourceType":"Bundle","type":"batch","entry":[` + entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"Patient?family=new"}]}`) + `]}`), false, 200, nil, `"status":"422 Unprocessable`},
		{"none", "POST", "/R4", nil, []byte(`{"resourceType":"Bundle","type":"batch"}`), false, 200, nil, `"batch-response"`},

		// addresses
		{"a search of everything", "GET", "/R4?_type=Slot", nil, nil, false, 405, []string{"Allow: POST, OPTIONS"}, ""},
		{"a search of everything, posted", "POST", "/R4/_search", []string{form}, []byte("_type=Slot"), false, 404, nil, "OperationOutcome"},
		{"a search by GET at the place of the post", "GET", "/R4/Appointment/_search?_id=a01", nil, nil, false, 405, []string{"Allow: POST, OPTIONS"}, ""},
		{"a body of another kind, posted", "POST", "/R4/Appointment/_search", nil, []byte(`{"status":"booked"}`), false, 415, nil, "x-www-form-urlencoded"},
		{"a form of bad percents", "POST", "/R4/Appointment/_search", []string{form}, []byte("status=%zz"), false, 400, nil, "status"},
		{"a question mark and nothing", "GET", a01 + "?", nil, nil, false, 200, nil, "8th"},
		{"a type in the plural", "GET", "/R4/Appointments", nil, nil, false, 404, nil, "OperationOutcome"},
		{"an extra step", "GET", a01 + "/comment", nil, nil, false, 404, nil, "OperationOutcome"},
	})
}

// What is no HTTP is refused by the HTTP server itself, and harms nothing.
func TestNoHTTP(t *testing.T) {
	w := startWire(t)
	for _, line := range []string{"GET /R4/Appointment/%zz HTTP/1.1", "GET /R4/Appointment/a b HTTP/1.1", "GET /R4/Appointment/a01 HTTP/9.9", "hello"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, line+"\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") && !strings.HasPrefix(string(answer), "HTTP/1.1 505 ") {
			t.Errorf("%s: %v %q", line, err, answer)
		}
		_ = conn.Close()
	}
	w.check(t, exchange{method: "GET", path: "/R4/Appointment/a01", status: 200, says: "second"})
}
