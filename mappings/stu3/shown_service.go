package stu3

import (
	"slices"

	"slotway/fhir"
)

func showEligibility(v *view, ms []member, at int) []member {
	one := ms[at].value.First()
	note := one.Get("comment")
	if code := one.Get("code"); code.Exists() {
		ms[at].raw = v.concept(code)
		at++
	} else {
		ms = remove(ms, at)
	}
	if note.Exists() && find(ms, "eligibilityNote") < 0 {
		ms = slices.Insert(ms, at, named("eligibilityNote", note.Raw()))
	}
	return ms
}

func showProgram(_ *view, ms []member, at int) []member {
	var names [][]byte
	for el := range ms[at].value.Each() {
		if text := conceptText(el); text != "" {
			names = append(names, fhir.Quote(text))
		}
	}
	if len(names) == 0 || find(ms, "programName") >= 0 {
		return remove(ms, at)
	}
	ms[at] = named("programName", join(names))
	return ms
}

func showClass(v *view, ms []member, at int) []member {
	if find(ms, "class") >= 0 || ms[at].value.Len() == 0 {
		return remove(ms, at)
	}
	ms[at] = named("class", v.concept(ms[at].value.First()))
	return ms
}
