package app

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/rest"
)

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// NHS booking standard, requirements 7, 34 and 70; security-reliability S86 and
// S87.
func TestCompression(t *testing.T) {
	w := startWire(t)
	zip := func(resp *http.Response) string {
		t.Helper()
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatalf("%d, %v", resp.StatusCode, err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	takes := []string{"Accept-Encoding: gzip, deflate"}
	for _, x := range []exchange{
		{"the description of R4", "GET", "/R4/metadata", takes, nil, true, 200, nil, "CapabilityStatement"},
		{"of the booking face (7)", "GET", "/STU3/1/booking/metadata", takes, nil, true, 200, nil, "CapabilityStatement"},
		{"small, on the booking face (34)", "GET", "/STU3/1/booking/Appointment/a01", takes, nil, false, 200, nil, "second"},
		{"a refusal there", "GET", "/STU3/1/booking/Appointment/nobody", takes, nil, false, 404, nil, "NO_RECORD_FOUND"},
		{"small, on R4, without identity", "GET", "/R4/Appointment/a01", []string{"Accept-Encoding: gzip, identity;q=0"}, nil, false, 200, nil, "second"},
		{"both ways (70)", "PUT", "/R4/Appointment/a02", []string{"Accept-Encoding: gzip, *;q=0", "Content-Encoding: gzip"}, gzipped(t, []byte(strings.Replace(wireAppointment, "a01", "a02", 1))), false, 201, nil, `"id":"a02"`},
	} {
		t.Run(x.name, func(t *testing.T) {
			resp := w.do(t, x)
			if resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Vary") != "Accept, Accept-Encoding" {
				t.Errorf("header %v", resp.Header)
			}
			if got := zip(resp); resp.StatusCode != x.status || !strings.Contains(got, x.says) {
				t.Errorf("%d %s, want %d with %s", resp.StatusCode, got, x.status, x.says)
			}
		})
	}
	if resp := w.do(t, exchange{method: "GET", path: "/R4/Appointment/a01", header: takes}); resp.Header.Get("Content-Encoding") != "" {
		t.Error("a small answer of R4 is compressed")
	}
	bomb := gzipped(t, bytes.Repeat([]byte(" "), 20<<20))
	form := "Content-Type: application/x-www-form-urlencoded"
	w.checkAll(t, []exchange{
		{"a bomb", "PUT", "/R4/Appointment/a03", []string{"Content-Encoding: gzip"}, bomb, false, 413, nil, "larger than"},
		{"a bomb of a form", "POST", "/R4/Appointment/_search", []string{form, "Content-Encoding: gzip"}, bomb, false, 413, nil, "larger than"},
		{"a form", "POST", "/R4/Appointment/_search", []string{form, "Content-Encoding: gzip"}, gzipped(t, []byte("_id=a01")), false, 200, nil, `"total":1`},
		{"brotli", "PUT", "/R4/Appointment/a03", []string{"Content-Encoding: br"}, []byte("x"), false, 415, []string{"Accept-Encoding: gzip"}, "must be gzip"},
		{"not gzip", "PUT", "/R4/Appointment/a03", []string{"Content-Encoding: gzip"}, []byte(wireAppointment), false, 400, nil, "gzip"},
		{"neither coding", "GET", "/R4/Appointment/a01", []string{"Accept-Encoding: br, identity;q=0"}, nil, false, 406, nil, "Accept-Encoding"},
	})
}

// Sizes beyond what is read are refused in FHIR, security-reliability S84 and S86.
func TestSizes(t *testing.T) {
	w := startWire(t)
	form := []string{"Content-Type: application/x-www-form-urlencoded"}
	w.checkAll(t, []exchange{
		{"an address", "GET", "/R4/Appointment?status=" + strings.Repeat("booked,", 5000), nil, nil, false, 414, nil, "longer than"},
		{"10,000 parameters", "GET", "/R4/Appointment?" + strings.Repeat("a=b&", 10_000), nil, nil, false, 414, nil, "POST to _search"},
		{"a header", "GET", "/R4/Appointment", []string{"X-Junk: " + strings.Repeat("x", 40<<10)}, nil, false, 431, nil, "header is larger"},
		{"a header on the booking face", "GET", "/STU3/1/booking/Slot", []string{"X-Junk: " + strings.Repeat("x", 40<<10)}, nil, false, 431, nil, "BAD_REQUEST"},
		{"a large header", "GET", "/R4/Appointment", []string{"X-Junk: " + strings.Repeat("x", 1000<<10)}, nil, false, 431, nil, `"resourceType":"OperationOutcome"`},
		{"a header that is read nowhere", "GET", "/R4/Appointment", []string{"X-Junk: " + strings.Repeat("x", 1100<<10)}, nil, false, 431, nil, ""},
		{"100,000 values", "GET", "/R4/Appointment?status=" + strings.Repeat("booked,", 100_000), nil, nil, false, 414, nil, `"resourceType":"OperationOutcome"`},
		{"10,000 long parameters", "GET", "/STU3/1/booking/Slot?" + strings.Repeat("status=free&", 10_000), nil, nil, false, 414, nil, `"resourceType":"OperationOutcome"`},
		{"a path", "GET", "/R4/Appointment/" + strings.Repeat("//x", 100_000), nil, nil, false, 414, nil, `"resourceType":"OperationOutcome"`},
		{"100,000 values, posted", "POST", "/R4/Appointment/_search", form, []byte("status=" + strings.Repeat("booked,", 100_000)), false, 400, nil, "longer than"},
		{"101 values", "GET", "/R4/Appointment?status=" + strings.Repeat("booked,", 101), nil, nil, false, 400, nil, `"expression":["status"]`},
		{"51 parameters", "GET", "/R4/Appointment?" + strings.Repeat("status=booked&", 51), nil, nil, false, 400, nil, `"code":"too-costly"`},
		{"of documents", "GET", "/R4/SearchParameter?" + strings.Repeat("a=b&", 51), nil, nil, false, 400, nil, `"code":"too-costly"`},
		{"of documents, posted", "POST", "/R4/SearchParameter/_search", form, []byte(strings.Repeat("a=b&", 100_000)), false, 400, nil, `"code":"too-long"`},
		{"of an operation", "GET", "/R4/Appointment/$find?" + strings.Repeat("a=b&", 51), nil, nil, false, 400, nil, `"code":"too-costly"`},
		{"of an operation, posted", "POST", "/R4/Appointment/$find", nil, []byte(`{"resourceType":"Parameters","parameter":[` + strings.Repeat(`{"name":"a"},`, 50) + `{"name":"a"}]}`), false, 400, nil, `"code":"too-costly"`},
		{"a body", "PUT", "/R4/Appointment/a01", nil, bytes.Repeat([]byte(" "), 2<<20), false, 413, nil, "larger than"},
	})
	// Of unknown length, and longer than is read: refused before its end.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.base+"/R4/Appointment/a01", io.LimitReader(blanks{}, 1<<40))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.admin)
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := plainTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a body without end: %d", resp.StatusCode)
	}
	_ = resp.Body.Close()
}

type blanks struct{}

func (blanks) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

// A store that cannot serve is told of as such, with when to try again.
func TestRetryAfter(t *testing.T) {
	w := startWire(t)
	if err := w.app.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, x := range []exchange{
		{"a read", "GET", "/R4/Appointment/a01", nil, nil, false, 503, []string{"Retry-After: [0-9]+"}, `"code":"transient"`},
		{"a write", "PUT", "/R4/Appointment/a01", nil, []byte(wireAppointment), false, 503, []string{"Retry-After: [0-9]+"}, "OperationOutcome"},
		{"in XML", "GET", "/R4/Appointment/a01?_format=xml", nil, nil, false, 503, []string{"Retry-After: [0-9]+"}, `<code value="transient"/>`},
	} {
		w.check(t, x)
	}
}

// A body that does not come is told so when the time to read it has passed.
func TestSlowBody(t *testing.T) {
	w := startWire(t)
	srv := httptest.NewUnstartedServer(w.app.rest.Handler([]string{rest.PartR4}))
	srv.Config.ReadTimeout = 100 * time.Millisecond
	srv.Start()
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := "PUT /R4/Appointment/a01 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + w.admin + "\r\nContent-Type: application/fhir+json\r\nContent-Length: 500\r\n\r\n{"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(answer); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "did not come to its end") {
		t.Errorf("answered %q", got)
	}
}
