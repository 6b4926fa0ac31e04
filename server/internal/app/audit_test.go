package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/audit"
)

// audited gives all records of the audit, those of a moment ago too.
func audited(t *testing.T, a *App) []audit.Found {
	t.Helper()
	if err := a.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := a.audit.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const (
	auditPatient = `{"resourceType":"Patient","id":"pat1","name":[{"family":"Heron"}]}`
	auditVisit   = `{"resourceType":"Appointment","id":"vis1","status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","participant":[{"actor":{"reference":"Patient/pat1"},"status":"accepted"}]}`
)

// TestEveryCallIsRecorded is nhs-booking 7, requirement 123, and security S99: what
// came of a call, for whom, and what it showed or wrote.
func TestEveryCallIsRecorded(t *testing.T) {
	w := startWire(t)
	w.do(t, exchange{method: "PUT", path: "/R4/Patient/pat1", body: []byte(auditPatient)})
	w.do(t, exchange{method: "PUT", path: "/R4/Appointment/vis1", body: []byte(auditVisit)})
	before := len(audited(t, w.app))
	ids := []string{"X-Request-ID: 9b5a7c56-2b40-4f0e-9a4f-1e2d3c4b5a69", "X-Correlation-ID: corr-7", "Ssp-TraceID: trace-7", "Ssp-From: 200000000001"}
	visit := "trustalias|Appointment/vis1"
	patient := "trustalias|Patient/pat1"
	for _, tc := range []struct {
		x              exchange
		want           string // act, status, code, client
		touched, query string
	}{
		{exchange{method: "GET", path: "/R4/Appointment/vis1"}, "read 200  demo-admin", visit + "/1 " + patient, ""},
		{exchange{method: "GET", path: "/R4/Appointment/vis1/_history/1"}, "vread 200  demo-admin", visit + "/1 " + patient, ""},
		{exchange{method: "GET", path: "/R4/Appointment/vis1/_history"}, "history-instance 200  demo-admin", visit + "/1 " + patient, ""},
		{exchange{method: "GET", path: "/R4/Appointment?patient=Patient/pat1&_include=Appointment:patient"}, "search-type 200  demo-admin", visit + "/1 " + patient + " trustalias|Patient/pat1/1", "patient=Patient/pat1&_include=Appointment:patient"},
		{exchange{method: "POST", path: "/R4/Patient/_search", body: []byte("family=Heron"), header: []string{"Content-Type: application/x-www-form-urlencoded"}}, "search-type 200  demo-admin", "trustalias|Patient/pat1/1", "family=Heron"},
		{exchange{method: "GET", path: "/R4/Appointment?patient=Patient/none"}, "search-type 200  demo-admin", "", "patient=Patient/none"},
		{exchange{method: "GET", path: "/R4/Appointment/none"}, "read 404 not-found demo-admin", "", ""},
		{exchange{method: "GET", path: "/R4/Appointment/vis1", nobody: true}, "read 401 TOKEN ", "", ""},
		{exchange{method: "DELETE", path: "/R4/Appointment/vis1", header: []string{"Authorization: consumer"}}, "delete 403 insufficient_scope demo-consumer", "", ""},
		{exchange{method: "POST", path: "/R4/Patient", body: []byte(`{"resourceType":"Patient","id":`)}, "create 400 CODE demo-admin", "", ""},
		{exchange{method: "PUT", path: "/R4/Appointment/vis1", body: []byte(strings.Replace(auditVisit, "booked", "arrived", 1))}, "update 0  demo-admin", visit + "/2 " + patient, ""},
		{exchange{method: "PUT", path: "/R4/Appointment/vis1", body: []byte(auditVisit), header: []string{`If-Match: W/"1"`}}, "update 412 CODE demo-admin", "", ""},
		{exchange{method: "GET", path: "/R4/Nothing/1"}, "none 404 not-found ", "", ""},
		{exchange{method: "GET", path: "/review"}, "review.list 0  demo-admin", "", ""},
		{exchange{method: "GET", path: "/review/none"}, "review.view 404 not-found demo-admin", "", ""},
		{exchange{method: "GET", path: "/review", header: []string{"Authorization: consumer"}}, "review.list 403 insufficient_scope demo-consumer", "", ""},
		{exchange{method: "POST", path: "/hl7", nobody: true, body: []byte("MSH|")}, "message 401 CODE ", "", ""},
	} {
		tc.x.header = append(tc.x.header, ids...)
		w.do(t, tc.x)
		got := audited(t, w.app)[before:]
		if before += len(got); len(got) != 1 {
			t.Fatalf("%s %s left %d records: %+v", tc.x.method, tc.x.path, len(got), got)
		}
		e := got[0]
		code := e.Code
		if strings.Contains(tc.want, " CODE ") && code != "" {
			code = "CODE"
		}
		if strings.Contains(tc.want, " TOKEN ") && code != "" {
			code = "TOKEN"
		}
		if is := fmt.Sprintf("%s %d %s %s", e.Act, e.Status, code, e.Client); is != tc.want {
			t.Errorf("%s %s is recorded as %q, want %q", tc.x.method, tc.x.path, is, tc.want)
		}
		if is := strings.Join(e.Touched, " "); is != tc.touched {
			t.Errorf("%s %s touched %q, want %q", tc.x.method, tc.x.path, is, tc.touched)
		}
		if tc.query != "" && e.Query != tc.query {
			t.Errorf("%s %s asked %q, want %q", tc.x.method, tc.x.path, e.Query, tc.query)
		}
		if e.Sent != ids[0][len("X-Request-ID: "):] || e.Correlation != "corr-7" || e.Trace != "trace-7" || e.ASID != "200000000001" || e.Request == "" || e.Address != "127.0.0.1" || e.Time.IsZero() {
			t.Errorf("%s %s: ids are missing in %+v", tc.x.method, tc.x.path, e)
		}
		if e.Client == "demo-admin" && (e.Organisation != "RX1" || !slices.Equal(e.Reach, []string{"trustalias"})) {
			t.Errorf("%s %s: of %q, reaching %v", tc.x.method, tc.x.path, e.Organisation, e.Reach)
		}
	}
}

// TestBundlesAreRecorded: a transaction is one commit and one record, each entry of
// a batch has its own.
func TestBundlesAreRecorded(t *testing.T) {
	w := startWire(t)
	before := len(audited(t, w.app))
	put := entryOf("PUT", "Patient/b1", `"resource":{"resourceType":"Patient","id":"b1"}`)
	for _, tc := range []struct {
		bundle string
		want   []string
	}{
		{transactionOf(put, entryOf("GET", "Appointment/a01", "")), []string{"transaction 0 trustalias|Patient/b1/1", "read 200 trustalias|Appointment/a01/2"}},
		{strings.Replace(transactionOf(put, entryOf("GET", "Appointment/none", ""), entryOf("GET", "Appointment/a01", "")), "transaction", "batch", 1), []string{"update 0 trustalias|Patient/b1/1", "read 404 ", "read 200 trustalias|Appointment/a01/2", "batch 200 "}},
	} {
		if got := w.do(t, exchange{method: "POST", path: "/R4", body: []byte(tc.bundle)}); got.StatusCode != 200 {
			t.Fatalf("%d", got.StatusCode)
		}
		var got []string
		for _, e := range audited(t, w.app)[before:] {
			got = append(got, fmt.Sprintf("%s %d %s", e.Act, e.Status, strings.Join(e.Touched, " ")))
		}
		before += len(got)
		slices.Sort(got)
		slices.Sort(tc.want)
		if !slices.Equal(got, tc.want) {
			t.Errorf("records %q, want %q", got, tc.want)
		}
	}
}

// TestAuditVerifyCommand: the command asks a running server, and names a break.
func TestAuditVerifyCommand(t *testing.T) {
	w := startWire(t)
	audited(t, w.app)
	run := func(args ...string) (string, int) {
		var out strings.Builder
		code := Main(t.Context(), append([]string{"audit", "verify", "--url", w.base}, args...), &out, t.Output())
		return out.String(), code
	}
	out, code := run()
	if code != 0 || !strings.Contains(out, "\nok; head ") {
		t.Fatalf("%d: %s", code, out)
	}
	if out, code := run("--noted", "9:00"); code != 1 || !strings.Contains(out, "BROKEN") {
		t.Errorf("with a head that never was: %d: %s", code, out)
	}
	if _, code := run("--client", "demo-consumer"); code != 1 {
		t.Error("a client that is no auditor may verify")
	}
}
