// Package storetest proves that a store keeps the contract of package store. It
// is exported code, so that every engine runs the same tests, one file for each
// guarantee, and it holds the model store, which must pass them too. Only tests
// import it.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Env is what a store under test must use.
type Env struct {
	Catalog *search.Catalog
	Now     func() time.Time // the suite's clock
}

// Open opens an empty store; the suite closes it.
type Open func(t *testing.T, e Env) store.Store

// Reopen opens the store that was opened before and is closed now.
type Reopen func(t *testing.T, e Env) store.Store

// Run proves all guarantees but durability.
func Run(t *testing.T, open Open) {
	for _, g := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"CRUD", testCRUD},
		{"Versions", testVersions},
		{"Changes", testChanges},
		{"Visibility", testVisibility},
		{"Search", testSearch},
		{"Cases", testCases},
		{"Paging", testPaging},
		{"Atomic", testAtomic},
		{"Concurrent", testConcurrent},
		{"Claims", testClaims},
		{"Log", testLog},
		{"Sizes", testSizes},
		{"Bytes", testBytes},
		{"Differential", testDifferential},
		{"Moving", testMoving},
	} {
		t.Run(g.name, func(t *testing.T) { g.run(t, open) })
	}
}

// Base is the base of references that are the store's own.
const Base = "http://fhir.example.test/fhir"

// Catalog gives the catalog of the suite, in a zone such as "Europe/London".
func Catalog(tb testing.TB, zone string) *search.Catalog {
	tb.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		tb.Fatal(err)
	}
	return search.NewCatalog([]string{Base}, loc)
}

// Clock is a clock that stands until it is set. It begins on 1 October 2025.
type Clock struct{ micros atomic.Int64 }

// NewClock gives a clock.
func NewClock() *Clock {
	c := &Clock{}
	c.Set(time.Date(2025, 10, 1, 8, 0, 0, 0, time.UTC))
	return c
}

// Now gives the time on the clock.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.micros.Load()).UTC() }

// Set sets the clock.
func (c *Clock) Set(t time.Time) { c.micros.Store(t.UnixMicro()) }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// tester is what the suite needs of *testing.T and of *rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// subject is a store under test, with its test and its clock.
type subject struct {
	store.Store
	tb      tester
	ctx     context.Context
	clock   *Clock
	catalog *search.Catalog
}

// begin opens a store for a test.
func begin(t *testing.T, open Open) *subject {
	t.Helper()
	c := Catalog(t, "Europe/London")
	clock := NewClock()
	s := &subject{open(t, Env{c, clock.Now}), t, t.Context(), clock, c}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// update runs fn in an Update that must succeed.
func (s *subject) update(fn func(store.Tx) error) {
	s.tb.Helper()
	if err := s.Update(s.ctx, fn); err != nil {
		s.tb.Fatalf("Update() = %v", err)
	}
}

// put stores a resource, which must succeed.
func (s *subject) put(customer, text string, links ...store.Link) store.Record {
	s.tb.Helper()
	var rec store.Record
	s.update(func(tx store.Tx) (err error) {
		rec, err = tx.Put(s.ctx, putOf(s.tb, customer, text, links...))
		return err
	})
	return rec
}

// remove deletes a resource, which must succeed.
func (s *subject) remove(k store.Key) store.Record {
	s.tb.Helper()
	var rec store.Record
	s.update(func(tx store.Tx) (err error) {
		rec, err = tx.Delete(s.ctx, k, store.Any)
		return err
	})
	return rec
}

// query parses a query, which must be a good one.
func (s *subject) query(typ, text string) search.Query {
	s.tb.Helper()
	p, err := search.Parse(s.catalog, typ, text, s.clock.Now())
	if err != nil || len(p.Warnings) > 0 {
		s.tb.Fatalf("Parse(%s, %q) = %v, warnings %v", typ, text, err, p.Warnings)
	}
	return p.Query
}

// find gives what a search finds, each as customer/id, and its total.
func (s *subject) find(see store.Visibility, typ, text string) ([]string, int) {
	s.tb.Helper()
	p, err := s.Search(s.ctx, see, s.query(typ, text))
	if err != nil {
		s.tb.Fatalf("Search(%s?%s) = %v", typ, text, err)
	}
	return names(p.Records), p.Total
}

// wantFound checks what a search finds.
func (s *subject) wantFound(see store.Visibility, typ, text string, want ...string) {
	s.tb.Helper()
	got, total := s.find(see, typ, text)
	if !slices.Equal(got, want) || total != len(want) {
		s.tb.Errorf("%s?%s finds %v, total %d; want %v", typ, text, got, total, want)
	}
}

func names(records []store.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, r.Customer+"/"+r.ID)
	}
	return out
}

// wantKind checks that an error is of a kind.
func wantKind(tb tester, what string, err error, want fhir.Kind) {
	tb.Helper()
	if err == nil || fhir.KindOf(err) != want {
		tb.Errorf("%s = %v, want kind %v", what, err, want)
	}
}

// parse reads a resource.
func parse(tb tester, text string) fhir.Resource {
	tb.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	return r
}

// putOf makes a Put of a resource, whatever version is current.
func putOf(tb tester, customer, text string, links ...store.Link) store.Put {
	tb.Helper()
	r := parse(tb, text)
	return store.Put{Key: store.Key{Customer: customer, Type: r.Type(), ID: r.ID()}, Resource: r, IfVersion: store.Any, Links: links}
}

// slot gives a Slot as text.
func slot(id, status string) string {
	return fmt.Sprintf(`{"resourceType":"Slot","id":%q,"schedule":{"reference":"Schedule/s"},"status":%q,"start":"2025-10-25T09:00:00Z","end":"2025-10-25T09:20:00Z"}`, id, status)
}

// slotKey gives the key of a Slot.
func slotKey(customer, id string) store.Key {
	return store.Key{Customer: customer, Type: "Slot", ID: id}
}
