package engine

import (
	"slices"

	"slotway/fhir/search"
)

// Timed is a type whose resources have a status and a time: most searches ask for
// both, so engines index them together.
type Timed struct{ Type, Status, Date string }

// timed are all there are.
var timed = []Timed{
	{"Appointment", "status", "date"},
	{"Slot", "status", "start"},
}

// TimedOf gives the row of a type; its Type is empty for one that has none.
func TimedOf(typ string) Timed {
	for _, row := range timed {
		if row.Type == typ {
			return row
		}
	}
	return Timed{}
}

// Params looks up the parameters of a row; nil for one of no type.
func (t Timed) Params(c *search.Catalog) (status, date *search.Param) {
	if t.Type == "" {
		return nil, nil
	}
	status, hasStatus := c.Lookup(t.Type, t.Status)
	date, hasDate := c.Lookup(t.Type, t.Date)
	if !hasStatus || !hasDate {
		panic("engine: " + t.Type + " has no parameter " + t.Status + " or " + t.Date)
	}
	return status, date
}

// When is the status and the time of a resource, as far as one of each says it.
type When struct {
	Status string // as written; empty for none
	At     int64  // the instant, microseconds since 1970; search.NoStart for none
	// Odd: it has several statuses or times, or a time that is no instant, so
	// that a search for these cannot be answered by Status and At.
	Odd bool
}

// WhenOf reads the status and the time of a document.
func WhenOf(d *search.Document, status, date *search.Param) When {
	w := When{At: search.NoStart}
	states, dates := 0, 0
	for i := range d.Entries {
		switch e := &d.Entries[i]; e.Param {
		case status:
			w.Status = e.Code
			states++
		case date:
			w.At = e.Lo
			dates++
			w.Odd = w.Odd || e.Hi != e.Lo+1 || e.Lo == search.NoStart
		}
	}
	w.Odd = w.Odd || states > 1 || dates > 1
	return w
}

// StatesOf gives the statuses that the first clause on the parameter accepts,
// folded, each once; nil when none restricts it.
func StatesOf(where []search.Clause, status *search.Param) (states []string) {
	for i := range where {
		c := &where[i]
		if c.Param != status || c.Has || c.Modifier != search.ModNone {
			continue
		}
		for j := range c.Any {
			if c.Any[j].AnyCode || c.Any[j].Code == "" {
				return nil
			}
			states = append(states, search.FoldCode(c.Any[j].Code))
		}
		slices.Sort(states)
		return slices.Compact(states)
	}
	return nil
}

// Refers says whether a document points at a resource by a parameter: what
// search.Resolver's Referring gives.
func Refers(d *search.Document, by *search.Param, to search.Ref) bool {
	return slices.ContainsFunc(d.Entries, func(e search.Entry) bool { return e.Param == by && e.Ref == to })
}
