package fhirxml

import (
	"slices"

	"slotway/fhir"
)

// maxAttributes bounds the attributes of an element, and the namespaces declared
// around it, so that looking one up stays cheap.
const maxAttributes = 64

// maxElements bounds the elements of a document: each makes a name and a value of
// JSON.
const maxElements = fhir.MaxTokens / 2

// node is an element of FHIR, read but not yet understood.
type node struct {
	name  string
	pos   int // of its start tag
	value string
	id    string
	url   string
	div   string // the markup, when it is the div of a narrative
	typ   string // what json:type says
	list  said   // what json:list says
	has   has
	child int32 // the first; 0 for none
	next  int32 // the element after it
	same  int32 // the next of the same name
	again bool  // an element of the same name stands before it
}

// has says which attributes an element has.
type has uint8

const (
	hasValue has = 1 << iota
	hasID
	hasURL
)

// binding is what a prefix means where it is declared; without a prefix, the
// namespace of elements that have none.
type binding struct{ prefix, space string }

// tree reads a document whole.
type tree struct {
	scanner
	nodes []node // the first is no node
	bound []binding
	last  []int32 // of each name within the elements being read, the last element
	attrs []attr
}

// attr is an attribute of the element being read.
type attr struct{ prefix, name, value string }

// read reads a document. Its root is the second node.
func (t *tree) read() *fault {
	t.nodes = make([]node, 1, 2+len(t.src)/40)
	if f := t.checkText(); f != nil {
		return f
	}
	if f := t.prolog(); f != nil {
		return f
	}
	if _, f := t.element(1); f != nil {
		return f
	}
	if f := t.misc(); f != nil {
		return f
	}
	if t.pos != len(t.src) {
		return t.faultf("something follows the end of the document")
	}
	if t.nodes[1].div != "" {
		return t.faultAt(0, "the document is not in the namespace of FHIR, %s", fhirSpace)
	}
	return nil
}

// element reads an element and what it holds, and gives its place among the nodes.
func (t *tree) element(depth int) (int32, *fault) {
	if f := t.tooDeep(depth); f != nil {
		return 0, f
	}
	if len(t.nodes) > maxElements {
		return 0, t.faultf("there are more than %d elements", maxElements)
	}
	n, outer := node{pos: t.pos}, len(t.bound)
	defer func() { t.bound = t.bound[:outer] }()
	t.pos++
	start := t.pos
	prefix, name, f := t.name()
	if f != nil {
		return 0, f
	}
	full := t.src[start:t.pos]
	if f = t.attributes(); f != nil {
		return 0, f
	}
	n.name = name
	at := int32(len(t.nodes))
	space, ok := t.lookUp(prefix)
	switch {
	case ok && space == xhtmlSpace && full == "div":
		if len(t.bound) == outer || t.bound[len(t.bound)-1] != (binding{"", xhtmlSpace}) && !slices.Contains(t.bound[outer:], binding{"", xhtmlSpace}) {
			return 0, t.faultAt(n.pos, "the div of a narrative declares the namespace of XHTML itself")
		}
		t.pos = n.pos
		if _, f = t.markup(depth); f != nil {
			return 0, f
		}
		n.div = t.src[n.pos:t.pos]
		t.nodes = append(t.nodes, n)
		return at, nil
	case !ok || space != fhirSpace:
		return 0, t.faultAt(n.pos, "the element %s is not in the namespace of FHIR, %s", clip(full, 80), fhirSpace)
	}
	if f = t.keep(&n); f != nil {
		return 0, f
	}
	t.nodes = append(t.nodes, n)
	if t.has("/>") {
		t.pos += 2
	} else {
		t.pos++
		if f = t.content(at, depth); f == nil {
			f = t.endTag(full)
		}
	}
	if m := &t.nodes[at]; f == nil && m.child == 0 && m.has == 0 && depth > 1 && !capital(name) {
		f = t.faultAt(m.pos, "the element %s has neither a value nor anything in it", clip(full, 80))
	}
	return at, f
}

// content reads the elements within one, up to its end tag.
func (t *tree) content(parent int32, depth int) *fault {
	var last int32
	seen := siblings{first: len(t.last)}
	defer func() { t.last = t.last[:seen.first] }()
	for {
		if f := t.misc(); f != nil {
			return f
		}
		if t.has("</") {
			return nil
		}
		if !t.has("<") || t.has("<!") {
			return t.faultf("between elements, only elements may stand")
		}
		at, f := t.element(depth + 1)
		if f != nil {
			return f
		}
		if last == 0 {
			t.nodes[parent].child = at
		} else {
			t.nodes[last].next = at
		}
		seen.add(t, at)
		last = at
	}
}

// siblings links the elements of one name within another: by looking through the
// few names of a usual one, which stand from first in a list that all share, and
// by a map from the 33rd on.
type siblings struct {
	first int
	names map[string]int
}

func (s *siblings) add(t *tree, at int32) {
	name, i := t.nodes[at].name, len(t.last)
	if s.names != nil {
		if found, ok := s.names[name]; ok {
			i = found
		}
	} else if known := slices.IndexFunc(t.last[s.first:], func(n int32) bool { return t.nodes[n].name == name }); known >= 0 {
		i = s.first + known
	}
	if i < len(t.last) {
		t.nodes[t.last[i]].same = at
		t.nodes[at].again = true
		t.last[i] = at
		return
	}
	t.last = append(t.last, at)
	switch {
	case s.names != nil:
		s.names[name] = i
	case i-s.first == 31:
		s.names = make(map[string]int, 64)
		for i, n := range t.last[s.first:] {
			s.names[t.nodes[n].name] = s.first + i
		}
	}
}
