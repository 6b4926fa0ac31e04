package stu3

import (
	"bytes"

	"slotway/fhir"
)

// member is one member of an object that is being rewritten.
type member struct {
	name    string
	written []byte // the name as it stands, quotes included
	value   fhir.Node
	raw     []byte // what to write in the value's place
}

func named(name string, raw []byte) member {
	return member{name: name, written: fhir.Quote(name), raw: raw}
}

// read gives the members of an object; of anything else, none.
func read(n fhir.Node) (ms []member) {
	for written, v := range n.Written() {
		ms = append(ms, member{written: written, value: v, raw: v.Raw()})
	}
	i := 0
	for name := range n.Members() {
		ms[i].name = name
		i++
	}
	return ms
}

// write gives an object's text.
func write(ms []member) []byte {
	out := []byte{'{'}
	for i, m := range ms {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, m.written...), ':'), m.raw...)
	}
	return append(out, '}')
}

// join gives a list's text.
func join(elements [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(elements, []byte{','})...), ']')
}

// eachOf rewrites each element of a list, or the value that is none. It gives
// the value's own bytes when nothing changed.
func eachOf(v fhir.Node, do func(fhir.Node) []byte) []byte {
	if !v.IsArray() {
		return do(v)
	}
	changed := false
	var elements [][]byte
	for el := range v.Each() {
		raw := do(el)
		changed = changed || !bytes.Equal(raw, el.Raw())
		elements = append(elements, raw)
	}
	if !changed {
		return v.Raw()
	}
	return join(elements)
}

// find gives the place of the member of that name, or -1.
func find(ms []member, name string) int {
	for i := range ms {
		if ms[i].name == name {
			return i
		}
	}
	return -1
}
