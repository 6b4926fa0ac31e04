package bolt

import (
	"slices"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Candidates are found by trying every way the plan offers with a small budget of
// keys, then with larger ones: the first way that comes to its end is, within a
// factor, the narrowest. Nothing need be known of how many keys a value has.
var budgets = [...]int{8, 64, 512, 4096, 32768, unbounded}

const unbounded = -1

// candidates gives the numbers of resources, in order, of which every match of a
// query is one. ok is false when nothing less than the whole type will do, or
// when that takes reading more keys than the last budget allows.
func (f *finder) candidates(q *search.Query, last int) (numbers []uint64, ok bool) {
	t, ok := f.trail(q, last)
	return once(t.numbers), ok
}

// trail is a way that came to its end, and what it found.
type trail struct {
	numbers []uint64 // of all candidates
	scan    *scan    // the walk over keys that found them; nil: another way
	apart   []uint64 // those that the walk did not find, but what is contained
	by      int      // the clause that led the way; -1: what the scan's own status and dates say
}

// trail gives the way to the candidates.
func (f *finder) trail(q *search.Query, last int) (t trail, ok bool) {
	l := &level{q: q, outer: q.Type, owner: q.Type}
	for _, budget := range budgets {
		if last != unbounded && (budget == unbounded || budget > last) {
			return trail{}, false
		}
		if t, ok = f.narrow(l, budget); ok {
			return t, true
		}
	}
	return trail{}, false
}

// level is a query and the space it is asked of: that of a type, or that of what
// resources of the outer type contain.
type level struct {
	q            *search.Query
	owner, outer string
	space        uint32
	scans        []scan // of its clauses, once they were asked for
}

func (l *level) contained() bool { return l.owner != l.outer }

// narrow finds the numbers that a level's matches are among, reading no more
// keys by any one way than the budget.
func (f *finder) narrow(l *level, budget int) (t trail, ok bool) {
	if l.space, ok = f.v.space(f.customer, l.owner); !ok {
		return trail{by: -1}, true
	}
	if t, ok := f.byID(l); ok {
		return t, true
	}
	if budget == budgets[0] { // keys are at hand; where a chain leads is yet to be found
		if t, ok = f.byKeys(l, budget); !ok {
			t, ok = f.byChains(l, budget)
		}
		return t, ok
	}
	if t, ok = f.byChains(l, budget); !ok { // a chain that leads to few is better than a walk over many
		t, ok = f.byKeys(l, budget)
	}
	return t, ok
}

// byID gives the resources that a clause on _id names.
func (f *finder) byID(l *level) (trail, bool) {
	for i := range l.q.Where {
		c := &l.q.Where[i]
		if c.Has || c.Param.Name != "_id" || c.Modifier != search.ModNone || l.contained() {
			continue
		}
		var out []uint64
		for j := range c.Any {
			if n := f.v.number(store.Key{Customer: f.customer, Type: l.q.Type, ID: c.Any[j].Code}); n != 0 {
				out = append(out, n)
			}
		}
		return trail{numbers: once(out), by: i}, true
	}
	return trail{}, false
}

// byKeys walks the keys that the clauses themselves name.
func (f *finder) byKeys(l *level, budget int) (trail, bool) {
	if l.scans == nil {
		l.scans = scans(f.v.s.plan.of(l.q.Type), l.space, l.q.Where)
	}
	for i := range l.scans {
		sc, all := &l.scans[i], collector{budget: budget, numbers: f.spare[:0]}
		ok := f.v.run(sc, &all)
		f.spare = nil
		if f.keys += all.read; ok {
			return trail{numbers: all.numbers, scan: sc, by: sc.led}, true
		}
		f.spare = all.numbers
	}
	return trail{}, false
}

// byChains walks the keys of what a chain or a _has leads to.
func (f *finder) byChains(l *level, budget int) (trail, bool) {
	for i := range l.q.Where {
		c := &l.q.Where[i]
		switch {
		case c.Has:
			if numbers, ok := f.byHas(l, c, budget); ok {
				return trail{numbers: numbers, by: i}, true
			}
		case c.Chain != nil:
			if t, ok := f.byChain(l, i, budget); ok {
				return t, true
			}
		}
	}
	return trail{}, false
}

// byChain finds what the chain leads to, and then what refers to one of these.
// The reference may lead to a contained resource, too.
func (f *finder) byChain(l *level, clause, budget int) (trail, bool) {
	c := &l.q.Where[clause]
	all := collector{budget: budget}
	b := f.v.s.plan.leadOf(l.q.Type, c.Param)
	var leads [][]byte
	proven := !b.named
	for i := range c.Chain {
		found, ok := f.targets(&c.Chain[i], budget)
		if !ok || !f.containing(l.outer, &c.Chain[i], &all) {
			return trail{}, false
		}
		for _, t := range found {
			proven = proven && b.shows(c.Param, t.ref)
			leads = append(leads, b.lead(nil, &search.Entry{Param: c.Param, Ref: t.ref}))
		}
	}
	apart := len(all.numbers)
	sc := b.scan(l.space, l.q.Where, unique(leads), true)
	if proven {
		sc.clause = clause
	}
	ok := f.v.run(&sc, &all)
	if f.keys += all.read; !ok {
		return trail{}, false
	}
	return trail{all.numbers, &sc, slices.Clone(all.numbers[:apart]), clause}, true
}

// containing adds the resources that contain one the query may match.
func (f *finder) containing(outer string, q *search.Query, all *collector) bool {
	l := &level{q: q, owner: within(outer, q.Type), outer: outer}
	t, ok := f.narrow(l, all.budget)
	if ok {
		all.numbers = append(all.numbers, t.numbers...)
		return true
	}
	space, _ := f.v.space(f.customer, l.owner)
	return f.v.runAll(beginKey(space, tagContained), all)
}

// byHas finds what refers to the resources sought, and follows the references.
func (f *finder) byHas(l *level, c *search.Clause, budget int) ([]uint64, bool) {
	if l.contained() {
		return nil, true // nothing but its container refers to a contained resource
	}
	found, ok := f.targets(&c.Chain[0], budget)
	if !ok {
		return nil, false
	}
	var out []uint64
	for _, t := range found {
		for i := range t.doc.Entries {
			e := &t.doc.Entries[i]
			if e.Param != c.Param || e.Ref.Type != l.q.Type {
				continue
			}
			if n := f.v.number(store.Key{Customer: f.customer, Type: e.Ref.Type, ID: e.Ref.ID}); n != 0 {
				out = append(out, n)
			}
		}
	}
	return out, true
}

// once sorts the numbers and leaves each in once.
func once(numbers []uint64) []uint64 {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// targetLimit is how many resources a chain may lead to for it to be walked from
// there. One that leads to more is checked instead, candidate by candidate.
const targetLimit = 1 << 10

// target is a resource that meets the query of a link of a chain.
type target struct {
	ref search.Ref
	doc *search.Document
}

// attempt is what is known of the targets of a link.
type attempt struct {
	found []target
	whole bool // there are no others
	tried int  // else: the budget that did not suffice
	never bool // else: no budget will
}

// targets gives all visible resources that meet the query of a link, if they can
// be found within the budget and are not too many.
func (f *finder) targets(q *search.Query, budget int) ([]target, bool) {
	a := f.tried[q]
	if a.whole || a.never || budget != unbounded && budget <= a.tried {
		return a.found, a.whole
	}
	a = f.attempt(q, budget)
	if f.tried == nil {
		f.tried = make(map[*search.Query]attempt)
	}
	f.tried[q] = a
	return a.found, a.whole
}

func (f *finder) attempt(q *search.Query, budget int) attempt {
	numbers, ok := f.candidates(q, budget)
	if !ok {
		if budget != unbounded {
			return attempt{tried: budget}
		}
		numbers = f.v.all(f.customer, q.Type)
	}
	var found []target
	for _, n := range numbers {
		if f.over() {
			return attempt{never: true}
		}
		d := f.document(n, q.Type)
		if d == nil || !search.Match(*q, *d, f) {
			continue
		}
		if len(found) == targetLimit {
			return attempt{never: true}
		}
		found = append(found, target{d.Ref, d})
	}
	return attempt{found: found, whole: true}
}
