package stu3

import (
	"bytes"

	"slotway/fhir"
)

// In gives in R4 what an STU3 writer sent. An error, of Kind Unprocessable,
// names the element that cannot be carried: one that R4 does not have and no row
// carries, or a name that only R4 has, which Out would take for a renamed one.
func In(r fhir.Resource) (fhir.Resource, error) { return convert(r, way{inward, gone}) }

// way is one of the two ways through a resource.
type way struct {
	// members rewrites the members of an object that has rows, and says whether
	// it changed any.
	members func(where string, rows []*Row, ms []member) ([]member, bool, error)
	// gone are the types that it refuses as contained.
	gone map[string]bool
}

func convert(r fhir.Resource, w way) (fhir.Resource, error) {
	root := r.Root()
	raw, err := walk(root, r.Type(), r.Type(), w)
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
			if w.gone[of] {
				fault = refuse(where, m.name, fhir.Errorf(fhir.Unprocessable, "R4 has no %s", of))
			}
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
		fresh, did, err := w.members(where, rows, ms)
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
			if m.name != row.R4 && m.name == row.STU3 {
				m.written = fhir.Quote(row.R4)
			} else if m.name != row.STU3 {
				m.written = fhir.Quote("_" + row.R4)
			}
			m.raw, why = row.Conv.in(m.value)
			out = append(out, m)
		}
		if why != nil {
			return nil, false, refuse(where, m.name, why)
		}
		before = m.name
	}
	out, err := extend(where, rows, out, extensions)
	return out, changed || len(extensions) > 0, err
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
