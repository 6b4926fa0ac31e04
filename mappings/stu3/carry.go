package stu3

import (
	"strings"

	"slotway/fhir"
)

// versionURL begins the URL of HL7's extension for an element of STU3 that R4
// does not have; the element's path follows.
const versionURL = "http://hl7.org/fhir/3.0/StructureDefinition/extension-"

// An extension that carries an element says in its own id where the element
// stood, so that it can be put back there:
//
//	{"id": "after.name", "url": "…/extension-Patient.animal", "extension": [ … ]}
const (
	first = "first"
	after = "after."
)

func (r *Row) url() string { return versionURL + r.Type + "." + r.STU3 }

// carry writes an extension for a member that stood after another.
func (r *Row) carry(m member, before string) ([]byte, *fhir.Error) {
	place := first
	if before != "" {
		place = after + before
	}
	ext := []member{named("id", fhir.Quote(place)), named("url", fhir.Quote(r.url()))}
	switch {
	case r.Conv.parts != nil:
		parts, why := r.pack(m.value)
		if why != nil {
			return nil, why
		}
		ext = append(ext, named("extension", parts))
	case m.name == r.STU3:
		ext = append(ext, named(r.Conv.value, m.raw))
	default:
		ext = append(ext, named("_"+r.Conv.value, m.raw))
	}
	return write(ext), nil
}

// pack writes the parts of an object as extensions, each under its own name.
func (r *Row) pack(n fhir.Node) ([]byte, *fhir.Error) {
	var parts [][]byte
	for _, m := range read(n) {
		value, ok := r.partValue(m.name)
		if !ok || string(m.written) != string(fhir.Quote(m.name)) {
			return nil, fhir.Errorf(fhir.Unprocessable, "STU3 has no element %s in it", m.written)
		}
		parts = append(parts, write([]member{named("url", m.written), named(value, m.raw)}))
	}
	if len(parts) == 0 {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is an object with something in it")
	}
	return join(parts), nil
}

// partValue gives the name under which a part's value stands in its extension.
func (r *Row) partValue(name string) (string, bool) {
	switch name {
	case "id":
		return "valueString", true
	case "extension", "modifierExtension":
		return "extension", true
	}
	value, ok := r.Conv.parts[name]
	return value, ok
}

// carriage is an element taken out of the extension that carried it.
type carriage struct {
	member member
	place  string
}

// unpack reads an extension that carries an element of one of the rows.
func unpack(rows []*Row, ext fhir.Node) (c carriage, ok bool) {
	url, isOurs := strings.CutPrefix(ext.Get("url").Text(), versionURL)
	if !isOurs {
		return c, false
	}
	for _, r := range rows {
		if !r.Conv.carries() || url != r.Type+"."+r.STU3 {
			continue
		}
		c.place = ext.Get("id").Text()
		if r.Conv.parts != nil {
			c.member, ok = r.unpackParts(ext)
			return c, ok
		}
		if v := ext.Get(r.Conv.value); v.Exists() {
			c.member = named(r.STU3, v.Raw())
		} else {
			v = ext.Get("_" + r.Conv.value)
			c.member = named("_"+r.STU3, v.Raw())
		}
		return c, len(c.member.raw) > 0
	}
	return c, false
}

func (r *Row) unpackParts(ext fhir.Node) (member, bool) {
	var parts []member
	for part := range ext.Get("extension").Each() {
		name := part.Get("url").Text()
		value, ok := r.partValue(name)
		v := part.Get(value)
		if !ok || !v.Exists() || find(parts, name) >= 0 {
			return member{}, false
		}
		parts = append(parts, named(name, v.Raw()))
	}
	return named(r.STU3, write(parts)), len(parts) > 0
}

// extend adds extensions to an object's own. An object that uses the URLs of
// carried elements itself is refused: on the way out they would be taken for it.
func extend(where string, rows []*Row, ms []member, extensions [][]byte) ([]member, error) {
	at := find(ms, "extension")
	if at >= 0 {
		for el := range ms[at].value.Each() {
			if _, ok := unpack(rows, el); ok {
				return nil, refuse(where, "extension", fhir.Errorf(fhir.Unprocessable, "an extension for an element of STU3 belongs into R4 only"))
			}
		}
	}
	switch {
	case len(extensions) == 0:
		return ms, nil
	case at < 0:
		return append(ms, named("extension", join(extensions))), nil
	case !ms[at].value.IsArray() || ms[at].value.Len() == 0:
		return nil, refuse(where, "extension", fhir.Errorf(fhir.Unprocessable, "it is a list with something in it"))
	}
	var all [][]byte
	for el := range ms[at].value.Each() {
		all = append(all, el.Raw())
	}
	ms[at].raw = join(append(all, extensions...))
	return ms, nil
}

// Carried is an element of STU3 that R4 does not have, with the extension that
// carries it.
type Carried struct {
	URL     string
	Context string // the type that has the extension in R4
	Element string // its path in STU3
	Value   string // the name of its value, such as valueString; empty when it has parts
	Parts   map[string]string
}

// CarriedElements gives the elements that are carried.
func CarriedElements() (all []Carried) {
	for i := range rows {
		if r := &rows[i]; r.Conv.carries() {
			all = append(all, Carried{r.url(), r.Type, r.Type + "." + r.STU3, r.Conv.value, r.Conv.parts})
		}
	}
	return all
}
