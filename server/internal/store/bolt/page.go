package bolt

import (
	"bytes"
	"slices"
	"unsafe"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// hit is a match.
type hit struct {
	key      []byte // search.SortKey
	id       string // until it is kept, part of the snapshot
	n, seq   uint64
	at       int64 // what a walk over keys sorts by
	customer string
}

// page keeps the hits of one page of a walk: the first after the cursor, and one
// more that tells whether another page follows.
type page struct {
	cursor store.Cursor
	room   int // hits kept; unbounded for all
	total  int
	hits   []hit // at most twice as many: then the later half goes
	last   *hit  // the last of those that stay, once there were enough

	text []byte // room for the keys and ids of hits
}

// textRoom is how much room for keys and ids is made at a time.
const textRoom = 1 << 10

// sortKey makes the search.SortKey of a match.
func (p *page) sortKey(q *search.Query, d *search.Document, customer string) []byte {
	if cap(p.text)-len(p.text) < textRoom/4 {
		p.text = make([]byte, 0, textRoom) // the old room stays while a hit is in it
	}
	from := len(p.text)
	p.text = search.AppendSortKey(p.text, q, d, customer)
	return p.text[from:len(p.text):len(p.text)]
}

// own gives a text that does not end with the snapshot.
func (p *page) own(text string) string {
	from := len(p.text)
	p.text = append(p.text, text...)
	return unsafe.String(unsafe.SliceData(p.text[from:]), len(text))
}

func pageOf(q *search.Query, cursor store.Cursor) *page {
	p := &page{cursor: cursor, room: unbounded}
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
	if !p.cursor.Shows(h.key, h.seq) {
		return false
	}
	if p.last != nil && bytes.Compare(h.key, p.last.key) >= 0 {
		return true // it is of a later page
	}
	h.id = p.own(h.id)
	p.hits = append(p.hits, h)
	if p.room != unbounded && len(p.hits) == 2*p.room {
		p.sort()
		p.hits = p.hits[:p.room]
		last := p.hits[p.room-1]
		p.last = &last
	}
	return true
}

func (p *page) sort() {
	slices.SortFunc(p.hits, func(a, b hit) int { return bytes.Compare(a.key, b.key) })
}

// take gives the hits of the page in order, and whether more follow.
func (p *page) take() (hits []hit, more bool) {
	p.sort()
	if p.room != unbounded && len(p.hits) >= p.room {
		return p.hits[:p.room-1], p.room > 1
	}
	return p.hits, false
}

// beyond says of a hit of a walk over keys that it is surely of a later page.
func (p *page) beyond(q *search.Query, h *hit) bool {
	switch {
	case p.last == nil:
		return false
	case len(q.Sort) == 0:
		return h.id > p.last.id
	case h.at == search.NoStart || p.last.at == search.NoStart:
		return false // what has no date stands last, whatever the direction
	case q.Sort[0].Desc:
		return h.at < p.last.at
	}
	return h.at > p.last.at
}
