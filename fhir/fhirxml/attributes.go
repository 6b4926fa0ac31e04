package fhirxml

// attributes reads the attributes of a start tag, up to its > or />, and notes the
// namespaces that it declares.
func (t *tree) attributes() *fault {
	t.attrs = t.attrs[:0]
	for {
		spaced := t.space()
		if t.has(">") || t.has("/>") {
			return nil
		}
		if t.pos == len(t.src) {
			return t.faultf("a start tag does not end")
		}
		prefix, name, f := t.name()
		if f == nil && !spaced {
			f = t.faultf("a blank is needed before an attribute")
		}
		if f != nil {
			return f
		}
		value, f := t.quoted()
		if f != nil {
			return f
		}
		a := attr{prefix, name, value}
		for _, b := range t.attrs {
			if a.prefix == b.prefix && a.name == b.name {
				return t.faultf("the attribute %s stands twice in one element", clip(name, 80))
			}
		}
		if len(t.attrs) == maxAttributes {
			return t.faultf("an element has more than %d attributes", maxAttributes)
		}
		t.attrs = append(t.attrs, a)
		if f := t.bind(a); f != nil {
			return f
		}
	}
}

// bind notes a declaration of a namespace, https://www.w3.org/TR/xml-names/.
func (t *tree) bind(a attr) *fault {
	prefix := a.name
	switch {
	case a.prefix == "" && a.name == "xmlns":
		prefix = ""
	case a.prefix != "xmlns":
		return nil
	case prefix == "xmlns" || prefix == "xml" || a.value == "":
		return t.faultf("a prefix cannot be declared so")
	}
	if a.value == xmlSpace {
		return t.faultf("a prefix cannot be declared so")
	}
	if len(t.bound) == maxAttributes {
		return t.faultf("more than %d namespaces are declared", maxAttributes)
	}
	t.bound = append(t.bound, binding{prefix, a.value})
	return nil
}

// lookUp gives the namespace of a prefix.
func (t *tree) lookUp(prefix string) (space string, ok bool) {
	if prefix == "xml" {
		return xmlSpace, true
	}
	for i := len(t.bound) - 1; i >= 0; i-- {
		if t.bound[i].prefix == prefix {
			return t.bound[i].space, true
		}
	}
	return "", false
}

// keep notes what the attributes of an element of FHIR say.
func (t *tree) keep(n *node) *fault {
	for i, a := range t.attrs {
		if a.prefix == "xmlns" || a.prefix == "" && a.name == "xmlns" {
			continue
		}
		if a.prefix != "" {
			if f := t.keepForeign(n, a, t.attrs[:i]); f != nil {
				return f
			}
			continue
		}
		if a.value == "" {
			return t.faultAt(n.pos, "the attribute %s of %s is empty", clip(a.name, 80), clip(n.name, 80))
		}
		switch a.name {
		case "value":
			n.value, n.has = a.value, n.has|hasValue
		case "id":
			n.id, n.has = a.value, n.has|hasID
		case "url":
			n.url, n.has = a.value, n.has|hasURL
		default:
			return t.faultAt(n.pos, "FHIR has no attribute %s of %s", clip(a.name, 80), clip(n.name, 80))
		}
	}
	return nil
}

// keepForeign notes an attribute of another namespace: what the JSON was, or where
// a schema is, which says nothing.
func (t *tree) keepForeign(n *node, a attr, before []attr) *fault {
	space, ok := t.lookUp(a.prefix)
	for _, b := range before {
		if other, _ := t.lookUp(b.prefix); b.prefix != "" && other == space && b.name == a.name {
			return t.faultAt(n.pos, "the attribute %s stands twice in one element", clip(a.name, 80))
		}
	}
	switch {
	case !ok:
		return t.faultAt(n.pos, "the prefix %s is not declared", clip(a.prefix, 80))
	case space == schemaSpace && (a.name == "schemaLocation" || a.name == "noNamespaceSchemaLocation"):
		return nil
	case space == jsonSpace && a.name == "list" && (a.value == "true" || a.value == "false"):
		n.list = no
		if a.value == "true" {
			n.list = yes
		}
		return nil
	case space == jsonSpace && a.name == "type":
		switch a.value {
		case hintString, hintNumber, hintBoolean, hintObject, hintNone:
			n.typ = a.value
			return nil
		}
	}
	return t.faultAt(n.pos, "FHIR has no attribute %s:%s of %s", clip(a.prefix, 80), clip(a.name, 80), clip(n.name, 80))
}
