package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"unsafe"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Search gives a page of the matches of a query. See store.Reader.
func (s *Store) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	return snapshot(ctx, s, func(v *view) (store.Page, error) { return v.search(ctx, see, q) })
}

// search walks the candidates of each customer that is visible and keeps what
// belongs on the page.
func (v *view) search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	cursor, err := store.ParseCursor(q.After)
	if err != nil {
		return store.Page{}, err
	}
	w := walk{ctx: ctx, v: v, see: see, q: &q, selection: search.Select(q), page: pageOf(&q, cursor)}
	for i, customer := range see.Customers {
		if slices.Contains(see.Customers[:i], customer) {
			continue
		}
		if err := w.customer(customer); err != nil {
			return store.Page{}, err
		}
	}
	hits, more := w.page.take()
	records, err := v.fetch(ctx, hits, q.Type)
	if err != nil {
		return store.Page{}, err
	}
	if len(records) < len(hits) {
		hits, more = hits[:len(records)], true
	}
	page := store.Page{Records: records, Total: w.page.total, Plan: w.plan}
	if q.Total == search.TotalNone {
		page.Total = -1
	}
	if more {
		page.Next = cursor.Next(&q, uint64(v.btx.ID()), hits[len(hits)-1].key)
	}
	return page, nil
}

// walk is one search at work.
type walk struct {
	ctx       context.Context
	v         *view
	see       store.Visibility
	q         *search.Query
	selection search.Selection // what the query reads of a candidate
	page      *page
	doc       search.Document // the candidate at hand; its room is used again
	looked    int             // candidates looked into
	plan      []string        // of the customers so far, when the query asks
}

// customer walks one customer's candidates.
func (w *walk) customer(customer string) error {
	if len(w.q.Where) == 0 && len(w.q.Sort) == 0 && w.see.Labels == nil {
		if w.q.Explain {
			w.plan = append(w.plan, "Every "+w.q.Type+" is counted and read by id; none is looked into.")
		}
		return w.everything(customer)
	}
	f := newFinder(w.ctx, w.v, w.see, customer, w.q)
	if done, err := w.sorted(f); done {
		return err
	}
	t, ok := f.trail(w.q, unbounded)
	if !ok {
		t.scan = f.whole(w.q.Type)
		t.by = -1
	}
	looked, matched := w.looked, w.page.total
	var err error
	if where, proven := w.open(t.scan); proven {
		err = w.byKeys(f, &t, where)
	} else {
		if !ok {
			t.numbers, t.scan = w.v.all(customer, w.q.Type), nil
		}
		err = w.match(f, once(t.numbers))
	}
	if w.q.Explain {
		w.explain(f, &t, ok, w.looked-looked, w.page.total-matched)
	}
	return err
}

// match looks into resources, each once.
func (w *walk) match(f *finder, numbers []uint64) error {
	for i, n := range numbers {
		if i%256 == 0 && w.ctx.Err() != nil {
			return store.Late(w.ctx)
		}
		if err := w.candidate(f, n); err != nil {
			return err
		}
	}
	return f.err
}

// candidate matches one resource and offers it to the page.
func (w *walk) candidate(f *finder, n uint64) error {
	w.looked++
	h, ok, err := w.v.head(n)
	if !ok || !w.see.Shows(h.labels) {
		return err
	}
	if err := w.v.s.catalog.Decode(&w.doc, h.doc, &w.selection); err != nil {
		return err
	}
	if w.doc.Type != w.q.Type || !search.Match(*w.q, w.doc, f) {
		return nil
	}
	w.page.offer(hit{key: w.page.sortKey(w.q, &w.doc, f.customer), id: w.doc.ID, n: n, seq: h.seq, at: search.NoStart, customer: f.customer})
	return nil
}

// everything offers the resources of a type from the cursor on, by id, without
// looking into them. How many there are is counted already.
func (w *walk) everything(customer string) error {
	w.page.total += int(w.v.count(customer, w.q.Type))
	prefix := append(pairKey(customer, w.q.Type), 0)
	from, _, _ := bytes.Cut(w.page.cursor.Key, []byte{0, 0}) // the id: see search.SortKey
	c := w.v.in(ids).Cursor()
	room := w.page.room
	for key, value := c.Seek(append(prefix[:len(prefix):len(prefix)], from...)); room != 0 && bytes.HasPrefix(key, prefix); key, value = c.Next() {
		if w.v.get(heads, value) == nil {
			continue // it was deleted
		}
		id := unsafe.String(&key[len(prefix)], len(key)-len(prefix))
		order := w.page.sortKey(w.q, &search.Document{Ref: search.Ref{ID: id}}, customer)
		if w.page.keep(hit{key: order, id: id, n: binary.BigEndian.Uint64(value), customer: customer}) {
			room--
		}
	}
	return nil
}

// fetch reads the hits of a page, as many as it holds.
func (v *view) fetch(ctx context.Context, hits []hit, typ string) ([]store.Record, error) {
	records := make([]store.Record, len(hits))
	for i, h := range hits {
		b, version, err := v.current(h.n)
		if err != nil {
			return nil, err
		}
		records[i] = b.record(store.Key{Customer: h.customer, Type: typ, ID: h.id}, version)
	}
	kept, err := v.Keep(ctx, records)
	return records[:kept], err
}
