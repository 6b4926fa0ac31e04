package storetest

import (
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// pairs is how many searches the differential test compares at least; 0 is as many
// as -rapid.checks makes of it.
var pairs = flag.Int("differential", 0, "random searches to compare with the model, at least")

// testDifferential compares a store with the model: the same random writes, then
// the same random searches, page by page, in set, order, bytes and total. A
// failure prints the seed; -rapid.checks and -differential run more.
func testDifferential(t *testing.T, open Open) {
	compared, began := 0, time.Now()
	for batch := 0; batch == 0 || compared < *pairs && !t.Failed(); batch++ {
		rapid.Check(t, func(rt *rapid.T) { compared += compare(t, rt, open) })
	}
	if *pairs > 0 {
		t.Logf("%d searches compared in %v", compared, time.Since(began).Round(time.Second))
	}
}

// compare makes a world and compares what searches find in it. It gives their number.
func compare(t *testing.T, rt *rapid.T, open Open) (searches int) {
	c := Catalog(t, "Europe/London")
	clock := NewClock()
	s := &subject{open(t, Env{c, clock.Now}), rt, t.Context(), clock, c}
	model := &subject{NewModel(c, clock.Now), rt, t.Context(), clock, c}
	defer s.Close()
	w := world{rt}
	most := 20
	if *pairs > 0 {
		most = 60
	}
	for round := range rapid.IntRange(1, 3).Draw(rt, "rounds") {
		compareWrites(w, s, model, round == 0)
		for range rapid.IntRange(1, most).Draw(rt, "searches") {
			text, q := w.query(s)
			compareSearch(w, text, w.visibility(), q, s, model)
			searches++
		}
	}
	return searches
}

// compareWrites does the same writes to both, in Updates of which some fail.
// The first of all writes everything.
func compareWrites(w world, s, model *subject, first bool) {
	for update := range rapid.IntRange(1, 3).Draw(w.t, "updates") {
		var writes []func(store.Tx) string
		for range rapid.IntRange(1, 15).Draw(w.t, "writes") {
			writes = append(writes, w.write(s))
		}
		if first && update == 0 {
			writes = w.fill(s)
		}
		var planned error
		if w.chance(6) && !(first && update == 0) {
			planned = errPlanned
		}
		both(w, s, model, planned, writes)
		s.clock.Advance(time.Duration(rapid.IntRange(0, 100_000).Draw(w.t, "pause")) * time.Second)
	}
}

// both does writes in one Update of each, whose function then gives the error planned.
func both(w world, s, model *subject, planned error, writes []func(store.Tx) string) {
	run := func(s *subject) (results []string) {
		err := s.Update(s.ctx, func(tx store.Tx) error {
			results = nil
			for _, write := range writes {
				results = append(results, write(tx))
			}
			return planned
		})
		if !errors.Is(err, planned) {
			w.t.Fatalf("Update() = %v, want %v", err, planned)
		}
		return results
	}
	if diff := cmp.Diff(run(model), run(s)); diff != "" {
		w.t.Fatalf("the writes differ (-model +store)\n%s", diff)
	}
}

// compareSearch walks a search on both; at times something is written between two
// pages.
func compareSearch(w world, text string, see store.Visibility, q search.Query, s, model *subject) {
	rt := w.t
	want, got := q, q
	for number := 1; ; number++ {
		m, err := model.Search(model.ctx, see, want)
		if err != nil {
			rt.Fatalf("%s on the model: %v", text, err)
		}
		p, err := s.Search(s.ctx, see, got)
		if err != nil {
			rt.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(plain(m), plain(p)); diff != "" {
			rt.Fatalf("page %d of %s for %+v differs (-model +store)\n%s", number, text, see, diff)
		}
		if m.Next == "" {
			return
		}
		want.After, got.After = m.Next, p.Next
		if w.chance(10) {
			both(w, s, model, nil, []func(store.Tx) string{w.write(s), w.write(s)})
		}
	}
}

// plain gives a page as text, its cursor as whether there is one.
func plain(p store.Page) any {
	type record struct {
		Name    string
		Version int64
		Updated time.Time
		Links   []store.Link
		Raw     string
	}
	out := struct {
		Total   int
		More    bool
		Records []record
	}{Total: p.Total, More: p.Next != ""}
	for i, name := range names(p.Records) {
		r := p.Records[i]
		out.Records = append(out.Records, record{name, r.Version, r.Updated, r.Links, string(r.Resource.Raw())})
	}
	return out
}
