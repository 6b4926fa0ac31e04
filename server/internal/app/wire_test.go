package app

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every method at every address of both faces: what is not done is 405 with
// Allow and an OperationOutcome, before token, type and text are looked at (NHS
// booking standard 2.11 and 2.12, requirements 49 and 111), and nothing is a 5xx.
func TestMethods(t *testing.T) {
	w := startWire(t)
	all := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"}
	for _, base := range []string{"/R4", "/STU3/1/booking"} {
		for _, path := range []string{"", "/", "/metadata", "/Appointment", "/Slot", "/Appointment/_search", "/Appointment/a01", "/Appointment/a01/_history", "/Appointment/a01/_history/1", "/_history", "/Appointment/_history", "/Patient/p1/Appointment", "/Patient/p1/Appointment/_search", "/Appointment/$banana", "/Banana", "/Banana/1", "/Appointment/a01/b/c/d"} {
			for _, method := range all {
				resp := w.do(t, exchange{method: method, path: base + path, nobody: true})
				b, _ := io.ReadAll(resp.Body)
				allow := strings.Split(resp.Header.Get("Allow"), ", ")
				name := method + " " + base + path
				if resp.StatusCode >= 500 {
					t.Errorf("%s: %d %s", name, resp.StatusCode, b)
				}
				if resp.StatusCode == 405 && (allow[0] == "" || slices.Contains(allow, method)) {
					t.Errorf("%s: 405, and Allow is %q", name, allow)
				}
				if method == "HEAD" && len(b) > 0 {
					t.Errorf("%s has a body", name)
				}
				if method != "HEAD" && resp.StatusCode >= 400 && !bytes.Contains(b, []byte(`"resourceType":"OperationOutcome"`)) {
					t.Errorf("%s: %d %s", name, resp.StatusCode, b)
				}
				if method == "OPTIONS" && base == "/R4" && resp.StatusCode/100 == 2 {
					// What Allow says, is so.
					for _, m := range all {
						if got := w.do(t, exchange{method: m, path: base + path, nobody: true}).StatusCode; (got == 405) == slices.Contains(allow, m) {
							t.Errorf("%s %s is %d, and Allow says %q", m, base+path, got, allow)
						}
					}
				}
			}
		}
	}
	w.checkAll(t, []exchange{
		{"a type", "OPTIONS", "/R4/Slot", nil, nil, true, 204, []string{"Allow: GET, HEAD, POST, .*OPTIONS"}, ""},
		{"the base", "OPTIONS", "/R4", nil, nil, true, 200, []string{"Allow: .*OPTIONS"}, "CapabilityStatement"},
		{"a compartment", "OPTIONS", "/R4/Patient/p1/Appointment", nil, nil, true, 204, []string{"Allow: GET, HEAD, OPTIONS"}, ""},
		{"a change of a compartment", "PUT", "/R4/Patient/p1/Appointment", nil, nil, true, 405, []string{"Allow: GET, HEAD, OPTIONS"}, "not-supported"},
		{"an operation that is none", "POST", "/R4/Appointment/$banana", nil, nil, false, 404, nil, "no operation"},
		{"an id that cannot be", "PUT", "/R4/Appointment/a_b", []string{"Content-Type: application/fhir+json"}, []byte(`{"resourceType":"Appointment"}`), false, 400, nil, "Appointment.id"},
		{"the description", "OPTIONS", "/R4/metadata", nil, nil, true, 204, []string{"Allow: GET, HEAD, OPTIONS"}, ""},
		{"refused by the booking face (111)", "OPTIONS", "/STU3/1/booking/Appointment/a01", nil, nil, true, 405, []string{"Allow: GET, HEAD.*"}, "not-supported"},
		{"a booking of slots (49)", "POST", "/STU3/1/booking/Slot?status=free", nil, nil, false, 405, []string{"Allow: GET, HEAD"}, `"code":"not-supported"`},
		{"a type in lower case", "GET", "/R4/appointment", nil, nil, false, 404, nil, "is Appointment meant"},
	})
}

// The order of the checks, NHS booking standard 2.12: a request with every fault
// is told of them one by one.
func TestOrderOfChecks(t *testing.T) {
	w := startWire(t)
	const booking = "/STU3/1/booking/Appointment"
	id := "X-Request-ID: 0f0f0f0f-1111-4222-8333-444444444444"
	w.checkAll(t, []exchange{
		{"method before token", "PATCH", booking, []string{"Accept: application/pdf", "Content-Type: text/plain"}, []byte("x"), true, 405, nil, ""},
		{"token before format", "POST", booking, []string{"Accept: application/pdf", "Content-Type: text/plain"}, []byte("x"), true, 403, nil, ""},
		{"format before type", "POST", booking, []string{"Accept: application/pdf", "Content-Type: text/plain", "Authorization: consumer"}, []byte("x"), false, 406, nil, ""},
		{"type before request id (79)", "POST", booking, []string{"Content-Type: application/xml", "Authorization: consumer"}, []byte("x"), false, 415, nil, "UNSUPPORTED_MEDIA_TYPE"},
		{"request id before text (77)", "POST", booking, []string{"Authorization: consumer"}, []byte("x"), false, 400, nil, "X-Request-ID"},
		{"text (87)", "POST", booking, []string{"Authorization: consumer", id}, []byte(`{"resourceType":"App`), false, 400, nil, "ends"},
		{"on R4 too", "POST", "/R4/Appointment", []string{"Content-Type: text/plain"}, []byte("x"), false, 415, nil, "application/fhir+json"},
	})
}

// Requirement 57, and http://hl7.org/fhir/R4/http.html#custom: a caller's id is
// echoed as it is, on every answer and face, beside one of ours.
func TestRequestIDs(t *testing.T) {
	w := startWire(t)
	const uuid = "0f0f0f0f-1111-4222-8333-444444444ABC"
	for _, path := range []string{"/R4/Appointment/a01", "/R4/Appointment/nobody", "/STU3/1/booking/metadata", "/STU3/1/booking/Banana", "/elsewhere"} {
		for sent, want := range map[string]string{"X-Request-ID: " + uuid: uuid, "X-Request-ID: call-7/b": "call-7/b", "X-Correlation-ID: c1": "c1", "X-Request-ID: " + strings.Repeat("x", 300): ""} {
			resp := w.do(t, exchange{method: "GET", path: path, header: []string{sent}})
			if got := resp.Header.Get("X-Correlation-ID"); got != want {
				t.Errorf("%s with %.60s: X-Correlation-ID %q, want %q", path, sent, got, want)
			}
			if got := resp.Header.Get("X-Request-ID"); len(got) != 36 || got == uuid {
				t.Errorf("%s: X-Request-ID %q", path, got)
			}
		}
	}
}

// http://hl7.org/fhir/R4/http.html#cread; worked examples E34 and E35.
func TestConditionalRead(t *testing.T) {
	w := startWire(t)
	const a01, v1 = "/R4/Appointment/a01", "/R4/Appointment/a01/_history/1"
	now := time.Now().UTC()
	at := func(d time.Duration) string { return "If-Modified-Since: " + now.Add(d).Format(http.TimeFormat) }
	tag, date := `Etag: W/"2"`, "Last-Modified: .* GMT"
	w.checkAll(t, []exchange{
		{"E34", "GET", a01, []string{`If-None-Match: W/"2"`}, nil, false, 304, []string{tag, date, "Vary: Accept, Accept-Encoding", "Cache-Control: no-store"}, ""},
		{"an older version", "GET", a01, []string{`If-None-Match: W/"1"`}, nil, false, 200, []string{tag, date}, "second"},
		{"one of several", "GET", a01, []string{`If-None-Match: "7", "2"`}, nil, false, 304, []string{tag}, ""},
		{"HEAD", "HEAD", a01, []string{`If-None-Match: W/"2"`}, nil, false, 304, []string{tag}, ""},
		{"since a time to come", "GET", a01, []string{at(time.Minute)}, nil, false, 304, []string{tag, date}, ""},
		{"since a time before", "GET", a01, []string{at(-time.Hour)}, nil, false, 200, []string{tag, date}, "second"},
		{"the tag counts", "GET", a01, []string{at(time.Minute), `If-None-Match: W/"1"`}, nil, false, 200, nil, "second"},
		{"a version", "GET", v1, []string{`If-None-Match: W/"1"`}, nil, false, 304, []string{`Etag: W/"1"`, date}, ""},
		{"a version, by another's tag", "GET", v1, []string{`If-None-Match: W/"2"`}, nil, false, 200, []string{`Etag: W/"1"`, date}, "first"},
		{"If-Match says nothing to a read", "GET", a01, []string{`If-Match: W/"99"`}, nil, false, 200, nil, "second"},
		{"on the booking face", "GET", "/STU3/1/booking/Appointment/a01", []string{`If-None-Match: W/"2"`}, nil, false, 304, []string{tag}, ""},
		{"a refusal is no 304", "GET", "/R4/Appointment/nobody", []string{"If-None-Match: *"}, nil, false, 404, nil, "not-found"},
		{"E35", "PUT", a01, []string{`If-Match: W/"99"`}, []byte(wireAppointment), false, 412, nil, "If-Match"},
		{"E35: it is as it was", "GET", a01, nil, nil, false, 200, []string{tag}, "second"},
	})
}

// http://hl7.org/fhir/R4/http.html#ops.
func TestPreferReturn(t *testing.T) {
	w := startWire(t)
	next := func(comment string) []byte { return []byte(strings.Replace(wireAppointment, "COMMENT", comment, 1)) }
	fresh := []byte(strings.Replace(wireAppointment, `"id":"a01",`, "", 1))
	const a01 = "/R4/Appointment/a01"
	w.checkAll(t, []exchange{
		{"create, as it is", "POST", "/R4/Appointment", nil, fresh, false, 201, []string{"Location: .*/R4/Appointment/.+/_history/1", `Etag: W/"1"`, "Last-Modified: .* GMT"}, `"status":"booked"`},
		{"create, minimal", "POST", "/R4/Appointment", []string{"Prefer: return=minimal"}, fresh, false, 201, []string{"Location: .*/_history/1", `Etag: W/"1"`, "Last-Modified: .* GMT", "Content-Length: 0", "Preference-Applied: return=minimal"}, ""},
		{"create, outcome", "POST", "/R4/Appointment", []string{"Prefer: return=OperationOutcome"}, fresh, false, 201, []string{"Location: .*/_history/1", `Etag: W/"1"`}, `"severity":"information"`},
		{"update, minimal", "PUT", a01, []string{"Prefer: return=minimal"}, next("third"), false, 200, []string{`Etag: W/"3"`, "Content-Length: 0"}, ""},
		{"update, outcome", "PUT", a01, []string{"Prefer: return=OperationOutcome"}, next("fourth"), false, 200, []string{`Etag: W/"4"`}, "OperationOutcome"},
		{"update, as it is", "PUT", a01, []string{"Prefer: return=representation"}, next("fifth"), false, 200, []string{`Etag: W/"5"`}, "fifth"},
		{"a read is never minimal", "GET", a01, []string{"Prefer: return=minimal"}, nil, false, 200, nil, "fifth"},
		{"a refusal is always said", "PUT", a01, []string{"Prefer: return=minimal"}, []byte("{"), false, 400, nil, "OperationOutcome"},
	})
}

// Doubled and trailing slashes, and percent-encoding that need not be.
func TestOddAddresses(t *testing.T) {
	w := startWire(t)
	w.checkAll(t, []exchange{
		{"a slash at the end", "GET", "/R4/Appointment/a01/", nil, nil, false, 200, nil, "second"},
		{"a base that ends with one", "GET", "/R4//Appointment/a01", nil, nil, false, 200, nil, "second"},
		{"at the end of a search", "GET", "/R4/Appointment/?_id=a01", nil, nil, false, 200, nil, `"total":1`},
		{"a POST keeps its body", "POST", "/R4//Appointment/", nil, []byte(strings.Replace(wireAppointment, `"id":"a01",`, "", 1)), false, 201, nil, ""},
		{"encoded letters", "GET", "/%52%34/App%6Fintment/a%301", nil, nil, false, 200, nil, "second"},
		{"an encoded underscore", "GET", "/R4/Appointment/a01/%5Fhistory/1", nil, nil, false, 200, nil, "first"},
		{"an encoded slash is none", "GET", "/R4/Appointment%2Fa01", nil, nil, false, 404, nil, "OperationOutcome"},
		{"within an id", "GET", "/R4/Appointment/a%2F01", nil, nil, false, 404, nil, "OperationOutcome"},
		{"dots", "GET", "/R4/Appointment/..", nil, nil, false, 404, nil, "OperationOutcome"},
		{"out of the face", "GET", "/R4/../healthz", nil, nil, false, 404, nil, "OperationOutcome"},
		{"a zero byte", "GET", "/R4/Appointment/a%00", nil, nil, false, 404, nil, "OperationOutcome"},
		{"no UTF-8", "GET", "/R4/Appointment/%ff", nil, nil, false, 404, nil, "OperationOutcome"},
	})
}

// _format and _pretty, of addresses and of forms.
func TestForm(t *testing.T) {
	w := startWire(t)
	form := "Content-Type: application/x-www-form-urlencoded"
	w.checkAll(t, []exchange{
		{"for people", "GET", "/R4/Appointment/a01?_pretty=true", nil, nil, false, 200, nil, "\n  \"status\": \"booked\""},
		{"for people, in a form", "POST", "/R4/Appointment/_search", []string{form}, []byte("_id=a01&_pretty=true"), false, 200, nil, "\n  \"total\": 1"},
		{"the form says the format", "POST", "/R4/Appointment/_search", []string{form, "Accept: application/pdf"}, []byte("_id=a01&_format=json"), false, 200, nil, `"total":1`},
		{"the form says a format that is not had", "POST", "/R4/Appointment/_search", []string{form}, []byte("_id=a01&_format=pdf"), false, 406, nil, "_format"},
		{"neither says one", "POST", "/R4/Appointment/_search", []string{form, "Accept: application/pdf"}, []byte("_id=a01"), false, 406, nil, "Accept"},
		{"E44", "GET", "/R4/Appointment/a01", []string{"Accept: application/fhir+json; fhirVersion=3.0"}, nil, false, 406, nil, "4.0.1"},
		{"a body of another version", "PUT", "/R4/Appointment/a01", []string{"Content-Type: application/fhir+json; fhirVersion=3.0"}, []byte(wireAppointment), false, 415, nil, "4.0.1"},
		{"a byte order mark", "PUT", "/R4/Appointment/a04", nil, []byte("\ufeff" + strings.Replace(wireAppointment, "a01", "a04", 1)), false, 201, nil, ""},
		{"elements of a read", "GET", "/R4/Appointment/a01?_elements=status,id", nil, nil, false, 200, nil, `SUBSETTED`},
		{"a summary in XML", "GET", "/R4/Appointment/a01?_summary=true&_format=xml", nil, nil, false, 200, nil, `<code value="SUBSETTED"/>`},
		{"a version without its narrative", "GET", "/R4/Appointment/a01/_history/1?_summary=data", nil, nil, false, 200, nil, `"comment":"first"`},
		{"a history's elements", "GET", "/R4/Appointment/a01/_history?_elements=status", nil, nil, false, 200, nil, `SUBSETTED`},
		{"a read counts nothing", "GET", "/R4/Appointment/a01?_summary=count", nil, nil, false, 400, nil, `_summary`},
		{"a read ignores what it does not know", "GET", "/R4/Appointment/a01?colour=red", nil, nil, false, 200, nil, `second`},
		{"or not, for who is strict", "GET", "/R4/Appointment/a01?colour=red", []string{"Prefer: handling=strict"}, nil, false, 400, nil, `colour`},
		{"on the booking face it does, too", "GET", "/STU3/1/booking/Appointment/a01?colour=red", nil, nil, false, 200, nil, `second`},
		{"a refusal for people", "GET", "/R4/Banana?_pretty=true", nil, nil, false, 404, nil, "\n  \"issue\": ["},
	})
}

// HEAD is GET without the body: the same status and header.
func TestHead(t *testing.T) {
	w := startWire(t)
	for _, path := range []string{
		"/R4/metadata", "/R4/Appointment/a01", "/R4/Appointment/a01/_history/1", "/R4/Appointment/a01/_history", "/R4/Appointment?_id=a01", "/R4/Appointment/nobody",
		"/STU3/1/booking/metadata", "/STU3/1/booking/Appointment/a01", "/R4/.well-known/smart-configuration", "/healthz", "/elsewhere",
	} {
		get, head := w.do(t, exchange{method: "GET", path: path}), w.do(t, exchange{method: "HEAD", path: path})
		b, _ := io.ReadAll(get.Body)
		if head.StatusCode != get.StatusCode || head.ContentLength != int64(len(b)) {
			t.Errorf("%s: HEAD is %d of %d bytes, GET %d of %d", path, head.StatusCode, head.ContentLength, get.StatusCode, len(b))
		}
		for name := range get.Header {
			if got, want := head.Header.Get(name), get.Header.Get(name); got != want && name != "X-Request-Id" && name != "Date" {
				t.Errorf("%s: HEAD has %s: %q, GET %q", path, name, got, want)
			}
		}
	}
}
