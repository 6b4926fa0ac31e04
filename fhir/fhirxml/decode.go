package fhirxml

import (
	"encoding/json"
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// Decode reads a resource from XML. Errors, of Kind Invalid or those of
// fhir.Parse, name the line, and the element where there is one. It keeps nothing
// of b.
func Decode(b []byte, v elements.Version) (fhir.Resource, error) {
	switch {
	case len(b) == 0:
		return fhir.Resource{}, fhir.Errorf(fhir.Invalid, "The body is empty; an XML document is needed.")
	case len(b) > 1<<30:
		return fhir.Resource{}, fhir.Errorf(fhir.TooLarge, "The document is larger than 1 GiB.")
	}
	d := decoder{version: v, base: v.Type("Element")}
	d.src = string(b)
	if f := d.read(); f != nil {
		return fhir.Resource{}, f.decoding()
	}
	out, f := d.resource(make([]byte, 0, len(b)), &d.nodes[1])
	if f != nil {
		return fhir.Resource{}, f.within(d.nodes[1].name, 0, false).decoding()
	}
	return fhir.Parse(out)
}

// decoder writes the JSON of one document. Its functions append to dst and return
// it.
type decoder struct {
	tree
	version elements.Version
	base    *elements.Type // what is known of every element
}

func (d *decoder) faultf(n *node, format string, args ...any) *fault {
	return d.faultAt(n.pos, format, args...)
}

// resource writes a resource, whose type is the name of its element.
func (d *decoder) resource(dst []byte, n *node) ([]byte, *fault) {
	if n.has != 0 || n.typ != "" || n.list != unsaid || n.div != "" {
		return dst, d.faultf(n, "the element of a resource has no attributes")
	}
	t := d.version.Type(n.name)
	if t == nil || !t.Resource {
		t = d.version.Type("DomainResource")
	}
	dst = fhir.AppendQuote(append(dst, `{"resourceType":`...), n.name)
	dst, f := d.children(dst, n, t)
	return append(dst, '}'), f
}

// object writes an object of a type.
func (d *decoder) object(dst []byte, n *node, t *elements.Type) ([]byte, *fault) {
	if n.child == 0 && n.has == 0 {
		return dst, d.faultf(n, "there is nothing in it")
	}
	dst = append(dst, '{')
	if n.has&hasID != 0 {
		dst = fhir.AppendQuote(append(dst, `"id":`...), n.id)
	}
	if n.has&hasURL != 0 {
		if at := t.Find("url"); at < 0 || t.Elements[at].Kind != elements.Attribute {
			return dst, d.faultf(n, "FHIR has no attribute url of it")
		}
		dst = fhir.AppendQuote(append(d.comma(dst), `"url":`...), n.url)
	}
	dst, f := d.children(dst, n, t)
	return append(dst, '}'), f
}

// comma separates a member from the one before it, if any.
func (d *decoder) comma(dst []byte) []byte {
	if dst[len(dst)-1] == '{' {
		return dst
	}
	return append(dst, ',')
}

// children writes the elements within one as members of an object of a type.
func (d *decoder) children(dst []byte, n *node, t *elements.Type) ([]byte, *fault) {
	next := 0
	var order order
	var byName map[string]*node // made when it is asked for
	for i := n.child; i != 0; i = d.nodes[i].next {
		c := &d.nodes[i]
		if c.again {
			if f := order.again(d, c, t); f != nil {
				return dst, f
			}
			continue
		}
		if base, ok := strings.CutPrefix(c.name, "_"); ok {
			if byName == nil {
				byName = d.byName(n)
			}
			if f := d.companion(c, byName[base], t); f != nil {
				return dst, f
			}
		}
		if next == len(t.Elements) || t.Elements[next].Name != c.name {
			next = t.Find(c.name)
		}
		var el *elements.Element
		if next >= 0 && t.Elements[next].Kind != elements.Attribute {
			el = &t.Elements[next]
		}
		if next >= 0 && el == nil && d.isPlain(c) {
			return dst, d.faultf(c, "FHIR writes it as an attribute").within(c.name, 0, false)
		}
		f := order.first(d, c, el, next, t)
		if f != nil {
			return dst, f
		}
		next++
		if dst, f = d.member(d.comma(dst), c, el); f != nil {
			return dst, f
		}
	}
	return dst, nil
}

// isPlain says whether an element is a string and nothing else, as an attribute is.
func (d *decoder) isPlain(n *node) bool {
	k, f := d.kind(n, nil)
	return f == nil && k == asString && !isList(n, nil) && n.child == 0 && n.has&hasID == 0
}

// byName gives the first element of each name within one.
func (d *decoder) byName(n *node) map[string]*node {
	all := map[string]*node{}
	for i := n.child; i != 0; i = d.nodes[i].next {
		if c := &d.nodes[i]; !c.again {
			all[c.name] = c
		}
	}
	return all
}

// companion refuses an element whose name and form JSON keeps for what belongs to
// the primitive beside it: the two would become one. Those forms are an object
// beside a primitive, and a list of objects beside a list of primitives.
func (d *decoder) companion(first, base *node, t *elements.Type) *fault {
	if base == nil {
		return nil
	}
	var el *elements.Element
	if at := t.Find(base.name); at >= 0 {
		el = &t.Elements[at]
	}
	if isList(first, nil) != isList(base, el) {
		return nil
	}
	for c := first; c != nil; c = d.after(c) {
		own, f := d.kind(c, nil)
		if f != nil || own != asObject {
			return f
		}
		if base == nil {
			continue
		}
		kind, f := d.kind(base, el)
		if f != nil || kind == asObject || kind == asResource || kind == asDiv {
			return f
		}
		base = d.after(base)
	}
	return d.faultf(first, "it may not stand beside %s, whose id and extensions JSON keeps under this name", first.name[1:]).within(first.name, 0, false)
}

// after gives the next element of the same name, or nil.
func (d *decoder) after(n *node) *node {
	if n.same == 0 {
		return nil
	}
	return &d.nodes[n.same]
}

// isList says whether the elements of one name are a list, by the first of them.
func isList(c *node, el *elements.Element) bool {
	switch {
	case c.list != unsaid:
		return c.list == yes
	case el != nil:
		return el.List
	}
	return c.same != 0
}

// member writes the elements of one name as a member and, where it has any, its
// companion.
func (d *decoder) member(dst []byte, c *node, el *elements.Element) ([]byte, *fault) {
	list := isList(c, el)
	if !list && c.same != 0 {
		return dst, d.faultf(&d.nodes[c.same], "it may stand only once").within(c.name, 0, false)
	}
	start := len(dst)
	dst = append(fhir.AppendQuote(dst, c.name), ':')
	values, companions := false, false
	dst, f := d.each(dst, c, list, func(dst []byte, n *node) ([]byte, *fault) {
		kind, f := d.kind(n, el)
		if f != nil {
			return dst, f
		}
		companions = companions || kind != asObject && kind != asResource && kind != asDiv && (n.child != 0 || n.has&hasID != 0)
		if kind == asNone {
			return append(dst, "null"...), nil
		}
		values = true
		return d.value(dst, n, kind, el)
	})
	if f != nil || !companions {
		return dst, f
	}
	if values {
		dst = append(dst, ',')
	} else {
		dst = dst[:start]
	}
	dst = append(fhir.AppendQuote(dst, "_"+c.name), ':')
	return d.each(dst, c, list, func(dst []byte, n *node) ([]byte, *fault) {
		if n.child == 0 && n.has&hasID == 0 {
			return append(dst, "null"...), nil
		}
		if kind, _ := d.kind(n, el); kind == asObject || kind == asResource {
			return append(dst, "null"...), nil
		}
		return d.object(dst, n, d.base)
	})
}

// each writes an element, or all of its name as a list.
func (d *decoder) each(dst []byte, c *node, list bool, write func([]byte, *node) ([]byte, *fault)) ([]byte, *fault) {
	if list {
		dst = append(dst, '[')
	}
	for at := 0; ; at++ {
		var f *fault
		if dst, f = write(dst, c); f != nil {
			return dst, f.within(c.name, at, list)
		}
		if c.same == 0 {
			break
		}
		dst = append(dst, ',')
		c = &d.nodes[c.same]
	}
	if list {
		dst = append(dst, ']')
	}
	return dst, nil
}

// The forms that the value of an element takes in JSON.
type form uint8

const (
	asObject form = iota
	asResource
	asDiv
	asString
	asNumber
	asBoolean
	asNone // a primitive without a value
)

// kind says which form an element takes: what the XML says of the JSON, or the row
// of the element, or what its looks tell.
func (d *decoder) kind(n *node, el *elements.Element) (form, *fault) {
	if n.div != "" {
		if el == nil || el.Kind != elements.XHTML {
			return 0, d.faultf(n, "a div of XHTML stands in a narrative only")
		}
		return asDiv, nil
	}
	k, f := d.expected(n, el)
	switch {
	case f != nil:
		return 0, f
	case k == asObject || k == asResource || k == asNone:
		if n.has&hasValue != 0 {
			return 0, d.faultf(n, "it has no value of its own")
		}
	case n.has&hasValue == 0:
		k = asNone
	}
	switch {
	case k == asNone && n.child == 0 && n.has == 0:
		return 0, d.faultf(n, "there is nothing in it")
	case k != asObject && n.has&hasURL != 0:
		return 0, d.faultf(n, "FHIR has no attribute url of it")
	}
	return k, nil
}

func (d *decoder) expected(n *node, el *elements.Element) (form, *fault) {
	switch n.typ {
	case hintString:
		return asString, nil
	case hintNumber:
		return asNumber, nil
	case hintBoolean:
		return asBoolean, nil
	case hintObject:
		return asObject, nil
	case hintNone:
		return asNone, nil
	}
	if el == nil {
		switch only := n.child; {
		case n.has&hasValue != 0:
			return asString, nil
		case n.has == 0 && only != 0 && d.nodes[only].next == 0 && capital(d.nodes[only].name) && d.nodes[only].typ == "":
			return asResource, nil
		}
		return asObject, nil
	}
	switch el.Kind {
	case elements.Text:
		return asString, nil
	case elements.Number:
		return asNumber, nil
	case elements.Boolean:
		return asBoolean, nil
	case elements.Resource:
		if n.has != 0 || n.child == 0 || d.nodes[n.child].next != 0 {
			return 0, d.faultf(n, "it holds one resource and nothing else")
		}
		return asResource, nil
	case elements.XHTML:
		return 0, d.faultf(n, "the div of a narrative is in the namespace of XHTML, %s", xhtmlSpace)
	}
	return asObject, nil
}

// value writes the value of an element in a form.
func (d *decoder) value(dst []byte, n *node, k form, el *elements.Element) ([]byte, *fault) {
	switch k {
	case asObject:
		t := d.base
		if el != nil && el.Kind == elements.Object && n.typ != hintObject {
			t = el.Of
		}
		return d.object(dst, n, t)
	case asResource:
		dst, f := d.resource(dst, &d.nodes[n.child])
		if f != nil {
			return dst, f.within(d.nodes[n.child].name, 0, false)
		}
		return dst, nil
	case asDiv:
		return fhir.AppendQuote(dst, n.div), nil
	case asNumber:
		if !isNumber(n.value) {
			return dst, d.faultf(n, "its value is a number")
		}
		return append(dst, n.value...), nil
	case asBoolean:
		if n.value != "true" && n.value != "false" {
			return dst, d.faultf(n, "its value is true or false")
		}
		return append(dst, n.value...), nil
	}
	return fhir.AppendQuote(dst, n.value), nil
}

// isNumber says whether text is a number as JSON writes it, and nothing else.
func isNumber(text string) bool {
	c := text[0]
	last := text[len(text)-1]
	return (c == '-' || c >= '0' && c <= '9') && last >= '0' && last <= '9' && json.Valid([]byte(text))
}
