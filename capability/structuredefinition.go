package capability

import (
	"maps"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/mappings/stu3"
)

// The parts of a StructureDefinition that defines an extension,
// http://hl7.org/fhir/R4/defining-extensions.html.
type (
	structure struct {
		ResourceType   string             `json:"resourceType"`
		ID             string             `json:"id"`
		URL            string             `json:"url"`
		Version        string             `json:"version"`
		Name           string             `json:"name"`
		Status         string             `json:"status"`
		Date           string             `json:"date"`
		Publisher      string             `json:"publisher"`
		Description    string             `json:"description"`
		FHIRVersion    string             `json:"fhirVersion"`
		Kind           string             `json:"kind"`
		Abstract       bool               `json:"abstract"`
		Context        []structureContext `json:"context"`
		Type           string             `json:"type"`
		BaseDefinition string             `json:"baseDefinition"`
		Derivation     string             `json:"derivation"`
		Differential   differential       `json:"differential"`
	}
	structureContext struct {
		Type       string `json:"type"`
		Expression string `json:"expression"`
	}
	differential struct {
		Element []definition `json:"element"`
	}
	definition struct {
		ID         string        `json:"id"`
		Path       string        `json:"path"`
		SliceName  string        `json:"sliceName,omitempty"`
		Short      string        `json:"short,omitempty"`
		Definition string        `json:"definition,omitempty"`
		Min        *int          `json:"min,omitempty"`
		Max        string        `json:"max,omitempty"`
		Type       []elementType `json:"type,omitempty"`
		FixedURI   string        `json:"fixedUri,omitempty"`
	}
	elementType struct {
		Code string `json:"code"`
	}
)

// part is one of the extensions within an extension, with the type of its value.
type part struct{ url, typ string }

// structureDefinitions gives the StructureDefinition of every extension that this
// server writes: our own, and HL7's for elements that R4 does not have.
func structureDefinitions(in Input) (all []Document) {
	for _, e := range fhir.Extensions() {
		var parts []part
		for _, p := range e.Parts {
			parts = append(parts, part{p, "string"})
		}
		all = append(all, extensionDocument(in, e.URL, e.Context, e.Value, e.Doc, parts))
	}
	for _, c := range stu3.CarriedElements() {
		var parts []part
		for _, url := range slices.Sorted(maps.Keys(c.Parts)) {
			parts = append(parts, part{url, typeOfValue(c.Parts[url])})
		}
		doc := "The element " + c.Element + " of STU3, which R4 does not have, as it was written there."
		all = append(all, extensionDocument(in, c.URL, c.Context, typeOfValue(c.Value), doc, parts))
	}
	slices.SortFunc(all, func(a, b Document) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// typeOfValue gives the type of a value's name: string of valueString.
func typeOfValue(name string) string {
	typ := strings.TrimPrefix(name, "value")
	if typ == "String" || typ == "DateTime" {
		typ = strings.ToLower(typ[:1]) + typ[1:]
	}
	return typ
}

// extensionDocument describes an extension; context is the elements that may have it.
func extensionDocument(in Input, url, context, value, doc string, parts []part) Document {
	id := url[strings.LastIndexByte(url, '/')+1:]
	name := ""
	for word := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '.' }) {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	s := structure{
		ResourceType: "StructureDefinition", ID: id, URL: url, Version: in.Version, Name: name, Status: "active", Date: in.date(), Publisher: in.publisher(),
		Description: doc, FHIRVersion: "4.0.1", Kind: "complex-type", Type: "Extension",
		BaseDefinition: "http://hl7.org/fhir/StructureDefinition/Extension", Derivation: "constraint",
	}
	for element := range strings.FieldsSeq(context) {
		s.Context = append(s.Context, structureContext{"element", element})
	}
	add := func(d definition) { s.Differential.Element = append(s.Differential.Element, d) }
	add(definition{ID: "Extension", Path: "Extension", Short: doc, Definition: doc})
	for _, p := range parts {
		at := "Extension.extension:" + p.url
		add(definition{ID: at, Path: "Extension.extension", SliceName: p.url, Min: new(0), Max: "1"})
		add(definition{ID: at + ".url", Path: "Extension.extension.url", FixedURI: p.url})
		add(definition{ID: at + ".value[x]", Path: "Extension.extension.value[x]", Min: new(1), Type: []elementType{{p.typ}}})
	}
	if parts == nil {
		add(definition{ID: "Extension.extension", Path: "Extension.extension", Max: "0"})
	}
	add(definition{ID: "Extension.url", Path: "Extension.url", FixedURI: url})
	if parts == nil {
		add(definition{ID: "Extension.value[x]", Path: "Extension.value[x]", Min: new(1), Type: []elementType{{value}}})
	} else {
		add(definition{ID: "Extension.value[x]", Path: "Extension.value[x]", Max: "0"})
	}
	return Document{
		Type: "StructureDefinition", ID: id,
		Params: map[string][]string{"_id": {id}, "url": {url}, "name": {name}},
		JSON:   document(s),
	}
}
