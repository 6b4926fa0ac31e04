package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSmuggling: security S85 and S110. Requests whose length two readers could see
// differently are refused and the connection ends, or are read in the one way the
// standard has; never is a second request carried out that the first hid.
func TestSmuggling(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{LogLevel: "error"})
	d := &demo{app: a, base: a.cfg.BaseURL}
	host := strings.TrimPrefix(d.base, "http://")
	token, err := fetchToken(t.Context(), d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	head := "POST /R4/Patient/_search HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	hidden := "PUT /R4/Patient/smuggled HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/fhir+json\r\nContent-Length: 43\r\n\r\n" + `{"resourceType":"Patient","id":"smuggled"}` + "\n"
	for _, tc := range []struct {
		name, rest string
		statuses   []int // of the answers, one after another
	}{
		{"a length and chunks", fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+len(hidden)) + hidden, []int{200}}, // chunks count, and nothing behind them
		{"two lengths that differ", fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n", len(hidden)) + hidden, []int{400}},
		{"a list of lengths", fmt.Sprintf("Content-Length: 0, %d\r\n\r\n", len(hidden)) + hidden, []int{400}},
		{"a length with a sign", fmt.Sprintf("Content-Length: +%d\r\n\r\n", len(hidden)) + hidden, []int{400}},
		{"a length in hexadecimal", fmt.Sprintf("Content-Length: 0x%x\r\n\r\n", len(hidden)) + hidden, []int{400}},
		{"a negative length", "Content-Length: -1\r\n\r\n" + hidden, []int{400}},
		{"a length beyond all", "Content-Length: 99999999999999999999\r\n\r\n" + hidden, []int{400}},
		{"a coding that is not known", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		{"two codings", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		{"a coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		{"a blank before the colon", fmt.Sprintf("Content-Length : %d\r\n\r\n", len(hidden)) + hidden, []int{400}},
		{"a folded header", fmt.Sprintf("Connection: close\r\nX: a\r\n Content-Length: %d\r\n\r\n", len(hidden)) + hidden, []int{200}},
		{"a NUL in a header", "X: a\x00b\r\n\r\n", []int{400}},
		{"two hosts", "Host: evil.example\r\n\r\n", []int{400}},
		{"a chunk of no size", "Transfer-Encoding: chunked\r\n\r\nz\r\n" + hidden, []int{400}},
		{"a chunk that is shorter than it says", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n" + hidden, []int{400}},
		{"a chunk beyond all", "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + hidden, []int{400}},
	} {
		conn, err := net.DialTimeout("tcp", host, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		go func() { _, _ = io.WriteString(conn, head+tc.rest) }() // it may be refused before it is read
		var got []int
		for from := bufio.NewReader(conn); ; {
			resp, err := http.ReadResponse(from, nil)
			if err != nil {
				break
			}
			got = append(got, resp.StatusCode)
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		_ = conn.Close()
		if fmt.Sprint(got) != fmt.Sprint(tc.statuses) {
			t.Errorf("%s: answers %v, want %v", tc.name, got, tc.statuses)
		}
	}
	if status, _, err := d.call(t.Context(), http.MethodGet, "/R4/Patient/smuggled", token, nil); err != nil || status != http.StatusNotFound {
		t.Errorf("what a request hid was carried out: %d %v", status, err)
	}
}

// TestHeadersTwice: a header on which something rests counts once: two that say
// different things are refused, or the request is as if none said it.
func TestHeadersTwice(t *testing.T) {
	c := startSurgery(t, Settings{LogLevel: "error"})
	host := strings.TrimPrefix(c.base, "http://")
	made := c.booked(t)
	id := made.text("id")
	admin, consumer := "Authorization: Bearer "+c.admin, "Authorization: Bearer "+c.consumer
	const request = "X-Request-ID: 0b9c1f0e-0000-4000-8000-00000000000"
	for _, tc := range []struct {
		name, line string
		header     []string
		body       string
		status     []int
	}{
		{"two tokens", "GET /R4/Appointment/" + id, []string{admin, consumer}, "", []int{400}},
		{"a token and an empty one", "GET /R4/Appointment/" + id, []string{admin, "Authorization: "}, "", []int{400}},
		{"two tokens, booking", "GET " + face + "/Appointment/" + id, []string{consumer, consumer}, "", []int{400, 403}},
		{"two in one", "GET /R4/Appointment/" + id, []string{admin + ", Bearer " + c.consumer}, "", []int{400, 401}},
		{"two conditions", "POST /R4/Patient", []string{admin, "Content-Type: application/fhir+json", "If-None-Exist: _id=a", "If-None-Exist: _id=b"}, `{"resourceType":"Patient"}`, []int{400}},
		{"two request ids", "POST " + face + "/Appointment", []string{consumer, "Content-Type: application/fhir+json", request + "1", request + "2"}, string(bookingOf(t, c.slot())), []int{400}},
		{"two types", "POST /R4/Patient", []string{admin, "Content-Type: application/fhir+json", "Content-Type: application/fhir+xml"}, `{"resourceType":"Patient"}`, []int{400}},
		{"two encodings", "POST /R4/Patient", []string{admin, "Content-Type: application/fhir+json", "Content-Encoding: identity", "Content-Encoding: gzip"}, `{"resourceType":"Patient"}`, []int{400, 415}},
		{"two organisations", "GET /R4/bars/Appointment?patient:identifier=x%7Cy", append(barsLines(), "NHSD-End-User-Organisation: e30=", consumer), "", []int{400}},
		{"another method, in three ways", "GET /R4/Appointment/" + id + "?_method=DELETE", []string{admin, "X-HTTP-Method: DELETE", "X-Method-Override: DELETE", "X-HTTP-Method-Override: DELETE"}, "", []int{200}},
	} {
		all := append([]string{tc.line + " HTTP/1.1", "Host: " + host}, tc.header...)
		all = append(all, "Connection: close", fmt.Sprint("Content-Length: ", len(tc.body)), "", tc.body)
		status, answer := bare(t, host, strings.Join(all, "\r\n"))
		ok := false
		for _, want := range tc.status {
			ok = ok || status == want
		}
		if !ok {
			t.Errorf("%s: %d, want one of %v: %.400s", tc.name, status, tc.status, answer)
		}
	}
	if r := c.ask("GET", "/Appointment/"+id, nil); r.status != 200 || r.text("status") != "booked" {
		t.Errorf("the booking is %d %s", r.status, r.text("status"))
	}
}

// barsLines is the header of a BaRS request, in lines.
func barsLines() (lines []string) {
	h := barsHeader()
	for i := 0; i+1 < len(h); i += 2 {
		lines = append(lines, h[i]+": "+h[i+1])
	}
	return lines
}
