package fhir

import "slices"

// replace makes the elements that meet the last step's condition those of the
// value: they stand where the first of those stood, or else at the end, so that
// the same elements again change nothing.
func (e *edit) replace() (bool, error) {
	steps := e.path.steps
	last := steps[len(steps)-1]
	trail := e.descend(steps[:len(steps)-1])
	if trail == nil {
		if e.value.Len() == 0 {
			return false, nil
		}
		steps = append(slices.Clone(steps[:len(steps)-1]), newStep(step{name: last.name, index: all}))
		return e.set(e.root, steps)
	}
	parent := trail[len(trail)-1].draft
	old, list := parent.elements(last.name), parent.Get(last.name)
	fresh := e.exchange(old, &last)
	// A single value becomes a list when it is to hold what was given.
	stays := list == nil || list.IsArray() || e.value.Len() == 0
	switch {
	case stays && slices.EqualFunc(old, fresh, func(a, b *item) bool { return string(a.raw()) == string(b.raw()) }):
		return false, nil
	case !parent.IsObject():
		return false, e.errorf("%s runs through an element that is not an object.")
	case len(fresh) == 0:
		prune(trail, last.name)
		return true, nil
	}
	if list == nil || !list.IsArray() {
		list = e.draft(emptyList)
		if parent.find(last.name) != nil {
			parent.Put(last.name, list)
		} else {
			e.place(parent, e.item(item{name: last.name, draft: list}))
		}
	}
	list.unfold()
	list.items = fresh
	return true, nil
}

// exchange gives a list with the elements that a step admits exchanged for those
// of the value.
func (e *edit) exchange(old []*item, s *step) []*item {
	var kept []*item
	first := all
	for at, it := range old {
		if !it.admitted(s, at) {
			kept = append(kept, it)
		} else if first == all {
			first = len(kept)
		}
	}
	if first == all {
		first = len(kept)
	}
	var added []*item
	for v := range e.value.Each() {
		added = append(added, e.item(item{now: v}))
	}
	return slices.Insert(kept, first, added...)
}

// elements gives the elements of a member, one where it is no list.
func (d *Draft) elements(name string) []*item {
	it := d.find(name)
	if it == nil {
		return nil
	}
	if v := it.value(); v.IsArray() {
		v.unfold()
		return v.items
	}
	return []*item{{now: it.latest(), draft: it.draft}}
}

func (it *item) raw() []byte {
	if it.draft == nil {
		return it.latest().Raw()
	}
	return it.draft.Raw()
}

// place is an object on the way down, and where it stands in the one before.
type place struct {
	draft *Draft
	name  string // of the member that it is, or is an element of
	at    int    // in a list; -1 where it is none
}

// descend follows the steps to the first element that each leads to. It gives
// the way, which begins with the resource, or nil where something is missing.
func (e *edit) descend(steps []step) []place {
	trail := []place{{draft: e.root, at: -1}}
	for i := range steps {
		s := &steps[i]
		holder := trail[len(trail)-1].draft
		list, els := holder.Get(s.name), holder.elements(s.name)
		at := 0
		for at < len(els) && !els[at].admitted(s, at) {
			at++
		}
		switch {
		case at == len(els):
			return nil
		case list.IsArray():
			trail = append(trail, place{els[at].value(), s.name, at})
		default:
			trail = append(trail, place{list, s.name, -1})
		}
	}
	return trail
}

// prune takes a member out of the last object of a trail, and what holds nothing
// any more because of that.
func prune(trail []place, name string) {
	at := -1
	for i := len(trail) - 1; i >= 0; i-- {
		holder := trail[i].draft
		if list := holder.Get(name); at >= 0 && list.Len() > 1 {
			list.Cut(at)
		} else {
			holder.Delete(name)
		}
		if holder.Len() > 0 {
			return
		}
		name, at = trail[i].name, trail[i].at
	}
}
