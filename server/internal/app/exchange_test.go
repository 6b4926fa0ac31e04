package app

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// wireDemo is a running program with an appointment a01 at version 2, and tokens.
type wireDemo struct {
	*demo
	admin, consumer string
}

const wireAppointment = `{"resourceType":"Appointment","id":"a01","status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","comment":"COMMENT","participant":[{"actor":{"display":"x"},"status":"accepted"}]}`

func startWire(t *testing.T) wireDemo {
	t.Helper()
	return startWireOf(t, startDemo(t, t.TempDir(), Settings{}))
}

func startWireOf(t *testing.T, a *App) wireDemo {
	t.Helper()
	w := wireDemo{demo: &demo{app: a, base: a.cfg.BaseURL}}
	for client, into := range map[string]*string{"demo-admin": &w.admin, "demo-consumer": &w.consumer} {
		var err error
		if *into, err = fetchToken(t.Context(), w.base, client, demoSecret, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i, comment := range []string{"first", "second"} {
		body := []byte(strings.Replace(wireAppointment, "COMMENT", comment, 1))
		if got := w.do(t, exchange{method: "PUT", path: "/R4/Appointment/a01", body: body}); got.StatusCode != []int{201, 200}[i] {
			t.Fatalf("PUT: %d", got.StatusCode)
		}
	}
	return w
}

// exchange is a request and what is wanted of its answer.
type exchange struct {
	name, method, path string
	header             []string // Name: value
	body               []byte
	nobody             bool // without a token
	status             int
	want               []string // patterns of header lines that the answer has
	says               string   // what its body holds
}

// plainTransport adds no header of its own and follows nothing.
var plainTransport = &http.Transport{DisableCompression: true}

// do sends the request of an exchange; the answer's body can be read.
func (w wireDemo) do(t *testing.T, x exchange) *http.Response {
	t.Helper()
	return w.to(t, w.base, x)
}

func (w wireDemo) to(t *testing.T, base string, x exchange) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), x.method, base+x.path, bytes.NewReader(x.body))
	if err != nil {
		t.Fatal(err)
	}
	if !x.nobody {
		req.Header.Set("Authorization", "Bearer "+w.admin)
	}
	if x.body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, line := range x.header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Authorization" && value == "consumer" {
			value = "Bearer " + w.consumer
		}
		req.Header.Set(name, value)
	}
	resp, err := plainTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp
}

// check sends the request and compares the answer.
func (w wireDemo) check(t *testing.T, x exchange) {
	t.Helper()
	resp := w.do(t, x)
	b, _ := io.ReadAll(resp.Body)
	var head bytes.Buffer
	_ = resp.Header.Write(&head)
	if resp.StatusCode != x.status {
		t.Errorf("%s %s: %d, want %d: %.300s", x.method, x.path, resp.StatusCode, x.status, b)
	}
	for _, p := range x.want {
		if !regexp.MustCompile(`(?mi)^` + p + `\r?$`).Match(head.Bytes()) {
			t.Errorf("%s %s: no header line %s in\n%s", x.method, x.path, p, head.Bytes())
		}
	}
	if !strings.Contains(string(b), x.says) {
		t.Errorf("%s %s: %.300s, want it to say %s", x.method, x.path, b, x.says)
	}
}

func (w wireDemo) checkAll(t *testing.T, all []exchange) {
	t.Helper()
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) { w.check(t, x) })
	}
}
