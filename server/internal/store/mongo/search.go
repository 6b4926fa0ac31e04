package mongo

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Search gives a page of the matches of a query. See store.Reader.
func (s *Store) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	v, err := s.look(ctx)
	if err != nil {
		return store.Page{}, err
	}
	page, _, err := s.search(ctx, v, see, q)
	return page, err
}

// search searches the store as it is at one moment not before the view's, and
// gives that moment.
//
// What no record since the view's base touched is the same in the collections from
// the first question on until a record does touch it. So it asks, and then looks at
// the log: when nothing that it looked at was touched meanwhile, its answer is of
// one moment. Else it takes what was touched from the log and goes through the
// rest once more as it was found, for which it seldom needs to ask again.
func (s *Store) search(ctx context.Context, v *view, see store.Visibility, q search.Query) (store.Page, *view, error) {
	cursor, err := store.ParseCursor(q.After)
	if err != nil {
		return store.Page{}, nil, err
	}
	h := newHunt(s, v, see, &q)
	if by := h.listedBy(); by != nil {
		page, err := h.list(ctx, by, cursor)
		return page, h.v, err
	}
	for {
		h.asked = 0
		hits, total, err := h.run(ctx, cursor)
		if err != nil {
			return store.Page{}, nil, err
		}
		again := false
		if h.asked > 0 {
			now, err := s.look(ctx)
			if err != nil {
				return store.Page{}, nil, err
			}
			again = h.moveTo(now)
		}
		if !again {
			page, err := h.page(ctx, hits, total, cursor)
			return page, h.v, err
		}
	}
}

// hit is a match that stands after the cursor.
type hit struct {
	order []byte // search.SortKey
	rec   store.Record
}

// page makes the page of the hits.
func (h *hunt) page(ctx context.Context, hits []hit, total int, cursor store.Cursor) (store.Page, error) {
	slices.SortFunc(hits, func(a, b hit) int { return bytes.Compare(a.order, b.order) })
	page := store.Page{Total: total, Plan: h.plan}
	if h.q.Total == search.TotalNone {
		page.Total = -1
	}
	shown := hits
	if h.q.Count >= 0 {
		shown = hits[:min(h.q.Count, len(hits))]
	}
	for _, one := range shown {
		page.Records = append(page.Records, one.rec)
	}
	n, err := h.s.fill(ctx, page.Records)
	page.Records = page.Records[:n]
	if n > 0 && n < len(hits) {
		page.Next = cursor.Next(h.q, h.v.n, hits[n-1].order)
	}
	return page, err
}

// typesOf gives the types that a query looks at: its own and those of its chains.
func typesOf(q *search.Query) iter.Seq[string] {
	return func(yield func(string) bool) { eachType(q, yield) }
}

func eachType(q *search.Query, yield func(string) bool) bool {
	if !yield(q.Type) {
		return false
	}
	for i := range q.Where {
		for j := range q.Where[i].Chain {
			if !eachType(&q.Where[i].Chain[j], yield) {
				return false
			}
		}
	}
	return true
}

// moveTo moves the hunt on to a later moment, if something that it looked at
// was touched before it, and says whether it was.
func (h *hunt) moveTo(now *view) bool {
	records, ok := now.after(h.v.n)
	if !ok {
		*h = *newHunt(h.s, now, h.see, h.q)
		return true
	}
	for _, customer := range h.see.Customers {
		for typ := range typesOf(h.q) {
			what := touchType(customer, typ)
			if slices.ContainsFunc(records, func(r *record) bool { return r.touches(what) }) {
				h.v = h.v.with(records...)
				return true
			}
		}
	}
	return false
}
