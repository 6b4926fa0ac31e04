package search

import (
	"math"
	"slices"
)

// Span is a range [From, To] of instants, in microseconds: what a store walks to
// find those that meet date clauses.
type Span struct{ From, To int64 }

// Earliest is the least instant of a Span; below it stands that there is none.
const Earliest = NoStart + 1

// SpansOf gives where the instants lie that meet all date clauses on a
// parameter. It may say too much, never too little. Nil is anywhere; not nil and
// empty is nowhere.
func SpansOf(where []Clause, p *Param) (spans []Span) {
	for i := range where {
		c := &where[i]
		if c.Param != p || c.Has || c.Modifier != ModNone {
			continue
		}
		next := make([]Span, 0, len(c.Any))
		for j := range c.Any {
			next = append(next, spanOf(&c.Any[j]))
		}
		if next = JoinSpans(next); len(next) == 1 && next[0] == (Span{Earliest, math.MaxInt64}) {
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
// date.go, for an interval of one microsecond.
func spanOf(t *Test) Span {
	switch t.Prefix {
	case EQ, AP:
		return Span{t.Lo - 1, t.Hi}
	case GT, SA:
		return Span{t.Hi - 1, math.MaxInt64}
	case GE:
		return Span{t.Lo - 1, math.MaxInt64}
	case LT, EB:
		return Span{Earliest, t.Lo}
	case LE:
		return Span{Earliest, t.Hi}
	}
	return Span{Earliest, math.MaxInt64}
}

// JoinSpans gives the same instants in order, with no two spans that touch.
func JoinSpans(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.From <= out[last].To {
			out[last].To = max(out[last].To, s.To)
		} else if s.From <= s.To {
			out = append(out, s)
		}
	}
	return out
}

// meet gives the instants that are in both.
func meet(a, b []Span) []Span {
	out := []Span{}
	for _, x := range a {
		for _, y := range b {
			if s := (Span{max(x.From, y.From), min(x.To, y.To)}); s.From <= s.To {
				out = append(out, s)
			}
		}
	}
	return JoinSpans(out)
}
