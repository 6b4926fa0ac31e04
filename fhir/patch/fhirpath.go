package patch

import (
	"fmt"
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// find gives the elements that a path leads to.
func (op *pathOp) find(t *target, steps []step) ([]*node, error) {
	root := &node{}
	if typ := op.path.typ; typ != "" && typ != "Resource" && typ != "DomainResource" && t.root.Get("resourceType").Node().Text() != typ {
		return nil, op.errorf(fhir.Unprocessable, "the path begins with %s, but the resource is a %s.", clip(typ), t.root.Get("resourceType").Node().Text())
	}
	found, err := (&evaluation{t}).follow([]*node{root}, steps)
	return found, op.cannotIf(err)
}

// one gives the one element that a path leads to.
func (op *pathOp) one(t *target, steps []step) (*node, error) {
	found, err := op.find(t, steps)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, op.errorf(fhir.Unprocessable, "the path leads to nothing in the resource; it must lead to one element.")
	case len(found) > 1:
		return nil, op.many(len(found))
	}
	return found[0], nil
}

func (op *pathOp) many(n int) error {
	return op.errorf(fhir.Unprocessable, "the path leads to %d elements; it must lead to one, so name it by its position or a condition.", n)
}

// add makes an element within the one that the path leads to.
func (op *pathOp) add(t *target) error {
	n, err := op.one(t, op.path.steps)
	if err != nil {
		return err
	}
	d := n.object(t)
	if d == nil && n.typ(t) == primitives() {
		// The first extension of a primitive, whose place is made for it.
		d = emptyObject.Edit()
		if err := put(t, d, primitives(), op.name, op.value); err != nil {
			return op.cannot(err)
		}
		return op.cannotIf(n.setBeside(t, d))
	}
	if d == nil {
		return op.errorf(fhir.Unprocessable, "the path leads to an element that can have none of its own.")
	}
	if err := t.guard(op.place, d, op.name); err != nil {
		return err
	}
	return op.cannotIf(put(t, d, n.typ(t), op.name, op.value))
}

func (op *pathOp) cannotIf(err error) error {
	if err == nil {
		return nil
	}
	return op.cannot(err)
}

// setBeside makes what stands beside a primitive the object given, or nothing.
func (n *node) setBeside(t *target, d *fhir.Draft) error {
	if n.at >= 0 {
		return slots{t, n.holder, n.name}.swap(n.at, n.value(t), d)
	}
	set(n.holder, n.name, n.value(t), d)
	return nil
}

// delete takes away the element that the path leads to, if there is one, and
// what holds nothing without it.
func (op *pathOp) delete(t *target) error {
	found, err := op.find(t, op.path.steps)
	switch {
	case err != nil || len(found) == 0:
		return err
	case len(found) > 1:
		return op.many(len(found))
	case found[0].parent == nil:
		return op.whole()
	}
	if err := t.guard(op.place, found[0].holder, found[0].name); err != nil {
		return err
	}
	return op.cannotIf(found[0].remove(t))
}

func (op *pathOp) whole() error {
	return op.errorf(fhir.Unprocessable, "the path leads to the whole resource; a patch changes what is within it.")
}

func (n *node) remove(t *target) error {
	var err error
	if n.at >= 0 {
		err = slots{t, n.holder, n.name}.remove(n.at)
	} else {
		set(n.holder, n.name, nil, nil)
	}
	p := n.parent
	if err != nil || p.parent == nil || n.holder.Len() > 0 {
		return err
	}
	if v := p.value(t); v == nil || v == n.holder {
		return p.remove(t)
	}
	return p.setBeside(t, nil)
}

// replace makes the element that the path leads to another, with all that was
// within it and beside it.
func (op *pathOp) replace(t *target) error {
	n, err := op.one(t, op.path.steps)
	if err != nil {
		return err
	}
	if n.parent == nil {
		return op.whole()
	}
	if err := t.guard(op.place, n.holder, n.name); err != nil {
		return err
	}
	def, err := op.substitute(t, n)
	if err != nil {
		return op.cannot(err)
	}
	value, beside, err := op.value.build(t, def)
	if err != nil {
		return op.cannot(err)
	}
	if n.at >= 0 {
		return op.cannotIf(slots{t, n.holder, n.name}.swap(n.at, value, beside))
	}
	if def != nil && def.Name != n.name {
		set(n.holder, n.name, nil, nil)
		set(n.holder, def.Name, value, beside)
		return nil
	}
	set(n.holder, n.name, value, beside)
	return nil
}

// substitute gives the definition of what replaces an element: its own, or of a
// choice, the one of the new value's type.
func (op *pathOp) substitute(t *target, n *node) (*elements.Element, error) {
	if n.def == nil || op.value.typ == "" {
		return n.def, nil
	}
	typ := n.parent.typ(t)
	if base, ok := strings.CutSuffix(n.name, title(n.def.Type)); ok && base != "" {
		if all := choices(typ, base); len(all) > 1 {
			return op.value.choose(typ, all)
		}
	}
	return n.def, nil
}

// list gives the list that the path leads to: all that stands under a name, of
// one object.
func (op *pathOp) list(t *target) (slots, *elements.Element, error) {
	steps := op.path.steps
	none := slots{}
	if len(steps) == 0 || steps[len(steps)-1].kind != member {
		return none, nil, op.errorf(fhir.Unprocessable, "the path must lead to a whole list, such as Appointment.participant, and so end in a name.")
	}
	last := steps[len(steps)-1]
	n, err := op.one(t, steps[:len(steps)-1])
	if err != nil {
		return none, nil, err
	}
	d, typ := n.object(t), n.typ(t)
	def := definition(typ, last.name)
	if d == nil || def != nil && !def.List || def == nil && !isList(d.Get(last.name)) {
		if _, known := written(d, typ, last.name); !known {
			return none, nil, op.cannot(fmt.Errorf("%s has no element %s", typ.Name, clip(last.name)))
		}
		return none, nil, op.errorf(fhir.Unprocessable, "%s is no list.", clip(last.name))
	}
	return slots{t, d, last.name}, def, nil
}

// insert puts an element into the list that the path leads to.
func (op *pathOp) insert(t *target) error {
	s, def, err := op.list(t)
	if err != nil {
		return err
	}
	if n := s.len(); op.index > n {
		return op.errorf(fhir.Unprocessable, "the index %d is beyond the end of the list, which has %d.", op.index, n)
	}
	value, beside, err := op.value.build(t, def)
	if err != nil {
		return op.cannot(err)
	}
	return op.cannotIf(s.insert(op.index, value, beside))
}

// move takes an element of the list that the path leads to to another position.
func (op *pathOp) move(t *target) error {
	s, _, err := op.list(t)
	if err != nil {
		return err
	}
	n := s.len()
	for _, at := range []int{op.source, op.destination} {
		if at >= n {
			return op.errorf(fhir.Unprocessable, "there is no position %d in the list, which has %d.", at, n)
		}
	}
	return op.cannotIf(s.move(op.source, op.destination))
}
