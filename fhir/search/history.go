package search

import (
	"time"

	"slotway/fhir"
)

// shapes are the parameters of every interaction that say how much of a resource
// is shown and how, http://hl7.org/fhir/R4/http.html#parameters.
var shapes = map[string]func(*parser) (used bool, err error){
	"_format":   func(*parser) (bool, error) { return true, nil },
	"_pretty":   func(*parser) (bool, error) { return true, nil },
	"_summary":  func(p *parser) (bool, error) { return p.alone((*parser).summary) },
	"_elements": (*parser).elements,
}

// ParseRead reads the query of a read of a type. What is not known is left out and
// warned of; errors are of Kind Invalid.
func ParseRead(c *Catalog, typ, rawQuery string) (Parsed, error) {
	p := &parser{c: c, typ: typ, out: Parsed{Query: Query{Type: typ, Count: -1}}}
	err := p.pairs(rawQuery, func(p *parser) (bool, error) {
		read, known := shapes[p.key]
		if !known {
			p.warn("The parameter %s is not known for a read.", p.shown())
			return false, nil
		}
		used, err := read(p)
		if err == nil && p.out.Query.Summary == SummaryCount {
			return false, p.bad("must be true, text, data or false")
		}
		return used, err
	})
	p.out.Self = string(p.self)
	return p.out, err
}

// History is what is asked of the versions of resources,
// http://hl7.org/fhir/R4/http.html#history.
type History struct {
	Query              // of which Count, Summary and Elements are read
	Since    time.Time // _since: versions made then or later; zero for all
	From, To time.Time // _at: versions that were current in between; zero for all
	Self     string    // the parameters that were used
	Warnings []fhir.Issue
}

// historyParams are the parameters of a history beside the shapes.
var historyParams = map[string]func(p *parser, out *History) (used bool, err error){
	"_count": func(p *parser, _ *History) (bool, error) { return p.alone((*parser).count) },
	"_since": (*parser).since,
	"_at":    (*parser).at,
}

// ParseHistory reads the query of a history of a type, or of everything. Dates
// without an offset are read in the catalog's zone. What is not known is left out
// and warned of; errors are of Kind Invalid.
func ParseHistory(c *Catalog, typ, rawQuery string) (History, error) {
	p := &parser{c: c, typ: typ, out: Parsed{Query: Query{Type: typ, Count: -1}}}
	var out History
	err := p.pairs(rawQuery, func(p *parser) (bool, error) {
		if read, known := historyParams[p.key]; known {
			return read(p, &out)
		}
		if read, known := shapes[p.key]; known {
			return read(p)
		}
		p.warn("The parameter %s is not known for a history.", p.shown())
		return false, nil
	})
	out.Query, out.Self, out.Warnings = p.out.Query, string(p.self), p.out.Warnings
	if out.Summary == SummaryCount {
		out.Count = 0
	}
	return out, err
}

func (p *parser) since(out *History) (used bool, err error) {
	return p.alone(func(p *parser) (bool, error) {
		p.value = repairPlus(p.value)
		lo, _, ok := parseDate(p.value, p.c.zone)
		if !ok {
			return false, p.bad("must be an instant such as 2025-10-25T14:30:00Z")
		}
		out.Since = time.UnixMicro(lo).UTC()
		return true, nil
	})
}

func (p *parser) at(out *History) (used bool, err error) {
	return p.alone(func(p *parser) (bool, error) {
		p.value = repairPlus(p.value)
		lo, hi, ok := parseDate(p.value, p.c.zone)
		if !ok {
			return false, p.bad("must be a time or a day, such as 2025-10-25T14:30:00Z or 2025-10-25, without a prefix")
		}
		out.From, out.To = time.UnixMicro(lo).UTC(), time.UnixMicro(hi).UTC()
		return true, nil
	})
}

// alone reads a parameter that may stand once, without a modifier.
func (p *parser) alone(read func(*parser) (bool, error)) (bool, error) {
	return single(read)(p, "")
}
