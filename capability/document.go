package capability

import (
	"slices"
	"strings"
)

// Document is a resource that says of this server what it can do, beside its
// CapabilityStatement: a SearchParameter, StructureDefinition or
// OperationDefinition. It is made from the tables, and not stored.
type Document struct {
	Type, ID string
	// Params are what it is found by, as documentParams names them.
	Params map[string][]string
	JSON   []byte
}

// documentTypes are the types of documents, with what they are for.
var documentTypes = []struct{ name, doc string }{
	{"SearchParameter", "The search parameters that are supported, those of R4 and our own."},
	{"StructureDefinition", "The extensions that this server writes."},
	{"OperationDefinition", "The operations that are supported."},
}

// documentParams are the search parameters of documents, all of them tokens or
// URIs compared as they are.
var documentParams = []struct {
	name, kind, doc string
	types           []string // nil for all
}{
	{"_id", "token", "The id.", nil},
	{"url", "uri", "The canonical URL.", nil},
	{"name", "string", "The name, whole or its beginning.", nil},
	{"code", "token", "The name under which it is used.", []string{"SearchParameter", "OperationDefinition"}},
	{"base", "token", "A resource type that it is for.", []string{"SearchParameter", "OperationDefinition"}},
}

// DocumentParams gives the names of the search parameters of a type of document.
func DocumentParams(typ string) (names []string) {
	for _, p := range documentParams {
		if p.types == nil || slices.Contains(p.types, typ) {
			names = append(names, p.name)
		}
	}
	return names
}

// Documents gives the documents of the R4 face, by type and then by id.
func Documents(in Input) []Document {
	return slices.Concat(searchParameters(in), structureDefinitions(in), operationDefinitions(in))
}

// Meets says whether the document has one of some values of a parameter.
func (d *Document) Meets(param string, values []string) bool {
	for _, have := range d.Params[param] {
		for _, want := range values {
			if have == want || param == "name" && len(have) >= len(want) && strings.EqualFold(have[:len(want)], want) {
				return true
			}
		}
	}
	return false
}
