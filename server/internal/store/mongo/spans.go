package mongo

import (
	"math"
	"slices"

	"slotway/fhir/search"
)

// span is a range [from, to] of instants, in microseconds.
type span struct{ from, to int64 }

// earliest is the least instant a key holds; below it stands that there is none.
const earliest = search.NoStart + 1

// spansOf gives where the instants lie that meet all date clauses on a
// parameter. It may say too much, never too little. Nil is anywhere; not nil and
// empty is nowhere.
func spansOf(where []search.Clause, p *search.Param) (spans []span) {
	for i := range where {
		c := &where[i]
		if c.Param != p || c.Has || c.Modifier != search.ModNone {
			continue
		}
		next := make([]span, 0, len(c.Any))
		for j := range c.Any {
			next = append(next, spanOf(&c.Any[j]))
		}
		if next = join(next); len(next) == 1 && next[0] == (span{earliest, math.MaxInt64}) {
			continue
		}
		if spans != nil {
			next = meet(spans, next)
		}
		spans = next
	}
	return spans
}

// spanOf gives where an instant can lie that meets a test: the table in
// search's date.go, for an interval of one microsecond.
func spanOf(t *search.Test) span {
	switch t.Prefix {
	case search.EQ, search.AP:
		return span{t.Lo - 1, t.Hi}
	case search.GT, search.SA:
		return span{t.Hi - 1, math.MaxInt64}
	case search.GE:
		return span{t.Lo - 1, math.MaxInt64}
	case search.LT, search.EB:
		return span{earliest, t.Lo}
	case search.LE:
		return span{earliest, t.Hi}
	}
	return span{earliest, math.MaxInt64}
}

// join gives the same instants in order, with no two spans that touch.
func join(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.from <= out[last].to {
			out[last].to = max(out[last].to, s.to)
		} else if s.from <= s.to {
			out = append(out, s)
		}
	}
	return out
}

// meet gives the instants that are in both.
func meet(a, b []span) []span {
	out := []span{}
	for _, x := range a {
		for _, y := range b {
			if s := (span{max(x.from, y.from), min(x.to, y.to)}); s.from <= s.to {
				out = append(out, s)
			}
		}
	}
	return join(out)
}
