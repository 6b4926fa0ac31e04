package bolt

import (
	"bytes"
	"container/heap"
	"slices"
	"strings"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// hit is a match.
type hit struct {
	key      []byte // search.SortKey
	id       string // until it is kept, part of the snapshot
	n, seq   uint64
	customer string
}

// page keeps the hits of one page of a walk: the first after the cursor, and one
// more that tells whether another page follows.
type page struct {
	cursor store.Cursor
	sorted bool
	room   int // hits kept; unbounded for all
	total  int
	hits   greatestFirst
}

func pageOf(q *search.Query, cursor store.Cursor) *page {
	p := &page{cursor: cursor, sorted: len(q.Sort) > 0, room: unbounded}
	if q.Count >= 0 {
		p.room = q.Count + 1
	}
	return p
}

// offer counts a match and keeps it where it belongs on the page.
func (p *page) offer(h hit) {
	p.total++
	p.keep(h)
}

// keep says whether the hit stands after the cursor. In a sorted walk what was
// written after the walk began is passed over: it may have been shown before at
// another place.
func (p *page) keep(h hit) bool {
	if bytes.Compare(h.key, p.cursor.Key) <= 0 || p.cursor.Since != 0 && h.seq > p.cursor.Since {
		return false
	}
	full := p.room != unbounded && len(p.hits) == p.room
	if full && bytes.Compare(h.key, p.hits[0].key) >= 0 {
		return true
	}
	h.id = strings.Clone(h.id)
	if full {
		p.hits[0] = h
		heap.Fix(&p.hits, 0)
	} else {
		heap.Push(&p.hits, h)
	}
	return true
}

// take gives the hits of the page in order, and whether more follow.
func (p *page) take() (hits []hit, more bool) {
	hits = p.hits
	slices.SortFunc(hits, func(a, b hit) int { return bytes.Compare(a.key, b.key) })
	if p.room > 0 && len(hits) == p.room {
		return hits[:p.room-1], p.room > 1
	}
	return hits, false
}

// greatestFirst is a heap with the hit at its top that leaves the page first.
type greatestFirst []hit

func (g greatestFirst) Len() int           { return len(g) }
func (g greatestFirst) Less(i, j int) bool { return bytes.Compare(g[i].key, g[j].key) > 0 }
func (g greatestFirst) Swap(i, j int)      { g[i], g[j] = g[j], g[i] }

// Push adds a hit, for package heap.
func (g *greatestFirst) Push(h any) { *g = append(*g, h.(hit)) }

// Pop is part of heap.Interface and not used.
func (g *greatestFirst) Pop() any {
	last := len(*g) - 1
	h := (*g)[last]
	*g = (*g)[:last]
	return h
}
