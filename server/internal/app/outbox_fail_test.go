package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/outbox"
)

// tellingHTTP gives the settings of a demo that tells a URL.
func tellingHTTP(url string) Settings {
	return Settings{Partners: Text(`[{id: partner_demo, grants: [{connecting: trustalias, controller: trustalias}], send: {url: "` + url + `", customers: [trustalias]}}]`)}
}

// What is not taken is sent again as it was, and holds back what is about the same
// appointment, and nothing else.
func TestOutboxAgain(t *testing.T) {
	p := newPAS(t)
	c := newClinic(t, telling(p.addr, ""))
	failures, held := 0, ""
	p.answers(func(m *hl7.Message) string {
		placer := m.Get(refPlacer).Text
		if held == "" {
			held = placer
		}
		if placer == held && failures < 2 {
			failures++
			return []string{"AE", "NA"}[failures-1] // NA is no code: no answer
		}
		return "AA"
	})
	first := c.made("s1")
	c.operate("/"+first+"/$cancel", c.consumer, http.StatusOK)
	until(t, "the first was refused", func() bool { e, _ := p.events(); return len(e) > 0 })
	second := c.made("s2")
	p.wait(5)
	var order []string
	controls := map[string]bool{}
	for _, m := range p.got {
		name := "first "
		if m.Get(refPlacer).Text == second {
			name = "second "
		}
		order = append(order, name+m.Get(refEvent).Text)
		if name == "first " && m.Get(refEvent).Text == "S12" {
			controls[m.Get(refControl).Text] = true
		}
	}
	if i, last := slices.Index(order, "second S12"), slices.Index(order, "first S15"); i < 0 || i > last || order[0] != "first S12" || order[4] != "first S15" {
		t.Errorf("order %v: want the first's S12 until it is taken, its S15 last, and the second not to wait", order)
	}
	if len(controls) != 1 {
		t.Errorf("the S12 went out under %d control ids, want one", len(controls))
	}
	until(t, "the outbox is empty", func() bool { e, _ := c.outbox(""); return len(e) == 0 })
}

// What is refused is put aside; an administrator sends it again, as things are now, or
// drops it; and one of another customer sees nothing.
func TestOutboxDead(t *testing.T) {
	p := newPAS(t)
	c := newClinic(t, telling(p.addr, ""))
	p.answers(func(m *hl7.Message) string {
		if m.Get(refEvent).Text == "S12" {
			return "AR"
		}
		return "AA"
	})
	id := c.made("s1")
	until(t, "it is given up", func() bool { e, _ := c.outbox("dead"); return len(e) == 1 })
	_, all := c.outbox("dead")
	if !strings.Contains(all, `"answer":"AR"`) || strings.Contains(all, "9990000018") {
		t.Errorf("the item is %s", all)
	}
	p.answers(func(*hl7.Message) string { return "AA" })
	run := func(args ...string) string {
		t.Helper()
		code, out, errs := runMain(t.Context(), append([]string{"outbox"}, append(args, "--url", c.base)...)...)
		if code != 0 {
			t.Fatalf("outbox %v: %d %s", args, code, errs)
		}
		return out
	}
	if out := run("list"); !strings.Contains(out, "dead") || !strings.Contains(out, id) {
		t.Errorf("listed: %s", out)
	}
	if out := run("requeue", "--all"); !strings.Contains(out, "queued S12 "+id) {
		t.Errorf("requeued: %s", out)
	}
	p.wait(2)
	_, controls := p.events()
	if controls[0] == controls[1] {
		t.Error("what was sent anew has the control id of before")
	}
	if status, body, err := c.call(t.Context(), http.MethodGet, "/outbox?customer=alias_123", c.admin, nil); err != nil || status != http.StatusForbidden {
		t.Errorf("another customer's outbox: %d %s", status, body)
	}
	if status, body, err := c.call(t.Context(), http.MethodPost, "/outbox/AAAA/requeue", c.admin, nil); err != nil || status != http.StatusNotFound {
		t.Errorf("what is not there: %d %s", status, body)
	}
	if status, body, err := c.call(t.Context(), http.MethodGet, "/outbox", c.consumer, nil); err != nil || status != http.StatusForbidden {
		t.Errorf("a client without the scope: %d %s", status, body)
	}

	// Given up again, and cancelled since: the cancellation is what is sent anew.
	p.answers(func(*hl7.Message) string { return "AR" })
	second := c.made("s2")
	c.operate("/"+second+"/$cancel", c.consumer, http.StatusOK)
	until(t, "both are given up", func() bool { e, _ := c.outbox("dead"); return len(e) == 2 })
	p.answers(func(*hl7.Message) string { return "AA" })
	run("requeue", "--all")
	p.wait(5)
	if e, _ := p.events(); e[4] != "S15" {
		t.Errorf("events %v, want S15 last", e)
	}
	until(t, "the outbox is empty", func() bool { e, _ := c.outbox(""); return len(e) == 0 })
}

// A patient whom HL7 cannot name does not stop a booking: the message is given up.
func TestOutboxCannotSay(t *testing.T) {
	p := newPAS(t)
	c := newClinic(t, telling(p.addr, ""))
	c.put(doc{"resourceType": "Patient", "id": "p2"})
	b := bookingIn("n1", "s3")
	b["participant"] = []doc{{"actor": doc{"reference": "Patient/p2"}, "status": "accepted"}}
	c.put(b)
	until(t, "it is given up", func() bool { e, _ := c.outbox("dead"); return len(e) == 1 })
	if _, all := c.outbox("dead"); !strings.Contains(all, "no NHS number") {
		t.Errorf("the item is %s", all)
	}
}

// The same over HTTP, with what the partner's change is not told of unless asked for.
func TestOutboxRelay(t *testing.T) {
	other := startDemo(t, t.TempDir(), Settings{})
	p := newPAS(t)
	c := newClinic(t, Settings{Partners: Text(`[
{id: partner_demo, grants: [{connecting: trustalias, controller: trustalias}], send: {mllp: "` + p.addr + `", customers: [trustalias], relay: true}},
{id: deaf, send: {mllp: "127.0.0.1:1", customers: [trustalias]}},
{id: relayed, send: {mllp: "` + other.mllp[0].Addr().String() + `", customers: [trustalias], relay: true}}]`)})
	link := dispatch.MLLP(c.app.mllp[0].Addr().String(), nil)
	defer link.Close()
	ack, err := link.Send(t.Context(), []byte(segments(
		`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|203001011000||SIU^S12|from|P|2.4`,
		segment("SCH", map[int]string{1: "PAS1", 11: "^^^203001081130"}), `PID|||9990000018^^^NHS^NH`,
	)))
	if a, _ := dispatch.ReadAnswer(ack); err != nil || a.Code != "AA" {
		t.Fatalf("answered %+v, %v", a, err)
	}
	there := &demo{base: other.cfg.BaseURL}
	if there.admin, err = fetchToken(t.Context(), there.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	until(t, "the other has it", func() bool {
		_, body, err := there.call(t.Context(), http.MethodGet, "/R4/Appointment?identifier=PAS1", there.admin, nil)
		return err == nil && strings.Contains(string(body), `"total":1`)
	})
	until(t, "the outbox is empty", func() bool { e, _ := c.outbox(""); return len(e) == 0 })
	p.wait(0) // whoever sent it is not told, and who does not relay has nothing in the outbox
}

// Over HTTP, with nobody there at first.
func TestOutboxOverHTTP(t *testing.T) {
	addr, err := freePort("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := newClinic(t, tellingHTTP("http://"+addr+"/in"))
	c.made("s1")
	got := make(chan string, 10)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1<<16)
		n, _ := r.Body.Read(b) // the message is short, and io.EOF no matter
		m, _ := hl7.Parse(b[:n])
		got <- m.Get(refEvent).Text
		_, _ = w.Write(hl7.Ack{Code: "AA", Time: time.Now(), ID: "1"}.Reply(m)) // the client reads it
	})
	srv := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = srv.ListenAndServe() }() // it ends when the test does
	t.Cleanup(func() { _ = srv.Close() })
	select {
	case e := <-got:
		if e != "S12" {
			t.Errorf("event %s, want S12", e)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was sent")
	}
	until(t, "the outbox is empty", func() bool { e, _ := c.outbox(""); return len(e) == 0 })
}

// A server that is cut off between sending and noting it sends the same message
// again when it is back: under the same control id, which the receiver knows.
func TestOutboxSurvives(t *testing.T) {
	p := newPAS(t)
	dir := t.TempDir()
	block := make(chan struct{})
	p.answers(func(*hl7.Message) string { <-block; return "AA" })
	settings := telling(p.addr, "")
	cmd := &demoCmd{HTTP: "127.0.0.1:0", MLLP: "127.0.0.1:0", Empty: true, Settings: settings}
	a, err := cmd.start(dir, streams{t.Output(), t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	link := dispatch.MLLP(a.mllp[0].Addr().String(), nil)
	d := &demo{base: a.cfg.BaseURL}
	if d.admin, err = fetchToken(t.Context(), d.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	for _, r := range []doc{
		{"resourceType": "Patient", "id": "p1", "identifier": []doc{{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}}},
		{"resourceType": "Appointment", "id": "x", "status": "booked", "start": "2030-01-08T10:00:00Z", "end": "2030-01-08T10:15:00Z", "participant": []doc{{"actor": doc{"reference": "Patient/p1"}, "status": "accepted"}}},
	} {
		if status, body, err := d.call(t.Context(), http.MethodPut, "/R4/"+r["resourceType"].(string)+"/"+r["id"].(string), d.admin, r); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %s %v", status, body, err)
		}
	}
	_ = link.Close()                   // it was not used
	time.Sleep(500 * time.Millisecond) // the message is on its way: the listener has it and does not answer
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	close(block)
	startDemo(t, dir, settings)
	p.wait(2)
	if _, controls := p.events(); controls[0] != controls[1] {
		t.Errorf("control ids %v, want one", controls)
	}
}

// A subscription of what is not there is refused in words.
func TestSendConfig(t *testing.T) {
	for _, tc := range []struct{ send, says string }{
		{`{mllp: "127.0.0.1:1", customers: [trust]}`, ""},
		{`{url: "https://e.example/in", customers: [trust], events: [S12, S15]}`, ""},
		{`{customers: [trust]}`, "either the mllp address or the url"},
		{`{mllp: "127.0.0.1:1", url: "https://e.example", customers: [trust]}`, "either"},
		{`{mllp: "pas.example:2575", customers: [trust]}`, "without encryption"},
		{`{mllp: "pas.example:2575", tls: {on: true}, customers: [trust]}`, ""},
		{`{mllp: "pas.example", tls: {on: true}, customers: [trust]}`, "host:port"},
		{`{url: "http://e.example/in", customers: [trust]}`, "https"},
		{`{mllp: "127.0.0.1:1"}`, "customers is empty"},
		{`{mllp: "127.0.0.1:1", customers: [other]}`, "no customer"},
		{`{mllp: "127.0.0.1:1", customers: [trust], events: [S18]}`, "S18"},
		{`{mllp: "127.0.0.1:1", customers: [trust], version: "3"}`, "version"},
		{`{mllp: "127.0.0.1:1", customers: [trust], tls: {ca: /nowhere}}`, "nowhere"},
		{`{url: "https://e.example/in", customers: [trust], user: u}`, "password_file"},
	} {
		text := strings.Replace(goodConfig, "partners: [{id: p,", "partners: [{id: p, send: "+tc.send+",", 1)
		cfg, err := LoadConfig(writeConfig(t, text), Settings{})
		if err == nil {
			err = cfg.check()
		}
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want an error that says %q", tc.send, err, tc.says)
		}
	}
	var _ outbox.Subscribers = (*register)(nil)
}
