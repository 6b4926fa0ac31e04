package r4

import (
	"slices"
	"strings"
)

// SummaryElements gives what _summary=true shows of a type, the mandatory
// elements included: names of elements, and of one that is shown in part the
// paths of its parts (participant.actor). It is empty for a type not kept here.
// http://hl7.org/fhir/R4/search.html#summary
func SummaryElements(typ string) []string {
	rows, kept := resources[typ]
	if !kept {
		return nil
	}
	var names []string
	parent := element{}
	for _, row := range slices.Concat(resourceBase, rows) {
		shown := row.flags&summary != 0 || row.min > 0
		switch {
		case !strings.Contains(row.path, "."):
			if parent = row; shown && row.types != "BackboneElement" {
				names = append(names, written(row)...)
			}
		case shown && (parent.flags&summary != 0 || parent.min > 0):
			names = append(names, written(row)...)
		}
	}
	return names
}

// MandatoryElements gives the elements that every resource of the type has, and
// that _elements therefore always shows.
func MandatoryElements(typ string) []string {
	var names []string
	for _, row := range resources[typ] {
		if row.min > 0 && !strings.Contains(row.path, ".") {
			names = append(names, written(row)...)
		}
	}
	return names
}

// written gives the names that an element is written under: of a choice, one for
// each type.
func written(row element) []string {
	base, choice := strings.CutSuffix(row.path, "[x]")
	if !choice {
		return []string{row.path}
	}
	var names []string
	for _, typ := range strings.Split(row.types, "|") {
		names = append(names, base+strings.ToUpper(typ[:1])+typ[1:])
	}
	return names
}
