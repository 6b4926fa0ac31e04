package app

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"

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

// auditor is a program with some history, and an auditor's token.
type auditor struct {
	wireDemo
	t *testing.T
}

func startAuditor(t *testing.T) auditor {
	t.Helper()
	a := auditor{startWire(t), t}
	a.do(t, exchange{method: "PUT", path: "/R4/Patient/pat1", body: []byte(strings.Replace(auditPatient, `"id"`, `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990001999"}],"id"`, 1))})
	a.do(t, exchange{method: "PUT", path: "/R4/Appointment/vis1", body: []byte(auditVisit)})
	a.do(t, exchange{method: "GET", path: "/R4/Appointment/vis1", header: []string{"X-Request-ID: 5f0c"}})
	a.do(t, exchange{method: "GET", path: "/R4/Appointment?patient=Patient/pat1", header: []string{"Authorization: consumer"}})
	a.do(t, exchange{method: "GET", path: "/R4/Appointment/none"})
	a.do(t, exchange{method: "GET", path: "/R4/Appointment/vis1", nobody: true})
	var err error
	if a.admin, err = fetchToken(t.Context(), a.base, "demo-auditor", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	audited(t, a.app)
	return a
}

// find gives the subtypes and outcomes of the events that a search finds, over all
// its pages, and the last page.
func (a auditor) find(query string) (got []string, last fhir.Node) {
	a.t.Helper()
	path, _ := strings.CutPrefix("/R4/AuditEvent"+query, "/R4/AuditEvent/../")
	if path[0] != '/' {
		path = "/R4/" + path
	}
	for path != "" {
		resp := a.do(a.t, exchange{method: "GET", path: path})
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 {
			a.t.Fatalf("%s: %d %s", path, resp.StatusCode, b)
		}
		r, err := fhir.Parse(b)
		if err != nil {
			a.t.Fatal(err)
		}
		last = r.Root()
		for e := range last.Get("entry").Each() {
			if e.Find("search", "mode").Text() == "match" {
				got = append(got, subtypeOf(e.Get("resource"))+" "+e.Find("resource", "outcome").Text())
			}
		}
		path = ""
		for l := range last.Get("link").Each() {
			if l.Get("relation").Text() == "next" {
				path = strings.TrimPrefix(l.Get("url").Text(), a.base)
			}
		}
	}
	return got, last
}

func subtypeOf(n fhir.Node) string { return n.One(fhir.MustPath("subtype[0].code")).Text() }

// TestAuditEvents is decision 23: searchable by time, client and patient, and by what
// else helps, in pages.
func TestAuditEvents(t *testing.T) {
	a := startAuditor(t)
	day := time.Now().UTC().Format(time.DateOnly)
	for _, tc := range []struct{ query, want string }{
		{"?patient=Patient/pat1", "search-type 0,read 0,update 0,update 0"},
		{"?patient=Patient/pat1&_sort=date", "update 0,update 0,read 0,search-type 0"},
		{"?patient=Patient/pat1&_count=1", "search-type 0,read 0,update 0,update 0"},
		{"?patient=Patient/pat1&_count=3&_sort=date", "update 0,update 0,read 0,search-type 0"},
		{"?patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990001999", "search-type 0,read 0,update 0,update 0"},
		{"?patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7C1", ""},
		{"?patient=Patient/pat2", ""},
		{"?patient=Patient/pat1&altid=demo-consumer", "search-type 0"},
		{"?altid=demo-consumer&subtype=search-type", "search-type 0"},
		{"?agent:identifier=demo-consumer&subtype=search-type", "search-type 0"},
		{"?altid=nobody", ""},
		{"?entity=Appointment/vis1&subtype=read&outcome=0", "read 0"},
		{"?entity=Appointment/none", "read 4"},
		{"?entity:identifier=5f0c", "read 0"},
		{"?outcome=4&subtype=read", "read 4,read 4"},
		{"?outcome=4&subtype=read&agent:missing=false&altid:missing=true", "read 4"},
		{"?action=U&patient=Patient/pat1&date=ge" + day, "update 0,update 0"},
		{"?patient=Patient/pat1&date=" + day + "&_count=2", "search-type 0,read 0,update 0,update 0"},
		{"?date=lt" + day, ""},
		{"?date=gt" + day + "T23:59:59Z", ""},
		{"?site=r4&subtype=update&patient=Patient/pat1", "update 0,update 0"},
		{"?type=rest&patient=Patient/pat1&subtype=read", "read 0"},
		{"/../Patient/pat1/AuditEvent?subtype=read", "read 0"},
	} {
		got, _ := a.find(tc.query)
		if is := strings.Join(got, ","); is != tc.want {
			t.Errorf("%s finds %q, want %q", tc.query, is, tc.want)
		}
	}
}

// TestAuditEventIsWhole: what an auditor sees of one access, read by its id.
func TestAuditEventIsWhole(t *testing.T) {
	a := startAuditor(t)
	_, page := a.find("?patient=Patient/pat1&altid=demo-consumer&_include=AuditEvent:patient")
	entries := slices.Collect(page.Get("entry").Each())
	first := entries[0]
	id := first.Find("resource", "id").Text()
	resp := a.do(t, exchange{method: "GET", path: "/R4/AuditEvent/" + id})
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || string(b) != string(first.Get("resource").Raw()) {
		t.Errorf("read by its id: %d %s, want %s", resp.StatusCode, b, first.Get("resource").Raw())
	}
	for _, want := range []string{
		`"reference":"Appointment/vis1/_history/1"`, `"reference":"Patient/pat1"`, `"valueString":"patient"`, `"altId":"demo-consumer"`,
		`"value":"X0001"`, `"address":"127.0.0.1"`, `"outcomeDesc":"200"`, `"site":"r4"`, `"code":"search-type"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the event does not say %s: %s", want, b)
		}
	}
	if mode := entries[1].Find("search", "mode").Text(); mode != "include" || page.Get("total").Text() != "1" {
		t.Errorf("the patient is not included, or the total is not 1: %s", page.Raw())
	}
	for _, x := range []exchange{
		{name: "an id of none", method: "GET", path: "/R4/AuditEvent/" + id[:len(id)-6] + "999999", status: 404},
		{name: "no id", method: "GET", path: "/R4/AuditEvent/-", status: 404},
		{name: "another client's token", method: "GET", path: "/R4/AuditEvent/" + id, header: []string{"Authorization: consumer"}, status: 403},
		{name: "a search by another client", method: "GET", path: "/R4/AuditEvent", header: []string{"Authorization: consumer"}, status: 403},
		{name: "writing", method: "PUT", path: "/R4/AuditEvent/" + id, body: b, status: 405},
		{name: "adding", method: "POST", path: "/R4/AuditEvent", body: b, status: 405},
		{name: "deleting", method: "DELETE", path: "/R4/AuditEvent/" + id, status: 405},
		{name: "another order", method: "GET", path: "/R4/AuditEvent?_sort=outcome", status: 400},
		{name: "as XML", method: "GET", path: "/R4/AuditEvent/" + id + "?_format=xml", status: 200, says: `<AuditEvent xmlns="http://hl7.org/fhir">`},
		{name: "a count", method: "GET", path: "/R4/AuditEvent?_summary=count&patient=Patient/pat1&subtype=update", status: 200, says: `"total":2`},
		{name: "for the customer alone", method: "GET", path: "/R4/~alias_123/AuditEvent?patient=Patient/pat1", status: 200, says: `"total":0`},
	} {
		t.Run(x.name, func(t *testing.T) { a.check(t, x) })
	}
}

// TestAuditorsSeeTheirCustomers: an auditor of one customer sees nothing that is of
// another's alone, and of a search through both what is their own.
func TestAuditorsSeeTheirCustomers(t *testing.T) {
	a := startAuditor(t)
	if got, _ := a.find("/../~alias_123/AuditEvent?altid=demo-consumer&subtype=search-type"); strings.Join(got, ",") != "search-type 0" {
		t.Errorf("of a search that reached alias_123 its auditor sees %v", got)
	}
	_, page := a.find("/../~alias_123/AuditEvent?altid=demo-consumer&subtype=search-type")
	if strings.Contains(string(page.Raw()), "pat1") || strings.Contains(string(page.Raw()), "vis1") {
		t.Errorf("its auditor sees what was shown of another customer: %s", page.Raw())
	}
	if got, _ := a.find("/../~alias_123/AuditEvent?altid=demo-admin"); len(got) != 0 {
		t.Errorf("the auditor of alias_123 sees %v of a client that cannot reach it", got)
	}
	if got, _ := a.find("/../~alias_123/AuditEvent?altid:missing=true&outcome=4"); len(got) != 0 {
		t.Errorf("the auditor of one customer sees %v of nobody's", got)
	}
}

// reportSlots are four free slots of a diary, tomorrow.
func reportSlots(t *testing.T, w wireDemo) {
	t.Helper()
	put := func(path, body string) {
		if got := w.do(t, exchange{method: "PUT", path: "/R4/" + path, body: []byte(body)}); got.StatusCode >= 300 {
			b, _ := io.ReadAll(got.Body)
			t.Fatalf("PUT %s: %d %s", path, got.StatusCode, b)
		}
	}
	put("Schedule/d1", `{"resourceType":"Schedule","id":"d1","actor":[{"display":"x"}]}`)
	for i := range 4 {
		put(fmt.Sprintf("Slot/s%d", i), fmt.Sprintf(`{"resourceType":"Slot","id":"s%d","schedule":{"reference":"Schedule/d1"},"status":"free","start":"2030-01-08T1%d:00:00Z","end":"2030-01-08T1%d:15:00Z"}`, i, i, i))
	}
}

// TestProviderReports is nhs-booking 7, requirement 125 (P38-42): four referrals, of
// which two are booked, one fails, one only searches; one booking is cancelled again.
func TestProviderReports(t *testing.T) {
	w := startWire(t)
	reportSlots(t, w)
	as := func(correlation string) []string {
		return []string{"Authorization: consumer", "X-Correlation-ID: " + correlation}
	}
	look := func(correlation string) {
		w.do(t, exchange{method: "GET", path: "/R4/Slot?status=free&schedule=Schedule/d1", header: as(correlation)})
	}
	book := func(correlation string, slot int) (int, string) {
		body := fmt.Sprintf(`{"resourceType":"Appointment","status":"booked","start":"2030-01-08T1%d:00:00Z","end":"2030-01-08T1%d:15:00Z","slot":[{"reference":"Slot/s%d"}],"participant":[{"actor":{"display":"x"},"status":"accepted"}]}`, slot, slot, slot)
		got := w.do(t, exchange{method: "POST", path: "/R4/Appointment", body: []byte(body), header: as(correlation)})
		return got.StatusCode, got.Header.Get("Location")
	}
	look("ref-1")
	look("ref-1")
	if code, _ := book("ref-1", 0); code != 201 {
		t.Fatalf("booking: %d", code)
	}
	look("ref-2")
	if code, _ := book("ref-2", 0); code != 409 {
		t.Fatalf("a taken slot: %d", code)
	}
	code, at := book("ref-2", 1) // the same referral, another slot
	if code != 201 {
		t.Fatalf("booking: %d", code)
	}
	look("ref-3")
	if code, _ := book("ref-4", 0); code != 409 {
		t.Fatalf("a taken slot: %d", code)
	}
	id, _, _ := strings.Cut(at[strings.LastIndex(at, "/Appointment/")+len("/Appointment/"):], "/")
	if got := w.do(t, exchange{method: "POST", path: "/R4/Appointment/" + id + "/$cancel", body: []byte(`{"resourceType":"Parameters"}`)}); got.StatusCode != 200 {
		b, _ := io.ReadAll(got.Body)
		t.Fatalf("cancelling: %d %s", got.StatusCode, b)
	}
	audited(t, w.app)
	var err error
	if w.admin, err = fetchToken(t.Context(), w.base, "demo-auditor", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	span := "?since=2020-01-01&until=2031-01-01&customer=trustalias"
	for _, tc := range []struct{ path, want string }{
		{"/reports/rep-prov-01" + span, `"rows":[{"customer":"trustalias","organisation":"X0001","values":[2]}],"total":[2]`},
		{"/reports/rep-prov-02" + span, `"figures":["booked","referrals"],"rows":[{"customer":"trustalias","organisation":"X0001","values":[2,4]}],"total":[2,4]`},
		{"/reports/rep-prov-03" + span, `"rows":[{"customer":"trustalias","values":[0,4]},{"customer":"trustalias","organisation":"X0001","values":[2,0]}],"total":[2,4]`},
		{"/reports/rep-prov-04" + span, `"figures":["not-booked","referrals"],"rows":[{"customer":"trustalias","organisation":"X0001","values":[2,4]}],"total":[2,4]`},
		{"/reports/rep-prov-05" + span, `"rows":[{"customer":"trustalias","organisation":"RX1","values":[1]}],"total":[1]`},
		{"/reports/rep-prov-01?since=2020-01-01&until=2020-02-01", `"rows":[],"total":[0]`},
		{"/reports/rep-prov-02" + span + "&format=csv", "report,since,until,customer,organisation,booked,referrals\r\nrep-prov-02,2020-01-01T00:00:00Z,2031-01-01T00:00:00Z,trustalias,X0001,2,4\r\nrep-prov-02,2020-01-01T00:00:00Z,2031-01-01T00:00:00Z,(all),,2,4\r\n"},
	} {
		w.check(t, exchange{method: "GET", path: tc.path, status: 200, says: tc.want})
	}
	for _, x := range []exchange{
		{name: "no such report", method: "GET", path: "/reports/rep-prov-06" + span, status: 404, says: "rep-prov-05"},
		{name: "no time", method: "GET", path: "/reports/rep-prov-01", status: 400},
		{name: "another client", method: "GET", path: "/reports/rep-prov-01" + span, header: []string{"Authorization: consumer"}, status: 403},
		{name: "another customer", method: "GET", path: "/reports/rep-prov-01?since=2020-01-01&customer=foreign", status: 403},
	} {
		t.Run(x.name, func(t *testing.T) { w.check(t, x) })
	}
	var out strings.Builder
	if code := Main(t.Context(), []string{"report", "rep-prov-04", "--url", w.base, "--since", "24h"}, &out, t.Output()); code != 0 || !strings.Contains(out.String(), "(all)") {
		t.Errorf("%d: %s", code, out.String())
	}
}
