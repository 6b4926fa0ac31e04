package fhir

import (
	"encoding/json"
	"slices"
)

// edit is one change at work on a draft of the resource.
type edit struct {
	path  Path
	value Node // of Set and Replace
	root  *Draft
}

// newEdit checks a change.
func newEdit(root *Draft, c Change) (*edit, error) {
	e := &edit{path: c.Path, root: root}
	switch {
	case len(c.Path.steps) == 0:
		return nil, Errorf(Unprocessable, "A change needs a path.")
	case c.Op == Remove:
		return e, nil
	case slices.ContainsFunc(c.Path.steps, func(s step) bool { return s.choice }):
		return nil, e.errorf("The path %s names a choice of types; a change must name one.")
	}
	var err error
	e.value, err = ParseValue(c.Value)
	switch {
	case err != nil && !json.Valid(c.Value):
		return nil, e.errorf("The value for %s is not JSON.")
	case err == nil && c.Op == Replace && !e.value.IsArray():
		return nil, e.errorf("The value for %s must be an array.")
	}
	return e, err
}

// errorf makes an error about the path.
func (e *edit) errorf(format string) error {
	return Errorf(Unprocessable, format, e.path.text).At(e.path.text)
}

// apply makes the change and says whether anything is other than before.
func (e *edit) apply(op Op) (bool, error) {
	switch op {
	case Set:
		return e.set(e.root, e.path.steps)
	case Replace:
		return e.replace()
	default:
		return e.root.remove(e.path.steps), nil
	}
}

// set sets the value at the steps below d, which exists.
func (e *edit) set(d *Draft, steps []step) (bool, error) {
	s, rest := &steps[0], steps[1:]
	if !d.IsObject() {
		return false, e.errorf("%s runs through an element that is not an object.")
	}
	it := d.find(s.name)
	if it == nil {
		made, err := e.build(steps)
		if err == nil {
			e.place(d, s.name, made)
		}
		return true, err
	}
	member := it.value()
	if s.all() && (len(rest) == 0 || !member.IsArray()) {
		return e.into(it, rest)
	}
	if !member.IsArray() {
		if s.admits(member.node, 0) {
			return e.into(it, rest)
		}
		member = emptyList.Edit()
		member.Insert(0, it.draft)
		it.draft = member
	}
	member.unfold()
	for at, el := range member.items {
		if el.admitted(s, at) {
			return e.into(el, rest)
		}
	}
	made, err := e.element(s, rest)
	if err == nil {
		member.Insert(member.Len(), made)
	}
	return true, err
}

// into sets the value of an item, or of what is below it.
func (e *edit) into(it *item, rest []step) (bool, error) {
	if len(rest) > 0 {
		return e.set(it.value(), rest)
	}
	if string(it.value().Raw()) == string(e.value.Raw()) {
		return false, nil
	}
	it.draft = e.value.Edit()
	return true, nil
}

var emptyList = MustValue(`[]`)

// memberOrder is where the members a server writes stand, after http://hl7.org/fhir/R4/json.html.
var memberOrder = []string{"resourceType", "id", "meta"}

// place adds a member to an object: id and meta at the resource's head, others
// at the end.
func (e *edit) place(d *Draft, name string, v *Draft) {
	at := -1
	if rank := slices.Index(memberOrder, name); rank > 0 && d == e.root {
		for i, it := range d.items {
			if slices.Contains(memberOrder[:rank], it.name) {
				at = i
			}
		}
	}
	if at < 0 {
		at = len(d.items) - 1
	}
	d.insertMember(at+1, name, v)
}

// build makes the value of a missing member at steps[0].
func (e *edit) build(steps []step) (*Draft, error) {
	s := &steps[0]
	el, err := e.element(s, steps[1:])
	if err != nil || s.all() {
		return el, err
	}
	list := emptyList.Edit()
	list.Insert(0, el)
	return list, nil
}

// element makes one element at s: the value itself, or an object that holds what
// the condition asks for and then the rest of the path.
func (e *edit) element(s *step, rest []step) (*Draft, error) {
	if len(rest) == 0 {
		return e.value.Edit(), nil
	}
	n, err := ParseValue(s.example())
	if err != nil {
		return nil, err
	}
	made := n.Edit()
	_, err = e.set(made, rest)
	return made, err
}

// example gives the least object that meets the step's condition.
func (s *step) example() []byte {
	out := []byte{'{'}
	for i, name := range s.where {
		if i > 0 {
			out = append(out, '{')
		}
		out = append(AppendQuote(out, name), ':')
	}
	if s.where != nil {
		out = AppendQuote(out, s.equals)
	}
	for range max(len(s.where), 1) {
		out = append(out, '}')
	}
	return out
}

// all says whether the step admits every element.
func (s *step) all() bool { return s.index == all && s.where == nil }

// admitted says whether the element, at a position, meets the step's condition.
func (it *item) admitted(s *step, at int) bool {
	if it.draft == nil {
		return s.admits(it.node, at)
	}
	return it.draft.admitted(s, at)
}

func (d *Draft) admitted(s *step, at int) bool {
	if !d.open {
		return s.admits(d.node, at)
	}
	if s.index != all && s.index != at {
		return false
	}
	if s.where == nil {
		return true
	}
	for _, name := range s.where {
		if d = d.Get(name); d != nil && d.IsArray() {
			d = d.Elem(0)
		}
		if d == nil {
			return false
		}
	}
	return d.node.Text() == s.equals
}
