package mongo

import (
	"context"
	"slices"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// batch is how many resources one question names.
const batch = 500

// resolver finds other resources for the chains of a search, within one customer:
// references do not leave it.
type resolver struct {
	h        *hunt
	ctx      context.Context
	customer string
	asked    int   // resources asked for
	err      error // the first fault; it ends the search
}

// Document gives the resource a reference points at. See search.Resolver.
func (r *resolver) Document(to search.Ref) (search.Document, bool) {
	k := store.Key{Customer: r.customer, Type: to.Type, ID: to.ID}
	if r.over() {
		return search.Document{}, false
	}
	r.fail(r.fetch([]store.Key{k}))
	if d := r.document(k); d != nil {
		return *d, true
	}
	return search.Document{}, false
}

// Referring gives the resources that point at one. See search.Resolver.
func (r *resolver) Referring(typ string, by *search.Param, to search.Ref, yield func(search.Document) bool) {
	if r.over() {
		return
	}
	r.fail(r.fetchReferring(typ, by, []search.Ref{to}))
	for _, d := range r.sources(typ, by, to) {
		if r.over() || !yield(*d) {
			return
		}
	}
}

func (r *resolver) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// over says whether the search has ended: by a fault, or since its time is up,
// which is looked at now and then. One match can lead through any number of
// resources; when it is over it meets none any more.
func (r *resolver) over() bool {
	if r.asked++; r.asked%256 == 0 && r.ctx.Err() != nil {
		r.fail(store.Late(r.ctx))
	}
	return r.err != nil
}

// document gives a resource that was fetched; nil for none that is visible.
func (r *resolver) document(k store.Key) *search.Document {
	c := r.h.documents[k]
	if v := r.h.v.head(k); v != nil {
		c = r.h.written(v)
	}
	if c == nil || !r.h.see.Shows(c.labels) {
		return nil
	}
	return c.doc
}

// sources gives the resources of a type that were fetched and point at one.
func (r *resolver) sources(typ string, by *search.Param, to search.Ref) []*search.Document {
	keys := slices.Clone(r.h.referring[r.referringName(typ, by, to)])
	for k := range r.h.v.heads {
		if k.Customer == r.customer && k.Type == typ {
			keys = append(keys, k)
		}
	}
	var out []*search.Document
	met := make(map[store.Key]bool)
	for _, k := range keys {
		if met[k] {
			continue
		}
		met[k] = true
		if d := r.document(k); d != nil && engine.Refers(d, by, to) {
			out = append(out, d)
		}
	}
	return out
}

func (r *resolver) referringName(typ string, by *search.Param, to search.Ref) string {
	return scopeName(r.customer, typ) + " " + refTerm(by, to.ID)
}
