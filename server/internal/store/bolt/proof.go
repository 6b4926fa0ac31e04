package bolt

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// A key with a status and a date is a small document: whether a resource meets
// the clauses on these two, and where it stands in an order by date, can be told
// from it, and its value is the id. A search that asks for no more is answered
// from the keys alone: a match costs a key, and only the bodies of the page are
// read. Odd resources have no value there and are looked into.

// whole gives the walk over the row that every resource of the type has a key of;
// nil when there is none.
func (f *finder) whole(typ string) *scan {
	space, ok := f.v.space(f.customer, typ)
	rows := f.v.s.plan.of(typ)
	for i := range rows {
		if b := &rows[i]; ok && b.leads == nil {
			return &scan{begin: beginKey(space, b.tag), leads: [][]byte{nil}, row: b, clause: -1, led: -1}
		}
	}
	return nil
}

// open gives the clauses that are to be asked of each key of a walk. ok is false
// when its keys do not say all that the query asks.
func (w *walk) open(sc *scan) (where []search.Clause, ok bool) {
	if sc == nil || sc.row.status == nil || w.see.Labels != nil || len(w.q.Sort) > 1 {
		return nil, false
	}
	if len(w.q.Sort) == 1 && w.q.Sort[0].Param != sc.row.date {
		return nil, false
	}
	for i := range w.q.Where {
		if i == sc.clause {
			continue
		}
		if !sc.row.tells(&w.q.Where[i]) {
			return nil, false
		}
		where = append(where, w.q.Where[i])
	}
	return where, true
}

// tells says whether a key of the row tells if its resource meets a clause.
func (b *bound) tells(c *search.Clause) bool {
	switch {
	case c.Has || c.Chain != nil:
		return false
	case c.Modifier == search.ModMissing || c.Param == b.date && c.Modifier == search.ModNone:
		return c.Param == b.status || c.Param == b.date
	case c.Param != b.status || c.Modifier != search.ModNone && c.Modifier != search.ModNot:
		return false
	}
	return !slices.ContainsFunc(c.Any, func(t search.Test) bool { return t.HasSystem })
}

// byKeys takes the matches from the keys of a walk.
func (w *walk) byKeys(f *finder, t *trail, where []search.Clause) error {
	r := w.reader(f, t.scan, where)
	r.apart = once(t.apart)
	r.after, _, _ = bytes.Cut(w.page.cursor.Key, []byte{0, 0}) // the id: see search.SortKey
	if len(t.scan.leads) > 1 {
		r.seen = make(map[uint64]bool)
	}
	w.v.run(t.scan, &collector{each: r.take, budget: unbounded})
	f.keys += r.keys
	if r.err != nil {
		return r.err
	}
	return w.match(f, once(append(r.odd, r.apart...)))
}

// reader gives a reader of the keys of a walk.
func (w *walk) reader(f *finder, sc *scan, where []search.Clause) *keyReader {
	r := &keyReader{w: w, f: f, q: search.Query{Type: w.q.Type, Where: where}}
	r.entries = [2]search.Entry{{Param: sc.row.status}, {Param: sc.row.date}}
	return r
}

// keyReader reads matches off keys.
type keyReader struct {
	w       *walk
	f       *finder
	q       search.Query    // what is to be asked of each key
	apart   []uint64        // resources that are looked into anyhow
	seen    map[uint64]bool // where one may have several keys
	entries [2]search.Entry // a status and a date
	after   []byte          // the id of the cursor of an unsorted search
	odd     []uint64
	keys    int
	kept    int // matches that stand after the cursor
	err     error
}

// take reads one key. It returns false after a fault.
func (r *keyReader) take(key, value []byte) bool {
	if r.keys++; r.keys%4096 == 0 && r.w.ctx.Err() != nil {
		r.err = store.Late(r.w.ctx)
		return false
	}
	n := lastNumber(key)
	if len(value) == 0 {
		r.odd = append(r.odd, n)
		return true
	}
	if _, apart := slices.BinarySearch(r.apart, n); apart || r.seen[n] {
		return true
	}
	d := r.document(key)
	if len(r.q.Where) > 0 && !search.Match(r.q, d, nil) {
		return true
	}
	if r.seen != nil {
		r.seen[n] = true
	}
	r.w.page.total++
	d.ID = unsafe.String(unsafe.SliceData(value), len(value))
	r.offer(n, d)
	return r.err == nil
}

// document gives what a key says of its resource.
func (r *keyReader) document(key []byte) search.Document {
	key = key[:len(key)-8]
	at := int64(binary.BigEndian.Uint64(key[len(key)-8:]) ^ 1<<63)
	key = key[5 : len(key)-9] // a lead and its end, if any, and the status
	status := key[bytes.LastIndexByte(key, 0)+1:]
	if r.entries[0].Code != string(status) {
		r.entries[0].Code = string(status)
	}
	r.entries[1].Lo, r.entries[1].Hi = at, at+1
	from, to := 0, 2
	if len(status) == 0 {
		from = 1
	}
	if at == search.NoStart {
		to = 1
	}
	return search.Document{Ref: search.Ref{Type: r.q.Type}, Entries: r.entries[from:max(from, to)]}
}

// offer keeps a match if it is of the page. Most are not, which is told without
// making their sort key.
func (r *keyReader) offer(n uint64, d search.Document) {
	w, p := r.w, r.w.page
	h := hit{id: d.ID, n: n, at: r.entries[1].Lo, customer: r.f.customer}
	if p.beyond(w.q, &h) {
		r.kept++
		return
	}
	if len(w.q.Sort) == 0 && d.ID < unsafe.String(unsafe.SliceData(r.after), len(r.after)) {
		return
	}
	h.key = p.sortKey(w.q, &d, h.customer)
	if p.cursor.Since != 0 && bytes.Compare(h.key, p.cursor.Key) > 0 {
		head, _, err := w.v.head(n)
		if err != nil {
			r.err = err
			return
		}
		h.seq = head.seq
	}
	if p.keep(h) {
		r.kept++
	}
}
