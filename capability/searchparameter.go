package capability

import (
	"slices"
	"strings"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
	"slotway/fhir/search"
)

// searchParameters gives the SearchParameter of every row of the search catalog.
// Rows that HL7, or we, define once for several types are one.
func searchParameters(in Input) (all []Document) {
	at := map[string]int{}
	var found []*parameter
	for _, typ := range slices.Concat(fhir.Types(), fhir.Recorded()) {
		for _, p := range in.Catalog.Params(typ.Name) {
			url := in.definition(typ.Name, p)
			i, known := at[url]
			if !known {
				i, at[url] = len(found), len(found)
				found = append(found, &parameter{url: url, row: p})
			}
			found[i].add(p)
		}
	}
	for _, p := range found {
		all = append(all, p.document(in))
	}
	slices.SortFunc(all, func(a, b Document) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// parameter is a search parameter as it is defined, of one type or several.
type parameter struct {
	url   string
	row   *search.Param
	bases []string
	paths []string
	to    []string
}

func (p *parameter) add(row *search.Param) {
	base := row.Type
	if base == "" {
		base = "Resource"
	}
	if !slices.Contains(p.bases, base) {
		p.bases = append(p.bases, base)
	}
	if path := row.Expression(); path != "" && !slices.Contains(p.paths, path) {
		p.paths = append(p.paths, path)
	}
	for _, t := range row.Targets {
		if !slices.Contains(p.to, t) {
			p.to = append(p.to, t)
		}
	}
}

func (p *parameter) document(in Input) Document {
	id := p.url[strings.LastIndexByte(p.url, '/')+1:]
	code := in.Catalog.NameOf(p.row)
	name := code
	if own := strings.TrimPrefix(code, "-"); own != code {
		name = strings.ToUpper(own[:1]) + own[1:]
	}
	s := models.SearchParameter{
		Id: new(id), Url: p.url, Version: new(in.Version), Name: name, Status: models.PublicationStatusActive,
		Date: new(in.date()), Publisher: new(in.publisher()), Description: p.row.Doc, Code: code,
		MultipleOr: new(true), MultipleAnd: new(true),
	}
	must(s.Type.UnmarshalJSON(fhir.Quote(p.row.Kind.String())))
	s.Base, s.Target = resourceTypes(p.bases), resourceTypes(p.to)
	if len(p.paths) > 0 {
		s.Expression = new(strings.Join(p.paths, " | "))
	}
	if p.row.Kind == search.Date {
		for _, prefix := range []string{"eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"} {
			var c models.SearchComparator
			must(c.UnmarshalJSON(fhir.Quote(prefix)))
			s.Comparator = append(s.Comparator, c)
		}
	}
	for _, name := range p.row.Modifiers() {
		var m models.SearchModifierCode
		must(m.UnmarshalJSON(fhir.Quote(strings.Replace(name, "of-type", "ofType", 1))))
		s.Modifier = append(s.Modifier, m)
	}
	return Document{
		Type: "SearchParameter", ID: id,
		Params: map[string][]string{"_id": {id}, "url": {p.url}, "name": {name}, "code": {code}, "base": p.bases},
		JSON: document(struct {
			ResourceType string `json:"resourceType"`
			models.OtherSearchParameter
		}{"SearchParameter", models.OtherSearchParameter(s)}),
	}
}

func resourceTypes(names []string) (types []models.ResourceType) {
	for _, name := range names {
		var t models.ResourceType
		must(t.UnmarshalJSON(fhir.Quote(name)))
		types = append(types, t)
	}
	return types
}
