package elements

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// The tables. A line that begins at the margin names a type and, after it, the
// type on whose elements it builds. Below, each deeper than what it is part of,
// stand its elements: the name, * when it may repeat, and its type.
//
//	Patient DomainResource
//	 name * HumanName                  a list of names
//	 deceased[x] boolean|dateTime      deceasedBoolean or deceasedDateTime
//	 contact * BackboneElement         a part: what it has stands below
//	  gender code
//	  …
//	Extension Element
//	 url @                             an attribute in XML
//	 value[x] any                      one of the types of the line that begins with any
//	Bundle Resource
//	 link * BackboneElement
//	 entry * BackboneElement
//	  link * #Bundle.link              the same as another part
//	  resource Resource                a resource of any type
var (
	//go:embed r4.txt
	r4Text string
	//go:embed stu3.txt
	stu3Text string
)

// tables are read when first asked for: a program that never writes XML does not
// need them.
var tables = [...]func() map[string]*Type{
	R4:   sync.OnceValue(func() map[string]*Type { return read(r4Text) }),
	STU3: sync.OnceValue(func() map[string]*Type { return read(stu3Text) }),
}

// kinds are those of the primitive types that JSON does not write as strings,
// and of the two types that are no objects of their own.
var kinds = map[string]Kind{
	"boolean": Boolean,
	"decimal": Number, "integer": Number, "positiveInt": Number, "unsignedInt": Number,
	"xhtml": XHTML, "Resource": Resource, "@": Attribute,
}

// reader builds the types of a table.
type reader struct {
	types map[string]*Type
	parts map[string]*Type // by path: Bundle.link
	bases map[*Type]string
	any   []string
	open  []*Type // the type of each depth that the line before stands in
}

// read reads a table. One that cannot be read is our fault and ends the program.
func read(text string) map[string]*Type {
	r := &reader{types: map[string]*Type{}, parts: map[string]*Type{}, bases: map[*Type]string{}}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		depth := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "any":
			r.any = strings.Split(words[1], "|")
		case depth == 0:
			t := &Type{Name: words[0]}
			if len(words) > 1 {
				r.bases[t] = words[1]
			}
			r.types[t.Name] = t
			r.open = append(r.open[:0], t)
		default:
			r.element(depth, words)
		}
	}
	for t := range r.bases {
		r.inherit(t)
	}
	for _, t := range r.types {
		r.finish(t)
	}
	for _, t := range r.parts {
		r.finish(t)
	}
	return r.types
}

// element adds the element of a line, or one for each type of a choice.
func (r *reader) element(depth int, words []string) {
	owner := r.open[depth-1]
	name, typ, list := words[0], words[len(words)-1], words[1] == "*"
	if choice, ok := strings.CutSuffix(name, "[x]"); ok {
		types := strings.Split(typ, "|")
		if typ == "any" {
			types = r.any
		}
		for _, one := range types {
			owner.Elements = append(owner.Elements, Element{Name: choice + strings.ToUpper(one[:1]) + one[1:], Type: one, List: list})
		}
		return
	}
	if typ == "BackboneElement" || typ == "Element" {
		part := &Type{Name: owner.Name + "." + name}
		r.bases[part] = typ
		r.parts[part.Name] = part
		r.open = append(r.open[:depth], part)
		typ = "#" + part.Name
	}
	owner.Elements = append(owner.Elements, Element{Name: name, Type: typ, List: list})
}

// inherit puts the elements of the base type before a type's own.
func (r *reader) inherit(t *Type) {
	name, ok := r.bases[t]
	if !ok {
		return
	}
	delete(r.bases, t)
	base := r.types[name]
	r.inherit(base)
	t.Elements = append(base.Elements[:len(base.Elements):len(base.Elements)], t.Elements...)
	t.Resource = base.Resource || name == "Resource"
}

// finish resolves the names of types.
func (r *reader) finish(t *Type) {
	t.index = make(map[string]int, len(t.Elements))
	for i := range t.Elements {
		e := &t.Elements[i]
		t.index[e.Name] = i
		part, isPart := strings.CutPrefix(e.Type, "#")
		switch {
		case isPart:
			e.Type, e.Of = part, r.parts[part]
		case kinds[e.Type] != Object:
			e.Kind = kinds[e.Type]
		case e.Type[0] >= 'a' && e.Type[0] <= 'z':
			e.Kind = Text
		default:
			e.Of = r.types[e.Type]
		}
		if e.Kind == Object && e.Of == nil {
			panic(fmt.Sprintf("elements: %s.%s is of a type without a row, %s", t.Name, e.Name, e.Type))
		}
	}
}
