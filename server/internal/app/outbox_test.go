package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/hl7bridge/hl7"
	"slotway/hl7bridge/mllp"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/outbox"
)

// pas is a partner's MLLP listener that answers as it is told to.
type pas struct {
	t    *testing.T
	addr string

	mu     sync.Mutex
	got    []*hl7.Message
	answer func(m *hl7.Message) string // AA, AR …; NA is no answer
}

var (
	refEvent   = hl7.MustRef("MSH-9.2")
	refControl = hl7.MustRef("MSH-10")
	refPlacer  = hl7.MustRef("SCH-1.1")
)

func newPAS(t *testing.T) *pas {
	t.Helper()
	p := &pas{t: t, answer: func(*hl7.Message) string { return "AA" }}
	p.addr = p.serve("127.0.0.1:0")
	return p
}

// serve listens; it stops with the test.
func (p *pas) serve(addr string) string {
	p.t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	server := &mllp.Server{Handler: p}
	done := make(chan error, 1)
	go func() { done <- server.Serve(context.Background(), ln) }()
	p.t.Cleanup(func() {
		_ = server.Shutdown(context.Background()) // the context has no end
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
	return ln.Addr().String()
}

// ServeMLLP notes a message and answers it.
func (p *pas) ServeMLLP(_ context.Context, _ mllp.Conn, frame []byte) []byte {
	m, err := hl7.Parse(frame)
	if err != nil {
		p.t.Errorf("not a message: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, m)
	code := p.answer(m)
	if code == "NA" {
		return []byte("what?")
	}
	return hl7.Ack{Code: code, Text: "no", Time: time.Now(), ID: "a"}.Reply(m)
}

// events gives what came, as event and control id.
func (p *pas) events() (events, controls []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		events = append(events, m.Get(refEvent).Text)
		controls = append(controls, m.Get(refControl).Text)
	}
	return events, controls
}

func (p *pas) answers(f func(*hl7.Message) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// until waits for something that is soon so.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 6000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not so in a minute: %s", what)
}

// wait waits for so many messages, and for no more.
func (p *pas) wait(n int) {
	p.t.Helper()
	until(p.t, fmt.Sprintf("%d messages came", n), func() bool { e, _ := p.events(); return len(e) >= n })
	time.Sleep(500 * time.Millisecond) // a message too many would come now
	if e, _ := p.events(); len(e) != n {
		p.t.Fatalf("messages %v, want %d", e, n)
	}
}

// telling gives the settings of a demo that tells a listener of trustalias.
func telling(addr, more string) Settings {
	return Settings{Partners: Text(`[{id: partner_demo, grants: [{connecting: trustalias, controller: trustalias}], send: {mllp: "` + addr + `", customers: [trustalias]` + more + `}}]`)}
}

func bookingIn(id, slot string) doc {
	at := time.Date(2030, 1, 8, 10, 15*int(slot[1]-'1'), 0, 0, time.UTC)
	return doc{
		"resourceType": "Appointment", "id": id, "status": "booked", "start": at.Format(time.RFC3339), "end": at.Add(15 * time.Minute).Format(time.RFC3339),
		"slot": []doc{{"reference": "Slot/" + slot}}, "participant": []doc{{"actor": doc{"reference": "Patient/p1"}, "status": "accepted"}},
	}
}

// made books a slot by POST and gives the appointment.
func (c *clinic) made(slot string) (id string) {
	c.t.Helper()
	b := bookingIn("", slot)
	delete(b, "id")
	status, r, _ := c.ask(http.MethodPost, "/R4/Appointment", c.consumer, b, "Prefer", "return=representation")
	if status != http.StatusCreated {
		c.t.Fatalf("booking: %d %s", status, r.Raw())
	}
	return r.Root().Get("id").Text()
}

// Whatever way an appointment changes, the partner is told, in order, and what it
// makes of it is the same appointment.
func TestOutboxTells(t *testing.T) {
	p := newPAS(t)
	c := newClinic(t, telling(p.addr, ""))
	id := c.made("s1")
	put := func(change func(doc)) {
		t.Helper()
		b := bookingIn(id, "s1")
		change(b)
		if status, r, _ := c.ask(http.MethodPut, "/R4/Appointment/"+id, c.admin, b); status != http.StatusOK {
			t.Fatalf("PUT: %d %s", status, r.Raw())
		}
	}
	put(func(b doc) { b["comment"] = "Bring shoes" })
	put(func(b doc) { b["comment"] = "Bring shoes" })                                             // nothing new
	put(func(b doc) { b["comment"] = "Bring shoes"; b["identifier"] = []doc{{"value": "note"}} }) // nothing that a message says
	put(func(b doc) { b["start"], b["end"] = "2030-01-08T10:05:00Z", "2030-01-08T10:15:00Z" })
	c.operate("/"+id+"/$cancel", c.consumer, http.StatusOK)
	p.wait(4)
	events, controls := p.events()
	if diff := cmp.Diff([]string{"S12", "S14", "S13", "S15"}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for i, m := range p.got {
		if m.Get(refPlacer).Text != id || len(controls[i]) != 20 {
			t.Errorf("message %d is about %s, control %q", i, m.Get(refPlacer).Text, controls[i])
		}
	}
	if aip := p.got[0].Get(hl7.MustRef("AIP-3.1")).Text; aip != "7777777" {
		t.Errorf("the diary's doctor is %q, want 7777777", aip)
	}
}

// What is sent, another of us takes as the same appointment; and what comes back about
// it from the partner is not sent back (no echo), and finds the appointment.
func TestOutboxToAnother(t *testing.T) {
	other := startDemo(t, t.TempDir(), Settings{})
	c := newClinic(t, telling(other.mllp[0].Addr().String(), ""))
	id := c.made("s1")
	there := &demo{base: other.cfg.BaseURL}
	var err error
	if there.admin, err = fetchToken(t.Context(), there.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	find := func() fhir.Node {
		status, body, err := there.call(t.Context(), http.MethodGet, "/R4/Appointment?identifier="+fhir.ExternalIDSystem+"|"+id, there.admin, nil)
		if err := expect(err, status, http.StatusOK, body); err != nil {
			t.Fatal(err)
		}
		return fhirtest.Parse(t, string(body)).Root().One(fhir.MustPath("entry[0].resource"))
	}
	until(t, "the other has it", func() bool { return find().Exists() })
	got := find()
	if got.Get("status").Text() != "booked" || got.Get("start").Text() != "2030-01-08T10:00:00.000+00:00" || got.Get("end").Text() != "2030-01-08T10:15:00.000+00:00" {
		t.Errorf("the other has %s", got.Raw())
	}
	c.operate("/"+id+"/$cancel", c.consumer, http.StatusOK)
	until(t, "it is cancelled there", func() bool { return find().Get("status").Text() == "cancelled" })

	// The partner speaks of the booking by the id that it was told.
	until(t, "the outbox is empty", func() bool { e, _ := c.outbox(""); return len(e) == 0 })
	link := dispatch.MLLP(c.app.mllp[0].Addr().String(), nil)
	defer link.Close()
	ack, err := link.Send(t.Context(), []byte(segments(
		`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|203001011000||SIU^S12|back|P|2.4`,
		segment("SCH", map[int]string{1: id, 11: "^^^203001081130"}), `PID|||9990000018^^^NHS^NH`,
	)))
	if a, _ := dispatch.ReadAnswer(ack); err != nil || a.Code != "AA" {
		t.Fatalf("answered %+v, %v", a, err)
	}
	_, r, _ := c.ask(http.MethodGet, "/R4/Appointment/"+id, c.admin, nil)
	if r.Root().Get("start").Text() != "2030-01-08T11:30:00.000+00:00" || r.Root().Get("status").Text() != "booked" {
		t.Errorf("the partner's message made %s", r.Raw())
	}
	time.Sleep(500 * time.Millisecond) // it would be told now
	if e, _ := c.outbox(""); len(e) != 0 || find().Get("status").Text() != "cancelled" {
		t.Error("the partner's own message was sent back to it")
	}
}

// outbox gives the events of what is in the outbox, and the whole of it.
func (c *clinic) outbox(state string) (events []string, all string) {
	c.t.Helper()
	status, body, err := c.call(c.t.Context(), http.MethodGet, "/outbox?state="+state, c.admin, nil)
	if err := expect(err, status, http.StatusOK, body); err != nil {
		c.t.Fatal(err)
	}
	var page struct{ Items []outbox.Item }
	if err := json.Unmarshal(body, &page); err != nil {
		c.t.Fatal(err)
	}
	for _, it := range page.Items {
		events = append(events, it.Event)
	}
	return events, string(body)
}
