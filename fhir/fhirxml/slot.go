package fhirxml

import (
	"cmp"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// slot is a member of an object that is being written, with the companion that
// belongs to it.
type slot struct {
	name      string
	element   *elements.Element // nil for a member without a row
	attribute bool
	order     int32 // among the members
	value     fhir.Node
	companion fhir.Node
}

// collect adds the members of an object of a type as slots, in the order in which
// they are written.
func (e *encoder) collect(n fhir.Node, t *elements.Type) {
	first, rows := len(e.slots), len(t.Elements)
	var companions []slot
	sorted, next, beyond := true, 0, int32(rows)
	for name, v := range n.Members() {
		if name == "fhir_comments" || t.Resource && name == "resourceType" {
			continue
		}
		s := slot{name: name, value: v, order: beyond}
		beyond++
		if next == rows || t.Elements[next].Name != name { // usually it does: JSON is mostly in order
			at := t.Find(name)
			if base, ok := companionOf(name, v); at < 0 && ok {
				s.name, s.value, s.companion = base, fhir.Node{}, v
				companions = append(companions, s)
				continue
			}
			if next = at; at < 0 {
				next = rows
			}
		}
		if next < rows {
			s.place(t, next)
			next++
		}
		sorted = sorted && (len(e.slots) == first || e.slots[len(e.slots)-1].order < s.order)
		e.slots = append(e.slots, s)
	}
	if companions != nil {
		e.join(first, t, companions)
		sorted = false
	}
	if !sorted {
		slices.SortFunc(e.slots[first:], func(a, b slot) int { return cmp.Compare(a.order, b.order) })
	}
}

// place gives a slot the row of its element. A row of an attribute is for strings
// only: another value of that name is written as an element without a row.
func (s *slot) place(t *elements.Type, at int) {
	el := &t.Elements[at]
	s.attribute = el.Kind == elements.Attribute && s.value.IsString()
	if s.attribute || el.Kind != elements.Attribute {
		s.element, s.order = el, int32(at)
	}
	if s.attribute {
		s.order -= int32(len(t.Elements)) // before all that are not
	}
}

// companionOf says whether a member can be the companion of another.
func companionOf(name string, v fhir.Node) (base string, ok bool) {
	if len(name) < 2 || name[0] != '_' || !v.IsObject() && !v.IsArray() {
		return "", false
	}
	return name[1:], true
}

// join gives companions the slots of their values, or slots of their own. What
// cannot be the companion of the value there is, is an element like any other,
// whose name begins with an underscore.
func (e *encoder) join(first int, t *elements.Type, companions []slot) {
	// __x can be the companion of _x, once it is clear that this is none itself.
	slices.SortStableFunc(companions, func(a, b slot) int { return cmp.Compare(underscores(a.name), underscores(b.name)) })
	names := e.index(first, len(companions))
	for _, c := range companions {
		at := t.Find(c.name)
		i, found := names.find(e.slots, c.name)
		switch {
		case found && !e.slots[i].attribute && fits(e.slots[i].value, c.companion):
			e.slots[i].companion = c.companion
			continue
		case found || !isName(c.name) || !fits(fhir.Node{}, c.companion) || at >= 0 && !alone[t.Elements[at].Kind]:
			c.name, c.value, c.companion = "_"+c.name, c.companion, fhir.Node{}
		case at >= 0:
			c.place(t, at)
		}
		names.add(c.name, len(e.slots))
		e.slots = append(e.slots, c)
	}
}

// alone are the kinds of element that a companion can stand for without a value.
var alone = map[elements.Kind]bool{elements.Text: true, elements.Number: true, elements.Boolean: true, elements.Attribute: true}

func underscores(name string) int { return len(name) - len(strings.TrimLeft(name, "_")) }

// fits says whether one member can be the companion of another, which need not be
// there: objects beside primitives, one beside one or a list beside a list.
func fits(value, companion fhir.Node) bool {
	if value.Exists() && value.IsArray() != companion.IsArray() {
		return false
	}
	var beside []bool // whether an object stands at each place
	for c := range companion.Each() {
		if !c.IsObject() && !c.IsNull() {
			return false
		}
		beside = append(beside, c.IsObject())
	}
	at := 0
	for v := range value.Each() {
		if at < len(beside) && beside[at] && (v.IsObject() || v.IsArray()) {
			return false
		}
		at++
	}
	return len(beside) > 0
}

// index finds the slots from first on by name: one after the other when that is
// cheap, or else by a map.
type index struct {
	first int
	names map[string]int
}

func (e *encoder) index(first, times int) index {
	x := index{first: first}
	if times > 3 && len(e.slots)-first > 15 {
		x.names = make(map[string]int, len(e.slots)-first+times)
		for i, s := range e.slots[first:] {
			x.names[s.name] = first + i
		}
	}
	return x
}

func (x index) find(slots []slot, name string) (at int, found bool) {
	if x.names != nil {
		at, found = x.names[name]
		return at, found
	}
	at = slices.IndexFunc(slots[x.first:], func(s slot) bool { return s.name == name })
	return x.first + at, at >= 0
}

func (x index) add(name string, at int) {
	if x.names != nil {
		x.names[name] = at
	}
}

// listHint says what must be said of a member that is a list, or is not, for the
// JSON to be what it was.
func (s *slot) listHint(list bool, places int) said {
	guess := places > 1
	if s.element != nil {
		guess = s.element.List
	}
	switch {
	case guess == list:
		return unsaid
	case list:
		return yes
	}
	return no
}
