package app

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/dispatch"
)

// envKills says at how many points TestStreamKill kills the server; 200 is the long run.
const envKills = "SLOTWAY_KILLS"

const (
	lanes  = 8 // connections
	pid    = "PID|||9990000018^^^NHS^NH||Sample^Pat||19800203"
	twin   = "PID|||9990000018^^^NHS^NH||Sample^Pat||19800204" // of another date of birth: it is held
	system = fhir.ExternalIDSystem
)

// TestStreamKill: hl7-bridge 9, requirements 83, 84 and 46. A server is killed at
// random points of a stream of bookings, changes, moves, messages that are held,
// their releases, and cancellations, on eight connections. After each start the
// senders go on with what was not acknowledged. In the end every message has had
// its effect once, those about one booking in the order in which they were sent, and
// those that were held before the one that released them.
func TestStreamKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts and kills processes for some seconds")
	}
	kills := 4
	if text := os.Getenv(envKills); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SLOTWAY_CUSTOMERS", string(cautious))
	dir := t.TempDir()
	all := make([]*lane, lanes)
	for i := range all {
		all[i] = newLane(i)
	}
	var slowest time.Duration
	unanswered := 0
	for round := range kills {
		began := time.Now()
		c := startChild(t, dir)
		slowest = max(slowest, time.Since(began))
		if round == 0 {
			bornPatient(t, c)
		}
		heard := make(chan struct{})
		var senders sync.WaitGroup
		for _, l := range all {
			unanswered += min(l.tries, 1)
			senders.Go(func() { l.run(t, c.mllp, heard, false) })
		}
		gone := make(chan struct{})
		go func() { senders.Wait(); close(gone) }()
		for range rand.IntN(120) {
			select {
			case <-heard:
			case <-gone:
			}
		}
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond) // anywhere in a commit
		c.kill()
		<-gone
	}
	c := startChild(t, dir)
	defer c.kill()
	var senders sync.WaitGroup
	for _, l := range all {
		senders.Go(func() { l.run(t, c.mllp, nil, true) })
	}
	senders.Wait()
	messages, held := checkStream(t, c, all)
	t.Logf("%d kills, %d messages not acknowledged at one; %d messages, %d of them held; slowest start %v", kills, unanswered, messages, held, slowest.Round(time.Millisecond))
}

// bornPatient stores the patient with a date of birth.
func bornPatient(t *testing.T, c *child) {
	t.Helper()
	link := dispatch.MLLP(c.mllp, nil)
	defer link.Close()
	ack, err := link.Send(t.Context(), []byte(segments(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|20300101||ADT^A28|P1|P|2.4`, pid)))
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" {
		t.Fatalf("the patient: %s %s", a.Code, a.Text)
	}
}

// lane is a connection's sender: it makes the lives of one booking after another,
// and sends a message until it is acknowledged.
type lane struct {
	number, booking, step, sent int
	r                           *rand.Rand
	ended                       bool
	message                     []byte // in hand
	control                     string
	holds                       bool
	tries                       int
	held                        []string            // control ids that wait, of the booking
	effects                     map[string][]string // by booking: control ids in the order of their effects
	wereHeld                    map[string]bool
}

func newLane(i int) *lane {
	return &lane{number: i, r: rand.New(rand.NewPCG(11, uint64(i))), effects: map[string][]string{}, wereHeld: map[string]bool{}}
}

// run sends until the server is gone; last finishes the booking in hand.
func (l *lane) run(t *testing.T, addr string, heard chan<- struct{}, last bool) {
	link := dispatch.MLLP(addr, nil)
	defer link.Close()
	for !last || l.message != nil || l.step > 0 {
		if l.message == nil {
			l.next()
		}
		l.tries++
		ack, err := link.Send(t.Context(), l.message)
		if err != nil {
			if last {
				t.Errorf("lane %d: %v", l.number, err)
			}
			return
		}
		if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" || a.Control != l.control {
			t.Errorf("%s was answered %s for %s: %s", l.control, a.Code, a.Control, a.Text)
			return
		}
		l.acknowledged()
		select {
		case heard <- struct{}{}:
		default: // nobody counts any more
		}
	}
}

func (l *lane) placer() string { return fmt.Sprintf("B-%d-%d", l.number, l.booking) }

// next makes the next message. A life is a booking, up to eight changes, moves and
// messages that are held, and a cancellation, which releases what waits.
func (l *lane) next() {
	event, who := "S14", pid
	switch {
	case l.step == 0:
		event = "S12"
	case l.step >= 4 && l.r.IntN(5) == 0 || l.step == 9:
		event = "S15"
	case l.r.IntN(3) == 0:
		event = "S13"
	}
	if l.holds = event != "S15" && l.r.IntN(3) == 0; l.holds {
		who = twin
	}
	l.sent++
	l.control, l.tries = fmt.Sprintf("%d.%d", l.number, l.sent), 0
	sch := map[int]string{1: l.placer(), 7: "^Step " + l.control}
	if event == "S12" || event == "S13" {
		sch[11] = "^^^" + time.Date(2030, 1, 8, 8, 0, 0, 0, time.UTC).Add(time.Duration(l.sent)*time.Minute).Format("20060102150405+0000")
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(l.sent) * time.Second).Format("20060102150405")
	l.message = []byte(segments(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|`+at+`||SIU^`+event+`|`+l.control+`|P|2.4`, segment("SCH", sch), who))
	l.ended = event == "S15"
}

// acknowledged notes what the message's effect is.
func (l *lane) acknowledged() {
	l.message, l.tries = nil, 0
	l.step++
	if l.holds {
		l.held, l.wereHeld[l.control] = append(l.held, l.control), true
		return
	}
	b := l.placer()
	l.effects[b] = append(append(l.effects[b], l.held...), l.control)
	l.held = nil
	if l.ended {
		l.booking, l.step = l.booking+1, 0
	}
}

// checkStream compares every booking's versions, and the review queue, with what the
// lanes noted.
func checkStream(t *testing.T, c *child, all []*lane) (messages, held int) {
	t.Helper()
	d := &demo{base: c.base}
	var err error
	if d.admin, err = fetchToken(t.Context(), c.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	became := map[string][]string{} // states of the items of the queue, by control id
	for after := ""; ; {
		var page struct {
			Items []struct{ Control, State string }
			Next  string
		}
		d.getJSON(t, "/review?_count=500&after="+url.QueryEscape(after), &page)
		for _, it := range page.Items {
			became[it.Control] = append(became[it.Control], it.State)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	for _, l := range all {
		for b, want := range l.effects {
			messages += len(want)
			if got := d.versions(t, b); !slices.Equal(got, want) {
				t.Errorf("%s: the effects are those of %v, want %v", b, got, want)
			}
		}
		for control := range l.wereHeld {
			held++
			if got := became[control]; !slices.Equal(got, []string{"released"}) {
				t.Errorf("%s: held as %v, want one item that was released", control, got)
			}
		}
	}
	if len(became) != held {
		t.Errorf("the queue has %d items, %d messages were held", len(became), held)
	}
	return messages, held
}

// versions gives the control ids of the messages that made a booking's versions, the
// oldest first.
func (d *demo) versions(t *testing.T, placer string) (controls []string) {
	t.Helper()
	id := ""
	for page := range d.entries(t, "/R4/Appointment?identifier="+system+"|"+placer) {
		if id != "" {
			t.Errorf("%s is there more than once", placer)
		}
		id = page.ID()
	}
	for version := range d.entries(t, "/R4/Appointment/"+id+"/_history?_count=100") {
		controls = append(controls, version.Root().One(uploadedID).Text())
	}
	slices.Reverse(controls)
	return controls
}

var uploadedID = fhir.MustPath("meta.extension.where(url=http://fhir.patientsknowbest.com/structuredefinition/uploaded-data-id).valueString")

// entries gives the resources of a Bundle.
func (d *demo) entries(t *testing.T, path string) func(func(fhir.Resource) bool) {
	t.Helper()
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	d.getJSON(t, path, &bundle)
	return func(yield func(fhir.Resource) bool) {
		for _, e := range bundle.Entry {
			r, err := fhir.Parse(e.Resource)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(r) {
				return
			}
		}
	}
}

func (d *demo) getJSON(t *testing.T, path string, into any) {
	t.Helper()
	status, body, err := d.call(t.Context(), http.MethodGet, path, d.admin, nil)
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
