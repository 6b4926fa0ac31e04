package stu3

import (
	"bytes"

	"slotway/fhir"
)

// In gives in R4 what an STU3 writer sent. An error, of Kind Unprocessable,
// names the element that cannot be carried: one that R4 does not have, or has in
// another form, and no row carries; or a name that only R4 has, which Out would
// take for a renamed one.
func In(r fhir.Resource) (fhir.Resource, error) {
	r = r.Opened()
	if err := refuseDifferent(r.Root(), resourcePair(r.Type()), r.Type()); err != nil {
		return fhir.Resource{}, err
	}
	r, err := convert(r, valuesOf, inward)
	if err != nil {
		return fhir.Resource{}, err
	}
	return convert(r, walk, inward)
}

// way is one of the two ways through an object that has rows: it rewrites the
// members, and says whether it changed any.
type way func(where string, rows []*Row, ms []member) ([]member, bool, error)

// convert rewrites a resource, as a walk through it leads.
func convert(r fhir.Resource, through func(fhir.Node, string, string, way) ([]byte, error), w way) (fhir.Resource, error) {
	root := r.Root()
	raw, err := through(root, r.Type(), r.Type(), w)
	if err != nil {
		return fhir.Resource{}, err
	}
	if bytes.Equal(raw, root.Raw()) {
		return r, nil
	}
	return fhir.Parse(raw)
}

// walk rewrites an object of a type, and the resources contained in it.
func walk(n fhir.Node, typ, where string, w way) ([]byte, error) {
	ms := read(n)
	changed := false
	for i, m := range ms {
		at := typ + "." + m.name
		if m.name != "contained" && !inner[at] {
			continue
		}
		var err error
		ms[i].raw = eachOf(m.value, func(el fhir.Node) []byte {
			of := at
			if m.name == "contained" {
				of = el.Get("resourceType").Text()
			}
			raw, fault := walk(el, of, where+"."+m.name, w)
			if err == nil {
				err = fault
			}
			return raw
		})
		if err != nil {
			return nil, err
		}
		changed = changed || !bytes.Equal(ms[i].raw, m.raw)
	}
	if rows := byType[typ]; rows != nil {
		fresh, did, err := w(where, rows, ms)
		if err != nil {
			return nil, err
		}
		ms, changed = fresh, changed || did
	}
	if !changed {
		return n.Raw(), nil
	}
	return write(ms), nil
}

// valueTypes are the data types with rows, by the names under which extensions hold
// them; nothing else in the types that are kept does.
var valueTypes = map[string]string{"valueMoney": "Money", "valueSignature": "Signature"}

// valuesOf rewrites the values of extensions, anywhere within an object. What
// stands within such a value stays as it is.
func valuesOf(n fhir.Node, _, where string, w way) ([]byte, error) {
	if raw := n.Raw(); !bytes.Contains(raw, []byte(`"valueMoney"`)) && !bytes.Contains(raw, []byte(`"valueSignature"`)) {
		return raw, nil
	}
	ms := read(n)
	var err error
	for i, m := range ms {
		at := where + "." + m.name
		typ := valueTypes[m.name]
		ms[i].raw = eachOf(m.value, func(el fhir.Node) []byte {
			if err != nil || !el.IsObject() {
				return el.Raw()
			}
			var raw []byte
			if typ != "" {
				raw, err = walk(el, typ, at, w)
			} else {
				raw, err = valuesOf(el, "", at, w)
			}
			return raw
		})
	}
	if err != nil {
		return nil, err
	}
	return write(ms), nil
}

func refuse(where, name string, why *fhir.Error) error {
	return fhir.Errorf(fhir.Unprocessable, "%s.%s cannot be carried from STU3 to R4: %s.", where, name, why.Text).At(where + "." + name)
}

// inward is the way from STU3 to R4.
func inward(where string, rows []*Row, ms []member) ([]member, bool, error) {
	var out []member
	var extensions [][]byte
	changed, before := false, ""
	for _, m := range ms {
		row, err := rowFor(where, rows, m)
		if err != nil {
			return nil, false, err
		}
		name := m.name
		var why *fhir.Error
		switch {
		case row == nil:
			out = append(out, m)
		case row.Conv.carries():
			var ext []byte
			if ext, why = row.carry(m, before); why == nil {
				extensions = append(extensions, ext)
			}
		default:
			changed = true
			m, why = row.rename(m)
			if find(out, m.name) >= 0 {
				why = fhir.Errorf(fhir.Unprocessable, "another element has taken its place")
			}
			out = append(out, m)
		}
		if why != nil {
			return nil, false, refuse(where, name, why)
		}
		before = name
	}
	out, err := extend(where, rows, out, extensions)
	return out, changed || len(extensions) > 0, err
}

// rename gives a member of STU3 the name and the value that it has in R4.
func (r *Row) rename(m member) (member, *fhir.Error) {
	fresh := r.R4
	if m.name != r.STU3 {
		fresh = "_" + r.R4
	}
	if fresh != m.name {
		m.name, m.written = fresh, fhir.Quote(fresh)
	}
	if r.Conv.in == nil {
		return m, nil
	}
	var why *fhir.Error
	m.raw, why = r.Conv.in(m.value)
	return m, why
}

// rowFor gives the row of an STU3 element. A name that only R4 has is refused:
// on the way out it would be taken for the renamed one.
func rowFor(where string, rows []*Row, m member) (*Row, error) {
	for _, row := range rows {
		if row.inSTU3(m.name) && string(m.written) != string(fhir.Quote(m.name)) {
			return nil, refuse(where, m.name, fhir.Errorf(fhir.Unprocessable, "write its name without escapes"))
		}
		if row.inSTU3(m.name) {
			return row, nil
		}
	}
	for _, row := range rows {
		if row.inR4(m.name) {
			return nil, refuse(where, m.name, fhir.Errorf(fhir.Unprocessable, "the name is R4's; STU3 calls it %s", row.STU3))
		}
	}
	return nil, nil
}
