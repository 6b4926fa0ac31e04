package mongo

import (
	"context"
	"slices"

	"slotway/fhir/search"
)

// narrowByChains adds what the chains of a query lead to.
func (h *hunt) narrowByChains(ctx context.Context, customer string, q *search.Query, n *narrowing) error {
	for i := range q.Where {
		c := &q.Where[i]
		if c.Chain == nil {
			continue
		}
		var err error
		if c.Has {
			err = h.narrowByHas(ctx, customer, q, c, n)
		} else {
			err = h.narrowByChain(ctx, customer, c, n)
		}
		if err != nil && err != errMany {
			return err
		}
		if err == nil {
			n.note(q, c)
		}
	}
	return nil
}

// narrowByChain looks for the resources a chain leads to: what meets the clause
// refers to one of them, or contains one that may meet the rest.
func (h *hunt) narrowByChain(ctx context.Context, customer string, c *search.Clause, n *narrowing) error {
	terms := []string{}
	for i := range c.Chain {
		q := &c.Chain[i]
		found, err := h.matches(ctx, customer, q, targetLimit)
		if err != nil {
			return err
		}
		for _, t := range found {
			terms = append(terms, refTerm(c.Param, t.key.ID))
		}
		terms = append(terms, containers(q)...)
	}
	slices.Sort(terms)
	n.terms = append(n.terms, slices.Compact(terms))
	return nil
}

// containers gives terms of which every resource that contains one which meets the
// query has one.
func containers(q *search.Query) []string {
	for i := range q.Where {
		c := &q.Where[i]
		if c.Has || c.Chain != nil || len(c.Any) == 0 {
			continue
		}
		if terms := soughtTerms(c); terms != nil {
			for j := range terms {
				terms[j] = containing(q.Type) + ":" + terms[j]
			}
			return terms
		}
	}
	return []string{containing(q.Type)}
}

// narrowByHas looks for the resources that meet the rest of a _has: what they
// refer to is what meets the clause.
func (h *hunt) narrowByHas(ctx context.Context, customer string, q *search.Query, c *search.Clause, n *narrowing) error {
	found, err := h.matches(ctx, customer, &c.Chain[0], targetLimit)
	if err != nil {
		return err
	}
	ids := []string{}
	for _, source := range found {
		for i := range source.doc.Entries {
			if e := &source.doc.Entries[i]; e.Param == c.Param && e.Ref.Type == q.Type && e.Ref.ID != "" {
				ids = append(ids, e.Ref.ID)
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if n.ids != nil {
		ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(n.ids, id) })
	}
	n.ids = ids
	return nil
}
