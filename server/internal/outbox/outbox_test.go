package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/booking"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// hospital is a store, the services of some processes on it, and a partner who
// answers as a test says and remembers what it took.
type hospital struct {
	store store.Store
	subs  []Subscriber

	mu     sync.Mutex
	took   []taken
	answer func(n int) (code string, err error) // of the n-th message
	n      int
}

type taken struct{ control, event, placer string }

// newHospital is on the model store: most tests here stop the clock, which what goes
// over a network does not bear.
func newHospital(t rapid.TB) *hospital {
	t.Helper()
	return hospitalOn(t, storetest.NewModel(search.NewCatalog(nil, time.UTC), time.Now))
}

func hospitalOn(t rapid.TB, s store.Store) *hospital {
	t.Helper()
	h := &hospital{store: s}
	h.answer = func(int) (string, error) { return "AA", nil }
	h.subs = []Subscriber{{Partner: "pas", Customers: []string{"trust"}, Open: func() (dispatch.Link, error) { return h, nil }}}
	err := h.store.Update(context.Background(), func(tx store.Tx) error {
		r, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"p","identifier":[{"system":"` + fhir.NHSNumberSystem + `","value":"9990000018"}]}`))
		if err != nil {
			return err
		}
		_, err = tx.Put(context.Background(), store.Put{Key: store.Key{Customer: "trust", Type: "Patient", ID: "p"}, Resource: r, IfVersion: store.Any})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hospital) Subscribers() []Subscriber { return h.subs }

func (h *hospital) Customer(alias string) (hl7bridge.Customer, bool) {
	return hl7bridge.Customer{Alias: alias}, true
}

// Send is the partner: one that gives an answer other than AA did not take the
// message, and one that gives none may have.
func (h *hospital) Send(_ context.Context, message []byte) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, err := hl7.Parse(message)
	if err != nil {
		return nil, err
	}
	h.n++
	code, err := h.answer(h.n)
	if code == "AA" {
		h.took = append(h.took, taken{m.Get(hl7.MustRef("MSH-10")).Text, m.Get(hl7.MustRef("MSH-9.2")).Text, m.Get(hl7.MustRef("SCH-1.1")).Text})
	}
	if err != nil {
		return nil, err
	}
	return hl7.Ack{Code: code, Text: "because", ID: "a", Time: time.Now()}.Reply(m), nil
}

func (h *hospital) Close() error { return nil }

// process gives the service of one process.
func (h *hospital) process(name string) *Service {
	flip := func(b []byte) []byte {
		out := bytes.Clone(b)
		for i := range out {
			out[i] ^= 0x55
		}
		return out
	}
	var ids atomic.Int64
	return &Service{
		Store: h.store, Who: h, Now: time.Now, NewID: func() string { return fmt.Sprintf("%s-%08d", name, ids.Add(1)) }, Log: slog.New(slog.DiscardHandler),
		Seal: flip, Open: func(b []byte) ([]byte, error) { return flip(b), nil },
	}
}

// put stores a version of an appointment and notes it; status "" deletes it.
func (h *hospital) put(t rapid.TB, s *Service, id, status, start, from string) {
	t.Helper()
	ctx := context.Background()
	key := store.Key{Customer: "trust", Type: "Appointment", ID: id}
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		old, err := tx.Read(ctx, store.Of("trust"), key)
		if err != nil && !errors.Is(err, fhir.NotFound) && !errors.Is(err, fhir.Gone) {
			return err
		}
		var now store.Record
		if status == "" {
			now, err = tx.Delete(ctx, key, old.Version)
		} else {
			var r fhir.Resource
			r, err = fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","id":"%s","status":"%s","start":"2026-06-01T%s:00Z","participant":[{"actor":{"reference":"Patient/p"}}]}`, id, status, start))
			if err == nil {
				now, err = tx.Put(ctx, store.Put{Key: key, Resource: r, IfVersion: store.Any})
			}
		}
		if err != nil || now.Version == old.Version {
			return err
		}
		return s.Note(ctx, tx, booking.Told{Old: old, Now: now, From: from})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hospital) left(t rapid.TB, state string) (keys []string) {
	t.Helper()
	claims, err := h.store.Claims(context.Background(), Space, prefix("pas", state), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claims {
		keys = append(keys, c.Key)
	}
	return keys
}

// Two processes on one store send each message once while both are well, and go on
// where one stops.
func TestTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHospital(t)
		one, stopOne := context.WithCancel(t.Context())
		two, stopTwo := context.WithCancel(t.Context())
		var all sync.WaitGroup
		a, b := h.process("one"), h.process("two")
		all.Go(func() { a.Run(one) })
		all.Go(func() { b.Run(two) })
		for i := range 50 {
			h.put(t, a, fmt.Sprint("x", i), "booked", "10:00", "")
			time.Sleep(100 * time.Millisecond)
		}
		stopOne()
		for i := range 50 {
			h.put(t, b, fmt.Sprint("y", i), "booked", "10:00", "")
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(leaseTime + leaseSlack + time.Second)
		stopTwo()
		all.Wait()
		seen := map[string]bool{}
		for _, m := range h.took {
			if seen[m.control] {
				t.Errorf("%s went out twice", m.placer)
			}
			seen[m.control] = true
		}
		if len(seen) != 100 || len(h.left(t, queued)) != 0 {
			t.Errorf("%d messages taken and %d left, want 100 and none", len(seen), len(h.left(t, queued)))
		}
	})
}

// A process that dies holding the lease is followed by another when its time is over;
// on a store of one process, at once.
func TestLeaseOfTheDead(t *testing.T) {
	for _, alone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHospital(t)
			dead := &lease{s: h.process("dead"), partner: "pas", holder: "dead"}
			if on, err := dead.hold(t.Context()); err != nil || on == anothers {
				t.Fatal(on, err)
			}
			next := h.process("next")
			next.Alone = alone
			l := &lease{s: next, partner: "pas", holder: "next"}
			on, err := l.hold(t.Context())
			if err != nil || (on != anothers) != alone {
				t.Errorf("alone %t: the lease is had at once: %t, %v", alone, on != anothers, err)
			}
			time.Sleep(leaseTime + leaseSlack + time.Second)
			if on, err := l.hold(t.Context()); err != nil || on == anothers {
				t.Errorf("alone %t: the lease is not had when it is over: %v", alone, err)
			}
			if dead.covers(0) {
				t.Error("the one before thinks that it still has it")
			}
			if on, err := dead.hold(t.Context()); err != nil || on != anothers {
				t.Errorf("two have the lease: %v", err)
			}
		})
	}
}

// Whatever changes, and whatever goes wrong with answers, the partner takes the messages of
// each appointment in the order of its changes, the last of them last, and an answer
// that was lost is the only reason for a message to come twice, one after the other.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [3]string {
			return [3]string{
				rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"),
				rapid.SampledFrom([]string{"booked", "cancelled", "noshow", "pending", ""}).Draw(t, "status"),
				rapid.SampledFrom([]string{"10:00", "11:00"}).Draw(t, "start"),
			}
		}), 1, 20).Draw(rt, "changes")
		faults := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "AE", "lost", "silent"}), 0, 6).Draw(rt, "faults")
		synctest.Test(t, func(*testing.T) {
			h := newHospital(rt)
			h.answer = func(n int) (string, error) {
				if n > len(faults) {
					return "AA", nil
				}
				switch faults[n-1] {
				case "AE":
					return "AE", nil
				case "lost": // it was taken, and the answer did not arrive
					return "AA", errors.New("the connection broke")
				case "silent":
					return "", errors.New("nobody is there")
				}
				return "AA", nil
			}
			s := h.process("one")
			ctx, stop := context.WithCancel(context.Background())
			var all sync.WaitGroup
			all.Go(func() { s.Run(ctx) })
			exists := map[string]bool{}
			var want []taken
			for _, c := range changes {
				if c[1] == "" && !exists[c[0]] {
					continue
				}
				exists[c[0]] = c[1] != ""
				before := h.left(rt, queued)
				h.put(rt, s, c[0], c[1], c[2], "")
				for _, k := range h.left(rt, queued) {
					if at, _ := placeOf(k); !slices.Contains(before, k) {
						cl, _ := h.store.Claimed(ctx, Space, k)
						it, _ := itemOf(cl)
						want = append(want, taken{it.Control, it.Event, at.id})
					}
				}
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(30 * time.Minute)
			stop()
			all.Wait()
			for _, id := range []string{"a", "b", "c"} {
				var ordered, got []taken
				for _, m := range want {
					if m.placer == id {
						ordered = append(ordered, m)
					}
				}
				for _, m := range h.took {
					if m.placer == id {
						got = append(got, m)
					}
				}
				if got = slices.Compact(got); !slices.Equal(got, ordered) {
					rt.Errorf("appointment %s: taken %v, want %v", id, got, ordered)
				}
			}
			if left := h.left(rt, queued); len(left) > 0 {
				rt.Errorf("left: %v", left)
			}
		})
	})
}

// Who is told of what.
func TestHears(t *testing.T) {
	told := booking.Told{Now: store.Record{Key: store.Key{Customer: "trust"}}}
	from := func(partner string) booking.Told { c := told; c.From = partner; return c }
	all, some := Subscriber{Partner: "pas", Customers: []string{"trust"}}, Subscriber{Partner: "pas", Customers: []string{"other"}}
	relay := all
	relay.Relay = true
	for _, tc := range []struct {
		sub  Subscriber
		c    booking.Told
		want bool
	}{
		{all, told, true},
		{some, told, false},
		{Subscriber{Partner: "pas"}, told, false},
		{all, from("lab"), false},
		{relay, from("lab"), true},
		{relay, from("pas"), false},
	} {
		if got := tc.sub.hears(tc.c); got != tc.want {
			t.Errorf("%+v hears of %s by %q: %t", tc.sub.Customers, tc.c.Now.Customer, tc.c.From, got)
		}
	}
	few := Subscriber{Events: []string{"S12", "S15"}}
	for event, want := range map[string]string{"S12": "S12", "S13": "", "S17": "S15", "S26": ""} {
		if got := few.eventOf(event); got != want {
			t.Errorf("%s is told as %q, want %q", event, got, want)
		}
	}
}

// AE for ever is given up in the end, nobody's answer never is, and neither stands
// in the outbox in the clear.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHospital(t)
		h.subs[0].GiveUp = time.Hour
		s := h.process("one")
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		h.answer = func(int) (string, error) { return "", errors.New("nobody is there") }
		h.put(t, s, "a", "booked", "10:00", "")
		claims, err := h.store.Claims(ctx, Space, "", "", 10)
		if err != nil || len(claims) != 1 || bytes.Contains(claims[0].Payload, []byte("9990000018")) || strings.Contains(claims[0].Key, "9990000018") {
			t.Errorf("the outbox holds %v, %v", claims, err)
		}
		all.Go(func() { s.Run(ctx) })
		time.Sleep(3 * time.Hour)
		if n := len(h.left(t, queued)); n != 1 {
			t.Errorf("three hours without an answer: %d in the queue, want 1", n)
		}
		h.mu.Lock()
		h.answer = func(int) (string, error) { return "AE", nil }
		h.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if n := len(h.left(t, dead)); n != 1 || len(h.left(t, queued)) != 0 {
			t.Errorf("three hours, and then AE: %d given up, want 1", n)
		}
		stop()
		all.Wait()
		if l := s.Lengths()["pas"]; l.Dead != 1 || l.Queued != 0 {
			t.Errorf("lengths %+v", l)
		}
	})
}
