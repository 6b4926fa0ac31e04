package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func testConcurrent(t *testing.T, open Open) {
	t.Run("readers see whole Updates", func(t *testing.T) { testWhole(t, begin(t, open)) })
	t.Run("totals are of one moment", func(t *testing.T) { testTotals(t, begin(t, open)) })
	t.Run("no update is lost", func(t *testing.T) { testCounter(t, begin(t, open)) })
	t.Run("a context that ended", func(t *testing.T) { testContext(t, begin(t, open)) })
	t.Run("Close waits", func(t *testing.T) { testCloseWaits(t, open) })
	t.Run("after Close", func(t *testing.T) { testClosed(t, open) })
}

// Pairs of slots are always put together with the same status. Whoever searches
// sees both or neither, and never an older state than the one before.
func testWhole(t *testing.T, s *subject) {
	see := store.Of("a")
	write := func(i int) {
		s.update(func(tx store.Tx) error {
			status := fmt.Sprintf("state-%04d", i)
			_, one := tx.Put(s.ctx, putOf(t, "a", slot("one", status)))
			_, two := tx.Put(s.ctx, putOf(t, "a", slot("two", status)))
			return errors.Join(one, two)
		})
	}
	write(0)
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			last := ""
			for !done.Load() {
				p, err := s.Search(s.ctx, see, s.query("Slot", "start=2025-10-25"))
				if err != nil || len(p.Records) != 2 {
					t.Errorf("Search() = %v, %v; want both slots", names(p.Records), err)
					return
				}
				one, two := p.Records[0].Resource.Root().Get("status").Text(), p.Records[1].Resource.Root().Get("status").Text()
				if one != two || one < last {
					t.Errorf("a search sees %s and %s after %s", one, two, last)
					return
				}
				last = one
			}
		})
	}
	for i := 1; i <= 20; i++ {
		write(i)
		want := fmt.Sprintf("state-%04d", i)
		s.wantFound(see, "Slot", "status="+want, "a/one", "a/two")
	}
	done.Store(true)
	wg.Wait()
}

// Each Update takes a slot away and adds another: whoever counts counts as many, and
// finds them.
func testTotals(t *testing.T, s *subject) {
	const n = 5
	swap := func(i int) {
		s.update(func(tx store.Tx) error {
			if i >= n {
				if _, err := tx.Delete(s.ctx, slotKey("a", fmt.Sprintf("s%03d", (i-n)%40)), store.Any); err != nil {
					return err
				}
			}
			_, err := tx.Put(s.ctx, putOf(t, "a", slot(fmt.Sprintf("s%03d", i%40), fmt.Sprint("state-", i))))
			return err
		})
	}
	for i := range n {
		swap(i)
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for _, query := range []string{"_count=3", "_count=100", "_sort=start&_count=3", "start=2025-10-25"} {
		wg.Go(func() {
			for !done.Load() {
				q := s.query("Slot", query)
				p, err := s.Search(s.ctx, store.Of("a"), q)
				want := n
				if q.Count >= 0 {
					want = min(n, q.Count)
				}
				if err != nil || p.Total != n || len(p.Records) != want {
					t.Errorf("%s: %d of %d slots, %v; want %d of %d", query, len(p.Records), p.Total, err, want, n)
					return
				}
			}
		})
	}
	for i := range 40 {
		swap(n + i)
	}
	done.Store(true)
	wg.Wait()
}

// Each Update reads the last version and puts the next.
func testCounter(t *testing.T, s *subject) {
	const writers, each = 16, 8
	s.put("a", slot("x", "0"))
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				err := s.Update(s.ctx, func(tx store.Tx) error {
					now, err := tx.Read(s.ctx, store.Of("a"), slotKey("a", "x"))
					if err != nil {
						return err
					}
					var n int
					if _, err := fmt.Sscan(now.Resource.Root().Get("status").Text(), &n); err != nil {
						return err
					}
					p := putOf(t, "a", slot("x", fmt.Sprint(n+1)))
					p.IfVersion = now.Version
					_, err = tx.Put(s.ctx, p)
					return err
				})
				if err != nil {
					t.Errorf("Update() = %v", err)
				}
			}
		})
	}
	wg.Wait()
	rec, err := s.Read(s.ctx, store.Of("a"), slotKey("a", "x"))
	if got := rec.Resource.Root().Get("status").Text(); err != nil || got != fmt.Sprint(writers*each) || rec.Version != writers*each+1 {
		t.Errorf("the counter is %s in version %d, %v; want %d", got, rec.Version, err, writers*each)
	}
}

func testContext(t *testing.T, s *subject) {
	s.put("a", slot("x", "free"))
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	err := s.Update(ended, func(tx store.Tx) error {
		_, err := tx.Put(s.ctx, putOf(t, "a", slot("x", "busy")))
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update with a context that ended = %v, want it to be context.Canceled", err)
	}
	wantKind(t, "Update with a context that ended", err, fhir.Busy)
	_, readErr := s.Read(ended, store.Of("a"), slotKey("a", "x"))
	_, searchErr := s.Search(ended, store.Of("a"), s.query("Slot", ""))
	for name, err := range map[string]error{"Read": readErr, "Search": searchErr} {
		wantKind(t, name+" with a context that ended", err, fhir.Busy)
		if !errors.Is(err, context.Canceled) || strings.Contains(fhir.AsError(err).Text, "change") {
			t.Errorf("%s with a context that ended = %v, want it to be context.Canceled and to speak of no change", name, err)
		}
	}
	s.wantFound(store.Of("a"), "Slot", "status=free", "a/x")
}

// Close waits for an Update at work, which either is made or is told why not.
func testCloseWaits(t *testing.T, open Open) {
	clock := NewClock()
	c := Catalog(t, "UTC")
	s := &subject{open(t, Env{c, clock.Now}), t, t.Context(), clock, c}
	begun, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	updated, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		updated <- s.Update(s.ctx, func(tx store.Tx) error {
			once.Do(func() { close(begun) })
			<-release
			_, err := tx.Put(s.ctx, putOf(t, "a", slot("x", "free")))
			return err
		})
	}()
	<-begun
	go func() { closed <- s.Close() }()
	close(release)
	if err := <-closed; err != nil {
		t.Errorf("Close() = %v", err)
	}
	if err := <-updated; err != nil {
		wantKind(t, "an Update at work while the store closes", err, fhir.Busy)
	}
}

func testClosed(t *testing.T, open Open) {
	clock := NewClock()
	c := Catalog(t, "UTC")
	s := &subject{open(t, Env{c, clock.Now}), t, t.Context(), clock, c}
	s.put("a", slot("x", "free"))
	s.update(func(tx store.Tx) error { return tx.Append(s.ctx, "log", nil) })
	records, err := s.Log(s.ctx, "log", store.LogRange{Limit: 1})
	if err != nil || len(records) != 1 {
		t.Fatalf("Log() = %v, %v; want a record", records, err)
	}
	if err := s.Ready(s.ctx); err != nil {
		t.Errorf("Ready() = %v, want nil", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the second Close() = %v", err)
	}
	see, k := store.Of("a"), slotKey("a", "x")
	for name, err := range map[string]error{
		"Update":  s.Update(s.ctx, func(store.Tx) error { return nil }),
		"Ready":   s.Ready(s.ctx),
		"Read":    second(s.Read(s.ctx, see, k)),
		"Version": second(s.Version(s.ctx, see, k, 1)),
		"History": second(s.History(s.ctx, see, k, "", 1)),
		"Search":  second(s.Search(s.ctx, see, s.query("Slot", ""))),
		"Claimed": second(s.Claimed(s.ctx, "slot", "x")),
		"Log":     second(s.Log(s.ctx, "log", store.LogRange{Limit: 1})),
		"Claims":  second(s.Claims(s.ctx, "slot", "", "", 1)),
		"Changes": second(s.Changes(s.ctx, see, "", time.Time{}, "", 1)),
		"Trim":    s.Trim(s.ctx, "log", records[0].At),
	} {
		wantKind(t, name+" after Close", err, fhir.Busy)
	}
}

func second[T any](_ T, err error) error { return err }
