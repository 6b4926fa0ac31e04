package faults

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/dispatch"
)

// load is clients that send messages and store resources, and note what was
// acknowledged.
type load struct {
	t       *testing.T
	mu      sync.Mutex
	acked   map[string]bool
	answers map[string]int // by code or status
	broken  []string       // answers that ended in the middle
	mark    time.Time
	slowest time.Duration // to what was asked after the mark
	heard   chan string   // the code of each answer, for who listens
}

func newLoad(t *testing.T) *load {
	return &load{t: t, acked: map[string]bool{}, answers: map[string]int{}, heard: make(chan string, 1)}
}

// note counts an answer.
func (l *load) note(id, code string, took time.Duration) {
	l.mu.Lock()
	if code == "AA" || code == "201" {
		l.acked[id] = true
	}
	l.answers[code]++
	if time.Now().Add(-took).After(l.mark) {
		l.slowest = max(l.slowest, took)
	}
	l.mu.Unlock()
	select {
	case l.heard <- code:
	default: // nobody listens
	}
}

// since begins anew to look for the slowest answer, to what is asked from now on.
func (l *load) since(mark time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark, l.slowest = mark, 0
}

// send sends a message and gives the code of its answer, or none.
func (l *load) send(link dispatch.Link, id string) string {
	began := time.Now()
	ack, err := link.Send(context.Background(), []byte(message(id)))
	if err != nil {
		l.note(id, "no answer", 0)
		return ""
	}
	a, _ := dispatch.ReadAnswer(ack)
	l.note(id, a.Code, time.Since(began))
	return a.Code
}

// store stores a resource and gives the answer.
func (l *load) store(c *client, id string) reply {
	r := c.do(context.Background(), http.MethodPut, "/R4/Location/"+id, doc{"resourceType": "Location", "id": id, "name": "A place"})
	switch {
	case r.err != nil && strings.Contains(r.err.Error(), "in the middle of an answer"):
		l.mu.Lock()
		l.broken = append(l.broken, r.err.Error())
		l.mu.Unlock()
	case r.err != nil:
		l.note(id, "no answer", 0)
	default:
		l.note(id, fmt.Sprint(r.status), r.took)
	}
	return r
}

// run has clients at work until goOn says no, each on a connection of its own.
func (l *load) run(p *process, c *client, name string, clients int, goOn func() bool) *sync.WaitGroup {
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			link := dispatch.MLLP(p.mllp, nil)
			defer link.Close()
			for i := 0; goOn(); i++ {
				l.send(link, fmt.Sprintf("m-%s-%d-%d", name, n, i))
			}
		})
		wg.Go(func() {
			for i := 0; goOn(); i++ {
				if r := l.store(c, fmt.Sprintf("l-%s-%d-%d", name, n, i)); r.status == http.StatusServiceUnavailable {
					time.Sleep(5 * time.Millisecond) // it is impatient, but leaves others some of the processor
				}
			}
		})
	}
	return &wg
}

// hear waits for an answer of a code, and says how long that took.
func (l *load) hear(code string, limit time.Duration) (time.Duration, bool) {
	began := time.Now()
	end := time.After(limit)
	select {
	case <-l.heard: // of before
	default:
	}
	for {
		select {
		case got := <-l.heard:
			if got == code {
				return time.Since(began), true
			}
		case <-end:
			return limit, false
		}
	}
}

// check looks whether all that was acknowledged is there, once.
func (l *load) check(c *client) {
	l.t.Helper()
	messages := 0
	seen := map[string]int{}
	for next := "/R4/Appointment?_count=1000"; next != ""; {
		r := c.must(l.t, http.StatusOK, http.MethodGet, next, nil)
		var names string
		next = nextOf(l.t, r.body)
		_, names = found(r.body)
		for _, name := range strings.Split(names, " and ") {
			seen[name]++
		}
	}
	lost := 0
	for id := range l.acked {
		if strings.HasPrefix(id, "m-") {
			messages++
			if seen[id] != 1 {
				lost++
				l.t.Errorf("%s was acknowledged and is there %d times", id, seen[id])
			}
		} else if r := c.do(l.t.Context(), http.MethodGet, "/R4/Location/"+id, nil); r.status != http.StatusOK {
			lost++
			l.t.Errorf("%s was acknowledged and is now %d %v", id, r.status, r.err)
		}
		if lost > 10 {
			l.t.Fatal("and so on")
		}
	}
	for name, n := range seen {
		if n > 1 {
			l.t.Errorf("%s is there %d times", name, n)
		}
	}
	l.t.Logf("%d acknowledged, %d of them messages; answers %v, the slowest after %v", len(l.acked), messages, l.answers, l.slowest.Round(time.Millisecond))
}
