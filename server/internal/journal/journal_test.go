package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
	"slotway/server/internal/store/enginetest"
)

var began = time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)

// kept gives a store with a journal of n entries, a second apart: of two partners
// and two customers in turn, every fifth refused, every tenth of no customer.
func kept(t *testing.T, n int) (store.Store, []journal.Entry) {
	t.Helper()
	clock := began
	s := enginetest.New(t, search.NewCatalog(nil, time.UTC), func() time.Time { return clock })
	var entries []journal.Entry
	for i := range n {
		clock = began.Add(time.Duration(i) * time.Second)
		e := journal.Entry{
			ID: journal.NewID(clock, fmt.Sprintf("%08d", i)), Received: clock, Partner: fmt.Sprint("p", i%2), Transport: "mllp",
			Controller: fmt.Sprint("c", i%2), Control: fmt.Sprint("m", i), Event: "SIU^S12", Placer: fmt.Sprint("A", i/3), State: journal.Applied,
			Wrote: []string{fmt.Sprintf("Appointment/id-%d/1", i/3)},
		}
		if i%5 == 0 {
			e.State, e.Wrote = journal.Refused, nil
		}
		if i%10 == 0 {
			e.Controller = ""
		}
		err := s.Update(t.Context(), func(tx store.Tx) error { return journal.Append(t.Context(), tx, e, []byte("sealed")) })
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return s, entries
}

// TestSearch: each criterion, newest first or oldest first, page by page: the same as
// looking through all entries.
func TestSearch(t *testing.T) {
	s, entries := kept(t, 60)
	all := []string{"c0", "c1"}
	tests := []struct {
		name string
		q    journal.Query
		keep func(journal.Entry) bool
	}{
		{"all of one's customers", journal.Query{Customers: all}, func(e journal.Entry) bool { return e.Controller != "" }},
		{"and of no customer", journal.Query{Customers: all, Unclaimed: true}, func(journal.Entry) bool { return true }},
		{"of one customer", journal.Query{Customers: []string{"c1"}}, func(e journal.Entry) bool { return e.Controller == "c1" }},
		{"of none", journal.Query{}, func(journal.Entry) bool { return false }},
		{"partner", journal.Query{Customers: all, Partner: "p1"}, func(e journal.Entry) bool { return e.Partner == "p1" && e.Controller != "" }},
		{"control id", journal.Query{Customers: all, Control: "m7"}, func(e journal.Entry) bool { return e.Control == "m7" }},
		{"appointment by SCH-1.1", journal.Query{Customers: all, Appointment: "A3"}, func(e journal.Entry) bool { return e.Placer == "A3" && e.Controller != "" }},
		{"appointment by its id", journal.Query{Customers: all, Appointment: "id-3"}, func(e journal.Entry) bool { return len(e.Wrote) > 0 && e.Wrote[0] == "Appointment/id-3/1" }},
		{"state", journal.Query{Customers: all, States: []journal.State{journal.Refused}}, func(e journal.Entry) bool { return e.State == journal.Refused && e.Controller != "" }},
		{"event", journal.Query{Customers: all, Event: "SIU^S13"}, func(journal.Entry) bool { return false }},
		{"time", journal.Query{Customers: all, Since: began.Add(10 * time.Second), Until: began.Add(20 * time.Second)}, func(e journal.Entry) bool {
			return e.Controller != "" && !e.Received.Before(began.Add(10*time.Second)) && e.Received.Before(began.Add(20*time.Second))
		}},
		{"a part of an id is no id", journal.Query{Customers: all, Control: "m"}, func(journal.Entry) bool { return false }},
	}
	for _, tc := range tests {
		for _, forward := range []bool{false, true} {
			for _, budget := range []int{0, 7} {
				t.Run(fmt.Sprint(tc.name, " ", forward, " ", budget), func(t *testing.T) {
					var want []string
					for _, e := range entries {
						if tc.keep(e) {
							want = append(want, e.ID)
						}
					}
					if !forward {
						slices.Reverse(want)
					}
					q := tc.q
					q.Forward, q.Budget, q.Limit = forward, budget, 4
					if diff := cmp.Diff(want, walk(t, s, q)); diff != "" {
						t.Errorf("found (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// walk reads all pages.
func walk(t *testing.T, s store.Store, q journal.Query) (ids []string) {
	t.Helper()
	for range 100 {
		page, err := journal.Search(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Entries) > q.Limit || q.Budget > 0 && page.Looked > q.Budget {
			t.Fatalf("a page has %d entries after %d looked at, want at most %d and %d", len(page.Entries), page.Looked, q.Limit, q.Budget)
		}
		for _, e := range page.Entries {
			ids = append(ids, e.ID)
		}
		if q.After = page.Next; q.After == "" {
			return ids
		}
	}
	t.Fatal("the pages have no end")
	return nil
}

func TestFind(t *testing.T) {
	s, entries := kept(t, 30)
	for _, want := range entries {
		got, err := journal.Find(t.Context(), s, want.ID)
		if err != nil {
			t.Fatalf("Find(%s): %v", want.ID, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Find(%s) (-want +got):\n%s", want.ID, diff)
		}
	}
	for _, id := range []string{"", "x", entries[3].ID[:13], entries[3].ID[:13] + "00000000", "zzzzzzzzzzzzzzzzzzzzz"} {
		if e, err := journal.Find(t.Context(), s, id); !errors.Is(err, fhir.NotFound) {
			t.Errorf("Find(%q) = %s, %v, want not found", id, e.ID, err)
		}
	}
}

// TestForget: the message of an entry goes; the entry stays until its stream is
// trimmed.
func TestForget(t *testing.T) {
	s, entries := kept(t, 3)
	if b, err := journal.Sealed(t.Context(), s, entries[1].ID); err != nil || string(b) != "sealed" {
		t.Fatalf("Sealed = %q, %v", b, err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error { return journal.Forget(t.Context(), tx, entries[1]) }); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Sealed(t.Context(), s, entries[1].ID); !errors.Is(err, fhir.NotFound) {
		t.Errorf("Sealed after Forget: %v, want not found", err)
	}
	if _, err := journal.Find(t.Context(), s, entries[1].ID); err != nil {
		t.Errorf("Find after Forget: %v", err)
	}
}

// TestNewID: ids sort by time, to the microsecond.
func TestNewID(t *testing.T) {
	last := ""
	for i := range 50 {
		id := journal.NewID(began.Add(time.Duration(i*i*i)*time.Microsecond), "6f0d2b51-3c1e-5f0a-9a34-0f6c1f7a2d58")
		if i > 0 && id[:13] <= last[:13] {
			t.Errorf("NewID = %s after %s", id, last)
		}
		last = id
	}
}

func BenchmarkSearch(b *testing.B) {
	clock := began
	s := enginetest.New(b, search.NewCatalog(nil, time.UTC), func() time.Time { return clock })
	err := s.Update(b.Context(), func(tx store.Tx) error {
		for i := range 20_000 {
			e := journal.Entry{
				ID: journal.NewID(clock, fmt.Sprintf("%08d", i)), Received: clock, Partner: "partner_demo", Transport: "mllp", Address: "10.0.0.1:50000",
				Connecting: "trustalias", Controller: "trustalias", Control: fmt.Sprint("m", i), Event: "SIU^S12", Placer: fmt.Sprint("A", i/3), State: journal.Applied,
				Wrote: []string{fmt.Sprintf("Appointment/6f0d2b51-3c1e-5f0a-9a34-%012d/1", i/3)}, Sum: "6f0d2b513c1e5f0a9a340f6c1f7a2d586f0d2b513c1",
			}
			if err := journal.Append(b.Context(), tx, e, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		page, err := journal.Search(b.Context(), s, journal.Query{Customers: []string{"trustalias"}, Control: "m7", Limit: 50})
		if err != nil || len(page.Entries) != 1 {
			b.Fatal(len(page.Entries), err)
		}
	}
}
