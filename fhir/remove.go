package fhir

import "slices"

// remove takes away all that the steps lead to, and what holds nothing any more
// because of that. It says whether anything went.
func (d *Draft) remove(steps []step) bool {
	s := &steps[0]
	if !d.IsObject() || !d.open && !s.choice && !d.node.Get(s.name).Exists() {
		return false
	}
	d.unfold()
	went := false
	for i := 0; i < len(d.items); {
		it := d.items[i]
		gone := false
		if s.names(it.name) {
			var some bool
			some, gone = it.remove(s, steps[1:])
			went = went || some
		}
		if gone {
			d.drop(i)
			delete(d.names, it.name)
		} else {
			i++
		}
	}
	return went
}

// remove takes away of a member what a step and the rest lead to. It says whether
// anything went, and whether nothing is left.
func (it *item) remove(s *step, rest []step) (went, gone bool) {
	if s.all() && len(rest) == 0 {
		return true, true
	}
	v := it.value()
	if !v.IsArray() {
		return it.removeElement(s, rest, 0)
	}
	v.unfold()
	at := -1
	v.items = slices.DeleteFunc(v.items, func(el *item) bool {
		at++
		some, all := el.removeElement(s, rest, at)
		went = went || some
		return all
	})
	return went, went && len(v.items) == 0
}

// removeElement does the same of one element at a position.
func (it *item) removeElement(s *step, rest []step, at int) (went, gone bool) {
	if !it.admitted(s, at) {
		return false, false
	}
	if len(rest) == 0 {
		return true, true
	}
	v := it.value()
	went = v.remove(rest)
	return went, went && v.Len() == 0
}
