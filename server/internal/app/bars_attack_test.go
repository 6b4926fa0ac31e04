package app

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/server/internal/auth"
)

const exchangeConfig = `
base_url: BASE
allow_insecure_loopback: true
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}, issuer: {file: DIR/issuer.pem}}
listeners:
  - {address: "HTTP", serves: [r4, bars, issuer]}
  - {address: "HTTPS", serves: [bars], tls: {cert: DIR/server.crt, key: DIR/server.key, client_ca: DIR/ca.crt}}
mllp: [{address: "MLLP", tls: {cert: DIR/server.crt, key: DIR/server.key, client_ca: DIR/ca.crt}}]
clients:
  - {id: feed-trust, secret_hash: "HASH", scopes: ["system/*.cruds"], customers: [trust], organisation: RX1, update_as_create: true}
  - {id: feed-other, secret_hash: "HASH", scopes: ["system/*.cruds"], customers: [other], organisation: RX2, update_as_create: true}
  - {id: consumer, secret_hash: "HASH", scopes: [organization/slot.read, patient/appointment.write, patient/appointment.read], customers: [trust], organisation: X0002}
customers: [{alias: trust, name: Trust}, {alias: other, name: Other}]
bars: {proxies: [proxy.example.nhs.uk], organisations: [X0001, X9999], customers: [trust]}
partners:
`

// exchangeWorld is a server that the national proxy reaches, with two customers, of
// which one is the proxy's.
type exchangeWorld struct {
	*engine
	proxy, stranger *http.Client // with certificates of the listener's authority
	message         fhir.Resource
	feeds           map[string]string // tokens, by customer
	consumer        string
	theirs          string // an appointment of the other customer
}

func startExchange(t *testing.T) *exchangeWorld {
	t.Helper()
	hash, err := auth.HashPassword(strings.NewReader(strings.Repeat("salt", 4)), demoSecret)
	if err != nil {
		t.Fatal(err)
	}
	config := strings.ReplaceAll(exchangeConfig, "HASH", hash)
	key := filepath.Join(t.TempDir(), "issuer.pem")
	if code, _, errs := runMain(t.Context(), "key", key); code != 0 {
		t.Fatal(errs)
	}
	config = strings.ReplaceAll(config, "DIR/issuer.pem", key)
	w := &exchangeWorld{engine: startEngine(t, func(ca *authority) string { return "  []\n" }, func(string) string { return config }), feeds: map[string]string{}}
	w.proxy, w.stranger = w.with("proxy.example.nhs.uk"), w.with("somebody.example.nhs.uk")
	for client, into := range map[string]func(string){
		"feed-trust": func(s string) { w.feeds["trust"] = s }, "feed-other": func(s string) { w.feeds["other"] = s }, "consumer": func(s string) { w.consumer = s },
	} {
		token, err := fetchToken(t.Context(), "http://"+w.base, client, demoSecret, "")
		if err != nil {
			t.Fatal(err)
		}
		into(token)
	}
	text, err := os.ReadFile("../../../testdata/bars/booking-request.json")
	if err != nil {
		t.Fatal(err)
	}
	w.message = fhirtest.Parse(t, string(text))
	w.load("trust", "s", "999999999")
	w.load("other", "o", "999999990")
	w.theirs = uuid.NewString()
	w.put("other", doc{"resourceType": "Patient", "id": "px", "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": "9990000018"}}})
	w.put("other", doc{"resourceType": "Appointment", "id": w.theirs, "status": "booked", "start": "2030-01-08T12:00:00Z", "end": "2030-01-08T12:15:00Z", "participant": []doc{{"actor": doc{"reference": "Patient/px"}, "status": "accepted"}}})
	return w
}

func (w *exchangeWorld) with(name string) *http.Client {
	transport := &http.Transport{TLSClientConfig: w.client(w.ca.client(name))}
	w.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// load gives a customer a diary of a service.
func (w *exchangeWorld) load(customer, prefix, service string) {
	w.put(customer, doc{"resourceType": "HealthcareService", "id": service, "name": "Service"})
	w.put(customer, doc{"resourceType": "Schedule", "id": "diary", "actor": []doc{{"reference": "HealthcareService/" + service}}})
	for i := range 4 {
		at := time.Date(2030, 1, 8, 10, 15*i, 0, 0, time.UTC)
		w.put(customer, doc{
			"resourceType": "Slot", "id": fmt.Sprintf("%s%d", prefix, i+1), "status": "free", "schedule": doc{"reference": "Schedule/diary"},
			"start": at.Format(time.RFC3339), "end": at.Add(15 * time.Minute).Format(time.RFC3339),
		})
	}
}

func (w *exchangeWorld) put(customer string, r doc) {
	w.t.Helper()
	status, body, err := (&demo{base: "http://" + w.base}).call(w.t.Context(), http.MethodPut, "/R4/"+r["resourceType"].(string)+"/"+r["id"].(string), w.feeds[customer], r)
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		w.t.Fatal(err)
	}
}

// slot gives the status of a slot of a customer.
func (w *exchangeWorld) slot(customer, id string) string {
	w.t.Helper()
	_, body, err := (&demo{base: "http://" + w.base}).call(w.t.Context(), http.MethodGet, "/R4/Slot/"+id, w.feeds[customer], nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return fhirtest.Parse(w.t, string(body)).Root().Get("status").Text()
}

// ask sends a request of BaRS by a client; without one, on the plain listener.
func (w *exchangeWorld) ask(c *http.Client, method, path, token string, body []byte, header ...string) (int, fhir.Resource) {
	w.t.Helper()
	d := &demo{base: "https://" + w.https, client: c}
	if c == nil {
		d = &demo{base: "http://" + w.base}
	}
	var sent any
	if body != nil {
		sent = body
	}
	status, answer, _, err := d.request(w.t.Context(), method, "/R4/bars"+path, token, sent, barsHeader(header...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return status, fhirtest.Parse(w.t, string(answer))
}

func (w *exchangeWorld) fresh(pairs ...string) []byte {
	return []byte(apply(w.t, w.message, append([]string{"id", `"` + uuid.NewString() + `"`}, pairs...)...).Raw())
}

// organisation gives the header of one that asks.
func organisation(code string) string {
	text, _ := json.Marshal(doc{"resourceType": "Organization", "name": "Example", "identifier": []doc{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code}}}) // plain strings
	return b64(string(text))
}

const (
	orgHeader   = "NHSD-End-User-Organisation"
	ofPatient   = "/Appointment?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C"
	slotsOf     = "/Slot?status=free,busy&start=ge2030-01-08T00:00:00Z&start=le2030-01-09T00:00:00Z&_include=Slot:schedule&_include=Schedule:actor:Practitioner&_include=Schedule:actor:HealthcareService&Schedule.actor:HealthcareService="
	messagePath = "/$process-message"
)

// TestBaRSImpostors: who is not the proxy is let in by no header, and the proxy only
// for whom it may speak; security S25 and S93.
func TestBaRSImpostors(t *testing.T) {
	w := startExchange(t)
	path := ofPatient + "9990000018"
	spoofed := []string{
		"X-Forwarded-Client-Cert", `Hash=00;Subject="CN=proxy.example.nhs.uk";DNS=proxy.example.nhs.uk`, "X-Client-Cert", "proxy.example.nhs.uk", "X-SSL-Client-Verify", "SUCCESS",
		"X-SSL-Client-S-DN", "CN=proxy.example.nhs.uk", "Ssl-Client-Cert", "proxy.example.nhs.uk", "Forwarded", "for=127.0.0.1;proto=https", "X-Forwarded-For", "127.0.0.1", "X-Forwarded-Proto", "https",
	}
	for _, tc := range []struct {
		name   string
		client *http.Client
		token  string
		header []string
		status int
		code   string
	}{
		{"the proxy", w.proxy, "", nil, 200, ""},
		{"nobody, without TLS", nil, "", nil, 403, "REC_FORBIDDEN"},
		{"nobody, who says so in headers", nil, "", spoofed, 403, "REC_FORBIDDEN"},
		{"another certificate", w.stranger, "", nil, 403, "REC_FORBIDDEN"},
		{"another certificate, and headers", w.stranger, "", spoofed, 403, "REC_FORBIDDEN"},
		{"the name within another", w.with("proxy.example.nhs.uk.evil.example"), "", nil, 403, "REC_FORBIDDEN"},
		{"any name", w.with("*.example.nhs.uk"), "", nil, 403, "REC_FORBIDDEN"},
		{"an organisation that is not configured", w.proxy, "", []string{orgHeader, organisation("X0002")}, 401, "REC_UNAUTHORIZED"},
		{"one in other letters", w.proxy, "", []string{orgHeader, organisation("x0001")}, 401, "REC_UNAUTHORIZED"},
		{"one with a blank", w.proxy, "", []string{orgHeader, organisation("X0001 ")}, 400, "REC_BAD_REQUEST"},
		{"one with a NUL", w.proxy, "", []string{orgHeader, organisation("X0001\x00X9999")}, 400, "REC_BAD_REQUEST"},
		{"one that is a formula", w.proxy, "", []string{orgHeader, organisation("=cmd|' /C calc'!A1")}, 400, "REC_BAD_REQUEST"},
		{"one that is endless", w.proxy, "", []string{orgHeader, organisation(strings.Repeat("X", 5000))}, 400, "REC_BAD_REQUEST"},
		{"a member twice", w.proxy, "", []string{orgHeader, b64(`{"resourceType":"Organization","identifier":[],"identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"X0001"}]}`)}, 400, "REC_BAD_REQUEST"},
		{"no base64", w.proxy, "", []string{orgHeader, "%%%"}, 400, "REC_BAD_REQUEST"},
		{"deep", w.proxy, "", []string{orgHeader, b64(strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000))}, 400, "REC_BAD_REQUEST"},
		{"a list", w.proxy, "", []string{orgHeader, b64(`[]`)}, 400, "REC_BAD_REQUEST"},
		{"a bad token, by the proxy", w.proxy, "none", nil, 401, "REC_UNAUTHORIZED"},
		{"Basic, by the proxy", w.proxy, "", []string{"Authorization", "Basic eDp5"}, 401, "REC_UNAUTHORIZED"},
		{"a token of too little, by the proxy", w.proxy, w.feeds["trust"], []string{orgHeader, organisation("X0001")}, 200, ""},
		{"a token, by nobody", nil, w.consumer, nil, 200, ""},
	} {
		status, r := w.ask(tc.client, http.MethodGet, path, tc.token, nil, tc.header...)
		if code := r.Root().One(fhir.MustPath("issue.details.coding.code")).Text(); status != tc.status || code != tc.code {
			t.Errorf("%s: %d %s, want %d %s: %.300s", tc.name, status, code, tc.status, tc.code, r.Raw())
		}
	}
	// Headers that come twice.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+w.https+"/R4/bars"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := barsHeader()
	for i := 0; i < len(h); i += 2 {
		req.Header.Set(h[i], h[i+1])
	}
	req.Header["Authorization"] = []string{"", "Bearer none"}
	resp, err := w.proxy.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 400 && resp.StatusCode != 401 {
		t.Errorf("an empty Authorization before another: %d", resp.StatusCode)
	}
	// A connection without certificate is none at all.
	bare := &http.Client{Transport: &http.Transport{TLSClientConfig: w.client([]tls.Certificate{}...)}}
	if resp, err := bare.Get("https://" + w.https + "/R4/bars" + path); err == nil {
		_ = resp.Body.Close()
		t.Errorf("TLS without a certificate was answered %d", resp.StatusCode)
	}
}

// TestBaRSReachesNobodyElse: security S40, S42 and S44 by BaRS: nothing of another
// customer is found, included, booked or told apart from what is not there, and no
// organisation touches another's booking or learns of it, though one proxy brings both.
// (That it may read it by its id is what patient/appointment.read allows.)
func TestBaRSReachesNobodyElse(t *testing.T) {
	w := startExchange(t)
	missing := uuid.NewString()
	for _, tc := range []struct{ name, theirs, none string }{
		{"by id", "/Appointment/" + w.theirs, "/Appointment/" + missing},
		{"by patient", ofPatient + "9990000018", ofPatient + "9990000026"},
		{"a service's slots", slotsOf + "999999990", slotsOf + "999999991"},
		{"in the customer's own address", "/~other/Appointment/" + w.theirs, "/~nobody/Appointment/" + w.theirs},
	} {
		status, r := w.ask(w.proxy, http.MethodGet, tc.theirs, "", nil)
		wantStatus, want := w.ask(w.proxy, http.MethodGet, tc.none, "", nil)
		if status != wantStatus || clean(r) != clean(want) || strings.Contains(string(r.Raw()), w.theirs) && status == 200 {
			t.Errorf("%s: %d %s\nwhat is not there: %d %s", tc.name, status, r.Raw(), wantStatus, want.Raw())
		}
	}
	// A booking of their slot, by its id, by a reference that leads astray, as the second of two.
	swap := []string{"entry[4].resource.id", `"o1"`, "entry[6].resource.id", `"999999990"`}
	for name, pairs := range map[string][]string{
		"by id":              swap,
		"by an address":      {"entry[1].resource.slot[0].reference", `"http://` + w.base + `/R4/Slot/o1"`},
		"by their address":   {"entry[1].resource.slot[0].reference", `"http://` + w.base + `/R4/~other/Slot/o1"`},
		"beside one of ours": {"entry[1].resource.slot[65535]", `{"reference":"Slot/o2"}`},
	} {
		if status, r := w.ask(w.proxy, http.MethodPost, messagePath, "", w.fresh(pairs...)); status < 400 || status >= 500 {
			t.Errorf("booking their slot %s: %d %s", name, status, r.Raw())
		}
	}
	for _, id := range []string{"o1", "o2", "o3", "o4"} {
		if got := w.slot("other", id); got != "free" {
			t.Errorf("slot %s of the other customer is %s", id, got)
		}
	}
	// Nor their appointment, by the id of one to be changed.
	update := []string{"entry[0].resource.reason.coding[0].code", `"update"`, "entry[1].resource.status", `"cancelled"`, "entry[1].resource.id"}
	theirs, r := w.ask(w.proxy, http.MethodPost, messagePath, "", w.fresh(append(update, `"`+w.theirs+`"`)...))
	none, other := w.ask(w.proxy, http.MethodPost, messagePath, "", w.fresh(append(update, `"`+missing+`"`)...))
	if theirs != none || theirs < 400 || clean(r) != clean(other) {
		t.Errorf("cancelling theirs: %d %s; what is not there: %d %s", theirs, r.Raw(), none, other.Raw())
	}

	// Two organisations by one proxy.
	request, first := uuid.NewString(), w.fresh()
	status, r := w.ask(w.proxy, http.MethodPost, messagePath, "", first, "X-Request-Id", request)
	if status != 200 {
		t.Fatalf("booking: %d %s", status, r.Raw())
	}
	id := r.Root().One(fhir.MustPath("entry[1].resource.id")).Text()
	as := func(code string) []string { return []string{orgHeader, organisation(code)} }
	for _, tc := range []struct {
		who    string
		client *http.Client
		token  string
		header []string
	}{
		{"another organisation", w.proxy, "", as("X9999")},
		{"a client of another, who says it is the first", nil, w.consumer, as("X0001")},
		{"that client by the proxy", w.proxy, w.consumer, as("X0001")},
	} {
		if status, r := w.ask(tc.client, http.MethodPost, messagePath, tc.token, w.fresh(append(slices.Clone(update), `"`+id+`"`)...), tc.header...); status < 400 || strings.Contains(string(r.Raw()), "9990000115") {
			t.Errorf("%s cancels it: %d %s", tc.who, status, r.Raw())
		}
		// The same message and request id are told nothing of what they did for the first.
		status, r = w.ask(tc.client, http.MethodPost, messagePath, tc.token, first, append(tc.header, "X-Request-Id", request)...)
		if status != 409 || strings.Contains(string(r.Raw()), id) {
			t.Errorf("%s sends what the first sent: %d %s", tc.who, status, r.Raw())
		}
	}
	if got := w.slot("trust", "s1"); got != "busy" {
		t.Errorf("the slot is %s", got)
	}
	if status, r := w.ask(w.proxy, http.MethodPost, messagePath, "", first, "X-Request-Id", request); status != 409 || !strings.Contains(string(r.Raw()), id) {
		t.Errorf("its own repeat: %d %s", status, r.Raw())
	}
}

// clean gives an answer without what differs by request.
func clean(r fhir.Resource) string {
	var v map[string]any
	if json.Unmarshal([]byte(r.Raw()), &v) != nil {
		return string(r.Raw())
	}
	for _, name := range []string{"id", "meta", "link", "timestamp"} {
		delete(v, name)
	}
	out, _ := json.Marshal(v) // it was read from JSON
	return string(out)
}

// TestBaRSHostileMessages: no message makes the server fail: huge, deep, doubled, or
// with any one element of another type (security S86 and S88).
func TestBaRSHostileMessages(t *testing.T) {
	c := newBaRS(t)
	post := func(body []byte) (int, []byte) {
		status, answer, _, err := c.request(t.Context(), http.MethodPost, "/R4/bars"+messagePath, c.consumer, body, barsHeader()...)
		if err != nil {
			t.Fatal(err)
		}
		return status, answer
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(c.message.Raw())); err != nil {
		t.Fatal(err)
	}
	good := compact.String()
	for _, tc := range []struct {
		name, body string
		want       int
	}{
		{"nothing", "", 400},
		{"huge", strings.Replace(good, "Earache since Tuesday", strings.Repeat("x", 2<<20), 1), 413},
		{"deep", strings.Replace(good, `"booked"`, strings.Repeat(`[`, 100_000)+strings.Repeat(`]`, 100_000), 1), 400},
		{"a member twice", strings.Replace(good, `"type":`, `"type":"batch","type":`, 1), 400},
		{"a member twice, deep within", strings.Replace(good, `"family":`, `"family":"Other","family":`, 1), 400},
		{"a member twice, spelt otherwise", strings.Replace(good, `"status":`, `"st\u0061tus":"free","status":`, 1), 400},
		{"a thousand entries", strings.Replace(good, `"entry":[`, `"entry":[`+strings.Repeat(`{"resource":{"resourceType":"Slot","id":"s1"}},`, 1000), 1), 400},
		{"something behind it", good + "{}", 400},
		{"no UTF-8", strings.Replace(good, "Earache", "\xff\xfe", 1), 400},
		{"a NUL", strings.Replace(good, "Earache", `\u0000`, 1), 422},
	} {
		began := time.Now()
		if status, answer := post([]byte(tc.body)); status != tc.want || !bytes.Contains(answer, []byte("OperationOutcome")) {
			t.Errorf("%s: %d, want %d: %.300s", tc.name, status, tc.want, answer)
		}
		if took := time.Since(began); took > 20*time.Second { // it takes some milliseconds
			t.Errorf("%s took %s", tc.name, took)
		}
	}
	var tree any
	if err := json.Unmarshal([]byte(good), &tree); err != nil {
		t.Fatal(err)
	}
	n := 0
	mutate(tree, func(what string) {
		body, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		n++
		switch status, answer := post(body); {
		case status >= 500 || status < 200 || status == 404 || status == 401:
			t.Errorf("%s: %d %.300s", what, status, answer)
		case status >= 400 && (bytes.Contains(answer, []byte("Sample")) || bytes.Contains(answer, []byte("9990000115"))):
			t.Errorf("%s: the refusal names the patient: %s", what, answer)
		}
	})
	if n < 300 {
		t.Errorf("%d messages were tried", n)
	}
	if status, _ := post([]byte(c.fresh(at(4)...).Raw())); status != 200 && status != 409 {
		t.Errorf("afterwards a good message is answered %d", status)
	}
}

// mutate puts values of other types in each place of a JSON tree, one at a time.
func mutate(node any, try func(what string)) {
	wrong := []any{nil, 7.5, true, "x", []any{}, map[string]any{}, []any{nil}, []any{map[string]any{"reference": 1.0}}}
	each := func(where string, was any, set func(any)) {
		for i, v := range wrong {
			if i%3 == len(where)%3 { // a third of them in each place
				set(v)
				try(fmt.Sprintf("%s = %v", where, v))
			}
		}
		set(was)
		mutate(was, try)
	}
	switch n := node.(type) {
	case map[string]any:
		for name, was := range n {
			each(name, was, func(v any) { n[name] = v })
		}
	case []any:
		for i, was := range n {
			each(fmt.Sprint(i), was, func(v any) { n[i] = v })
		}
	}
}
