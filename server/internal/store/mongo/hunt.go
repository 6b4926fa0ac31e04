package mongo

import (
	"context"
	"fmt"
	"slices"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// hunt is one search at work. It keeps what it was told by the collections, so
// that it can go through it again when a record touched some of it meanwhile.
type hunt struct {
	s     *Store
	v     *view // its moment; the base stays
	see   store.Visibility
	q     *search.Query
	asked int // questions since the last look at the log
	plan  []string
	// Of the customer at hand, where the query asks: the clauses that narrow, the
	// questions they make, and the candidates looked into.
	narrowed         string
	filtered, looked int

	answers   map[string][]*candidate  // by filter
	documents map[store.Key]*candidate // those chains lead to; nil for none
	referring map[string][]store.Key   // by referringName
}

// candidate is the newest version of a resource, as a search reads it.
type candidate struct {
	key     store.Key
	version int64
	seq     uint64
	labels  []string
	doc     *search.Document
}

func newHunt(s *Store, v *view, see store.Visibility, q *search.Query) *hunt {
	return &hunt{
		s: s, v: v, see: see, q: q,
		answers:   make(map[string][]*candidate),
		documents: make(map[store.Key]*candidate),
		referring: make(map[string][]store.Key),
	}
}

// run matches the candidates of each customer that is visible. It gives the hits
// that stand after the cursor, and how many matches there are. In a sorted walk
// what was written after the walk began is passed over: it may have been shown
// before at another place.
func (h *hunt) run(ctx context.Context, cursor store.Cursor) (hits []hit, total int, err error) {
	h.plan = nil
	for i, customer := range h.see.Customers {
		if slices.Contains(h.see.Customers[:i], customer) {
			continue
		}
		found, err := h.matches(ctx, customer, h.q, 0)
		if err != nil {
			return nil, 0, err
		}
		total += len(found)
		if h.q.Explain {
			h.explain(len(found))
		}
		for _, c := range found {
			order := search.SortKey(*h.q, *c.doc, customer)
			if !cursor.Shows(order, c.seq) {
				continue
			}
			rec := store.Record{Key: c.key, Version: c.version}
			if v := h.v.head(c.key); v != nil {
				rec = v.next.Record
			}
			hits = append(hits, hit{order, rec})
		}
	}
	return hits, total, nil
}

// explain adds to the plan how one customer's resources were searched. It names
// parameters and counts, and shows no value of anything.
func (h *hunt) explain(matched int) {
	by := "No index narrows the search: every " + h.q.Type + " is a candidate"
	if h.narrowed != "" {
		by = "Narrowed by " + h.narrowed
	}
	h.plan = append(h.plan, fmt.Sprintf("%s; %d filters on index fields, %d candidates looked into, %d matched.", by, h.filtered, h.looked, matched))
}

// matches gives the resources of a customer that meet a query. With a limit, errMany
// when there are more candidates than that.
func (h *hunt) matches(ctx context.Context, customer string, q *search.Query, limit int) ([]*candidate, error) {
	found, err := h.candidates(ctx, customer, q, limit)
	if err != nil {
		return nil, err
	}
	r := &resolver{h: h, ctx: ctx, customer: customer}
	if q == h.q {
		h.looked = len(found)
	}
	docs := make([]*search.Document, len(found))
	for i, c := range found {
		docs[i] = c.doc
	}
	if err := r.prepare(q.Where, docs); err != nil {
		return nil, err
	}
	out := found[:0]
	for i, c := range found {
		if i%256 == 0 && ctx.Err() != nil {
			return nil, store.Late(ctx)
		}
		if search.Match(*q, *c.doc, r) {
			out = append(out, c)
		}
	}
	return out, r.err
}

// candidates gives visible resources of a customer that every match of a query is
// among. With a limit, errMany when there are more.
func (h *hunt) candidates(ctx context.Context, customer string, q *search.Query, limit int) ([]*candidate, error) {
	filters, err := h.filters(ctx, customer, q)
	if err != nil {
		return nil, err
	}
	var out []*candidate
	for _, filter := range filters {
		answer, err := h.ask(ctx, filter, limit)
		if err != nil {
			return nil, err
		}
		for _, c := range answer {
			if h.v.head(c.key) == nil && h.see.Shows(c.labels) {
				out = append(out, c)
			}
		}
	}
	for k, all := range h.v.heads {
		if k.Customer == customer && k.Type == q.Type {
			if c := h.written(all[len(all)-1]); c != nil {
				out = append(out, c)
			}
		}
	}
	if limit > 0 && len(out) > limit {
		return nil, errMany
	}
	return out, nil
}

// written gives a version of the view as a candidate; nil when it is a deletion or
// not visible.
func (h *hunt) written(v *version) *candidate {
	if v.next.Record.Deleted || !h.see.Shows(v.next.Labels) {
		return nil
	}
	return &candidate{v.key(), v.next.Record.Version, v.seq, v.next.Labels, &v.next.Document}
}
