package app

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"slotway/fhir"
)

// raceSlots is how many slots TestConsumersRace has, and raceAll whether each of its
// consumers tries for all of them; a thousand take some minutes then.
var (
	raceSlots = flag.Int("raceslots", 200, "slots that 100 consumers race for")
	raceAll   = flag.Bool("raceall", false, "each consumer tries for every slot, not for a tenth of them")
)

// TestConsumersRace: NHS booking standard, requirement 75, at large. A hundred
// consumers race for every slot of a diary over sockets, each for a tenth of them in
// an order of its own: no slot has two
// bookings, no answer but 201 and 422 is given, and in the end each slot is free or
// has the one booking that says so.
func TestConsumersRace(t *testing.T) {
	const clients = 100
	c := startSurgery(t, Settings{})
	n := *raceSlots
	tries := n/10 + 1
	if *raceAll {
		tries = n
	}
	start := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2)
	err := c.put(t.Context(), doc{"resourceType": "Schedule", "id": "race", "actor": []doc{{"reference": "HealthcareService/999999993"}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	slots := make([]doc, n)
	bodies := make([][]byte, n)
	for i := range slots {
		at := start.Add(time.Duration(i) * 15 * time.Minute)
		slots[i] = doc{
			"resourceType": "Slot", "id": fmt.Sprintf("race-%04d", i), "status": "free", "schedule": doc{"reference": "Schedule/race"},
			"start": at.Format(time.RFC3339), "end": at.Add(15 * time.Minute).Format(time.RFC3339),
		}
		bodies[i] = bookingOf(t, node(t, slots[i]))
	}
	if err := each(t.Context(), slots, func(ctx context.Context, s doc) error { return c.put(ctx, s, false) }); err != nil {
		t.Fatal(err)
	}
	way := &http.Transport{MaxIdleConnsPerHost: clients}
	t.Cleanup(way.CloseIdleConnections)
	won, codes := make([]int, n), map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(uint64(client), 2))
		wg.Go(func() {
			for _, i := range random.Perm(n)[:tries] {
				status, err := c.post(t.Context(), way, bodies[i])
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if codes[status]++; status == http.StatusCreated {
					won[i]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if codes[201]+codes[422] != clients*tries {
		t.Errorf("answers %v", codes)
	}
	free, busy := c.ask("GET", "/Slot?service=999999993&status=free&_count=1000", nil), c.ask("GET", "/Slot?service=999999993&status=busy&_count=1000", nil)
	isFree, isBusy := ids(entries(free, "Slot")), ids(entries(busy, "Slot"))
	for i, times := range won {
		id := fmt.Sprintf("race-%04d", i)
		if times > 1 || slices.Contains(isBusy, id) != (times == 1) || slices.Contains(isFree, id) != (times == 0) {
			t.Errorf("slot %d was booked %d times; free %v, busy %v", i, times, slices.Contains(isFree, id), slices.Contains(isBusy, id))
		}
	}
	k := &checker{demo: c.demo, consumer: c.admin}
	if hits, err := k.search(t.Context(), "/R4/Appointment?status=booked&_count=1000&_elements=status"); err != nil || len(hits) != codes[201] {
		t.Errorf("%d appointments (%v), want %d", len(hits), err, codes[201])
	}
}

// post sends a booking and gives the status of the answer.
func (c *surgery) post(ctx context.Context, way *http.Transport, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+face+"/Appointment", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + c.consumer, "Content-Type": "application/fhir+json", "X-Request-ID": uuid.NewString()} {
		req.Header.Set(name, value)
	}
	resp, err := way.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// node gives a document as a consumer reads it.
func node(t *testing.T, d doc) fhir.Node {
	t.Helper()
	r, err := fhir.Parse(edited(t, []byte("{}"), func(o object) {
		for k, v := range d {
			o[k] = v
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return r.Root()
}
