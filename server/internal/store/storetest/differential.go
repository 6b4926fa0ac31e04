package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// testDifferential compares a store with the model: the same random writes, then
// the same random searches, page by page, in set, order, bytes and total. A
// failure prints the seed; -rapid.checks runs more.
func testDifferential(t *testing.T, open Open) {
	c := Catalog(t, "Europe/London")
	rapid.Check(t, func(rt *rapid.T) {
		clock := NewClock()
		e := Env{c, clock.Now}
		s := &subject{open(t, e), rt, t.Context(), clock, c}
		model := &subject{NewModel(c, clock.Now), rt, t.Context(), clock, c}
		defer s.Close()
		w := world{rt}
		for round := range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			compareWrites(w, s, model, round == 0)
			for range rapid.IntRange(1, 12).Draw(rt, "searches") {
				text, q := w.query(s)
				compareSearch(rt, text, w.visibility(), q, s, model)
			}
		}
	})
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
		if w.chance(6) {
			planned = errPlanned
		}
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
		s.clock.Advance(time.Duration(rapid.IntRange(0, 100_000).Draw(w.t, "pause")) * time.Second)
	}
}

// compareSearch walks a search on both.
func compareSearch(rt *rapid.T, text string, see store.Visibility, q search.Query, s, model *subject) {
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
