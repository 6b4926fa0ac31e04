package fhirxml

import (
	"slotway/fhir"
	"slotway/fhir/elements"
)

// header begins every document.
const header = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// Encode appends a resource as XML to dst. An error, of Kind NotAcceptable, names
// the element that XML cannot hold.
func Encode(dst []byte, r fhir.Resource, v elements.Version) ([]byte, error) {
	e := encoder{version: v, base: v.Type("Element")}
	out, f := e.resource(append(dst, header...), r.Root(), ` xmlns="`+fhirSpace+`"`)
	if f != nil {
		return dst, f.within(r.Type(), 0, false).encoding()
	}
	return append(out, '\n'), nil
}

// encoder writes one document. Its functions append to dst and return it.
type encoder struct {
	version elements.Version
	base    *elements.Type // what is known of every element
	slots   []slot         // of the objects being written, the innermost last
	nodes   []fhir.Node
}

// resource writes a resource as the element of its type's name.
func (e *encoder) resource(dst []byte, n fhir.Node, space string) ([]byte, *fault) {
	name := n.Get("resourceType").Text()
	if !isName(name) {
		return dst, faultf("its resourceType is not a name")
	}
	t := e.version.Type(name)
	if t == nil || !t.Resource {
		t = e.version.Type("DomainResource")
	}
	dst = append(append(append(dst, '<'), name...), space...)
	first := len(e.slots)
	e.collect(n, t)
	return e.finish(dst, name, first, fhir.Node{}, hints{})
}

// finish writes the rest of an element whose start tag is open, and takes away
// the slots from first on: those of attributes, the value of a primitive, what
// the JSON was, and an element for each other slot.
func (e *encoder) finish(dst []byte, name string, first int, value fhir.Node, h hints) ([]byte, *fault) {
	var f *fault
	at, end := first, len(e.slots) // slots of inner objects come and go behind end
	for ; at < end && e.slots[at].attribute; at++ {
		s := &e.slots[at]
		if dst, f = appendAttr(dst, s.name, s.value.Text()); f != nil {
			return dst, f.within(s.name, 0, false)
		}
	}
	if value.IsString() {
		if dst, f = appendAttr(dst, "value", value.Text()); f != nil {
			return dst, f
		}
	} else if value.Exists() { // a number or boolean needs no escapes
		dst = append(append(append(dst, ` value="`...), value.Raw()...), '"')
	}
	dst = h.append(dst)
	if at == end {
		e.slots = e.slots[:first]
		return append(dst, '/', '>'), nil
	}
	dst = append(dst, '>')
	for ; at < end; at++ {
		s := e.slots[at]
		if dst, f = e.member(dst, &s); f != nil {
			return dst, f
		}
	}
	e.slots = e.slots[:first]
	return closeTag(dst, name), nil
}

func closeTag(dst []byte, name string) []byte {
	return append(append(append(dst, '<', '/'), name...), '>')
}

// member writes a member of an object: an element for each value in it.
func (e *encoder) member(dst []byte, s *slot) ([]byte, *fault) {
	if s.element == nil && !isName(s.name) {
		return dst, faultf("XML does not allow its name").within(s.name, 0, false)
	}
	v, c := s.value, s.companion
	if !v.IsArray() && !c.IsArray() {
		dst, f := e.value(dst, s, v, c, hints{list: s.listHint(false, 1)})
		if f != nil {
			return dst, f.within(s.name, 0, false)
		}
		return dst, nil
	}
	return e.list(dst, s)
}

// list writes an element for each place of a list and of the list of companions
// beside it, either of which may be shorter.
func (e *encoder) list(dst []byte, s *slot) ([]byte, *fault) {
	first := len(e.nodes)
	for c := range s.companion.Each() {
		e.nodes = append(e.nodes, c)
	}
	end := len(e.nodes)
	places := max(length(s.value), end-first)
	if places == 0 || s.value.Exists() && s.value.Len() == 0 {
		return dst, faultf("there is nothing in the list").within(s.name, 0, false)
	}
	h := hints{list: s.listHint(true, places)}
	at := 0
	write := func(v fhir.Node) (f *fault) {
		var c fhir.Node
		if first+at < end {
			c = e.nodes[first+at]
		}
		if dst, f = e.value(dst, s, v, c, h); f != nil {
			return f.within(s.name, at, true)
		}
		h.list, at = unsaid, at+1
		return nil
	}
	for v := range s.value.Each() {
		if f := write(v); f != nil {
			return dst, f
		}
	}
	for at < places {
		if f := write(fhir.Node{}); f != nil {
			return dst, f
		}
	}
	e.nodes = e.nodes[:first]
	return dst, nil
}

// length counts the places of a list; a member that is not there has none.
func length(n fhir.Node) int {
	if !n.Exists() {
		return 0
	}
	return n.Len()
}
