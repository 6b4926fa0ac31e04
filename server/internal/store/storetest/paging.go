package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
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
	for i, start := range []string{"", `,"start":["2025-10-25T09:00:00Z","2025-10-24T09:00:00Z"]`, "", `,"start":"2025-10-25T07:00:00Z"`} {
		s.put("a", fmt.Sprintf(`{"resourceType":"Appointment","id":"odd-%d","participant":[{"actor":{"reference":"Patient/p"}}]%s}`, i, start))
	}
	both := store.Visibility{Customers: []string{"a", "b"}}
	for _, query := range []string{"", "status=booked", "date=2025-10-25", "_sort=date", "_sort=-date", "_sort=date&date=lt2025-10-25T08:30:00Z", "_sort=-date&status=pending&date=ge2025-10-25", "_sort=-status,date", "_sort=-_lastUpdated&status=pending", "actor=Patient/p&_sort=-_id"} {
		q := s.query("Appointment", query)
		p, err := s.Search(s.ctx, both, q)
		if err != nil || p.Next != "" || p.Total != len(p.Records) || p.Total < 10 {
			t.Fatalf("%s on one page: %d records of %d, %v", query, len(p.Records), p.Total, err)
		}
		want := names(p.Records)
		counts := []int{4, len(want) - 1, len(want)}
		if query == "" || query == "_sort=date" {
			counts = append(counts, 1, 2, len(want)+1)
		}
		for _, count := range counts {
			q.Count = count
			if got := s.walk(both, q, nil); !slices.Equal(got, want) {
				t.Errorf("%s in pages of %d gives\n%v\nwant\n%v", query, count, got, want)
			}
		}
		q.Count, q.Total = 3, search.TotalNone
		if p, err := s.Search(s.ctx, both, q); err != nil || p.Total != -1 || len(p.Records) != 3 {
			t.Errorf("%s without a total: %d records, total %d, %v; want 3 and -1", query, len(p.Records), p.Total, err)
		}
		if got := s.walk(both, q, nil); !slices.Equal(got, want) {
			t.Errorf("%s in pages of 3 without a total gives\n%v\nwant\n%v", query, got, want)
		}
	}
	if got, _ := s.find(both, "Appointment", "_sort=date&_count=12"); !slices.Equal(got[:4], []string{"a/odd-1", "a/0020", "a/0021", "a/0022"}) {
		t.Errorf("the earliest are %v, want the one with two dates and those of the last hour by id", got[:4])
	}
}

// Walking never repeats a resource and never skips one that stays as it is,
// though others come, go and change their place: a round of writes with each page,
// while it is read.
func testPagesUnderWrites(t *testing.T, s *subject) {
	const n = 45
	for _, query := range []string{"", "date=ge2025-01-01", "_sort=date", "_sort=-date", "_sort=status", "_sort=-_lastUpdated", "_sort=_lastUpdated"} {
		t.Run(query, func(t *testing.T) {
			load(s, "a", n)
			s.clock.Advance(time.Hour)
			q := s.query("Appointment", query)
			q.Count = 7
			round := 0
			var wg sync.WaitGroup
			begin := func() {
				wg.Wait()
				i := round
				round++
				wg.Go(func() { disturb(t, s, i, n) })
			}
			begin()
			got := s.walk(store.Of("a"), q, begin)
			wg.Wait()
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
			s.update(func(tx store.Tx) error {
				for i := range n {
					if _, err := tx.Delete(s.ctx, store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprintf("%04d", i)}, store.Any); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// disturb makes one round of writes: of the appointments that load put, every third
// changes its place in some round, every fifth goes, and others come.
func disturb(t *testing.T, s *subject, round, n int) {
	for i := 2 * round; i < 2*round+2; i++ {
		when := time.Date(2025, 10, 25, i%24, i%60, 0, 0, time.UTC).AddDate(0, 0, i%40-20).Format(time.RFC3339)
		s.clock.Advance(time.Second)
		err := s.Update(s.ctx, func(tx store.Tx) error {
			_, moved := tx.Put(s.ctx, putOf(t, "a", appointment(fmt.Sprintf("%04d", i*3%n), []string{"noshow", "arrived"}[i%2], when, "Patient/p", "")))
			_, came := tx.Put(s.ctx, putOf(t, "a", appointment(fmt.Sprintf("%04d-new", i%n), "booked", when, "Patient/p", "")))
			_, went := tx.Delete(s.ctx, store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprintf("%04d", (i*15+5)%n)}, store.Any)
			return errors.Join(moved, came, went)
		})
		if err != nil {
			t.Errorf("Update() = %v", err)
		}
	}
}
