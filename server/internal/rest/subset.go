package rest

import (
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
)

// subset says whether a part of a resource is shown: by its path within the
// resource, such as participant.actor. Nil shows everything.
type subset func(typ, path string) bool

// subsetOf gives what _summary and _elements ask for, http://hl7.org/fhir/R4/search.html#summary.
func subsetOf(q search.Query) subset {
	switch {
	case len(q.Elements) > 0:
		return chosen(func(string) []string { return q.Elements })
	case q.Summary == search.SummaryTrue:
		return chosen(r4.SummaryElements)
	case q.Summary == search.SummaryText:
		return chosen(func(string) []string { return []string{"text"} })
	case q.Summary == search.SummaryData:
		return func(_, path string) bool { return path != "text" }
	}
	return nil
}

// always is what every resource shows of its own.
var always = []string{"resourceType", "id", "meta", "implicitRules"}

// chosen shows the elements listed, those that a resource must have, and what
// every resource has of its own.
func chosen(list func(typ string) []string) subset {
	return func(typ, path string) bool {
		top, _, _ := strings.Cut(path, ".")
		if slices.Contains(always, top) {
			return true
		}
		all := append(list(typ), r4.MandatoryElements(typ)...)
		return slices.ContainsFunc(all, func(e string) bool {
			// An element is shown whole, or in the parts that are listed.
			return e == path || e == top || strings.HasPrefix(e, path+".")
		})
	}
}

// subsetted is the tag of a resource that is not shown whole.
const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

var pathSubsetted = fhir.MustPath("meta.tag.where(code=SUBSETTED)")

// of gives the shown part of a resource.
func (s subset) of(r fhir.Resource) (fhir.Resource, error) {
	part, err := fhir.Parse(s.members(nil, r.Root(), r.Type(), ""))
	if err != nil {
		return r, err
	}
	return part.Apply(fhir.Change{Path: pathSubsetted, Op: fhir.Set, Value: []byte(subsetted)})
}

// members writes the shown members of an object; those of a list's elements are
// chosen alike.
func (s subset) members(out []byte, n fhir.Node, typ, within string) []byte {
	out = append(out, '{')
	empty := len(out)
	for name, v := range n.Members() {
		path := within + strings.TrimPrefix(name, "_")
		if !s(typ, path) {
			continue
		}
		if len(out) > empty {
			out = append(out, ',')
		}
		out = append(fhir.AppendQuote(out, name), ':')
		if within == "" && v.First().IsObject() && !s(typ, path+".*") {
			out = s.parts(out, v, typ, path+".")
		} else {
			out = append(out, v.Raw()...)
		}
	}
	return append(out, '}')
}

func (s subset) parts(out []byte, v fhir.Node, typ, within string) []byte {
	if v.IsObject() {
		return s.members(out, v, typ, within)
	}
	out = append(out, '[')
	first := true
	for e := range v.Each() {
		if !first {
			out = append(out, ',')
		}
		first = false
		out = s.members(out, e, typ, within)
	}
	return append(out, ']')
}
