package mongo

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"

	"slotway/fhir/search"
	"slotway/server/internal/store/engine"
)

// Terms are the texts of the field tok. A resource has
//
//	identifier=value, identifier|hash=value   for each identifier, the hash its system's
//	actor=id                                  for each reference, under each parameter
//	actor=url                                 for one that leads elsewhere
//	name^smi                                  for each part of a name: its beginning
//	#Patient, #Patient:identifier=value …     for each resource it contains
//
// A term may say less than the value does, never something else: what it leads to
// is always matched.

const (
	termLimit = 128 // bytes of a value in a term
	beginning = 3   // letters of a name in a term
)

// nameTypes are those with names worth a term.
var nameTypes = []string{"Patient", "Practitioner"}

var nameParams = []string{"name", "family", "given"}

// termsOf gives the terms of a document and of what it contains.
func termsOf(d *search.Document) []string {
	terms := appendTerms(nil, "", d)
	for i := range d.Contained {
		inner := &d.Contained[i]
		terms = appendTerms(append(terms, containing(inner.Type)), containing(inner.Type)+":", inner)
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

func containing(typ string) string { return "#" + typ }

func appendTerms(terms []string, prefix string, d *search.Document) []string {
	for i := range d.Entries {
		e := &d.Entries[i]
		switch {
		case isIdentifier(e.Param) && e.Code != "":
			terms = append(terms, prefix+tokenTerm(e.Param, e.Code), prefix+systemTerm(e.Param, e.System)+codeTerm(e.Code))
		case isIdentifier(e.Param) && e.System != "":
			terms = append(terms, prefix+systemTerm(e.Param, e.System)+codeTerm(""))
		case e.Param.Kind == search.Reference && e.Ref.ID != "":
			terms = append(terms, prefix+refTerm(e.Param, e.Ref.ID))
		case e.Param.Kind == search.Reference && e.URL != "":
			terms = append(terms, prefix+refTerm(e.Param, e.URL))
		case isName(e.Param) && e.Folded != "":
			if term, ok := nameTerm(e.Param, e.Folded); ok {
				terms = append(terms, prefix+term)
			}
		}
	}
	return terms
}

func isIdentifier(p *search.Param) bool { return p.Kind == search.Token && p.Name == "identifier" }

func isName(p *search.Param) bool {
	return p.Kind == search.String && slices.Contains(nameTypes, p.Type) && slices.Contains(nameParams, p.Name)
}

func tokenTerm(p *search.Param, code string) string { return p.Name + codeTerm(code) }

func codeTerm(code string) string { return "=" + shortened(search.FoldCode(code)) }

// systemTerm gives the beginning of the terms of a system.
func systemTerm(p *search.Param, system string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(system)) // it cannot fail
	return fmt.Sprintf("%s|%016x", p.Name, h.Sum64())
}

func refTerm(p *search.Param, to string) string { return p.Name + "=" + shortened(to) }

// nameTerm gives the term of a part of a name. One that is shorter than a term
// needs none: no search that has a term finds it.
func nameTerm(p *search.Param, folded string) (term string, ok bool) {
	n := 0
	for at := range folded {
		if n == beginning {
			folded = folded[:at]
			break
		}
		n++
	}
	return p.Name + "^" + clean(folded), utf8.RuneCountInString(folded) >= beginning
}

func shortened(text string) string {
	if len(text) > termLimit {
		text = text[:termLimit]
	}
	return clean(text)
}

// clean gives the text without what not every server takes in a text.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "\x01")
}

// fieldsOf gives the index fields of a newest version.
func (s *Store) fieldsOf(customer string, d *search.Document) fields {
	f := fields{Scope: scopeName(customer, d.Type), Resource: d.ID, Terms: termsOf(d), Print: s.print}
	status, date := engine.TimedOf(d.Type).Params(s.o.Catalog)
	if status == nil {
		return f
	}
	w := engine.WhenOf(d, status, date)
	if f.Odd = w.Odd; f.Odd {
		return f
	}
	f.State, f.Instant = stateTerm(w.Status), &w.At
	return f
}

func stateTerm(code string) string { return shortened(search.FoldCode(code)) }
