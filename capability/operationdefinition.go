package capability

import (
	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
)

// operationID is the id of the definition of an operation: its type and name.
func operationID(o fhir.Operation) string {
	if o.Types == nil {
		return "Resource-" + o.Name
	}
	return o.Types[0] + "-" + o.Name
}

// operationURL is the canonical URL of the definition of an operation.
func (in Input) operationURL(o fhir.Operation) string {
	return in.Base + "/OperationDefinition/" + operationID(o)
}

// operationDefinitions gives the OperationDefinition of every row of the
// operation table.
func operationDefinitions(in Input) (all []Document) {
	for _, o := range fhir.Operations() {
		id := operationID(o)
		d := models.OperationDefinition{
			Id: new(id), Url: new(in.operationURL(o)), Version: new(in.Version), Name: computable(o), Title: new(o.Title),
			Status: models.PublicationStatusActive, Kind: models.OperationKindOperation, Date: new(in.date()), Publisher: new(in.publisher()),
			Description: new(o.Doc), AffectsState: new(o.Affects), Code: o.Name, Resource: resourceTypes(operationTypes(o)),
			System: false, Type: o.Type, Instance: o.Instance,
		}
		if o.After != "" {
			d.Comment = new("Named and shaped after " + o.After + ".")
		}
		for _, p := range o.Params {
			d.Parameter = append(d.Parameter, operationParameter(p))
		}
		all = append(all, Document{
			Type: "OperationDefinition", ID: id,
			Params: map[string][]string{"_id": {id}, "url": {*d.Url}, "name": {d.Name}, "code": {o.Name}, "base": operationTypes(o)},
			JSON: document(struct {
				ResourceType string `json:"resourceType"`
				models.OtherOperationDefinition
			}{"OperationDefinition", models.OtherOperationDefinition(d)}),
		})
	}
	return all
}

// computable is the operation's name for programs.
func computable(o fhir.Operation) string {
	first := o.Name[0] - 'a' + 'A'
	return string(first) + o.Name[1:]
}

func operationTypes(o fhir.Operation) (types []string) {
	if o.Types != nil {
		return o.Types
	}
	for _, t := range fhir.Types() {
		types = append(types, t.Name)
	}
	return types
}

func operationParameter(p fhir.OperationParam) models.OperationDefinitionParameter {
	out := models.OperationDefinitionParameter{Name: p.Name, Use: models.OperationParameterUseIn, Min: p.Min, Max: p.Max, Documentation: new(p.Doc), Type: new(p.Type)}
	if p.Out {
		out.Use = models.OperationParameterUseOut
	}
	for _, t := range p.Targets {
		out.TargetProfile = append(out.TargetProfile, "http://hl7.org/fhir/StructureDefinition/"+t)
	}
	if p.Search != "" {
		out.SearchType = new(models.SearchParamType)
		must(out.SearchType.UnmarshalJSON(fhir.Quote(p.Search)))
	}
	return out
}
