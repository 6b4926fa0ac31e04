package mappings

import (
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

type (
	humanName struct {
		Use, Family           string
		Given, Prefix, Suffix []string
	}
	address struct {
		Use, Type                        string
		Line                             []string
		City, State, PostalCode, Country string
	}
	contactPoint struct{ System, Value, Use string }
)

func (v humanName) append(b []byte) []byte {
	b = textIn(append(b, '{'), "use", v.Use)
	b = textIn(b, "family", v.Family)
	b = textsIn(b, "given", v.Given)
	b = textsIn(b, "prefix", v.Prefix)
	return end(textsIn(b, "suffix", v.Suffix), '}')
}

func (v address) append(b []byte) []byte {
	b = textIn(append(b, '{'), "use", v.Use)
	b = textIn(b, "type", v.Type)
	b = textsIn(b, "line", v.Line)
	b = textIn(b, "city", v.City)
	b = textIn(b, "state", v.State)
	b = textIn(b, "postalCode", v.PostalCode)
	return end(textIn(b, "country", v.Country), '}')
}

func (v contactPoint) append(b []byte) []byte {
	b = textIn(append(b, '{'), "system", v.System)
	b = textIn(b, "value", v.Value)
	return end(textIn(b, "use", v.Use), '}')
}

// nameOf reads an XPN.
func nameOf(f hl7.Field) humanName {
	return humanName{
		Use:    nameUse[strings.ToUpper(f.Component(7).Text)],
		Family: f.Sub(1, 1).Text,
		Given:  texts(f.Component(2), f.Component(3)),
		Prefix: texts(f.Component(5)),
		Suffix: texts(f.Component(4)),
	}
}

// displayName writes the first repetition of an XPN as one line.
func (r *reading) displayName(f hl7.Field) string {
	c := f.Components()
	return r.words.joined(" ", c.At(5).Text, c.At(2).Text, c.At(3).Text, c.Sub(1, 1).Text, c.At(4).Text)
}

// names replaces the names: the repetitions of a field are all there are.
func names(r *reading, rule *Rule, v hl7.Value) {
	var list []humanName
	for one := range r.m.Field("PID", 5).Repetitions() {
		if one.State() == hl7.Present {
			if n := nameOf(one); n.Family != "" || len(n.Given) > 0 || len(n.Prefix) > 0 || len(n.Suffix) > 0 {
				list = append(list, n)
			}
		}
	}
	if len(list) > 0 || !v.Valued() {
		putAll(r, rule.path, list)
	}
}

// addresses replaces the addresses, read as XAD.
func addresses(r *reading, rule *Rule, v hl7.Value) {
	var list []address
	for one := range r.m.Field("PID", 11).Repetitions() {
		kind := strings.ToUpper(one.Component(7).Text)
		a := address{
			Use:        addressUse[kind],
			Line:       texts(one.Sub(1, 1), one.Component(2)),
			City:       one.Component(3).Text,
			State:      one.Component(4).Text,
			PostalCode: one.Component(5).Text,
			Country:    one.Component(6).Text,
		}
		if kind == "M" || kind == "SH" {
			a.Type = "postal"
		}
		if len(a.Line) > 0 || a.City != "" || a.State != "" || a.PostalCode != "" || a.Country != "" {
			list = append(list, a)
		}
	}
	if len(list) > 0 || !v.Valued() {
		putAll(r, rule.path, list)
	}
}

var pathMobile = fhir.MustPath("telecom.where(use=mobile)")

// telecoms replaces the phone numbers and addresses of one use, read as XTN. The
// mobile numbers among those of the home are kept as such.
func telecoms(use string) Conv {
	return func(r *reading, rule *Rule, v hl7.Value) {
		var list, mobile []contactPoint
		for one := range r.m.Field(rule.From.Segment(), rule.From.Field()).Repetitions() {
			p, isMobile := r.contactOf(one)
			if p.Value == "" {
				continue
			}
			p.Use = use
			if isMobile && use == "home" {
				p.Use = "mobile"
				mobile = append(mobile, p)
				continue
			}
			list = append(list, p)
		}
		if len(list)+len(mobile) == 0 && v.Valued() {
			return
		}
		putAll(r, rule.path, list)
		if use == "home" {
			putAll(r, pathMobile, mobile)
		}
	}
}

// contactOf reads an XTN: XTN-1 in older senders, else the parts or XTN-12; a number
// that stands in XTN-4 is none of e-mail where XTN-3 says what it is.
func (r *reading) contactOf(f hl7.Field) (p contactPoint, mobile bool) {
	equipment := strings.ToUpper(f.Component(3).Text)
	p.System = telecomSystem[equipment]
	if p.System == "" {
		p.System = "phone"
	}
	number, mail := f.Component(1).Text, f.Component(4).Text
	switch {
	case p.System == "email" && mail == "", mail == "" && strings.Contains(number, "@"):
		p.System, p.Value = "email", number
	case p.System == "email", mail != "" && number == "" && equipment == "":
		p.System, p.Value = "email", mail
	case number != "":
		p.Value = number
	case f.Component(12).Valued():
		p.Value = f.Component(12).Text
	default:
		country := f.Component(5).Text
		if isDigits(country) {
			country = "+" + country
		}
		if p.Value = r.words.joined(" ", country, f.Component(6).Text, f.Component(7).Text); p.Value == "" {
			p.Value = mail
			if strings.Contains(mail, "@") { // whatever XTN-3 says
				p.System = "email"
			}
		}
	}
	return p, mobileNumber[equipment] || mobileNumber[strings.ToUpper(f.Component(2).Text)]
}

// texts gives the texts of those values that have one.
func texts(values ...hl7.Value) []string {
	var out []string
	for _, v := range values {
		if v.Valued() {
			out = append(out, v.Text)
		}
	}
	return out
}
