package search

// Match says whether a resource meets a query: all clauses of Where hold. It is
// the meaning of search. Others gives the resources that chains and _has look
// at; it may be nil for a query that has none.
func Match(q Query, d Document, others Resolver) bool {
	m := matcher{others: others}
	return m.all(q.Where, &d, &d)
}

// matcher matches one resource. On a chain of several links it remembers what it
// found out about others, so that a chain there and back again costs no more
// than the resources on it.
type matcher struct {
	others Resolver
	known  map[question]bool
}

// question is whether a resource of ours meets a query of a chain.
type question struct {
	query    *Query
	resource Ref
}

// along gives the matcher for the links of a clause.
func (m matcher) along(c *Clause) matcher {
	if m.known == nil && c.goesOn() {
		m.known = make(map[question]bool)
	}
	return m
}

// goesOn says whether a chain has more links than one.
func (c *Clause) goesOn() bool {
	for i := range c.Chain {
		for j := range c.Chain[i].Where {
			if c.Chain[i].Where[j].Chain != nil {
				return true
			}
		}
	}
	return false
}

// other says whether another resource meets a query of a chain.
func (m matcher) other(q *Query, d *Document) bool {
	if m.known == nil {
		return m.all(q.Where, d, d)
	}
	about := question{q, d.Ref}
	found, ok := m.known[about]
	if !ok {
		found = m.all(q.Where, d, d)
		m.known[about] = found
	}
	return found
}

// all says whether every clause holds for a document. Root is the document that
// holds the contained resources a reference may name: itself, or the one that
// contains it.
func (m matcher) all(where []Clause, d, root *Document) bool {
	for i := range where {
		if !m.clause(&where[i], d, root) {
			return false
		}
	}
	return true
}

func (m matcher) clause(c *Clause, d, root *Document) bool {
	switch {
	case c.Has:
		return m.along(c).has(c, d, root)
	case c.Chain != nil:
		return m.along(c).chain(c, d, root)
	case c.Modifier == ModMissing:
		return !present(c.Param, d) == c.Any[0].Missing
	case c.Modifier == ModNot:
		return !anyEntry(c, d)
	}
	return anyEntry(c, d)
}

// present says whether the document has a value of the parameter.
func present(p *Param, d *Document) bool {
	for i := range d.Entries {
		if d.Entries[i].Param == p {
			return true
		}
	}
	return false
}

// anyEntry says whether any value of the parameter meets any of the tests.
func anyEntry(c *Clause, d *Document) bool {
	for i := range d.Entries {
		e := &d.Entries[i]
		if e.Param != c.Param {
			continue
		}
		for t := range c.Any {
			if c.meets(&c.Any[t], e) {
				return true
			}
		}
	}
	return false
}

// meets says whether a value meets one test of the clause.
func (c *Clause) meets(t *Test, e *Entry) bool {
	switch c.Param.Kind {
	case Token:
		return matchToken(c.Modifier, t, e)
	case Date:
		return matchDate(c.Param, t, e)
	case Reference:
		return matchReference(c.Modifier, t, e)
	case String:
		return matchString(c.Modifier, t, e)
	case URI:
		return matchURI(t, e)
	case Special:
		return matchNear(t, e)
	}
	return false
}

// chain says whether a reference leads to a resource that meets the rest.
func (m matcher) chain(c *Clause, d, root *Document) bool {
	for i := range d.Entries {
		e := &d.Entries[i]
		if e.Param != c.Param {
			continue
		}
		if e.Fragment != "" {
			if m.contained(c, e.Fragment, root) {
				return true
			}
			continue
		}
		if e.Ref.ID == "" || m.others == nil {
			continue
		}
		if q := c.through(e.Ref.Type); q != nil {
			if target, ok := m.others.Document(e.Ref); ok && m.other(q, &target) {
				return true
			}
		}
	}
	return false
}

func (m matcher) contained(c *Clause, id string, root *Document) bool {
	for i := range root.Contained {
		target := &root.Contained[i]
		if target.ID != id {
			continue
		}
		if q := c.through(target.Type); q != nil && m.all(q.Where, target, root) {
			return true
		}
	}
	return false
}

// through gives the query that resources of a type must meet in a chain.
func (c *Clause) through(typ string) *Query {
	for i := range c.Chain {
		if c.Chain[i].Type == typ {
			return &c.Chain[i]
		}
	}
	return nil
}

// has says whether a resource that refers to this one meets the rest. Nothing
// refers to a contained resource but what contains it.
func (m matcher) has(c *Clause, d, root *Document) bool {
	if d != root || m.others == nil {
		return false
	}
	found := false
	q := &c.Chain[0]
	m.others.Referring(q.Type, c.Param, d.Ref, func(source Document) bool {
		found = m.other(q, &source)
		return !found
	})
	return found
}
