package rest

import (
	"slices"

	"slotway/fhir"
)

// Handling says what becomes of search parameters that the server does not have,
// http://hl7.org/fhir/R4/search.html#errors: they are refused, or ignored, which
// the answer says.
type Handling uint8

// The ways of handling, by whether the caller's Prefer: handling= counts.
const (
	Lenient     Handling = iota // ignore, unless the caller prefers strict
	LenientOnly                 // ignore
	Strict                      // refuse, unless the caller prefers lenient
	StrictOnly                  // refuse
)

var handlings = map[string]Handling{"lenient": Lenient, "lenient-only": LenientOnly, "strict": Strict, "strict-only": StrictOnly}

// ParseHandling gives the handling of a name; ok is false for a name not known.
func ParseHandling(name string) (h Handling, ok bool) {
	h, ok = handlings[name]
	return h, ok
}

// refuses says whether what is not known is refused to a caller with these preferences.
func (h Handling) refuses(strict, lenient bool) bool {
	switch h {
	case Lenient:
		return strict
	case Strict:
		return strict || !lenient
	}
	return h == StrictOnly
}

// ignored gives warnings of what is not known as they are told to a caller who is
// answered all the same.
func ignored(notes []fhir.Issue) []fhir.Issue {
	out := slices.Clone(notes)
	for i := range out {
		if out[i].Severity == "warning" {
			out[i].Text += " It was ignored."
		}
	}
	return out
}
