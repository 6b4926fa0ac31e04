package rest

import (
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
)

// ifNoneExist reads the header of a conditional create,
// http://hl7.org/fhir/R4/http.html#ccreate: the search alone, though some write
// the type or a question mark before it.
func (k *call) ifNoneExist() (*booking.Condition, error) {
	lines := k.c.Request.Header["If-None-Exist"]
	if len(lines) == 0 || !k.face.Conditional {
		return nil, nil
	}
	raw := lines[0]
	if before, after, ok := strings.Cut(raw, "?"); ok && (before == "" || before == k.typ.Name) {
		raw = after
	}
	if len(lines) > 1 {
		return nil, fhir.Errorf(fhir.Invalid, "The header may stand once.").At("If-None-Exist")
	}
	if strings.Trim(raw, "& ") == "" {
		return nil, fhir.Errorf(fhir.Invalid, "The header needs a search that names the %s, such as identifier=system|value.", k.typ.Name).At("If-None-Exist")
	}
	return k.condition(raw)
}

// condition reads the search that names a resource. Whoever asks so finds out what
// there is, and so needs the right to search; and since what is not understood
// would change the wrong resource, it must all be known.
func (k *call) condition(raw string) (*booking.Condition, error) {
	return k.conditionOn(k.typ.Name, raw)
}

func (k *call) conditionOn(typ, raw string) (*booking.Condition, error) {
	pairs := slices.DeleteFunc(strings.Split(raw, "&"), shapesAnswer)
	raw = strings.Join(pairs, "&")
	parsed, err := search.Parse(k.face.Catalog, typ, raw, k.s.Now())
	if err != nil {
		return nil, err
	}
	if len(parsed.Warnings) > 0 {
		w := parsed.Warnings[0]
		return nil, fhir.Errorf(fhir.Invalid, "A condition must be understood whole, and %s is no search parameter of %s here.", w.Where, typ).Coded("INVALID_PARAMETER").At(w.Where)
	}
	if len(parsed.Query.Where) == 0 && raw == "" {
		return nil, fhir.Errorf(fhir.Invalid, "The address needs the id of the %s, or a search that names it.", typ)
	}
	if len(parsed.Query.Where) == 0 {
		return nil, fhir.Errorf(fhir.PreconditionFailed, "A search must say which %s is meant, such as identifier=system|value.", typ)
	}
	if len(parsed.Query.Where) < len(pairs) {
		return nil, fhir.Errorf(fhir.Invalid, "Every parameter of a condition must say something of the %s, with a value.", typ)
	}
	if _, err := k.principal.Demand(auth.Search, typ); err != nil {
		return nil, err
	}
	if err := k.allowed(parsed.Query); err != nil {
		return nil, err
	}
	parts := strings.Split(parsed.Self, "&")
	slices.Sort(parts)
	return &booking.Condition{Query: parsed.Query, Text: typ + "?" + strings.Join(parts, "&")}, nil
}

// shapesAnswer says whether a parameter is about the answer and names nothing.
func shapesAnswer(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	return name == "" || name == "_format" || name == "_pretty"
}
