package bolt

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"

	"slotway/fhir/search"
	"slotway/server/internal/store/engine"
)

// scan is a walk over some of the keys of one row in one space.
type scan struct {
	begin  []byte        // space and tag
	leaps  bool          // the hash of a system follows, whichever
	leads  [][]byte      // what follows: each a whole lead, or the beginning of one
	states [][]byte      // the statuses sought; nil: all
	spans  []search.Span // the dates sought; nil: all
	odd    []byte        // beginning of the space's odd ones, which statuses and dates sought leave out

	row    *bound
	clause int // the clause that whatever stands under the leads meets; -1: none
	led    int // the clause that the leads are of; -1: none
}

// collector takes the numbers a scan finds, up to its budget.
type collector struct {
	numbers []uint64
	budget  int                          // how many keys may be read; negative: any number
	read    int                          // how many were
	each    func(key, value []byte) bool // when set, what is found goes here, until it returns false
}

// take says whether there is room for another.
func (c *collector) take(key, value []byte) bool {
	c.read++
	if c.each != nil {
		return c.each(key, value)
	}
	if c.budget == 0 {
		return false
	}
	c.budget--
	c.numbers = append(c.numbers, lastNumber(key))
	return true
}

// leap says whether there is room for a leap to other keys, which costs as much as
// one of them.
func (c *collector) leap() bool {
	c.read++
	if c.budget == 0 {
		return false
	}
	c.budget--
	return true
}

// run walks the scan and says whether it came to its end within the budget.
func (v *view) run(sc *scan, to *collector) bool {
	if sc.leaps {
		return v.runSystems(sc, to)
	}
	for _, l := range sc.leads {
		if !v.runLead(sc, append(sc.begin[:len(sc.begin):len(sc.begin)], l...), to) {
			return false
		}
	}
	return sc.odd == nil || v.runAll(sc.odd, to)
}

// runSystems walks the leads under each system that the space has: there are few.
func (v *view) runSystems(sc *scan, to *collector) bool {
	c := v.walk()
	defer v.walked(c)
	for key, _ := c.Seek(sc.begin); bytes.HasPrefix(key, sc.begin); {
		if !to.leap() {
			return false
		}
		n := binary.BigEndian.Uint64(key[len(sc.begin):])
		for _, l := range sc.leads {
			if !v.runAll(append(binary.BigEndian.AppendUint64(sc.begin[:len(sc.begin):len(sc.begin)], n), l...), to) {
				return false
			}
		}
		if n++; n == 0 {
			break
		}
		key, _ = c.Seek(binary.BigEndian.AppendUint64(sc.begin[:len(sc.begin):len(sc.begin)], n))
	}
	return true
}

func (v *view) runAll(begin []byte, to *collector) bool {
	c := v.walk()
	defer v.walked(c)
	for key, value := c.Seek(begin); bytes.HasPrefix(key, begin); key, value = c.Next() {
		if !to.take(key, value) {
			return false
		}
	}
	return true
}

// runLead walks the keys of one lead. Where the status is open but the date is
// not, it leaps from one status to the next: there are few.
func (v *view) runLead(sc *scan, begin []byte, to *collector) bool {
	if sc.states == nil && sc.spans == nil {
		return v.runAll(begin, to)
	}
	if sc.states != nil {
		for _, state := range sc.states {
			if !v.runSpans(sc, append(begin[:len(begin):len(begin)], state...), to) {
				return false
			}
		}
		return true
	}
	for state := range v.statuses(begin) {
		if !to.leap() || !v.runSpans(sc, state, to) {
			return false
		}
	}
	return true
}

// statuses gives what begins so and ends with a status, for each status there is.
func (v *view) statuses(begin []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := v.walk()
		defer v.walked(c)
		for key, _ := c.Seek(begin); bytes.HasPrefix(key, begin); {
			state, _, _ := bytes.Cut(key[len(begin):], []byte{0})
			if !yield(append(append(begin[:len(begin):len(begin)], state...), 0)) {
				return
			}
			key, _ = c.Seek(append(append(begin[:len(begin):len(begin)], state...), 1)) // beyond its keys
		}
	}
}

func (v *view) runSpans(sc *scan, begin []byte, to *collector) bool {
	if sc.spans == nil {
		return v.runAll(begin, to)
	}
	c := v.walk()
	defer v.walked(c)
	for _, s := range sc.spans {
		from, last := instant(begin[:len(begin):len(begin)], s.From), instant(nil, s.To)
		for key, value := c.Seek(from); bytes.HasPrefix(key, begin); key, value = c.Next() {
			if bytes.Compare(key[len(begin):len(begin)+8], last) > 0 {
				break
			}
			if !to.take(key, value) {
				return false
			}
		}
	}
	return true
}

// scans gives the walks that lead to all resources of a space that can meet the
// query, one for each clause that some row covers: any one of them suffices.
func scans(rows []bound, space uint32, where []search.Clause) []scan {
	var out []scan
	for i := range rows {
		b := &rows[i]
		if b.leads == nil {
			if sc := b.scan(space, where, [][]byte{nil}, true); sc.odd != nil {
				out = append(out, sc)
			}
			continue
		}
		for j := range where {
			if days := b.days(&where[j]); days != nil {
				out = append(out, scan{begin: beginKey(space, b.tag), leads: [][]byte{nil}, states: [][]byte{nil}, spans: days, row: b, clause: -1, led: j})
			}
			leads, areWhole, ok := b.sought(&where[j])
			if !ok {
				continue
			}
			sc := b.scan(space, where, leads, areWhole)
			sc.led, sc.leaps = j, leaps(&where[j])
			if b.proves(&where[j]) {
				sc.clause = j
			}
			out = append(out, sc)
		}
	}
	return out
}

// scan gives the walk over some leads of the row, as narrow as the query's
// status and dates make it.
func (b *bound) scan(space uint32, where []search.Clause, leads [][]byte, areWhole bool) scan {
	sc := scan{begin: beginKey(space, b.tag), leads: leads, row: b, clause: -1, led: -1}
	if b.date == nil || !areWhole {
		return sc
	}
	sc.states, sc.spans = statesOf(where, b), search.SpansOf(where, b.date)
	if sc.states != nil || sc.spans != nil {
		sc.odd = beginKey(space, tagOdd)
	}
	return sc
}

// statesOf gives the parts that keys have of the statuses sought; nil: any.
func statesOf(where []search.Clause, b *bound) (parts [][]byte) {
	for _, state := range engine.StatesOf(where, b.status) {
		parts = append(parts, whole(nil, state))
	}
	return unique(parts)
}

// days gives where the dates begin that lie within one of those a clause names;
// nil when the row has no such keys, or the clause asks otherwise.
func (b *bound) days(c *search.Clause) (spans []search.Span) {
	if c.Has || c.Param.Kind != search.Date || c.Modifier != search.ModNone || !slices.Contains(b.leads, c.Param) {
		return nil
	}
	for i := range c.Any {
		if c.Any[i].Prefix != search.EQ {
			return nil
		}
		spans = append(spans, search.Span{From: c.Any[i].Lo, To: c.Any[i].Hi - 1})
	}
	return search.JoinSpans(spans)
}

// proves says whether whatever stands under the leads sought for a clause meets
// it: references whose type makes them values of its parameter.
func (b *bound) proves(c *search.Clause) bool {
	if c.Param.Kind != search.Reference || b.named {
		return false
	}
	for i := range c.Any {
		if t := &c.Any[i]; t.URL != "" || t.Version != "" || !b.shows(c.Param, t.Ref) {
			return false
		}
	}
	return true
}

// shows says whether the lead of a reference is had by nothing but what refers
// to it by the parameter. All parameters of a row read one element.
func (b *bound) shows(p *search.Param, to search.Ref) bool {
	return slices.Contains(p.Targets, to.Type) && says(to.ID+"/"+to.Type)
}

// sought gives the leads under which the row has every resource that meets the
// clause, and whether they are whole leads or only beginnings. ok is false when
// the row is no help with it.
func (b *bound) sought(c *search.Clause) (leads [][]byte, isWhole, ok bool) {
	if c.Has || c.Chain != nil || len(c.Any) == 0 || !slices.Contains(b.leads, c.Param) {
		return nil, false, false
	}
	isWhole = true
	for i := range c.Any {
		lead, whole, ok := b.soughtTest(c, &c.Any[i])
		if !ok {
			return nil, false, false
		}
		leads = append(leads, lead)
		isWhole = isWhole && whole
	}
	return unique(leads), isWhole, true
}

func (b *bound) soughtTest(c *search.Clause, t *search.Test) (lead []byte, isWhole, ok bool) {
	var key []byte
	if b.named {
		key = whole(key, c.Param.Name)
	}
	switch c.Param.Kind {
	case search.Token:
		return soughtToken(key, c, t)
	case search.Reference:
		return soughtRef(key, c, t)
	case search.String:
		if c.Modifier != search.ModNone || t.Folded == "" {
			return nil, false, false
		}
		return beginning(key, t.Folded), false, true
	}
	return nil, false, false
}

// leaps says whether a clause is sought under every system: some test names none.
func leaps(c *search.Clause) bool {
	return c.Param.Kind == search.Token && slices.ContainsFunc(c.Any, func(t search.Test) bool { return !t.HasSystem })
}

func soughtToken(key []byte, c *search.Clause, t *search.Test) (lead []byte, isWhole, ok bool) {
	switch {
	case c.Modifier != search.ModNone && c.Modifier != search.ModOfType:
		return nil, false, false
	case t.Code == "":
		return system(key, t.System), false, t.AnyCode && !leaps(c)
	case leaps(c):
		return whole(key, search.FoldCode(t.Code)), true, true
	}
	return whole(system(key, t.System), search.FoldCode(t.Code)), true, true
}

func soughtRef(key []byte, c *search.Clause, t *search.Test) (lead []byte, isWhole, ok bool) {
	switch {
	case c.Modifier != search.ModNone && c.Modifier != search.ModType:
		return nil, false, false
	case t.URL != "":
		return whole(key, t.URL), true, true
	case t.Ref.Type != "":
		return ref(key, t.Ref), true, true
	case t.Ref.ID != "":
		return beginning(key, t.Ref.ID+"/"), false, true
	}
	return nil, false, false
}

// unique gives the keys in order, each once, and none that begins with another.
func unique(keys [][]byte) [][]byte {
	slices.SortFunc(keys, bytes.Compare)
	out := keys[:0]
	for _, k := range keys {
		if len(out) == 0 || !bytes.HasPrefix(k, out[len(out)-1]) {
			out = append(out, k)
		}
	}
	return out
}
