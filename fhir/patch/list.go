package patch

import (
	"fmt"
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// put adds an element to an object: at the end of a list, or where there is none
// yet.
func put(t *target, d *fhir.Draft, typ *elements.Type, name string, c content) error {
	def, err := c.definition(typ, name)
	if err != nil {
		return err
	}
	value, beside, err := c.build(t, def)
	if err != nil {
		return err
	}
	if def.List {
		s := slots{t, d, def.Name}
		return s.insert(s.len(), value, beside)
	}
	choice := strings.TrimSuffix(def.Name, title(def.Type))
	if members, _ := written(d, typ, def.Name); len(members) == 0 {
		members, _ = written(d, typ, choice)
		if len(choices(typ, choice)) == 0 || len(members) == 0 {
			set(d, def.Name, value, beside)
			return nil
		}
	}
	return fmt.Errorf("%s is there already; replace changes it", def.Name)
}

// set makes a single element what is given, and takes away what is not.
func set(d *fhir.Draft, name string, value, beside *fhir.Draft) {
	for i, v := range [...]*fhir.Draft{value, beside} {
		if member := (slots{name: name}).sides()[i]; v != nil {
			d.Put(member, v)
		} else {
			d.Delete(member)
		}
	}
}

// slots are the elements of a list: the values, and beside them what else
// primitives have, position for position.
type slots struct {
	t    *target
	d    *fhir.Draft
	name string
}

// sides gives the members that the list is written in.
func (s slots) sides() [2]string { return [...]string{s.name, "_" + s.name} }

// len gives how many elements there are.
func (s slots) len() int { return max(length(s.d.Get(s.name)), length(s.d.Get("_"+s.name))) }

// side gives one side of the list with n positions, made where it is not there.
func (s slots) side(member string, n int) (*fhir.Draft, error) {
	list := s.d.Get(member)
	switch {
	case list == nil:
		list = emptyList.Edit()
		s.d.Put(member, list)
	case !list.IsArray(): // a single value that should have been one of a list
		whole := emptyList.Edit()
		whole.Insert(0, list)
		list = whole
		s.d.Put(member, list)
	}
	for list.Len() < n {
		if err := s.t.visit(1); err != nil {
			return nil, err
		}
		list.Insert(list.Len(), null.Edit())
	}
	return list, nil
}

// insert puts an element before the one at a position.
func (s slots) insert(at int, value, beside *fhir.Draft) error {
	n := s.len()
	for i, v := range [...]*fhir.Draft{value, beside} {
		member := s.sides()[i]
		if v == nil && s.d.Get(member) == nil {
			continue
		}
		list, err := s.side(member, n)
		if err != nil {
			return err
		}
		if v == nil {
			v = null.Edit()
		}
		list.Insert(at, v)
	}
	return nil
}

// swap puts another element in place of the one at a position.
func (s slots) swap(at int, value, beside *fhir.Draft) error {
	n := s.len()
	for i, v := range [...]*fhir.Draft{value, beside} {
		member := s.sides()[i]
		if v == nil && s.d.Get(member) == nil {
			continue
		}
		list, err := s.side(member, n)
		if err != nil {
			return err
		}
		if v == nil {
			v = null.Edit()
		}
		list.Swap(at, v)
	}
	return s.tidy()
}

// remove takes the element at a position away.
func (s slots) remove(at int) error {
	for _, member := range s.sides() {
		if list := s.d.Get(member); list != nil && !list.IsArray() {
			s.d.Delete(member)
		} else if list != nil && at < list.Len() {
			list.Cut(at)
		}
	}
	return s.tidy()
}

// move takes the element at a position to another.
func (s slots) move(from, to int) error {
	n := s.len()
	for _, member := range s.sides() {
		if s.d.Get(member) == nil {
			continue
		}
		list, err := s.side(member, n)
		if err != nil {
			return err
		}
		list.Insert(to, list.Cut(from))
	}
	return nil
}

// tidy takes away a side that holds nothing any more, since an empty list and
// one of nulls alone are no FHIR.
func (s slots) tidy() error {
	for _, member := range s.sides() {
		list, held := s.d.Get(member), false
		for at := range length(list) {
			if err := s.t.visit(1); err != nil {
				return err
			}
			if held = pick(list, at) != nil; held {
				break
			}
		}
		if list != nil && !held {
			s.d.Delete(member)
		}
	}
	return nil
}
