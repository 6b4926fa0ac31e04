package patch

import (
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// node is an element of the resource: the value of a member, or one of a list,
// and what stands beside it. In JSON a primitive's id and extensions are in a
// member of their own (http://hl7.org/fhir/R4/json.html#primitive), in a list at
// the same position, where null stands for what is not there:
//
//	"given": ["Ada", null], "_given": [null, {"extension": […]}]
//
// The two are one element here, and are moved together.
type node struct {
	parent *node       // nil of the resource itself
	holder *fhir.Draft // the object that it is a member of
	name   string      // as it is written: valueString
	at     int         // in a list; -1 of one that is none
	def    *elements.Element
}

// value gives the value, or nil where there is none.
func (n *node) value(t *target) *fhir.Draft {
	if n.parent == nil {
		return t.root
	}
	return pick(n.holder.Get(n.name), n.at)
}

// beside gives the object with a primitive's id and extensions, or nil.
func (n *node) beside() *fhir.Draft {
	if n.parent == nil {
		return nil
	}
	return pick(n.holder.Get("_"+n.name), n.at)
}

// pick gives an element of a list, or the single value; nil for null.
func pick(d *fhir.Draft, at int) *fhir.Draft {
	if d != nil && at >= 0 {
		if !d.IsArray() && at == 0 {
			return pick(d, -1)
		}
		d = d.Elem(at)
	}
	if d == nil || d.Node().IsNull() {
		return nil
	}
	return d
}

// object gives the object that holds what is below the element, or nil.
func (n *node) object(t *target) *fhir.Draft {
	v := n.value(t)
	if v == nil || !v.IsObject() {
		v = n.beside()
	}
	if v == nil || !v.IsObject() {
		return nil
	}
	return v
}

// primitives gives the type of all primitives: they have what every element has.
func primitives() *elements.Type { return elements.R4.Type("Element") }

// typ gives the type of what is below the element, or nil when it is not known.
func (n *node) typ(t *target) *elements.Type {
	switch {
	case n.parent == nil || n.def != nil && n.def.Kind == elements.Resource:
		if v := n.value(t); v != nil && v.Get("resourceType") != nil {
			return elements.R4.Type(v.Get("resourceType").Node().Text())
		}
	case n.def == nil:
	case n.def.Kind == elements.Object:
		return n.def.Of
	case n.def.Kind.Primitive():
		return primitives()
	}
	return nil
}

// definition gives the element of a type by the name it is written under.
func definition(t *elements.Type, name string) *elements.Element {
	if t == nil {
		return nil
	}
	if i := t.Find(name); i >= 0 {
		return &t.Elements[i]
	}
	return nil
}

// choices gives the elements that a choice of types has, by its name without
// the [x]: for value, valueString and all the others.
func choices(t *elements.Type, name string) (all []*elements.Element) {
	if t == nil {
		return nil
	}
	for i := range t.Elements {
		e := &t.Elements[i]
		if rest, ok := strings.CutPrefix(e.Name, name); ok && rest != "" && strings.EqualFold(rest, e.Type) && rest[0] < 'a' {
			all = append(all, e)
		}
	}
	return all
}

// written gives the members of an object under which elements of that name
// stand: itself, or those of a choice. known is false where the type has no
// element of that name at all.
func written(d *fhir.Draft, t *elements.Type, name string) (members []string, known bool) {
	has := func(name string) bool { return d != nil && (d.Get(name) != nil || d.Get("_"+name) != nil) }
	if has(name) {
		return []string{name}, true
	}
	for _, e := range choices(t, name) {
		known = true
		if has(e.Name) {
			members = append(members, e.Name)
		}
	}
	return members, known || t == nil || definition(t, name) != nil
}

// elementsOf gives the elements that stand under a member.
func elementsOf(parent *node, d *fhir.Draft, name string, def *elements.Element) (all []*node) {
	values, beside := d.Get(name), d.Get("_"+name)
	if !isList(values) && !isList(beside) {
		return []*node{{parent: parent, holder: d, name: name, at: -1, def: def}}
	}
	for i := range max(length(values), length(beside)) {
		n := &node{parent: parent, holder: d, name: name, at: i, def: def}
		if pick(values, i) != nil || pick(beside, i) != nil {
			all = append(all, n)
		}
	}
	return all
}

func isList(d *fhir.Draft) bool { return d != nil && d.IsArray() }

// length gives how many elements stand in a member: one where it is no list.
func length(d *fhir.Draft) int {
	switch {
	case d == nil:
		return 0
	case d.IsArray():
		return d.Len()
	}
	return 1
}
