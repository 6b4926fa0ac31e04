package outbox

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store/enginetest"
)

// On whichever store, and by the real clock: two processes tell the partner of every
// change once, of each appointment's in order, and nothing is left.
func TestOnEngine(t *testing.T) {
	h := hospitalOn(t, enginetest.New(t, search.NewCatalog(nil, time.UTC), time.Now))
	told := make(chan bool, 100)
	h.answer = func(int) (string, error) { told <- true; return "AA", nil }
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	processes := []*Service{h.process("one"), h.process("two")}
	for _, s := range processes {
		all.Go(func() { s.Run(ctx) })
	}
	var wrote sync.WaitGroup
	const appointments = 8
	for i := range appointments {
		wrote.Go(func() {
			id := fmt.Sprint("a", i)
			for n, step := range [][2]string{{"booked", "10:00"}, {"booked", "11:00"}, {"cancelled", "11:00"}} {
				h.put(t, processes[(i+n)%2], id, step[0], step[1], "")
			}
		})
	}
	wrote.Wait()
	for range 3 * appointments {
		select {
		case <-told:
		case <-time.After(time.Minute):
			t.Fatalf("a minute without a message; %v are left", h.left(t, queued))
		}
	}
	stop()
	all.Wait()
	events, seen := map[string]string{}, map[string]bool{}
	for _, m := range h.took {
		if seen[m.control] {
			t.Errorf("%s of %s went out twice", m.event, m.placer)
		}
		seen[m.control] = true
		events[m.placer] += m.event
	}
	for placer, got := range events {
		if got != "S12S13S15" && got != "S12S14S15" {
			t.Errorf("%s: told %s, want S12, a change and S15", placer, got)
		}
	}
	if left := h.left(t, queued); len(events) != appointments || len(left) > 0 {
		t.Errorf("%d appointments told of and %v left, want %d and none", len(events), left, appointments)
	}
}
