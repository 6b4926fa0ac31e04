package bolt

import "slotway/fhir/search"

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
