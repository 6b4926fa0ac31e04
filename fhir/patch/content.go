package patch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// content is what a document gives for an element: a value[x], or a resource, or
// the elements within it one by one, as parts. The last is for the parts of a
// resource type that have no data type, such as Appointment.participant.
type content struct {
	typ    string    // String of valueString; empty of the others
	value  fhir.Node // not there for parts, and for a primitive that only has extensions
	beside fhir.Node // id and extensions of a primitive
	parts  []namedContent
}

type namedContent struct {
	name string
	content
}

// whole reads a position into n.
func (c content) whole(n *int) bool {
	at, err := strconv.Atoi(c.value.Text())
	*n = at
	return err == nil && at >= 0 && c.value.IsNumber()
}

// readContent reads the value of a part. The error is for the caller, without a
// subject.
func readContent(part fhir.Node) (c content, err error) {
	kinds := 0
	for name, v := range part.Members() {
		plain, beside := strings.CutPrefix(name, "_")
		typ, value := strings.CutPrefix(plain, "value")
		value = value && typ != "" && typ[0] >= 'A' && typ[0] <= 'Z'
		switch {
		case value && c.typ != "" && c.typ != typ:
			return c, errors.New("has two values")
		case value && beside:
			c.typ, c.beside = typ, v
		case value:
			c.typ, c.value = typ, v
			kinds++
		case name == "resource":
			c.value = v
			kinds++
		case name == "part":
			for p := range v.Each() {
				within, err := readContent(p)
				if err != nil {
					return c, err
				}
				c.parts = append(c.parts, namedContent{p.Get("name").Text(), within})
			}
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return c, errors.New("has more than one of value, part and resource")
	case c.value.IsNull() || kinds == 0 && !c.beside.IsObject() || c.parts == nil && part.Get("part").Exists():
		return c, errors.New("has no value")
	case c.beside.Exists() && !c.beside.IsObject():
		return c, errors.New("has extensions that are no object")
	}
	return c, nil
}

// definition finds the element of a type that the content is for, by its name:
// of a choice, that of the content's type.
func (c content) definition(t *elements.Type, name string) (*elements.Element, error) {
	if t == nil {
		return nil, errors.New("it is not known here what elements there may be")
	}
	if def := definition(t, name); def != nil {
		return def, nil
	}
	all := choices(t, strings.TrimSuffix(name, "[x]"))
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no element %s", t.Name, strconv.Quote(clip(name)))
	}
	return c.choose(t, all)
}

// choose gives the one of a choice of types that the content is of.
func (c content) choose(t *elements.Type, all []*elements.Element) (*elements.Element, error) {
	for _, def := range all {
		if c.typ != "" && strings.EqualFold(def.Type, c.typ) {
			return def, nil
		}
	}
	return nil, fmt.Errorf("%s does not take a value of that type", t.Name+"."+strings.TrimSuffix(all[0].Name, title(all[0].Type))+"[x]")
}

func title(typ string) string { return strings.ToUpper(typ[:1]) + typ[1:] }

// build gives the value of an element, and what stands beside it; either may be
// nil. def is nil for an element that is not known.
func (c content) build(t *target, def *elements.Element) (value, beside *fhir.Draft, err error) {
	if c.beside.Exists() {
		if def != nil && !def.Kind.Primitive() {
			return nil, nil, fmt.Errorf("%s is no primitive, and has no place for extensions beside it", def.Name)
		}
		beside = c.beside.Edit()
	}
	if c.parts != nil {
		value, err = c.assemble(t, def)
		return value, nil, err
	}
	if !c.value.Exists() {
		return nil, beside, nil
	}
	return c.value.Edit(), beside, c.fits(def)
}

// fits says whether the value is of the kind that the element has. What its text
// may be is for validation.
func (c content) fits(def *elements.Element) error {
	if def == nil {
		return nil
	}
	ok := false
	switch def.Kind {
	case elements.Number:
		ok = c.value.IsNumber()
	case elements.Boolean:
		ok = c.value.IsBool()
	case elements.Object:
		ok = c.value.IsObject() && c.typ == title(def.Type)
	case elements.Resource:
		ok = c.value.IsObject() && c.typ == ""
	default:
		ok = c.value.IsString()
	}
	switch {
	case ok:
		return nil
	case def.Kind == elements.Resource:
		return fmt.Errorf("%s takes a resource", def.Name)
	case def.Kind == elements.Object && strings.Contains(def.Type, "."):
		return fmt.Errorf("%s takes its elements as parts", def.Name)
	case def.Kind == elements.Object:
		return fmt.Errorf("%s takes a value%s, or its elements as parts", def.Name, title(def.Type))
	case def.Kind == elements.Attribute || def.Kind == elements.XHTML:
		return fmt.Errorf("%s takes a valueString", def.Name)
	}
	return fmt.Errorf("%s takes a value%s", def.Name, title(def.Type))
}

var (
	emptyObject = fhir.MustValue(`{}`)
	emptyList   = fhir.MustValue(`[]`)
	null        = fhir.MustValue(`null`)
)

// assemble makes an object of parts.
func (c content) assemble(t *target, def *elements.Element) (*fhir.Draft, error) {
	if def == nil || def.Kind != elements.Object {
		return nil, errors.New("parts are for an element that has elements of its own")
	}
	object := emptyObject.Edit()
	for _, p := range c.parts {
		if err := put(t, object, def.Of, p.name, p.content); err != nil {
			return nil, err
		}
	}
	return object, nil
}
