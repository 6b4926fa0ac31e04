package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/canary"
	"slotway/server/internal/store"
)

// spineSurgery is a surgery behind the Spine Secure Proxy, as the assurance scripts
// drive one: mutual TLS, unsigned tokens, one for each request.
type spineSurgery struct {
	*surgery
	file     string // its configuration
	audience string
	stop     func()
}

func startSpine(t *testing.T) *spineSurgery {
	t.Helper()
	var addrs [2]string
	for i := range addrs {
		addr, err := freePort("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs[i] = addr
	}
	base := "http://" + addrs[0]
	s := &spineSurgery{audience: base + face}
	s.file = writeConfig(t, strings.NewReplacer("BASE", base, "HTTPS", addrs[1], "HTTP", addrs[0]).Replace(unsignedConfig))
	ca, dir := newAuthority(t), filepath.Dir(s.file)
	write(t, dir, "ca", tls.Certificate{Certificate: [][]byte{ca.cert.Raw}, PrivateKey: ca.key})
	write(t, dir, "server", ca.issue(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}))
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	way := &http.Transport{
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{ca.client("proxy.spine.example")}, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(way.CloseIdleConnections)
	s.surgery = &surgery{demo: &demo{base: "https://" + addrs[1]}, t: t, send: way, bearer: func(method, path string) string {
		return unsigned(t, s.audience, scopeOf(method, path))
	}}
	s.start(t)
	ctx := t.Context()
	for _, r := range surgeryData() {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		res, err := fhir.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		feed := booking.Request{Principal: auth.Principal{Client: "feed", Customers: []string{"trust"}}, IfVersion: store.Any, Create: true}
		if _, _, err := s.app.booking.Update(ctx, feed, store.Key{Type: res.Type(), ID: res.ID()}, res); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { s.stop() })
	return s
}

// start runs the program; again, on what the last one left.
func (s *spineSurgery) start(t *testing.T) {
	t.Helper()
	cfg, err := LoadConfig(s.file, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := newLog(canary.Writer(sober{t.Output()}), "debug")
	if err != nil {
		t.Fatal(err)
	}
	if s.app, err = New(cfg, log, time.Now); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.app.Run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// scopeOf is the one scope that a consumer asks for what it does.
func scopeOf(method, path string) string {
	switch {
	case method != http.MethodGet:
		return "patient/appointment.write"
	case strings.HasPrefix(path, "/Appointment"):
		return "patient/appointment.read"
	}
	return "organization/slot.read"
}

// TestAssurance goes through the supplier lines of the booking standard's assurance
// list that a provider proves over HTTP, P1 to P36, as the test harness does. NHS
// booking standard, requirements 50, 51, 52, 94, 96, 97 and 121; those of a line are
// in the test that the line's check is shared with. P5, P35 and P38 to P42 are of
// audit and reports.
func TestAssurance(t *testing.T) {
	s := startSpine(t)
	const slots = "/Slot?schedule.actor%3Ahealthcareservice=999999999&status=free"
	with := func(audience, scope string) string { return "Authorization: Bearer " + unsigned(t, audience, scope) }
	good := unsigned(t, s.audience, "organization/slot.read")
	t.Run("P1 token construction", func(t *testing.T) {
		for name, header := range map[string]string{
			"none": "Authorization: ", "Basic": "Authorization: Basic eDp5", "two parts": "Authorization: Bearer " + strings.TrimSuffix(good, "."),
			"a signature": "Authorization: Bearer " + good + "AAAA", "nonsense": "Authorization: Bearer x.y.z",
		} {
			r := s.ask("GET", slots, nil, header)
			r.refused(t, 403, "ACCESS DENIED")
			if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: WWW-Authenticate %q", name, r.header.Get("WWW-Authenticate"))
			}
		}
		if r := s.ask("GET", slots, nil); r.status != 200 { // 52: no practitioner in it
			t.Errorf("%d: %s", r.status, r.body)
		}
	})
	t.Run("P3 audience", func(t *testing.T) { // 50
		s.ask("GET", slots, nil, with("https://provider.example/notanendpoint", "organization/slot.read")).refused(t, 403, "ACCESS DENIED")
		s.ask("GET", "/Slot?service=999999996", nil, with("https://provider.example/notanendpoint", "organization/slot.read"), "Accept: application/fhir+xml").refused(t, 403, "ACCESS DENIED")
	})
	t.Run("P4 scope", func(t *testing.T) { // 51, 96
		s.ask("GET", slots, nil, with(s.audience, "patient/appointment.write")).refused(t, 403, "ACCESS DENIED")
		s.ask("GET", "/Slot?service=999999996", nil, with(s.audience, "patient/appointment.write")).refused(t, 403, "ACCESS DENIED")
		s.ask("GET", "/Appointment/x", nil, with(s.audience, "organization/slot.read")).refused(t, 403, "ACCESS DENIED")
		s.ask("POST", "/Appointment", bookingOf(t, s.slot()), with(s.audience, "patient/appointment.read")).refused(t, 403, "ACCESS DENIED")
	})
	t.Run("P8 and P9 capability", func(t *testing.T) {
		checkStatement(t, s.ask("GET", "/metadata", nil).root)
		checkStatement(t, s.ask("GET", "/metadata", nil, "Accept: application/fhir+xml", "Accept-Encoding: gzip").root)
	})
	t.Run("P10 service", func(t *testing.T) {
		s.ask("GET", "/Slot?service=999999996", nil).refused(t, 404, "NO_RECORD_FOUND")
		s.ask("GET", "/Slot?status=free", nil).refused(t, 400, "INVALID_PARAMETER")
	})
	t.Run("P11 to P23 slots", func(t *testing.T) {
		for _, format := range []string{"json", "xml"} {
			r := s.ask("GET", slots+"&_format="+format+sixIncludes, nil)
			checkSlots(t, entries(r, "Slot"))
			checkSchedules(t, r, "999999999")
		}
	})
	var first reply
	t.Run("P24 to P29 booking", func(t *testing.T) {
		for _, xml := range []bool{false, true} {
			slot, id := s.slot(), uuid.NewString()
			body, header := bookingOf(t, slot), []string{"X-Request-ID: " + id}
			if xml {
				body, header = asXML(t, body), append(header, "Content-Type: application/fhir+xml", "Accept: application/fhir+xml")
			}
			r := s.ask("POST", "/Appointment", body, header...)
			s.checkBooked(t, r, slot, id)
			again := s.ask("POST", "/Appointment", body, header[1:]...)
			again.refused(t, 422, "DUPLICATE_REJECTED")
			first = r
		}
	})
	t.Run("P31 cancelling", func(t *testing.T) {
		made := s.booked(t)
		at := "/Appointment/" + made.text("id")
		read := s.ask("GET", at, nil)
		r := s.ask("PUT", at, edited(t, read.root.Raw(), cancelled), "If-Match: "+read.header.Get("ETag"))
		if r.status != 200 || r.text("status") != "cancelled" || r.header.Get("ETag") != `W/"2"` {
			t.Errorf("%d: %s", r.status, r.body)
		}
	})
	t.Run("P36 outcomes", func(t *testing.T) {
		s.ask("GET", "/Appointment/unknown", nil, "Accept: application/fhir+xml").refused(t, 404, "NO_RECORD_FOUND") // 94
		s.ask("GET", "/Slot?service=999999999&startXXXXXXX=ge2030-01-01", nil).refused(t, 400, "INVALID_PARAMETER")
		s.ask("POST", "/Slot?service=999999999", nil, "X-Request-ID: ").refused(t, 405, "BAD_REQUEST")
	})
	t.Run("after a restart", func(t *testing.T) { // 97
		at := "/Appointment/" + first.text("id")
		before := s.ask("GET", at, nil)
		s.stop()
		s.start(t)
		after := s.ask("GET", at, nil)
		if after.status != 200 || !bytes.Equal(before.body, after.body) || after.header.Get("ETag") != before.header.Get("ETag") {
			t.Errorf("%d: %s\nwas %s", after.status, after.body, before.body)
		}
	})
}

// TestUnrenderable: NHS booking standard, requirement 122: one resource that cannot
// be shown fails the whole answer.
func TestUnrenderable(t *testing.T) {
	c := startSurgery(t, Settings{})
	before := c.ask("GET", "/Slot?service=999999999", nil)
	r, err := fhir.Parse([]byte(`{"resourceType":"Slot","id":"odd","status":"free","schedule":{"reference":"Schedule/shared"},"start":"2031-01-01T00:00:00Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	err = c.app.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Put(t.Context(), store.Put{Key: store.Key{Customer: "trustalias", Type: "Slot", ID: "odd"}, Resource: r, IfVersion: store.Any})
		return err
	})
	if err != nil || before.status != 200 {
		t.Fatal(err)
	}
	// That of the other service can be shown, but not in XML.
	unwritten := doc{"resourceType": "Slot", "id": "unwritten", "status": "free", "schedule": doc{"reference": "Schedule/full"}, "start": "2031-01-01T00:00:00Z", "end": "2031-01-01T00:15:00Z", "odd name": 1}
	if err := c.put(t.Context(), unwritten, false); err != nil {
		t.Fatal(err)
	}
	if got := c.ask("GET", "/Slot?service=999999998&start=ge2031-01-01", nil); got.status != 200 {
		t.Errorf("in JSON it is %d", got.status)
	}
	for _, asked := range []string{"999999999&_format=json", "999999999&_format=xml", "999999998&_format=xml"} {
		got := c.ask("GET", "/Slot?service="+asked, nil)
		got.refused(t, 500, "INTERNAL_SERVER_ERROR")
		if slices.Contains(ids(entries(got, "Slot")), "slot-00") {
			t.Error("there is a part of the answer")
		}
	}
}
