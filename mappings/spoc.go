package mappings

import (
	"strings"

	"slotway/hl7bridge/hl7"
)

type (
	stringExtension  struct{ URL, Value string }
	contactExtension struct {
		URL   string
		Parts list[stringExtension]
	}
)

func (v stringExtension) append(b []byte) []byte {
	return end(textIn(textIn(append(b, '{'), "url", v.URL), "valueString", v.Value), '}')
}

func (v contactExtension) append(b []byte) []byte {
	return append(v.Parts.append(member(textIn(append(b, '{'), "url", v.URL), "extension")), '}')
}

// contact reads SCH-13, the single point of contact of a booking: the first phone
// number and the first e-mail address of its repetitions, each XTN.
func contact(r *reading, rule *Rule, v hl7.Value) {
	parts := map[string]string{}
	note := func(name, value string) {
		if parts[name] == "" {
			parts[name] = r.line("SCH-13", value)
		}
	}
	for one := range r.m.Field("SCH", 13).Repetitions() {
		if namesSomebody(one) {
			r.warnOnce("SCH-13 names somebody where the kind of a number belongs, and is ignored; fields may be shifted")
			continue
		}
		if p, _ := r.contactOf(one); p.Value != "" && p.System == "email" {
			note("email", p.Value)
		} else if p.Value != "" {
			note("phone", p.Value)
			note("extension", one.Component(8).Text)
		}
		if mail := one.Component(4); mail.Valued() {
			note("email", mail.Text)
		}
		note("notes", one.Component(9).Text)
	}
	e := contactExtension{URL: structures + "spoc"}
	for _, name := range []string{"email", "phone", "extension", "notes"} {
		if parts[name] != "" {
			e.Parts = append(e.Parts, stringExtension{name, parts[name]})
		}
	}
	switch {
	case len(e.Parts) > 0:
		put(r, rule.path, e)
	case !v.Valued():
		r.add(remove(rule.path))
	}
}

// namesSomebody says whether an XTN is none: a person as XCN has it, with the name where
// use and equipment stand. What a person's id looks like is nobody's number to call.
func namesSomebody(f hl7.Field) bool {
	use, equipment := strings.ToUpper(f.Component(2).Text), strings.ToUpper(f.Component(3).Text)
	return use != "" && equipment != "" && !telecomUse[use] && !mobileNumber[use] && !mobileNumber[equipment] && telecomSystem[equipment] == ""
}
