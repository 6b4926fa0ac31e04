package storetest

import (
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Every row of the parameter table is searched and sorted by, with every modifier
// it takes, at the end of chains and of _has; and each has values in the world
// that some search finds.
func TestWorldReachesTheTable(t *testing.T) {
	c := Catalog(t, "Europe/London")
	asked := make(map[string]bool)
	found := make(map[*search.Param]int) // matches
	matched, searches := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		clock := NewClock()
		model := &subject{NewModel(c, clock.Now), rt, t.Context(), clock, c}
		other := &subject{NewModel(c, clock.Now), rt, t.Context(), clock, c}
		w := world{rt}
		compareWrites(w, other, model, true)
		for range 40 {
			_, q := w.query(model)
			p, err := model.Search(t.Context(), w.visibility(), q)
			if err != nil {
				rt.Fatal(err)
			}
			note(&q, asked, 0)
			if searches++; len(p.Records) > 0 || p.Total > 0 {
				matched++
			}
		}
		for _, typ := range fhir.Types() {
			for _, p := range c.Params(typ.Name) {
				for try := 0; try < 10 && found[p] == 0; try++ {
					parsed, err := search.Parse(c, typ.Name, p.Name+"="+w.value(p, ""), clock.Now())
					if err != nil {
						continue
					}
					page, err := model.Search(t.Context(), store.Of("a"), parsed.Query)
					if err != nil {
						rt.Fatal(err)
					}
					found[p] += page.Total
				}
			}
		}
	})
	t.Logf("%d of %d searches find something", matched, searches)
	if matched < searches/3 {
		t.Errorf("only %d of %d searches find something", matched, searches)
	}
	for _, typ := range fhir.Types() {
		for _, p := range c.Params(typ.Name) {
			if found[p] == 0 {
				t.Errorf("no search by %s.%s finds anything", typ.Name, p.Name)
			}
		}
	}
	for _, what := range []string{"chain 1", "chain 2", "chain 3", "has 1", "has 2", "untyped", "missing", "not", "text", "exact", "contains", "identifier", "of-type", "type", "sort token", "sort date", "sort string", "sort reference", "sort uri", "special"} {
		if !asked[what] {
			t.Errorf("no search has %s", what)
		}
	}
}

// note notes what a query asks with.
func note(q *search.Query, asked map[string]bool, depth int) {
	for _, o := range q.Sort {
		asked["sort "+o.Param.Kind.String()] = true
	}
	for i := range q.Where {
		c := &q.Where[i]
		asked[c.Param.Kind.String()] = true
		asked[map[search.Modifier]string{
			search.ModMissing: "missing", search.ModNot: "not", search.ModText: "text", search.ModExact: "exact",
			search.ModContains: "contains", search.ModIdentifier: "identifier", search.ModOfType: "of-type", search.ModType: "type",
		}[c.Modifier]] = true
		switch {
		case c.Has:
			asked["has "+string(rune('1'+depth))] = true
		case c.Chain != nil:
			asked["chain "+string(rune('1'+depth))] = true
			asked["untyped"] = asked["untyped"] || len(c.Chain) > 1
		}
		for j := range c.Chain {
			note(&c.Chain[j], asked, depth+1)
		}
	}
}
