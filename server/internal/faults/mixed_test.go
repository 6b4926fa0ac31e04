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

// mixed is senders, each of whom tells the life of one appointment after another, and
// bookers, who race in pairs for slots of their own. Who got no answer asks again, as
// it was.
type mixed struct {
	t                *testing.T
	senders, bookers int // of each process
	mu               sync.Mutex
	acked            map[int]int     // messages, by sender
	booked           map[string]bool // acknowledged bookings, by name
	slots            int
	heard            chan struct{}
}

func newMixed(t *testing.T, senders, bookers int) *mixed {
	return &mixed{t: t, senders: senders, bookers: bookers, acked: map[int]int{}, booked: map[string]bool{}, heard: make(chan struct{}, 1)}
}

// lives are the events of an appointment, in order.
var lives = []string{"S12", "S13", "S14", "S15"}

// told is the n-th message of a sender. An hour and a minute change with each.
func told(sender, n int) (id, text string) {
	id = fmt.Sprintf("k-%d-%d", sender, n/len(lives))
	nhs := numbers[(sender+7*(n/len(lives)))%len(numbers)]
	return id, strings.Join([]string{
		`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|20300101||SIU^` + lives[n%len(lives)] + `|` + fmt.Sprintf("%s-%d", id, n%len(lives)) + `|P|2.4`,
		`SCH|` + id + fmt.Sprintf(`||||||||||^^^20300108%02d%02d00+0000`, 8+n%10, n%60),
		`PID|||` + nhs + `^^^NHS^NH||Zyxwvut||19800203`,
	}, "\r") + "\r"
}

// run has senders and bookers at work on a process until it is killed. The part tells
// processes at work at a time apart.
func (l *mixed) run(p *process, c *client, round, part int, killed <-chan struct{}) *sync.WaitGroup {
	var wg sync.WaitGroup
	for s := range l.senders {
		s += part * l.senders
		wg.Go(func() {
			link := dispatch.MLLP(p.mllp, nil)
			defer link.Close()
			for !over(killed) && l.tell(link, s) {
				select {
				case l.heard <- struct{}{}:
				default: // nobody counts
				}
			}
		})
	}
	for b := range l.bookers {
		wg.Go(func() {
			for i := 0; !over(killed) && l.book(c, round, b, i); i++ {
			}
		})
	}
	return &wg
}

func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// tell sends a sender's next message, the same until it is taken; false when the
// server is gone.
func (l *mixed) tell(link dispatch.Link, s int) bool {
	id, text := told(s, l.taken(s))
	ack, err := link.Send(context.Background(), []byte(text))
	if err != nil {
		return false
	}
	a, _ := dispatch.ReadAnswer(ack)
	if a.Code != "AA" {
		l.t.Errorf("%s was answered %s %s", id, a.Code, a.Text)
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[s]++
	return true
}

// book makes a slot and has two clients race for it; false when the server is gone.
func (l *mixed) book(c *client, round, b, i int) bool {
	l.mu.Lock()
	n := l.slots
	l.slots++
	l.mu.Unlock()
	from, to := slotTime(n)
	r := c.do(context.Background(), http.MethodPut, fmt.Sprint("/R4/Slot/slot-", n), doc{"resourceType": "Slot", "id": fmt.Sprint("slot-", n), "status": "free", "schedule": doc{"display": "A diary"}, "start": from, "end": to})
	if r.err != nil {
		return false
	}
	var wg sync.WaitGroup
	won := 0
	for try := range 2 {
		wg.Go(func() {
			name := fmt.Sprintf("b-%d-%d-%d-%d", round, b, i, try)
			r := c.do(context.Background(), http.MethodPost, "/R4/Appointment", booking(n, name))
			l.mu.Lock()
			defer l.mu.Unlock()
			switch {
			case r.err != nil:
			case r.status == http.StatusCreated:
				l.booked[name] = true
				won++
			case r.status != http.StatusConflict:
				l.t.Errorf("booking slot-%d: %d %s", n, r.status, r.body)
			}
		})
	}
	wg.Wait()
	if won > 1 {
		l.t.Errorf("slot-%d was booked twice", n)
	}
	return true
}

// wait waits for so many messages to be taken.
func (l *mixed) wait(messages int) {
	l.t.Helper()
	limit := time.After(2 * time.Minute)
	for range messages {
		select {
		case <-l.heard:
		case <-limit:
			l.t.Fatal("nothing is acknowledged in two minutes")
		}
	}
}

// taken gives how many messages of a sender were taken.
func (l *mixed) taken(s int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked[s]
}

func (l *mixed) messages() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.acked {
		n += m
	}
	return n
}

// check looks whether each appointment is as its last message has it, with a version
// for each message, and each slot has one booking at most.
func (l *mixed) check(c *client) {
	l.t.Helper()
	versions, names := map[string]int{}, map[string]bool{}
	slots := map[string]string{}
	for next := "/R4/Appointment?_count=1000"; next != ""; {
		r := c.must(l.t, http.StatusOK, http.MethodGet, next, nil)
		next = nextOf(l.t, r.body)
		for _, a := range appointmentsOf(l.t, r.body) {
			if len(a.Identifier) == 0 {
				continue // somebody else's
			}
			name := a.Identifier[0].Value
			if strings.HasPrefix(name, "k-") {
				if versions[name] > 0 {
					l.t.Errorf("%s is there twice", name)
				}
				n := 0
				_, _ = fmt.Sscan(a.Meta.VersionID, &n)
				versions[name] = n
				continue
			}
			if a.Status != "booked" {
				continue
			}
			names[name] = true
			slot := a.Slot[0].Reference
			if other := slots[slot]; other != "" {
				l.t.Errorf("%s is booked by %s and %s", slot, other, name)
			}
			slots[slot] = name
		}
	}
	wrong := 0
	for s, n := range l.acked {
		for first := 0; first < n; first += len(lives) {
			id, _ := told(s, first)
			want := min(len(lives), n-first)
			// A message that got no answer before the last kill may be carried out.
			if got := versions[id]; got != want && (got != want+1 || first+want != n) && wrong < 10 {
				wrong++
				l.t.Errorf("%s has %d versions, of %d messages that were acknowledged", id, got, want)
			}
		}
	}
	for name := range l.booked {
		if !names[name] && wrong < 10 {
			wrong++
			l.t.Errorf("%s was acknowledged and is not there", name)
		}
	}
	l.t.Logf("%d messages and %d bookings were acknowledged; there are %d appointments", l.messages(), len(l.booked), len(versions)+len(names))
}
