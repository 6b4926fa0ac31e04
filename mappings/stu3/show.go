package stu3

import (
	"bytes"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// Show gives a resource as an STU3 reader sees it: as Out does, and then less
// what STU3 cannot say. What In made, it shows as it was sent. An element that
// STU3 does not have, or has in another form, is left out, be it meta.source or
// the status of a contained Condition; of several values where STU3 has one, the
// first is shown; a contained resource of a type that STU3 does not have is left
// out, and what refers to it says its type; and so is an extension with a value
// of such a type. The table in shown.go says where it is done otherwise.
func Show(r fhir.Resource) (fhir.Resource, error) {
	out, err := Out(r)
	if err != nil {
		return fhir.Resource{}, err
	}
	root := out.Root()
	v := view{contained: map[string]fhir.Node{}}
	for el := range root.Get("contained").Each() {
		v.contained["#"+el.Get("id").Text()] = el
	}
	raw := v.object(root, resourcePair(r.Type()))
	if bytes.Equal(raw, root.Raw()) {
		return out, nil
	}
	return fhir.Parse(raw)
}

// view is what is known while a resource is shown.
type view struct {
	contained map[string]fhir.Node // by what refers to them: #id
}

// object gives an object as STU3 has it: its own bytes when nothing is lost, and
// none when nothing is left.
func (v *view) object(n fhir.Node, p pair) []byte {
	if p.stu3 == nil || !n.IsObject() {
		return n.Raw()
	}
	special := lossBy[p.stu3.Name]
	var ms []member // read when something changes
	at, valueLost := 0, false
	for name, value := range n.Members() {
		if special[name].applies(v, value) {
			if ms == nil {
				ms = read(n)
			}
		} else {
			raw := v.member(name, value, p)
			if ms == nil && !bytes.Equal(raw, value.Raw()) {
				ms = read(n)
			}
			if ms != nil {
				ms[at].raw = raw
			}
			valueLost = valueLost || raw == nil && strings.HasPrefix(name, "value")
		}
		at++
	}
	if ms == nil {
		return n.Raw()
	}
	if valueLost && p.stu3.Name == "Extension" {
		return nil
	}
	for name, value := range n.Members() {
		if loss := special[name]; loss.applies(v, value) {
			ms = loss.show(v, ms, find(ms, name))
		}
	}
	ms = slices.DeleteFunc(ms, func(m member) bool { return m.raw == nil })
	if len(ms) == 0 {
		return nil
	}
	return write(ms)
}

// member gives a member's value as STU3 has it, or nothing when STU3 cannot say it.
func (v *view) member(name string, value fhir.Node, p pair) []byte {
	s, r := p.element(name)
	switch {
	case s == nil && r == nil: // an element of somebody's own
		return value.Raw()
	case s == nil:
		return nil
	case name != s.Name: // a companion
		return v.each(value, pairOf("Element"))
	case r == nil || alike(s, r) || rowOf(p.stu3.Name, name) != nil:
	case s.Kind != r.Kind || s.Kind == elements.Object && s.Type != r.Type:
		return nil
	}
	if r != nil && r.List && !s.List && value.IsArray() {
		value = value.First()
	}
	switch {
	case s.Kind == elements.Resource:
		return v.each(value, pair{})
	case s.Kind == elements.Object && r != nil && r.Type == s.Type:
		return v.each(value, pair{s.Of, r.Of})
	case s.Kind == elements.Object:
		return v.each(value, pair{s.Of, elements.R4.Type(s.Type)})
	}
	return value.Raw()
}

// each gives the objects of a list, or the one that is none, as STU3 has them.
// Without a pair they are resources, whose types say what they are.
func (v *view) each(value fhir.Node, p pair) []byte {
	show := func(el fhir.Node) []byte {
		if p != (pair{}) {
			return v.object(el, p)
		}
		of := resourcePair(el.Get("resourceType").Text())
		if of.stu3 == nil {
			return nil
		}
		return v.object(el, of)
	}
	if !value.IsArray() {
		return show(value)
	}
	var all [][]byte
	changed := false
	for el := range value.Each() {
		raw := show(el)
		changed = changed || !bytes.Equal(raw, el.Raw())
		if raw != nil {
			all = append(all, raw)
		}
	}
	switch {
	case !changed:
		return value.Raw()
	case len(all) == 0:
		return nil
	}
	return join(all)
}

// reference gives a reference as STU3 has it.
func (v *view) reference(n fhir.Node) []byte { return v.object(n, pairOf("Reference")) }

// concept gives a CodeableConcept as STU3 has it.
func (v *view) concept(n fhir.Node) []byte { return v.object(n, pairOf("CodeableConcept")) }
