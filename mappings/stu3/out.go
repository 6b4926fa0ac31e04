package stu3

import (
	"strings"

	"slotway/fhir"
)

// Out gives in STU3 what In made R4 of. What an R4 writer wrote, and STU3 has no
// form for, stays as it is; see Show.
func Out(r fhir.Resource) (fhir.Resource, error) {
	r, err := convert(r.Opened(), walk, outward)
	if err != nil {
		return fhir.Resource{}, err
	}
	return convert(r, valuesOf, outward)
}

// outward is the way from R4 to STU3. It refuses nothing.
func outward(_ string, rows []*Row, ms []member) ([]member, bool, error) {
	changed := false
	for i, m := range ms {
		for _, row := range rows {
			if !row.inR4(m.name) {
				continue
			}
			name := row.STU3
			if m.name != row.R4 {
				name = "_" + name
			}
			if name != m.name && find(ms, name) >= 0 {
				break // it has the STU3 name as well
			}
			raw, ok := m.raw, true
			if row.Conv.out != nil {
				raw, ok = row.Conv.out(m.value)
			}
			if !ok {
				continue // it has no form in STU3, or that of another row
			}
			ms[i].raw, changed = raw, true
			if name != m.name {
				ms[i].name, ms[i].written = name, fhir.Quote(name)
			}
			break
		}
	}
	ms, restored := restore(rows, ms)
	return ms, changed || restored, nil
}

// restore puts back the elements that were carried in extensions.
func restore(rows []*Row, ms []member) ([]member, bool) {
	at := find(ms, "extension")
	if at < 0 || !ms[at].value.IsArray() {
		return ms, false
	}
	var kept [][]byte
	var back []carriage
	for el := range ms[at].value.Each() {
		if c, ok := unpack(rows, el); ok && find(ms, c.member.name) < 0 {
			back = append(back, c)
		} else {
			kept = append(kept, el.Raw())
		}
	}
	if len(back) == 0 {
		return ms, false
	}
	if ms[at].raw = join(kept); len(kept) == 0 {
		ms = append(ms[:at:at], ms[at+1:]...)
	}
	for _, c := range back {
		ms = c.putBack(ms)
	}
	return ms, true
}

// putBack inserts the element where it stood: after the member it followed, or
// at the head; at the end if that is gone, or if nothing says where.
func (c carriage) putBack(ms []member) []member {
	at := len(ms)
	if before, follows := strings.CutPrefix(c.place, after); follows {
		if i := find(ms, before); i >= 0 {
			at = i + 1
		}
	} else if c.place == first {
		at = 0
	}
	return append(ms[:at:at], append([]member{c.member}, ms[at:]...)...)
}
