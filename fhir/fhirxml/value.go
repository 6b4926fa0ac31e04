package fhirxml

import (
	"slotway/fhir"
	"slotway/fhir/elements"
)

// said is a hint of yes or no.
type said uint8

const (
	unsaid said = iota
	yes
	no
)

// hints are what the XML says of the JSON where the definitions do not.
type hints struct {
	list said
	typ  string // of those in hintTypes, or empty
}

// The types that a hint can say.
const (
	hintString  = "string"
	hintNumber  = "number"
	hintBoolean = "boolean"
	hintObject  = "object"
	hintNone    = "none" // a string without a value
)

func (h hints) append(dst []byte) []byte {
	if h == (hints{}) {
		return dst
	}
	dst = append(dst, ` xmlns:json="`+jsonSpace+`"`...)
	switch h.list {
	case yes:
		dst = append(dst, ` json:list="true"`...)
	case no:
		dst = append(dst, ` json:list="false"`...)
	}
	if h.typ != "" {
		dst = append(append(append(dst, ` json:type="`...), h.typ...), '"')
	}
	return dst
}

// value writes one value with its companion, if any, as an element.
func (e *encoder) value(dst []byte, s *slot, v, c fhir.Node, h hints) ([]byte, *fault) {
	if c.IsNull() {
		c = fhir.Node{}
	}
	if v.IsNull() {
		v = fhir.Node{}
	}
	switch {
	case v.IsArray():
		return dst, faultf("a list stands within a list")
	case v.IsObject():
		return e.objectValue(dst, s, v, h)
	case !v.Exists() && !c.Exists():
		return dst, faultf("there is nothing in it")
	}
	return e.primitive(dst, s, v, c, h)
}

// objectValue writes an object: of the type that its row says, a resource, or one
// that is not known.
func (e *encoder) objectValue(dst []byte, s *slot, v fhir.Node, h hints) ([]byte, *fault) {
	t := e.base
	wrapped := false
	switch el := s.element; {
	case el == nil:
		if wrapped = wraps(v) && !capital(s.name); capital(s.name) {
			h.typ = hintObject
		}
	case el.Kind == elements.Object:
		t = el.Of
	case el.Kind == elements.Resource && wraps(v):
		wrapped = true
	default:
		h.typ = hintObject
	}
	dst = append(append(dst, '<'), s.name...)
	if wrapped {
		dst, f := e.resource(append(h.append(dst), '>'), v, "")
		return closeTag(dst, s.name), f
	}
	first := len(e.slots)
	if e.collect(v, t); len(e.slots) == first {
		return dst, faultf("there is nothing in it")
	}
	return e.finish(dst, s.name, first, fhir.Node{}, h)
}

// wraps says whether an object is written as a resource within its element.
func wraps(v fhir.Node) bool {
	name := v.Get("resourceType").Text()
	return isName(name) && capital(name)
}

// primitive writes a string, number or boolean, or the companion of one that has
// no value.
func (e *encoder) primitive(dst []byte, s *slot, v, c fhir.Node, h hints) ([]byte, *fault) {
	kind, name := kindOf(v)
	switch el := s.element; {
	case el != nil && el.Kind == elements.XHTML && v.IsString() && !c.Exists() && h == (hints{}):
		return e.xhtml(dst, v.Text())
	case el != nil && el.Kind.Primitive() && (el.Kind == kind || !v.Exists()):
	case el != nil, capital(s.name), kind != elements.Text:
		h.typ = name
	}
	dst = append(append(dst, '<'), s.name...)
	first := len(e.slots)
	if c.Exists() {
		e.collect(c, e.base)
		if len(e.slots) == first {
			return dst, faultf("there is nothing in its companion _%s", s.name)
		}
	}
	return e.finish(dst, s.name, first, v, h)
}

// kindOf gives the kind of a primitive, and what a hint calls it.
func kindOf(v fhir.Node) (elements.Kind, string) {
	switch {
	case v.IsString():
		return elements.Text, hintString
	case v.IsNumber():
		return elements.Number, hintNumber
	case v.IsBool():
		return elements.Boolean, hintBoolean
	}
	return elements.Object, hintNone
}
