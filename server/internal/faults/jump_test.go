package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/store/mongo/mongotest"
)

// jumps are what happens to clocks.
var jumps = []time.Duration{time.Hour, -time.Hour, time.Second, -time.Second, 24 * time.Hour, -24 * time.Hour, -24 * time.Hour, 24 * time.Hour}

// The clock is set on and back, an hour and a day, under load, and the process killed in
// between. What was acknowledged is there, once; no slot is booked twice, whatever was
// held when; the chain of the audit is whole (R35).
func TestClockJumps(t *testing.T) {
	rounds := size(t, 1, 20)
	f := startFleet(t, 1)
	checkJumps(t, f, newMixed(t, senders, 2), rounds, func(i int) { f.procs[0].clock.jump(jumps[i]) })
}

// Of two processes on one database one has a clock that is set, and a partner is told
// by one of them at a time.
func TestClockJumpsMongo(t *testing.T) {
	rounds := size(t, 1, 5)
	p := startPartner(t)
	f := startFleet(t, 2, "--store", mongotest.URI(t))
	told := 0
	patientOf(t, f.client(0))
	checkJumps(t, f, newMixed(t, 1, 0), rounds, func(i int) {
		f.procs[1].clock.jump(jumps[i])
		tellOf(t, f.client(told), fmt.Sprintf("t-%d", told))
		p.wait(fmt.Sprintf("t-%d", told), "S15")
		told++
	})
	p.once(0)
}

func checkJumps(t *testing.T, f *fleet, l *mixed, rounds int, jump func(i int)) {
	t.Helper()
	h := holders{t: t, f: f}
	for round := range rounds {
		var done sync.WaitGroup
		killed := make(chan struct{})
		for i := range f.procs {
			wg := l.run(f.procs[i], f.client(i), round*len(f.procs)+i, i, killed)
			done.Go(wg.Wait)
		}
		ctx, stop := context.WithCancel(t.Context())
		for n := range 1 + l.bookers {
			done.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					h.hold(fmt.Sprintf("%d-%d-%d", round, n, i))
				}
			})
		}
		for i := range jumps {
			l.wait(l.senders * (2 + rand.IntN(3)))
			jump(i)
		}
		stop()
		close(killed)
		done.Wait()
		f.restart(t, round%len(f.procs))
	}
	l.check(f.client(0))
	h.check()
	wholeAudit(t, f.client(0))
	t.Logf("%d holds became bookings, %d did not", h.kept, h.over)
}

// holders hold slots, which others want, and make bookings of what they hold.
type holders struct {
	t          *testing.T
	f          *fleet
	mu         sync.Mutex
	slots      int
	booked     []string // ids of what was acknowledged as booked
	kept, over int
}

// hold holds a slot, has another want it, and books it.
func (h *holders) hold(name string) {
	h.mu.Lock()
	n := 100_000 + h.slots
	h.slots++
	h.mu.Unlock()
	from, to := slotTime(n)
	c := h.f.client(n)
	ctx := context.Background()
	c.do(ctx, http.MethodPut, fmt.Sprint("/R4/Slot/slot-", n), doc{"resourceType": "Slot", "id": fmt.Sprint("slot-", n), "status": "free", "schedule": doc{"display": "A diary"}, "start": from, "end": to})
	mine := booking(n, "h-"+name)
	mine["status"] = "proposed"
	first := c.do(ctx, http.MethodPost, "/R4/Appointment/$hold", mine)
	if first.status != http.StatusOK {
		h.t.Errorf("holding a slot: %d %v %s", first.status, first.err, first.body)
		return
	}
	held := appointmentsOf(h.t, first.body)[0].ID
	aWhile() // the clock may be set
	other := h.f.client(n+1).do(ctx, http.MethodPost, "/R4/Appointment", booking(n, "o-"+name), "Prefer", "return=representation")
	aWhile()
	kept := c.do(ctx, http.MethodPost, "/R4/Appointment/$book", doc{"resourceType": "Parameters", "parameter": []doc{{"name": "appointment-reference", "valueReference": doc{"reference": "Appointment/" + held}}}})
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case kept.status == http.StatusOK && other.status == http.StatusConflict:
		h.kept++
		h.booked = append(h.booked, held)
	case other.status == http.StatusCreated && kept.status >= 400 && kept.status < 500:
		h.over++
		var won appointment
		if err := json.Unmarshal(other.body, &won); err != nil {
			h.t.Error(err)
		}
		h.booked = append(h.booked, won.ID)
	case other.status == http.StatusConflict && kept.status >= 400 && kept.status < 500:
		h.over++ // it was over when it was to be booked
	default:
		h.t.Errorf("slot-%d: the holder was answered %d %s, the other %d %s", n, kept.status, kept.body, other.status, other.body)
	}
}

func aWhile() { time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond) }

// check looks whether what was booked is.
func (h *holders) check() {
	h.t.Helper()
	for _, id := range h.booked {
		var a appointment
		r := h.f.client(0).must(h.t, http.StatusOK, http.MethodGet, "/R4/Appointment/"+id, nil)
		if err := json.Unmarshal(r.body, &a); err != nil || a.Status != "booked" {
			h.t.Errorf("%s was booked and is %s: %v", id, a.Status, err)
		}
	}
}
