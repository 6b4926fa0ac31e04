package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/fhir/search"
	"slotway/server/internal/store/engine"
)

// targetLimit is how many resources a chain may lead to for it to narrow a search.
// One that leads to more is checked instead, candidate by candidate.
const targetLimit = 1000

// errMany says that there are more candidates than a caller can use.
var errMany = errors.New("more candidates than can be used")

// narrowing is what index fields can say of a query.
type narrowing struct {
	ids    []string      // the ids sought; nil: any
	terms  [][]string    // of each, one term at least
	begin  string        // how some term begins; empty: anyhow
	states []string      // the statuses sought; nil: any
	spans  []search.Span // where its instant lies; nil: anywhere
	by     []string      // where the query asks: the clauses that say so, without their values
}

// note notes which clause says something, for a query that asks.
func (n *narrowing) note(q *search.Query, c *search.Clause) {
	if q.Explain {
		n.by = append(n.by, c.String())
	}
}

// filters compiles a query of one customer's resources: what any of the filters
// lets through are its candidates. A filter may let through too much, never too
// little: candidates are always matched.
func (h *hunt) filters(ctx context.Context, customer string, q *search.Query) ([]bson.D, error) {
	n := h.s.narrowing(q)
	if n.ids == nil && len(n.terms) == 0 && n.begin == "" {
		if err := h.narrowByChains(ctx, customer, q, &n); err != nil {
			return nil, err
		}
	}
	filters := n.filters(scopeName(customer, q.Type))
	if q.Explain {
		h.narrowed, h.looked = strings.Join(n.by, ", "), 0
		h.filtered = len(filters)
	}
	return filters, nil
}

// narrowing reads the clauses that index fields answer.
func (s *Store) narrowing(q *search.Query) narrowing {
	var n narrowing
	status, date := engine.TimedOf(q.Type).Params(s.o.Catalog)
	for i := range q.Where {
		c := &q.Where[i]
		if c.Has || c.Chain != nil || len(c.Any) == 0 || c.Param == status {
			continue
		}
		if c.Param.Name == "_id" && c.Modifier == search.ModNone {
			n.ids = idsOf(c)
			n.note(q, c)
		} else if terms := soughtTerms(c); terms != nil {
			n.terms = append(n.terms, terms)
			n.note(q, c)
		} else if isIdentifier(c.Param) && c.Modifier == search.ModNone && len(c.Any) == 1 && c.Any[0].AnyCode {
			n.begin = systemTerm(c.Param, c.Any[0].System) + "="
			n.note(q, c)
		}
	}
	if status != nil {
		if n.spans = search.SpansOf(q.Where, date); n.spans != nil {
			n.note(q, &search.Clause{Param: date})
		}
		for _, state := range engine.StatesOf(q.Where, status) {
			n.states = append(n.states, stateTerm(state))
		}
		if n.states != nil {
			n.note(q, &search.Clause{Param: status})
		}
	}
	return n
}

func idsOf(c *search.Clause) []string {
	ids := []string{}
	for i := range c.Any {
		ids = append(ids, c.Any[i].Code)
	}
	return ids
}

// soughtTerms gives terms of which every resource that meets the clause has one;
// nil when it has none of its own.
func soughtTerms(c *search.Clause) []string {
	var terms []string
	for i := range c.Any {
		term, ok := soughtTerm(c, &c.Any[i])
		if !ok {
			return nil
		}
		terms = append(terms, term)
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

func soughtTerm(c *search.Clause, t *search.Test) (term string, ok bool) {
	m := c.Modifier
	switch {
	case isIdentifier(c.Param) && (m == search.ModNone || m == search.ModOfType) && t.Code != "":
		if t.HasSystem {
			return systemTerm(c.Param, t.System) + codeTerm(t.Code), true
		}
		return tokenTerm(c.Param, t.Code), true
	case c.Param.Kind == search.Reference && (m == search.ModNone || m == search.ModType) && t.URL != "":
		return refTerm(c.Param, t.URL), true
	case c.Param.Kind == search.Reference && (m == search.ModNone || m == search.ModType) && t.Ref.ID != "":
		return refTerm(c.Param, t.Ref.ID), true
	case isName(c.Param) && m == search.ModNone && t.Folded != "":
		return nameTerm(c.Param, t.Folded)
	}
	return "", false
}

// filters gives the filters on the index fields: one for resources whose status and
// instant have fields, and where it uses those one for the others.
func (n *narrowing) filters(scope string) []bson.D {
	filter := bson.D{{Key: fieldScope, Value: scope}}
	if n.ids != nil {
		filter = append(filter, bson.E{Key: fieldID, Value: among(n.ids)})
	}
	if n.begin != "" && len(n.terms) == 0 {
		within := bson.D{{Key: "$gte", Value: n.begin}, {Key: "$lt", Value: n.begin[:len(n.begin)-1] + ">"}}
		filter = append(filter, bson.E{Key: fieldTerms, Value: bson.D{{Key: "$elemMatch", Value: within}}})
	}
	var more bson.A
	for i, terms := range n.terms {
		if i == 0 {
			filter = append(filter, bson.E{Key: fieldTerms, Value: among(terms)})
		} else {
			more = append(more, bson.D{{Key: fieldTerms, Value: among(terms)}})
		}
	}
	if more != nil {
		filter = append(filter, bson.E{Key: "$and", Value: more})
	}
	if n.states == nil && n.spans == nil {
		return []bson.D{filter}
	}
	odd := append(slices.Clip(filter), bson.E{Key: fieldOdd, Value: true})
	if n.spans != nil && len(n.spans) == 0 {
		return []bson.D{odd}
	}
	if n.spans != nil { // from the first to the last
		filter = append(slices.Clip(filter), bson.E{Key: fieldAt, Value: bson.D{
			{Key: "$gte", Value: n.spans[0].From}, {Key: "$lte", Value: n.spans[len(n.spans)-1].To},
		}})
	}
	if n.states != nil {
		filter = append(slices.Clip(filter), bson.E{Key: fieldState, Value: among(n.states)})
	}
	return []bson.D{filter, odd}
}

// among gives the condition that a field is one of some texts.
func among(texts []string) any {
	if len(texts) == 1 {
		return texts[0]
	}
	return bson.D{{Key: "$in", Value: texts}}
}
