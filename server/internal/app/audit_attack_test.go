package app

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/audit"
)

// TestNoWayAroundTheAudit is security S99 as an attacker would have it: however a
// record is asked for, it is noted that it was shown.
func TestNoWayAroundTheAudit(t *testing.T) {
	w := startWire(t)
	w.do(t, exchange{method: "PUT", path: "/R4/Patient/pat1", body: []byte(auditPatient)})
	w.do(t, exchange{method: "PUT", path: "/R4/Appointment/vis1", body: []byte(auditVisit)})
	before := len(audited(t, w.app))
	form := []string{"Content-Type: application/x-www-form-urlencoded"}
	batch := func(url string) []byte {
		return []byte(strings.Replace(transactionOf(entryOf("GET", url, "")), "transaction", "batch", 1))
	}
	for _, tc := range []struct {
		x     exchange
		shown bool
	}{
		{exchange{method: "GET", path: "/R4//Patient//pat1/"}, true},
		{exchange{method: "GET", path: "/R4/Patient/%70at1"}, true},
		{exchange{method: "HEAD", path: "/R4/Patient/pat1"}, true},
		{exchange{method: "GET", path: "/R4/~trustalias/Patient/pat1"}, true},
		{exchange{method: "GET", path: "/R4/Patient/pat1", header: []string{`If-None-Match: W/"1"`}}, false},
		{exchange{method: "GET", path: "/R4/Patient/pat1?_elements=id"}, true},
		{exchange{method: "GET", path: "/R4/Patient/pat1?_summary=text"}, true},
		{exchange{method: "GET", path: "/R4/Patient/pat1?_format=xml"}, true},
		{exchange{method: "GET", path: "/R4/Patient?family=Heron&_summary=count"}, false},
		{exchange{method: "GET", path: "/R4/Patient?family=Heron&_count=0"}, false},
		{exchange{method: "POST", path: "/R4/Patient/_search", body: []byte("family=Heron"), header: form}, true},
		{exchange{method: "GET", path: "/R4/Appointment?_id=vis1&_include=*"}, true},
		{exchange{method: "GET", path: "/R4/Patient/pat1/Appointment"}, true},
		{exchange{method: "GET", path: "/R4/Patient/_history"}, true},
		{exchange{method: "GET", path: "/R4/_history"}, true},
		{exchange{method: "GET", path: "/R4/Patient/pat1/_history/1"}, true},
		{exchange{method: "POST", path: "/R4", body: batch("Patient/pat1")}, true},
		{exchange{method: "POST", path: "/R4", body: batch("Patient?family=Heron")}, true},
		{exchange{method: "POST", path: "/R4", body: batch("Patient/pat1/_history")}, true},
		{exchange{method: "GET", path: "/R4/Patient/pat1/$validate"}, false},
		{exchange{method: "GET", path: "/R4/Patient/pat1", header: []string{"X-HTTP-Method-Override: OPTIONS"}}, true},
	} {
		resp := w.do(t, tc.x)
		got := audited(t, w.app)[before:]
		before += len(got)
		if len(got) == 0 {
			t.Errorf("%s %s was answered %d and left no record", tc.x.method, tc.x.path, resp.StatusCode)
			continue
		}
		if about := slices.ContainsFunc(got, func(f audit.Found) bool {
			return f.Client == "demo-admin" && slices.ContainsFunc(f.Touched, func(s string) bool { return strings.HasPrefix(s, "trustalias|Patient/pat1") })
		}); tc.shown && !about {
			t.Errorf("%s %s was answered %d, and no record says that it showed the patient: %+v", tc.x.method, tc.x.path, resp.StatusCode, got)
		}
	}
	// One who goes away before the answer comes has had the chance to read it.
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET /R4/Patient/pat1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+w.admin+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close() // at once
	for end := time.Now().Add(5 * time.Second); len(audited(t, w.app)) == before; {
		if time.Now().After(end) {
			t.Fatal("who closes the connection at once leaves no record")
		}
	}
	before = len(audited(t, w.app))
	// A token in an address is not kept with the record (S28).
	w.do(t, exchange{method: "GET", path: "/R4/Patient?access_token=secret-7319"})
	w.do(t, exchange{method: "GET", path: "/review?access%5Ftoken=secret-7319"})
	for _, f := range audited(t, w.app)[before:] {
		if strings.Contains(f.Query, "7319") {
			t.Errorf("the record of %s holds the token of the address", f.Act)
		}
	}
}

// TestAuditorsOfOthers: an auditor sees nothing of another customer's records, by
// search, id, compartment, address or report.
func TestAuditorsOfOthers(t *testing.T) {
	a := startAuditor(t)
	_, all := a.find("?patient=Patient/pat1&_count=1")
	id := all.Get("entry").First().Find("resource", "id").Text()
	if id == "" {
		t.Fatalf("the auditor finds nothing: %s", all.Raw())
	}
	cfg := a.app.cfg
	cfg.Clients = slices.Clone(cfg.Clients)
	for i := range cfg.Clients {
		if cfg.Clients[i].ID == "demo-auditor" {
			cfg.Clients[i].Customers = []string{"alias_123"}
		}
	}
	if err := a.app.clients.Replace(cfg.clients()); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"?patient=Patient/pat1", "?patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990001999", "?altid=demo-admin", "?entity=Appointment/vis1", "?entity:identifier=5f0c", "?_id=" + id,
		"?agent:identifier=RX1&patient=Patient/pat1", "?subtype=update",
	} {
		if got, last := a.find(query); len(got) > 0 || strings.Contains(string(last.Raw()), "pat1\"") && !strings.Contains(query, "pat1") {
			t.Errorf("%s finds %v", query, got)
		}
	}
	for _, tc := range []struct {
		path string
		want int
	}{
		{"/R4/AuditEvent/" + id, 404},
		{"/R4/~trustalias/AuditEvent", 404},
		{"/R4/~trustalias/AuditEvent/" + id, 404},
		{"/reports/rep-prov-01?since=2020-01-01&customer=trustalias", 403},
		{"/reports/rep-prov-01?since=2020-01-01", 200},
		{"/reports/rep-prov-03?since=2020-01-01&format=csv", 200},
	} {
		resp := a.do(t, exchange{method: http.MethodGet, path: tc.path})
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != tc.want || strings.Contains(string(body), "trustalias") || strings.Contains(string(body), "pat1") {
			t.Errorf("%s: %d, want %d: %s", tc.path, resp.StatusCode, tc.want, body)
		}
	}
}
