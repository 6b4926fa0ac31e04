package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
	"slotway/hl7bridge/mllp"
	"slotway/server/internal/store/mongo/mongotest"
)

// partner takes what it is told of appointments, and remembers from which connection.
type partner struct {
	t    *testing.T
	mu   sync.Mutex
	came []notice
}

type notice struct {
	control, event, placer, from string
	at                           time.Time
}

// ServeMLLP notes a message and takes it.
func (p *partner) ServeMLLP(_ context.Context, c mllp.Conn, frame []byte) []byte {
	m, err := hl7.Parse(frame)
	if err != nil {
		p.t.Errorf("not a message: %v", err)
		return nil
	}
	get := func(ref string) string { return m.Get(hl7.MustRef(ref)).Text }
	p.mu.Lock()
	defer p.mu.Unlock()
	p.came = append(p.came, notice{get("MSH-10"), get("MSH-9.2"), get("SCH-1.1"), c.RemoteAddr.String(), time.Now()})
	return hl7.Ack{Code: "AA", Time: time.Now(), ID: "a"}.Reply(m)
}

// startPartner gives a partner of whom the processes that are started next know.
func startPartner(t *testing.T) *partner {
	t.Helper()
	p := &partner{t: t}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &mllp.Server{Handler: p}
	done := make(chan error, 1)
	go func() { done <- server.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		_ = server.Shutdown(context.Background()) // the context has no end
		<-done
	})
	t.Setenv(tellEnv, l.Addr().String())
	return p
}

// wait waits until it was told of something.
func (p *partner) wait(name, event string) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		for _, n := range p.came {
			if n.placer == name && n.event == event {
				p.mu.Unlock()
				return
			}
		}
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.t.Fatalf("nobody told of the %s of %s, and of %d other things", event, name, len(p.came))
}

// attempts gives how often each process sent something.
func attempts(t *testing.T, f *fleet) (n [2]int) {
	t.Helper()
	for i := range n {
		for line := range strings.Lines(watch(t, f.procs[i])) {
			if value, ok := strings.CutPrefix(line, "slotway_outbox_attempts_total{"); ok {
				_, value, _ = strings.Cut(value, "} ")
				var one int
				_, _ = fmt.Sscan(value, &one)
				n[i] += one
			}
		}
	}
	return n
}

// patientOf makes the patient of whose appointments the partner is told.
func patientOf(t *testing.T, c *client) {
	t.Helper()
	c.must(t, http.StatusCreated, http.MethodPut, "/R4/Patient/p1", doc{
		"resourceType": "Patient", "id": "p1", "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": numbers[0]}}, "name": []doc{{"family": "Zyxwvut"}},
	})
}

// tellOf makes an appointment, and cancels it, through a process.
func tellOf(t *testing.T, c *client, name string) {
	t.Helper()
	for _, status := range []string{"booked", "cancelled"} {
		from, to := slotTime(len(name))
		r := c.do(t.Context(), http.MethodPut, "/R4/Appointment/"+name, doc{
			"resourceType": "Appointment", "id": name, "status": status, "start": from, "end": to,
			"participant": []doc{{"actor": doc{"reference": "Patient/p1"}, "status": "accepted"}},
		})
		if r.err != nil || r.status != http.StatusCreated && r.status != http.StatusOK {
			t.Fatalf("%s: %d %v %s", name, r.status, r.err, r.body)
		}
	}
}

// A process that sends to a partner, seals the audit and sweeps is stopped for longer
// than its lease lasts, at any moment, and goes on when another does its work. Of what
// it was sending at that moment the partner may have two, under one control id; nothing
// else comes twice, each appointment's in order, and the chain of the audit is whole
// (R36).
func TestStoppedHolder(t *testing.T) {
	rounds := size(t, 1, 20)
	p := startPartner(t)
	f := startFleet(t, 2, "--store", mongotest.URI(t))
	patientOf(t, f.client(0))
	stops := 0
	for round := range rounds {
		before := attempts(t, f)
		tellOf(t, f.client(round), fmt.Sprintf("a-%d", round))
		p.wait(fmt.Sprintf("a-%d", round), "S15")
		holder, next := 0, 1
		if attempts(t, f)[1] > before[1] {
			holder, next = 1, 0
		}
		for i := range 4 {
			tellOf(t, f.client(next), fmt.Sprintf("s-%d-%d", round, i))
		}
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond) // it is at work
		if err := f.procs[holder].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		stops++
		for i := range 3 {
			tellOf(t, f.client(next), fmt.Sprintf("n-%d-%d", round, i))
		}
		f.procs[holder].clock.pass(time.Minute)
		f.procs[next].clock.pass(20 * time.Second) // the rest really passes
		p.wait(fmt.Sprintf("n-%d-2", round), "S15")
		if err := f.procs[holder].cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if n := attempts(t, f)[next] - before[next]; n == 0 {
			t.Errorf("round %d: process %d did not take over", round, next)
		}
		tellOf(t, f.client(holder), fmt.Sprintf("z-%d", round))
		p.wait(fmt.Sprintf("z-%d", round), "S15")
	}
	time.Sleep(time.Second) // what comes twice would come now
	if got, want := p.once(stops), rounds*9; got != want {
		t.Errorf("the partner was told of %d appointments, want %d", got, want)
	}
	for i := range f.procs {
		wholeAudit(t, f.client(i))
	}
}

// once looks what came twice, which may be what was on its way when a process was
// stopped, and in which order things came. It gives of how many appointments.
func (p *partner) once(stops int) int {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	seen, events := map[string]notice{}, map[string]string{}
	twice := 0
	for _, n := range p.came {
		if was, again := seen[n.control]; again {
			twice++
			if was.from == n.from {
				p.t.Errorf("one process sent the %s of %s twice", n.event, n.placer)
			}
			continue
		}
		seen[n.control] = n
		events[n.placer] += n.event
	}
	for name, got := range events {
		if got != "S12S15" {
			p.t.Errorf("%s: told of %s", name, got)
		}
	}
	if twice > stops {
		p.t.Errorf("%d messages came twice, of %d that can have been on their way", twice, stops)
	}
	p.t.Logf("%d messages came, %d of them twice, with %d stops", len(p.came), twice, stops)
	return len(events)
}
