package intake_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/hl7bridge"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// senders is how many send at the same time. One appointment's messages all come
// from one of them, one after another.
const senders = 8

// TestDay is a day of mixed traffic on the embedded store: some messages broken,
// some twice, some late, some held for review. The journal's totals are those that
// were sent, and the appointments are those of a simple model. SLOTWAY_DAY says how
// many messages there are about: 200000 is a day.
func TestDay(t *testing.T) {
	size := 2000
	if text := os.Getenv("SLOTWAY_DAY"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	s := onDisk(t)
	b := newBridge(t, s)
	b.NewID = func() string { return "A" }
	d := readDirectory(t)
	d.Customers[0].SoftMatch.BirthDate = hl7bridge.BirthDateQueue
	b.Directory = d
	lives := people(t, s, max(size/12, 1))

	var mu sync.Mutex
	sent, became := 0, map[journal.State]int{}
	var all sync.WaitGroup
	for w := range senders {
		all.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(w)))
			for i := w; i < len(lives); i += senders {
				for _, m := range lives[i].day(r, now.Add(-12*time.Hour), 10+r.IntN(3)) {
					n, states := deliver(t, b, lives[i], m, r.IntN(20) == 0)
					mu.Lock()
					sent += n
					for _, st := range states {
						became[st]++
					}
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	checkJournal(t, s, sent, became)
	checkLives(t, s, lives)
	t.Logf("%d messages: %v", sent, became)
}

// deliver sends a message, sometimes twice at the same moment, and gives what must
// have become of it.
func deliver(t *testing.T, b *hl7bridge.Bridge, l *life, m said, twice bool) (sent int, states []journal.State) {
	state := l.take(m)
	states = []journal.State{state}
	copies := 1
	if twice && state != journal.Refused {
		copies, states = 2, append(states, journal.Repeated)
	}
	want := "AA"
	if state == journal.Refused {
		want = "AR"
	}
	var both sync.WaitGroup
	for range copies {
		both.Go(func() {
			ack := b.Answer(t.Context(), demo, []byte(m.text))
			if got := answered(t, ack)[:2]; got != want {
				t.Errorf("%q is answered %s, want %s (%s)", m.text, ack, want, state)
			}
		})
	}
	both.Wait()
	return copies, states
}

// onDisk gives a shelf on the embedded store.
func onDisk(t *testing.T) *shelf {
	t.Helper()
	return onDiskAt(t, filepath.Join(t.TempDir(), "day.db"))
}

func onDiskAt(t *testing.T, path string) *shelf {
	t.Helper()
	s := newShelf(t)
	kept, err := bolt.Open(path, bolt.Options{Catalog: s.Catalog, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Store, s.Booking.Store = kept, kept
	return s
}

// people stores patients, and gives the appointments that they may come to have.
func people(t *testing.T, s *shelf, n int) (lives []*life) {
	t.Helper()
	for number := 9990004000; len(lives) < n; number++ {
		nhs := fmt.Sprint(number)
		if !fhir.ValidNHSNumber(nhs) {
			continue
		}
		born := time.Date(1940+len(lives)%60, 5, 1+len(lives)%28, 0, 0, 0, 0, time.UTC)
		s.put("trustalias", fhirtest.Parse(t, fmt.Sprintf(
			`{"resourceType":"Patient","id":"p%s","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"%s"}],"birthDate":"%s"}`, nhs, nhs, born.Format(time.DateOnly))))
		lives = append(lives, &life{placer: fmt.Sprintf("D%d", len(lives)), nhs: nhs, born: born.Format("20060102"), seen: map[string]bool{}})
	}
	return lives
}

// checkJournal compares totals.
func checkJournal(t *testing.T, s *shelf, sent int, became map[journal.State]int) {
	t.Helper()
	got, receipts := map[journal.State]int{}, 0
	for at := ""; ; {
		records, err := s.Store.Log(t.Context(), journal.Stream, store.LogRange{After: at, Limit: 5000})
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, rec := range records {
			at = rec.At
			var e journal.Entry
			if err := json.Unmarshal(rec.Data, &e); err != nil {
				t.Fatal(err)
			}
			if e.Act == journal.Receipt {
				receipts++
				got[e.State]++
			}
		}
	}
	if receipts != sent {
		t.Errorf("the journal has %d messages, %d were sent", receipts, sent)
	}
	if diff := cmp.Diff(became, got); diff != "" {
		t.Errorf("what became of them (-want +got):\n%s", diff)
	}
}

// checkLives compares appointments.
func checkLives(t *testing.T, s *shelf, lives []*life) {
	t.Helper()
	for _, l := range lives {
		got := life{placer: l.placer}
		c, err := s.Store.Claimed(t.Context(), "external", "trustalias\x00"+l.placer)
		if got.known = err == nil; got.known {
			rec, err := s.Store.Read(t.Context(), store.Of("trustalias"), store.Key{Customer: "trustalias", Type: "Appointment", ID: c.Holder})
			if err != nil {
				t.Fatal(err)
			}
			root := rec.Resource.Root()
			got.status, got.start = root.Get("status").Text(), root.Get("start").Text()
			got.subject = root.One(fhir.MustPath("appointmentType.coding.display")).Text()
			got.url = root.One(fhir.MustPath("extension").Where("url", fhir.ManagementURL).Then("valueUrl")).Text()
		}
		if got.known != l.known || got.status != l.status || got.start != l.start || got.subject != l.subject || got.url != l.url {
			t.Errorf("%s: known %v, %s, %s, %s, %s; the model has %v, %s, %s, %s, %s", l.placer,
				got.known, got.status, got.start, got.subject, got.url, l.known, l.status, l.start, l.subject, l.url)
		}
	}
}
