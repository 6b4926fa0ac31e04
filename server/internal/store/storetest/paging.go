package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

func testPaging(t *testing.T, open Open) {
	t.Run("pages", func(t *testing.T) { testPages(t, begin(t, open)) })
	t.Run("while writers run", func(t *testing.T) { testPagesUnderWrites(t, begin(t, open)) })
}

// load puts n appointments of one Update: by id in order, by date the other way
// round, with five to a date.
func load(s *subject, customer string, n int) {
	s.update(func(tx store.Tx) error {
		for i := range n {
			start := time.Date(2025, 10, 25, 9, 0, 0, 0, time.UTC).Add(-time.Duration(i/5) * time.Hour)
			text := appointment(fmt.Sprintf("%04d", i), []string{"booked", "pending"}[i%2], start.Format(time.RFC3339), "Patient/p", "")
			if _, err := tx.Put(s.ctx, putOf(s.tb, customer, text)); err != nil {
				return err
			}
		}
		return nil
	})
}

// walk gives all pages of a search, one after another.
func (s *subject) walk(see store.Visibility, q search.Query, between func()) []string {
	s.tb.Helper()
	var all []string
	for {
		p, err := s.Search(s.ctx, see, q)
		if err != nil {
			s.tb.Fatalf("Search() = %v", err)
		}
		if len(p.Records) > q.Count || len(p.Records) < q.Count && p.Next != "" {
			s.tb.Errorf("a page has %d records and next %q, want %d", len(p.Records), p.Next, q.Count)
		}
		all = append(all, names(p.Records)...)
		if p.Next == "" {
			return all
		}
		q.After = p.Next
		if between != nil {
			between()
		}
	}
}

func testPages(t *testing.T, s *subject) {
	load(s, "a", 23)
	load(s, "b", 10)
	both := store.Visibility{Customers: []string{"a", "b"}}
	for _, query := range []string{"", "status=booked", "date=2025-10-25", "_sort=date", "_sort=-date", "_sort=-status,date", "_sort=-_lastUpdated&status=pending", "actor=Patient/p&_sort=-_id"} {
		q := s.query("Appointment", query)
		p, err := s.Search(s.ctx, both, q)
		if err != nil || p.Next != "" || p.Total != len(p.Records) || p.Total < 10 {
			t.Fatalf("%s on one page: %d records of %d, %v", query, len(p.Records), p.Total, err)
		}
		want := names(p.Records)
		for _, count := range []int{1, 2, 7, len(want) - 1, len(want), len(want) + 1} {
			q.Count = count
			if got := s.walk(both, q, nil); !slices.Equal(got, want) {
				t.Errorf("%s in pages of %d gives\n%v\nwant\n%v", query, count, got, want)
			}
		}
		q.Count, q.Total = 3, search.TotalNone
		if p, err := s.Search(s.ctx, both, q); err != nil || p.Total != -1 || len(p.Records) != 3 {
			t.Errorf("%s without a total: %d records, total %d, %v; want 3 and -1", query, len(p.Records), p.Total, err)
		}
	}
	if got, _ := s.find(both, "Appointment", "_sort=date&_count=12"); !slices.Equal(got[:4], []string{"a/0020", "a/0021", "a/0022", "a/0015"}) {
		t.Errorf("the earliest are %v, want those of the last hour by id", got[:4])
	}
}

// Walking never repeats a resource and never skips one that stays as it is,
// though others come, go and change their place.
func testPagesUnderWrites(t *testing.T, s *subject) {
	const n = 60
	for _, query := range []string{"", "date=ge2025-01-01", "_sort=date", "_sort=-date", "_sort=status", "_sort=-_lastUpdated", "_sort=_lastUpdated"} {
		t.Run(query, func(t *testing.T) {
			load(s, "a", n)
			s.clock.Advance(time.Hour)
			q := s.query("Appointment", query)
			q.Count = 7
			var stop atomic.Bool
			var wg sync.WaitGroup
			turn := make(chan int)
			wg.Go(func() { // every third changes place, every fifth goes, others come
				for i := 0; !stop.Load(); i++ {
					id := fmt.Sprintf("%04d", i*3%n)
					when := time.Date(2025, 10, 25, i%24, i%60, 0, 0, time.UTC).AddDate(0, 0, i%40-20)
					s.clock.Advance(time.Second)
					s.put("a", appointment(id, []string{"noshow", "arrived"}[i%2], when.Format(time.RFC3339), "Patient/p", ""))
					s.put("a", appointment(fmt.Sprintf("%04d-new", i%n), "booked", when.Format(time.RFC3339), "Patient/p", ""))
					s.remove(store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprintf("%04d", (i*15+5)%n)})
					select {
					case turn <- i:
					default:
					}
				}
			})
			got := s.walk(store.Of("a"), q, func() { <-turn })
			stop.Store(true)
			go func() {
				for range turn {
				}
			}()
			wg.Wait()
			close(turn)
			seen := map[string]bool{}
			for _, name := range got {
				if seen[name] {
					t.Errorf("%s was shown twice", name)
				}
				seen[name] = true
			}
			for i := range n {
				if name := fmt.Sprintf("a/%04d", i); i%3 != 0 && i%5 != 0 && !seen[name] {
					t.Errorf("%s was there throughout and not shown", name)
				}
			}
			for i := range n {
				s.remove(store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprintf("%04d", i)})
			}
		})
	}
}
