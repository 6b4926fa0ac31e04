package app

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
)

// TestOutboxKill changes appointments on several connections and kills the process with
// SIGKILL at a random moment, some times over. After the last restart the partner has been told of every
// change that was acknowledged, of each appointment's in order, and whatever it
// was told twice came under one control id with the same bytes.
func TestOutboxKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts and kills processes for some seconds")
	}
	p := newPAS(t)
	t.Setenv("SLOTWAY_PARTNERS", string(telling(p.addr, "").Partners))
	dir := t.TempDir()
	var mu sync.Mutex
	acked := map[string][]string{} // events by appointment
	for round := range 4 {
		c := startChild(t, dir)
		if round == 0 {
			newPatient(t, c)
		}
		sender := func(i int) {
			d := &demo{base: c.base}
			var err error
			if d.admin, err = fetchToken(t.Context(), c.base, "demo-admin", demoSecret, ""); err != nil {
				return // killed
			}
			for n := 0; ; n++ {
				id := fmt.Sprintf("r%d-%d-%d", round, i, n)
				for _, step := range []struct{ status, event string }{{"booked", "S12"}, {"cancelled", "S15"}} {
					b := doc{"resourceType": "Appointment", "id": id, "status": step.status, "start": "2030-01-08T10:00:00Z", "end": "2030-01-08T10:15:00Z", "participant": []doc{{"actor": doc{"reference": "Patient/p1"}, "status": "accepted"}}}
					status, body, err := d.call(t.Context(), http.MethodPut, "/R4/Appointment/"+id, d.admin, b)
					if err != nil {
						return // killed: whether it was done is not known
					}
					if status != http.StatusCreated && status != http.StatusOK {
						t.Errorf("%s: %d %s", id, status, body)
						return
					}
					mu.Lock()
					acked[id] = append(acked[id], step.event)
					mu.Unlock()
				}
			}
		}
		var senders sync.WaitGroup
		for i := range connections {
			senders.Go(func() { sender(i) })
		}
		time.Sleep(time.Duration(300+rand.IntN(500)) * time.Millisecond)
		c.kill()
		senders.Wait()
	}
	c := startChild(t, dir)
	defer c.kill()
	d := &demo{base: c.base}
	var err error
	if d.admin, err = fetchToken(t.Context(), c.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	for range 3000 { // the outbox is empty
		_, body, err := d.call(t.Context(), http.MethodGet, "/outbox?state=queued&_count=1", d.admin, nil)
		if err == nil && string(body) == `{"items":[]}`+"\n" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	told, bytes := map[string][]string{}, map[string]string{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		id, control := m.Get(refPlacer).Text, m.Get(refControl).Text
		if was, again := bytes[control]; again {
			if was != string(m.Raw()) {
				t.Errorf("%s: one control id, and two messages", id)
			}
			continue
		}
		bytes[control] = string(m.Raw())
		told[id] = append(told[id], m.Get(refEvent).Text)
	}
	for id, events := range acked {
		if got := told[id]; len(got) < len(events) || !slices.Equal(got[:len(events)], events) {
			t.Errorf("%s: told %v, acknowledged %v", id, got, events)
		}
	}
	if len(acked) < 50 {
		t.Errorf("only %d appointments: too few to show anything", len(acked))
	}
	t.Logf("%d appointments, %d messages, %d of them again", len(acked), len(bytes), len(p.got)-len(bytes))
}

func newPatient(t *testing.T, c *child) {
	t.Helper()
	d := &demo{base: c.base}
	var err error
	if d.admin, err = fetchToken(t.Context(), c.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	status, body, err := d.call(t.Context(), http.MethodPut, "/R4/Patient/p1", d.admin, doc{
		"resourceType": "Patient", "id": "p1", "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": "9990000018"}},
	})
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		t.Fatal(err)
	}
}
