package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/dispatch"
	"slotway/server/internal/store/mongo/mongotest"
)

// Clients race for the slots of a diary, and senders tell the lives of appointments,
// through three processes on one database, of which one after another is killed. Each
// slot is booked once, nobody sees a fault, and each appointment is as its last message
// has it (R20, R38, figure "double booking").
func TestRaceMongo(t *testing.T) {
	slots, clients := size(t, 12, 1000), size(t, 9, 100)
	f := startFleet(t, 3, "--store", mongotest.URI(t))
	c := race{t: t, f: f, winner: map[int]string{}, booked: map[string]bool{}}
	f.client(0).diary(t, slots)
	began := time.Now()
	var all, sending sync.WaitGroup
	var over context.CancelFunc
	c.ctx, over = context.WithCancel(t.Context())
	for n := range clients {
		all.Go(func() {
			for i := range slots {
				c.book(n, (i+7*n)%slots)
			}
		})
	}
	for s := range senders {
		sending.Go(func() { c.tell(s) })
	}
	c.killing(max(2, slots*clients/5000), &all)
	all.Wait()
	took := time.Since(began)
	over()
	sending.Wait()
	t.Logf("%d clients, %d slots: %d bookings, %d conflicts, %d without an answer, in %v, with %d kills; %v messages", clients, slots, len(c.booked), c.lost, c.unknown, took.Round(time.Millisecond), c.kills, c.sent)
	c.check(slots)
}

type race struct {
	t   *testing.T
	f   *fleet
	ctx context.Context // of senders

	mu                   sync.Mutex
	winner               map[int]string // who was told that a slot is theirs
	booked               map[string]bool
	lost, unknown, kills int
	sent                 [senders]int
}

// book tries one slot, until there is an answer.
func (c *race) book(n, slot int) {
	for try := 0; ; try++ {
		name := fmt.Sprintf("r-%d-%d-%d", n, slot, try)
		r := c.f.client(n+try).do(context.Background(), http.MethodPost, "/R4/Appointment", booking(slot, name))
		c.mu.Lock()
		switch {
		case r.err != nil:
			c.unknown++
		case r.status == http.StatusConflict:
			c.lost++
		case r.status == http.StatusCreated && c.winner[slot] == "":
			c.winner[slot], c.booked[name] = name, true
		default:
			c.t.Errorf("%s: %d after %s: %s", name, r.status, c.winner[slot], r.body)
		}
		c.mu.Unlock()
		if r.err == nil {
			return
		}
	}
}

// tell tells the lives of appointments, each message through another process, the same
// until it is taken.
func (c *race) tell(s int) {
	for try := 0; c.ctx.Err() == nil; try++ {
		id, text := told(s, c.sent[s])
		link := c.f.link(try)
		ack, err := link.Send(context.Background(), []byte(text))
		_ = link.Close() // whatever was on its way came or did not
		if err != nil {
			continue
		}
		if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" {
			c.t.Errorf("%s was answered %s %s", id, a.Code, a.Text)
			return
		}
		c.sent[s]++
	}
}

// killing kills some processes, while there are clients.
func (c *race) killing(kills int, clients *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	for c.kills = range kills {
		select {
		case <-time.After(time.Duration(500+rand.IntN(2000)) * time.Millisecond):
			c.f.restart(c.t, rand.IntN(len(c.f.procs)))
		case <-done:
			return
		}
	}
	c.kills = kills
}

// check counts, through each process, what there is.
func (c *race) check(slots int) {
	c.t.Helper()
	for i := range c.f.procs {
		holders, names, versions := map[string]string{}, map[string]bool{}, map[string]string{}
		for next := "/R4/Appointment?_count=500"; next != ""; {
			r := c.f.client(i).must(c.t, http.StatusOK, http.MethodGet, next, nil)
			next = nextOf(c.t, r.body)
			for _, a := range appointmentsOf(c.t, r.body) {
				name := a.Identifier[0].Value
				if strings.HasPrefix(name, "k-") {
					versions[name] = a.Meta.VersionID
					continue
				}
				if other := holders[a.Slot[0].Reference]; other != "" {
					c.t.Errorf("process %d: %s has %s and %s", i, a.Slot[0].Reference, other, name)
				}
				holders[a.Slot[0].Reference], names[name] = name, true
			}
		}
		if len(holders) != slots {
			c.t.Errorf("process %d: %d slots are booked, want %d", i, len(holders), slots)
		}
		for name := range c.booked {
			if !names[name] {
				c.t.Errorf("process %d: %s was told that it has the slot, and has not", i, name)
			}
		}
		for s, n := range c.sent {
			for first := 0; first < n; first += len(lives) {
				if id, _ := told(s, first); versions[id] != fmt.Sprint(min(len(lives), n-first)) {
					c.t.Errorf("process %d: %s has version %s, of %d messages", i, id, versions[id], min(len(lives), n-first))
				}
			}
		}
		if n := totalOf(c.t, c.f.client(i).must(c.t, http.StatusOK, http.MethodGet, "/R4/Slot?status=free&_summary=count", nil).body); n != 0 {
			c.t.Errorf("process %d: %d slots are free", i, n)
		}
	}
}
