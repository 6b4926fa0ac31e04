package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"slotway/fhir"
)

// A token is a code with or without a system, http://hl7.org/fhir/R4/search.html#token:
//
//	code           code equal, under any system or none
//	system|code    both equal
//	|code          code equal and no system
//	system|        any code of the system
//
// Case counts in codes of HL7's own FHIR systems, in ids and in identifiers.
// Elsewhere it does not: R4 asks for that wherever it is in doubt.

// token reads an element as tokens.
func (x *extractor) token(p *Param, n fhir.Node) {
	switch p.form {
	case asCode:
		if t := n.Text(); t != "" {
			x.add(Entry{Param: p, System: p.system, Code: t})
		}
	case asBoolean:
		if n.IsBool() {
			x.add(Entry{Param: p, Code: n.Text()})
		}
	case asContact:
		if v := n.Get("value").Text(); v != "" {
			x.add(Entry{Param: p, Code: v, Fold: true})
		}
	case asIdentifier:
		x.identifier(p, n)
	default:
		x.concept(p, n)
	}
}

// concept reads a CodeableConcept, a Coding or a plain id.
func (x *extractor) concept(p *Param, n fhir.Node) {
	if !n.IsObject() {
		if t := n.Text(); t != "" {
			x.add(Entry{Param: p, Code: t})
		}
		return
	}
	codings := n.Get("coding")
	if !codings.Exists() {
		x.coding(p, n)
	}
	for c := range codings.Each() {
		x.coding(p, c)
	}
	if text := fold(n.Get("text").Text()); text != "" {
		x.add(Entry{Param: p, Text: text})
	}
}

func (x *extractor) coding(p *Param, n fhir.Node) {
	e := Entry{Param: p, System: n.Get("system").Text(), Code: n.Get("code").Text(), Text: fold(n.Get("display").Text())}
	if e.System == "" && e.Code == "" && e.Text == "" {
		return
	}
	e.Fold = e.Code != "" && !strings.HasPrefix(e.System, "http://hl7.org/fhir/")
	x.add(e)
}

// identifier reads an Identifier: one entry for each coding of its type.
func (x *extractor) identifier(p *Param, n fhir.Node) {
	e := Entry{Param: p, System: n.Get("system").Text(), Code: n.Get("value").Text(), Text: fold(n.Find("type", "text").Text())}
	if e.System == "" && e.Code == "" && e.Text == "" {
		return
	}
	typed := false
	for t := range n.Find("type", "coding").Each() {
		if e.TypeSystem, e.TypeCode = t.Get("system").Text(), t.Get("code").Text(); e.TypeSystem != "" && e.TypeCode != "" {
			x.add(e)
			typed = true
		}
	}
	if !typed {
		e.TypeSystem, e.TypeCode = "", ""
		x.add(e)
	}
}

// tokenTest reads one value of a token parameter, escapes still in it.
func (p *parser) tokenTest(param *Param, m Modifier, value string) (Test, error) {
	if m == ModText {
		return p.textTest(value)
	}
	pieces, err := p.split(value, '|')
	if err != nil {
		return Test{}, err
	}
	if m == ModOfType {
		if len(pieces) != 3 || pieces[0] == "" || pieces[1] == "" || pieces[2] == "" {
			return Test{}, p.bad("needs three parts: the system and code of the identifier's type, and its value, as system|code|value")
		}
		return Test{TypeSystem: pieces[0], TypeCode: pieces[1], Code: pieces[2]}, nil
	}
	if param.form == asBoolean && value != "true" && value != "false" {
		return Test{}, p.bad("must be true or false")
	}
	if param.form == asContact && len(pieces) > 1 {
		return Test{}, p.bad("is a contact detail and takes no system")
	}
	switch {
	case len(pieces) == 1:
		return Test{Code: pieces[0], Folded: FoldCode(pieces[0])}, nil
	case len(pieces) > 2:
		return Test{}, p.bad("has more than one |; write \\| where it is part of the value")
	case pieces[0] == "" && pieces[1] == "":
		return Test{}, p.bad("has neither a system nor a code")
	}
	return Test{
		HasSystem: true, System: pieces[0],
		AnyCode: pieces[1] == "", Code: pieces[1], Folded: FoldCode(pieces[1]),
	}, nil
}

// matchToken says whether an entry meets a test under a modifier.
func matchToken(m Modifier, t *Test, e *Entry) bool {
	switch m {
	case ModText:
		return e.Text != "" && strings.HasPrefix(e.Text, t.Folded)
	case ModOfType:
		return e.Code == t.Code && e.TypeCode == t.TypeCode && e.TypeSystem == t.TypeSystem
	}
	if t.HasSystem && e.System != t.System {
		return false
	}
	if t.AnyCode {
		return true
	}
	if e.Fold {
		return sameFold(e.Code, t.Code)
	}
	return e.Code == t.Code
}

// sameFold is FoldCode(a) == FoldCode(b), without making either.
func sameFold(a, b string) bool { return a != "" && strings.EqualFold(a, b) }

// FoldCode gives the form in which codes are compared where case does not
// count: two codes have the same form exactly when strings.EqualFold holds.
func FoldCode(code string) string {
	for i := range len(code) {
		if c := code[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			return strings.Map(lowest, code)
		}
	}
	return code
}

// lowest gives one rune for all that differ only in case: for letters of ASCII
// the lower-case one, for others the smallest of them.
func lowest(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least >= 'A' && least <= 'Z' {
		return least + ('a' - 'A')
	}
	return least
}
