// Package canary finds the people of tests where nobody may read of them: in what
// servers log, in metrics, in refusals and in panics. Only tests import it.
//
//	log := canary.Writer(w)                              // and what else is said
//	client.Transport = canary.Transport(client.Transport)
//	code = canary.Judge(m.Run())                         // in TestMain
package canary

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"sync"

	"slotway/fhir"
)

// people are what tests call patients, and say of them.
var people = regexp.MustCompile(`Zyxwvut|Qwertyuiop|Sample\^|Smithson|19800203|1980-02-03|19370911|1937-09-11`)

// number has the form of an NHS number of nobody, as all those of tests are.
var number = regexp.MustCompile(`(^|[^0-9.])(999 ?\d{3} ?\d{4})($|[^0-9])`)

// Find gives what in a text says who a patient is; empty where nothing does.
func Find(text []byte) string {
	if b := people.Find(text); b != nil {
		return string(b)
	}
	for _, m := range number.FindAllSubmatch(text, -1) {
		if n := string(bytes.ReplaceAll(m[2], []byte(" "), nil)); fhir.ValidNHSNumber(n) {
			return n
		}
	}
	return ""
}

// seen is what was found in this run of the tests.
var seen struct {
	sync.Mutex
	looks int // at texts
	found []string
}

// Look looks at a text, and remembers what Find finds.
func Look(what string, text []byte) {
	who := Find(text)
	seen.Lock()
	defer seen.Unlock()
	seen.looks++
	if who != "" && len(seen.found) < 20 {
		seen.found = append(seen.found, fmt.Sprintf("%s says %q: %.500s", what, who, text))
	}
}

// Judge gives the exit code of the tests: that of their run, or 1 where something was
// found.
func Judge(code int) int {
	seen.Lock()
	defer seen.Unlock()
	for _, f := range seen.found {
		fmt.Fprintln(os.Stderr, "patient data where nobody may read it:", f)
		code = 1
	}
	return code
}

// Looks gives how many texts were looked at.
func Looks() int {
	seen.Lock()
	defer seen.Unlock()
	return seen.looks
}

// Writer passes on what is written, and looks at every line.
func Writer(to io.Writer) io.Writer { return &writer{to: to} }

type writer struct {
	to   io.Writer
	mu   sync.Mutex
	part []byte // of a line whose end is not there yet
}

// Write looks at what became whole, and writes.
func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.part = append(w.part, b...)
	if end := bytes.LastIndexByte(w.part, '\n'); end >= 0 {
		for line := range bytes.Lines(w.part[:end+1]) {
			Look("the log", line)
		}
		w.part = append(w.part[:0], w.part[end+1:]...)
	}
	w.mu.Unlock()
	return w.to.Write(b)
}

// Transport makes requests by another, and looks at the answers that refuse them and at
// metrics.
func Transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return transport{next}
}

type transport struct{ next http.RoundTripper }

// RoundTrip makes a request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil || resp.StatusCode < 400 && r.URL.Path != "/metrics" {
		return resp, err
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it was read
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	what := "the metrics"
	if resp.StatusCode >= 400 {
		what = fmt.Sprintf("the %d of %s %s", resp.StatusCode, r.Method, r.URL.Path)
	}
	Look(what, b)
	return resp, nil
}
