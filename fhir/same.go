package fhir

import "slices"

// Same says whether two resources say the same: equal values under equal names,
// in whatever order an object's members stand. Numbers and strings are compared
// as written. The top-level members named in except are left out.
func Same(a, b Resource, except ...string) bool {
	return sameNode(a.Root(), b.Root(), except)
}

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
	count := 0
	for name, v := range a.Members() {
		if slices.Contains(except, name) {
			continue
		}
		count++
		if other := b.Get(name); !other.Exists() || !sameNode(v, other, nil) {
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
