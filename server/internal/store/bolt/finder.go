package bolt

import (
	"context"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// finder searches the resources of one customer for one query. It is the
// search.Resolver of that customer: references do not leave it.
type finder struct {
	ctx      context.Context
	v        *view
	see      store.Visibility
	customer string
	wanted   map[string]search.Selection // what the query reads of resources it is not for, by type
	seen     map[uint64]*search.Document // of those, the ones looked at; nil for one not visible
	tried    map[*search.Query]attempt   // what is known of the links of chains
	spare    []uint64                    // room that a walk without an end left
	keys     int                         // keys read in looking for a way
	asked    int                         // resources asked for
	err      error                       // the first fault; it ends the search
}

func newFinder(ctx context.Context, v *view, see store.Visibility, customer string, q *search.Query) *finder {
	f := &finder{ctx: ctx, v: v, see: see, customer: customer}
	for i := range q.Where {
		f.want(&q.Where[i])
	}
	return f
}

// want notes what a clause reads of other resources.
func (f *finder) want(c *search.Clause) {
	for i := range c.Chain {
		q := &c.Chain[i]
		if f.wanted == nil {
			f.wanted = make(map[string]search.Selection)
		}
		s := f.wanted[q.Type]
		if c.Has {
			s.Add(c.Param)
		}
		more := search.Select(*q)
		for j := range s {
			s[j] |= more[j]
		}
		f.wanted[q.Type] = s
		for j := range q.Where {
			f.want(&q.Where[j])
		}
	}
}

// seenLimit bounds the documents kept for one search.
const seenLimit = 20_000

// document gives a resource the query is not for but looks at, by its number;
// nil when it is not visible.
func (f *finder) document(n uint64, typ string) *search.Document {
	if d, ok := f.seen[n]; ok {
		return d
	}
	if f.seen == nil || len(f.seen) >= seenLimit {
		f.seen = make(map[uint64]*search.Document)
	}
	var d *search.Document
	if h, ok, err := f.v.head(n); err != nil {
		f.fail(err)
	} else if ok && f.see.Shows(h.labels) {
		d = new(search.Document)
		selection := f.wanted[typ]
		f.fail(f.v.s.catalog.Decode(d, h.doc, &selection))
	}
	f.seen[n] = d
	return d
}

func (f *finder) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// over says whether the search has ended: by a fault, or since its time is up,
// which is looked at now and then. One match can lead through any number of
// resources; when it is over it meets none any more.
func (f *finder) over() bool {
	if f.asked++; f.asked%256 == 0 && f.ctx.Err() != nil {
		f.fail(store.Late(f.ctx))
	}
	return f.err != nil
}

// Document gives the resource a reference points at. See search.Resolver.
func (f *finder) Document(to search.Ref) (search.Document, bool) {
	if f.over() {
		return search.Document{}, false
	}
	n := f.v.number(store.Key{Customer: f.customer, Type: to.Type, ID: to.ID})
	if n == 0 {
		return search.Document{}, false
	}
	d := f.document(n, to.Type)
	if d == nil {
		return search.Document{}, false
	}
	return *d, true
}

// Referring gives the resources that point at one. See search.Resolver.
func (f *finder) Referring(typ string, by *search.Param, to search.Ref, yield func(search.Document) bool) {
	space, ok := f.v.space(f.customer, typ)
	if !ok || f.over() {
		return
	}
	b := f.v.s.plan.leadOf(typ, by)
	lead := b.lead(nil, &search.Entry{Param: by, Ref: to})
	sc := b.scan(space, nil, [][]byte{lead}, true)
	all := collector{budget: unbounded}
	f.v.run(&sc, &all)
	for _, n := range once(all.numbers) {
		if f.over() {
			return
		}
		if d := f.document(n, typ); d != nil && engine.Refers(d, by, to) && !yield(*d) {
			return
		}
	}
}
