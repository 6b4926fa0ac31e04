package mongo

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// prepare fetches what matching documents will look at, level by level, so that a
// chain costs a question for each of its links and not for each resource on it.
func (r *resolver) prepare(where []search.Clause, docs []*search.Document) error {
	for i := range where {
		c := &where[i]
		var err error
		switch {
		case c.Chain == nil || len(docs) == 0:
		case c.Has:
			err = r.prepareHas(c, docs)
		default:
			err = r.prepareChain(c, docs)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) prepareHas(c *search.Clause, docs []*search.Document) error {
	q := &c.Chain[0]
	var refs []search.Ref
	for _, d := range docs {
		refs = append(refs, d.Ref)
	}
	if err := r.fetchReferring(q.Type, c.Param, refs); err != nil || !goesOn(q) {
		return err
	}
	var next []*search.Document
	for _, to := range refs {
		next = append(next, r.sources(q.Type, c.Param, to)...)
	}
	return r.prepare(q.Where, next)
}

func (r *resolver) prepareChain(c *search.Clause, docs []*search.Document) error {
	for i := range c.Chain {
		q := &c.Chain[i]
		var keys []store.Key
		var next []*search.Document
		for _, d := range docs {
			for j := range d.Entries {
				if e := &d.Entries[j]; e.Param == c.Param && e.Ref.ID != "" && e.Ref.Type == q.Type {
					keys = append(keys, store.Key{Customer: r.customer, Type: e.Ref.Type, ID: e.Ref.ID})
				}
			}
			for j := range d.Contained {
				if d.Contained[j].Type == q.Type {
					next = append(next, &d.Contained[j])
				}
			}
		}
		if err := r.fetch(keys); err != nil {
			return err
		}
		if !goesOn(q) {
			continue
		}
		for _, k := range keys {
			if d := r.document(k); d != nil {
				next = append(next, d)
			}
		}
		if err := r.prepare(q.Where, next); err != nil {
			return err
		}
	}
	return nil
}

// goesOn says whether the query of a link has links of its own.
func goesOn(q *search.Query) bool {
	return slices.ContainsFunc(q.Where, func(c search.Clause) bool { return c.Chain != nil })
}

// fetch reads the newest versions of resources that were not read before.
func (r *resolver) fetch(keys []store.Key) error {
	var wanted []store.Key
	for _, k := range keys {
		if _, known := r.h.documents[k]; !known && r.h.v.head(k) == nil {
			r.h.documents[k] = nil
			wanted = append(wanted, k)
		}
	}
	for some := range slices.Chunk(wanted, batch) {
		var names []string
		for _, k := range some {
			names = append(names, keyName(k))
		}
		filter := bson.D{{Key: "key", Value: bson.D{{Key: "$in", Value: names}}}, {Key: fieldScope, Value: bson.D{{Key: "$exists", Value: true}}}}
		if _, err := r.remember(filter); err != nil {
			return err
		}
	}
	return nil
}

// remember asks for versions and keeps them as documents of chains.
func (r *resolver) remember(filter bson.D) ([]*candidate, error) {
	found, err := r.h.ask(r.ctx, filter, 0)
	for _, c := range found {
		r.h.documents[c.key] = c
	}
	return found, err
}

// fetchReferring reads the resources of a type that point at some, where that was
// not done before.
func (r *resolver) fetchReferring(typ string, by *search.Param, refs []search.Ref) error {
	var terms []string
	for _, to := range refs {
		name := r.referringName(typ, by, to)
		if _, known := r.h.referring[name]; !known {
			r.h.referring[name] = nil
			terms = append(terms, refTerm(by, to.ID))
		}
	}
	slices.Sort(terms)
	for some := range slices.Chunk(slices.Compact(terms), batch) {
		found, err := r.remember(bson.D{{Key: fieldScope, Value: scopeName(r.customer, typ)}, {Key: fieldTerms, Value: bson.D{{Key: "$in", Value: some}}}})
		if err != nil {
			return err
		}
		for _, c := range found {
			for i := range c.doc.Entries {
				if e := &c.doc.Entries[i]; e.Param == by && e.Ref.ID != "" {
					name := r.referringName(typ, by, e.Ref)
					r.h.referring[name] = append(r.h.referring[name], c.key)
				}
			}
		}
	}
	return nil
}
