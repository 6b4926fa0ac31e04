package fhir

import "slices"

// Same says whether two resources say the same: equal values under equal names,
// in whatever order an object's members stand. Numbers and strings are compared
// as written. The top-level members named in except are left out.
func Same(a, b Resource, except ...string) bool {
	return sameNode(a.Root(), b.Root(), except)
}

// SameValue says whether two values say the same, as Same does of resources.
func SameValue(a, b Node) bool { return sameNode(a, b, nil) }

func sameNode(a, b Node, except []string) bool {
	switch {
	case a.IsObject() && b.IsObject():
		return sameMembers(a, b, except)
	case a.IsArray() && b.IsArray():
		return sameElements(a, b)
	case a.IsString() && b.IsString():
		return a.Text() == b.Text()
	}
	return a.Exists() == b.Exists() && string(a.Raw()) == string(b.Raw())
}

func sameMembers(a, b Node, except []string) bool {
	count, others := 0, finder{of: b, next: b.i + 1}
	for name, v := range a.Members() {
		if slices.Contains(except, name) {
			continue
		}
		count++
		if other := others.find(name); !other.Exists() || !sameNode(v, other, nil) {
			return false
		}
	}
	for name := range b.Members() {
		if !slices.Contains(except, name) {
			count--
		}
	}
	return count == 0
}

func sameElements(a, b Node) bool {
	if a.Len() != b.Len() {
		return false
	}
	var others []Node
	for e := range b.Each() {
		others = append(others, e)
	}
	i := 0
	for e := range a.Each() {
		if !sameNode(e, others[i], nil) {
			return false
		}
		i++
	}
	return true
}

// finder finds the members of an object by name, fast where they are asked for in
// their order, and never slow.
type finder struct {
	of    Node
	next  uint32          // the token after the member last found
	names map[string]Node // of a wide object that is not asked in order
}

func (f *finder) find(name string) Node {
	tokens := f.of.doc.tokens
	found := Node{f.of.doc, f.next + 1}
	if f.next >= f.of.tok().next || !nameIs(f.of.doc.src, tokens[f.next], name) {
		found = f.look(name)
	}
	if found.Exists() {
		f.next = tokens[found.i].next
	}
	return found
}

func (f *finder) look(name string) Node {
	if f.of.tok().next-f.of.i < 4*wide {
		return f.of.Get(name)
	}
	if f.names == nil {
		f.names = map[string]Node{}
		for name, v := range f.of.Members() {
			f.names[name] = v
		}
	}
	return f.names[name]
}
