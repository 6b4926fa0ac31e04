package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/store/mongo/mongotest"
)

// contest is a race of clients for slots through the whole program, in one process
// or in several that share a store.
type contest struct {
	bases          []string // of the processes
	clients, slots int      // clients of each process; each tries every slot
	mu             sync.Mutex
	won, lost      int
	again          int            // requests that came again, for the database was too slow
	booked         map[string]int // by slot
	tokens         []string       // of the processes
	admin          *checker       // on the first
	http           http.Client
}

func (c *contest) run(t *testing.T) {
	t.Helper()
	c.booked = map[string]int{}
	c.http.Transport = &http.Transport{MaxIdleConnsPerHost: c.clients}
	defer c.http.CloseIdleConnections()
	for i, base := range c.bases {
		token, err := fetchToken(t.Context(), base, "demo-consumer", demoSecret, "")
		if err != nil {
			t.Fatal(err)
		}
		c.tokens = append(c.tokens, token)
		if i > 0 {
			continue
		}
		if token, err = fetchToken(t.Context(), base, "demo-admin", demoSecret, ""); err != nil {
			t.Fatal(err)
		}
		c.admin = &checker{demo: &demo{base: base, out: io.Discard}, consumer: token}
	}
	c.load(t)
	began := time.Now()
	var wg sync.WaitGroup
	for p := range c.bases {
		for client := range c.clients {
			wg.Go(func() {
				for i := range c.slots {
					c.book(t, p, (i+7*client+3*p)%c.slots)
				}
			})
		}
	}
	wg.Wait()
	took := time.Since(began)
	tries := len(c.bases) * c.clients * c.slots
	t.Logf("%d processes, %d clients, %d slots: %d bookings of %d tries in %v, %d of them tried again", len(c.bases), len(c.bases)*c.clients, c.slots, c.won, tries, took.Round(time.Millisecond), c.again)
	if c.won != c.slots || c.lost != tries-c.slots {
		t.Errorf("%d tries won and %d lost, want %d and %d", c.won, c.lost, c.slots, tries-c.slots)
	}
	for slot, n := range c.booked {
		if n != 1 {
			t.Errorf("%s was booked %d times", slot, n)
		}
	}
	for query, want := range map[string]int{"/R4/Appointment?status=booked&_summary=count": c.slots, "/R4/Slot?status=busy&_summary=count": c.slots, "/R4/Slot?status=free&_summary=count": 0} {
		if got := c.admin.total(t, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// slotTime gives when a slot begins and ends.
func slotTime(n int) (start, end string) {
	at := time.Date(2030, 1, 8, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 15 * time.Minute)
	return at.Format("2006-01-02T15:04:05.000-07:00"), at.Add(15 * time.Minute).Format("2006-01-02T15:04:05.000-07:00")
}

func (c *contest) load(t *testing.T) {
	t.Helper()
	entries := []doc{{"request": doc{"method": "PUT", "url": "Schedule/diary"}, "resource": doc{"resourceType": "Schedule", "id": "diary", "actor": []doc{{"display": "A clinic"}}}}}
	for n := range c.slots {
		start, end := slotTime(n)
		id := fmt.Sprint("race-", n)
		entries = append(entries, doc{"request": doc{"method": "PUT", "url": "Slot/" + id}, "resource": doc{
			"resourceType": "Slot", "id": id, "status": "free", "schedule": doc{"reference": "Schedule/diary"}, "start": start, "end": end,
		}})
	}
	status, body, _, err := persist(func() (int, []byte, error) {
		return c.admin.call(t.Context(), http.MethodPost, "/R4/", c.admin.consumer, doc{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	})
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatal(err)
	}
}

// persist asks again where the database was too slow for it: that answer says that
// nothing was changed.
func persist(ask func() (int, []byte, error)) (status int, body []byte, again int, err error) {
	for ; ; again++ {
		status, body, err = ask()
		if err != nil || status != http.StatusServiceUnavailable || again == 50 {
			return status, body, again, err
		}
	}
}

// book tries one slot through one process.
func (c *contest) book(t *testing.T, process, n int) {
	id := fmt.Sprint("race-", n)
	start, end := slotTime(n)
	d := &demo{base: c.bases[process], out: io.Discard}
	status, body, again, err := persist(func() (int, []byte, error) {
		return d.call(t.Context(), http.MethodPost, "/R4/Appointment", c.tokens[process], r4Booking(id, start, end))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.again += again
	switch {
	case err == nil && status == http.StatusCreated:
		c.won++
		c.booked[id]++
	case err == nil && status == http.StatusConflict:
		c.lost++
	default:
		t.Errorf("booking %s: %d %v %s", id, status, err, body)
	}
}

// total gives the total of a search.
func (c *checker) total(t *testing.T, path string) int {
	t.Helper()
	status, body, _, err := persist(func() (int, []byte, error) {
		return c.call(t.Context(), http.MethodGet, path, c.consumer, nil)
	})
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatal(err)
	}
	var n int
	_, rest, _ := strings.Cut(string(body), `"total":`)
	if _, err := fmt.Sscan(strings.TrimLeft(rest, " "), &n); err != nil {
		t.Fatalf("%s has no total: %s", path, body)
	}
	return n
}

// 64 clients race for 100 slots of one process on the embedded store: each slot is
// booked once.
func TestRaceForManySlots(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 6,400 bookings, most of which fail")
	}
	a := startDemo(t, t.TempDir(), Settings{})
	(&contest{bases: []string{a.cfg.BaseURL}, clients: 64, slots: 100}).run(t)
}

// Several processes on one MongoDB: clients race for the slots through all of them at
// once. The faults have the race with a hundred clients and a thousand slots.
func TestMongoRaceOverProcesses(t *testing.T) {
	uri := mongotest.URI(t)
	c := contest{clients: 32, slots: 100}
	for range 3 {
		c.bases = append(c.bases, startShared(t, uri).base)
	}
	c.run(t)
}

// startShared starts a process on a shared database. Each has an address of its own,
// and so a catalog of its own, as while servers are exchanged one by one.
func startShared(t *testing.T, uri string) *child {
	t.Helper()
	c := startChild(t, t.TempDir(), "--store", uri)
	t.Cleanup(c.kill)
	return c
}

// Two S12s for one new SCH-1, of a new patient, through two processes at the same
// time: one appointment and one patient, and both senders are told so.
func TestMongoTwoMessagesOneAppointment(t *testing.T) {
	uri := mongotest.URI(t)
	processes := []*child{startShared(t, uri), startShared(t, uri)}
	links := make([]dispatch.Link, len(processes))
	for i, c := range processes {
		links[i] = dispatch.MLLP(c.mllp, nil)
		defer links[i].Close()
	}
	const rounds = 8
	numbers := nhsNumbers(rounds)
	for round := range rounds {
		id := fmt.Sprint("NEW-", round)
		var wg sync.WaitGroup
		for i, link := range links {
			wg.Go(func() {
				ack, err := link.Send(t.Context(), []byte(twinMessage(id, fmt.Sprintf("M-%d-%d", round, i), numbers[round])))
				if err != nil {
					t.Error(err)
					return
				}
				if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" {
					t.Errorf("%s through process %d was answered %s %s", id, i, a.Code, a.Text)
				}
			})
		}
		wg.Wait()
	}
	for i, c := range processes {
		token, err := fetchToken(context.Background(), c.base, "demo-consumer", demoSecret, "")
		if err != nil {
			t.Fatal(err)
		}
		d := &checker{demo: &demo{base: c.base, out: io.Discard}, consumer: token}
		for query, want := range map[string]int{"/R4/Appointment?_summary=count": rounds, "/R4/Patient?_summary=count": rounds} {
			if got := d.total(t, query); got != want {
				t.Errorf("process %d: %s: %d, want %d", i, query, got, want)
			}
		}
	}
}

// nhsNumbers gives some that are valid and nobody's.
func nhsNumbers(n int) (numbers []string) {
	for i := 0; len(numbers) < n; i++ {
		if number := fmt.Sprintf("999000%04d", i); fhir.ValidNHSNumber(number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

func twinMessage(appointment, message, nhs string) string {
	return segments(
		`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|20300101||SIU^S12|`+message+`|P|2.4`,
		segment("SCH", map[int]string{1: appointment, 11: "^^^20300108100000+0000"}),
		`PID|||`+nhs+`^^^NHS^NH||||19800203`,
	)
}
