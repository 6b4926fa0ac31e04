package search

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"slotway/fhir"
)

// memory is a Resolver over documents in the order they were added.
type memory struct {
	docs []Document
	at   map[Ref]int
}

func (m *memory) add(d Document) {
	if m.at == nil {
		m.at = make(map[Ref]int)
	}
	m.at[d.Ref] = len(m.docs)
	m.docs = append(m.docs, d)
}

func (m *memory) Document(r Ref) (Document, bool) {
	i, ok := m.at[r]
	if !ok {
		return Document{}, false
	}
	return m.docs[i], true
}

func (m *memory) Referring(typ string, by *Param, to Ref, yield func(Document) bool) {
	for _, d := range m.docs {
		if d.Type != typ {
			continue
		}
		refers := slices.ContainsFunc(d.Entries, func(e Entry) bool { return e.Param == by && e.Ref == to })
		if refers && !yield(d) {
			return
		}
	}
}

// search gives the ids of the resources of the query's type that match, in the
// order of the query.
func (m *memory) search(q Query) []string {
	type hit struct {
		id  string
		key []byte
	}
	var hits []hit
	for _, d := range m.docs {
		if d.Type == q.Type && Match(q, d, m) {
			hits = append(hits, hit{d.ID, SortKey(q, d, "")})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return slices.Compare(a.key, b.key) })
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.id
	}
	return ids
}

const fixtureBase = "http://fhir.example.test/fhir"

// now is the time of every parsed query; the fixture is from before it.
var now = time.Date(2025, 10, 20, 12, 0, 0, 0, time.UTC)

func catalogIn(tb testing.TB, zone string) *Catalog {
	tb.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		tb.Fatal(err)
	}
	return NewCatalog([]string{fixtureBase}, loc)
}

func testdata(tb testing.TB, name string, into any) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "search", name))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
}

func fixture(tb testing.TB, c *Catalog) *memory {
	tb.Helper()
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	testdata(tb, "fixture.json", &bundle)
	m := &memory{}
	for _, e := range bundle.Entry {
		m.add(extract(tb, c, string(e.Resource)))
	}
	return m
}

func extract(tb testing.TB, c *Catalog, text string) Document {
	tb.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	d, err := Extract(c, r)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func parse(tb testing.TB, c *Catalog, typ, query string) Parsed {
	tb.Helper()
	p, err := Parse(c, typ, query, now)
	if err != nil {
		tb.Fatalf("Parse(%s, %q) = %v", typ, query, err)
	}
	return p
}
