package stu3

import (
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// pair is what the two versions say of one type; either may not have it.
type pair struct{ stu3, r4 *elements.Type }

func pairOf(name string) pair { return pair{elements.STU3.Type(name), elements.R4.Type(name)} }

// resourcePair gives the pair of a resource's type. What all resources have is
// known of a type that is not.
func resourcePair(name string) pair {
	p := pairOf(name)
	if p.stu3 == nil && p.r4 == nil || p.stu3 != nil && !p.stu3.Resource || p.r4 != nil && !p.r4.Resource {
		return pairOf("DomainResource")
	}
	return p
}

// element gives what each version says of a member's element, the companion of a
// primitive under the name of its value.
func (p pair) element(name string) (s, r *elements.Element) {
	s, r = elementOf(p.stu3, name), elementOf(p.r4, name)
	if value, ok := strings.CutPrefix(name, "_"); ok && s == nil && r == nil {
		return elementOf(p.stu3, value), elementOf(p.r4, value)
	}
	return s, r
}

func elementOf(t *elements.Type, name string) *elements.Element {
	if t != nil {
		if at := t.Find(name); at >= 0 {
			return &t.Elements[at]
		}
	}
	return nil
}

// within gives the pair of the type of an element's values. Where a row turns the
// element, the values are of the same data type, or looked at by the row alone.
func within(s, r *elements.Element, row *Row) pair {
	if row == nil && r.Of != nil {
		return pair{s.Of, r.Of}
	}
	return pair{s.Of, elements.R4.Type(s.Type)}
}

// alike says whether an element has one form in both versions.
func alike(s, r *elements.Element) bool {
	return s.List == r.List && s.Kind == r.Kind && (s.Kind != elements.Object || s.Type == r.Type)
}

// refuseDifferent looks for elements of STU3 that R4 does not have, or has in
// another form, and for which there is no row: in contained resources of types
// without rows, above all.
func refuseDifferent(n fhir.Node, p pair, where string) error {
	for name, v := range n.Members() {
		at := where + "." + name
		s, r := p.element(name)
		if s == nil {
			continue
		}
		row := rowOf(p.stu3.Name, s.Name)
		switch {
		case row != nil && name != s.Name && s.Kind.Primitive() && !row.Conv.primitive:
			return refuse(where, name, fhir.Errorf(fhir.Unprocessable, "an id or extensions of it have no place in R4"))
		case s.Kind == elements.Resource:
			for el := range v.Each() {
				typ := el.Get("resourceType").Text()
				inner := resourcePair(typ)
				if inner.r4 == nil {
					return refuse(where, name, fhir.Errorf(fhir.Unprocessable, "R4 has no %s", typ))
				}
				if err := refuseDifferent(el, inner, at); err != nil {
					return err
				}
			}
			continue
		case row != nil:
		case r == nil:
			return refuse(where, name, fhir.Errorf(fhir.Unprocessable, "R4 has no such element"))
		case !alike(s, r):
			return refuse(where, name, fhir.Errorf(fhir.Unprocessable, "R4 has another form of it"))
		}
		if inner := within(s, r, row); inner.stu3 != nil && inner.r4 != nil {
			for el := range v.Each() {
				if err := refuseDifferent(el, inner, at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rowOf gives the row of an element of STU3, or nil.
func rowOf(typ, name string) *Row {
	for _, row := range byType[typ] {
		if row.STU3 == name {
			return row
		}
	}
	return nil
}
