package capability

import (
	"slices"
	"strings"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
	"slotway/fhir/patch"
	"slotway/fhir/search"
)

// Statement gives the CapabilityStatement of the R4 face, as JSON.
func Statement(in Input) []byte {
	s := models.CapabilityStatement{
		Url:            new(in.Base + "/metadata"),
		Version:        new(in.Version),
		Name:           new(in.Software),
		Title:          new(in.Software + " appointments"),
		Status:         models.PublicationStatusActive,
		Date:           in.date(),
		Publisher:      new(in.publisher()),
		Kind:           models.CapabilityStatementKindInstance,
		Software:       &models.CapabilityStatementSoftware{Name: in.Software, Version: new(in.Version)},
		Implementation: &models.CapabilityStatementImplementation{Description: "Appointments, and the slots they are booked in", Url: new(in.Base)},
		FhirVersion:    models.FHIRVersion4_0_1,
		Format:         []string{"application/fhir+json", "application/fhir+xml", "json", "xml"},
		PatchFormat:    patch.Formats(),
		Rest:           []models.CapabilityStatementRest{{Mode: models.RestfulCapabilityModeServer, Security: security(in)}},
	}
	for _, i := range fhir.System().Interactions {
		var code models.SystemRestfulInteraction
		must(code.UnmarshalJSON(fhir.Quote(string(i))))
		s.Rest[0].Interaction = append(s.Rest[0].Interaction, models.CapabilityStatementRestInteraction{Code: code})
	}
	for _, typ := range fhir.Types() {
		s.Rest[0].Resource = append(s.Rest[0].Resource, resource(in, typ))
	}
	for _, typ := range fhir.Recorded() {
		s.Rest[0].Resource = append(s.Rest[0].Resource, resource(in, typ))
	}
	for _, c := range search.Compartments() {
		url := "http://hl7.org/fhir/CompartmentDefinition/" + strings.ToLower(c.Type)
		if !slices.Contains(s.Rest[0].Compartment, url) {
			s.Rest[0].Compartment = append(s.Rest[0].Compartment, url)
		}
	}
	for _, t := range documentTypes {
		s.Rest[0].Resource = append(s.Rest[0].Resource, documents(t.name, t.doc))
	}
	return document(struct {
		ResourceType string `json:"resourceType"`
		models.OtherCapabilityStatement
	}{"CapabilityStatement", models.OtherCapabilityStatement(s)})
}

// oauthURIs is the extension in which SMART clients look for the token endpoint,
// http://hl7.org/fhir/smart-app-launch/conformance.html.
const oauthURIs = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

func security(in Input) *models.CapabilityStatementRestSecurity {
	s := &models.CapabilityStatementRestSecurity{
		Description: new("A bearer token with SMART system scopes, by the OAuth 2.0 client credentials grant"),
		Service: []models.CodeableConcept{{
			Coding: []models.Coding{{
				System:  new("http://terminology.hl7.org/CodeSystem/restful-security-service"),
				Code:    new("SMART-on-FHIR"),
				Display: new("SMART-on-FHIR"),
			}},
		}},
	}
	if in.TokenURL != "" {
		s.Extension = []models.Extension{{
			Url:       oauthURIs,
			Extension: []models.Extension{{Url: "token", ValueUri: new(in.TokenURL)}},
		}}
	}
	return s
}

func resource(in Input, typ fhir.Type) models.CapabilityStatementRestResource {
	r := models.CapabilityStatementRestResource{
		Profile:           new("http://hl7.org/fhir/StructureDefinition/" + typ.Name),
		Documentation:     new(typ.Doc),
		Versioning:        new(models.ResourceVersionPolicyVersioned),
		ReadHistory:       new(typ.Has(fhir.VRead)),
		UpdateCreate:      new(in.UpdateCreate && typ.Has(fhir.Update)),
		ConditionalCreate: new(in.ConditionalCreate && typ.Has(fhir.Create)),
		ConditionalUpdate: new(in.ConditionalUpdate && typ.Has(fhir.Update)),
		ReferencePolicy:   []models.ReferenceHandlingPolicy{models.ReferenceHandlingPolicyLiteral, models.ReferenceHandlingPolicyLogical},
	}
	must(r.Type.UnmarshalJSON(fhir.Quote(typ.Name)))
	if in.ConditionalRead != "" {
		r.ConditionalRead = new(models.ConditionalReadStatus)
		must(r.ConditionalRead.UnmarshalJSON(fhir.Quote(in.ConditionalRead)))
	}
	if conditional := in.ConditionalDelete; conditional != "" {
		if !typ.Has(fhir.Delete) {
			conditional = "not-supported"
		}
		r.ConditionalDelete = new(models.ConditionalDeleteStatus)
		must(r.ConditionalDelete.UnmarshalJSON(fhir.Quote(conditional)))
	}
	for _, i := range typ.Interactions {
		var code models.TypeRestfulInteraction
		must(code.UnmarshalJSON(fhir.Quote(string(i))))
		r.Interaction = append(r.Interaction, models.CapabilityStatementRestResourceInteraction{Code: code})
	}
	for _, p := range in.Catalog.Params(typ.Name) {
		r.SearchParam = append(r.SearchParam, param(in, typ.Name, p))
		if p.Kind == search.Reference {
			r.SearchInclude = append(r.SearchInclude, typ.Name+":"+in.Catalog.NameOf(p))
		}
	}
	r.SearchRevInclude = revIncludes(in.Catalog, typ.Name)
	for _, o := range fhir.Operations() {
		if typ.Has(o.Interaction()) {
			r.Operation = append(r.Operation, models.CapabilityStatementRestResourceOperation{Name: o.Name, Definition: in.operationURL(o), Documentation: new(o.Title)})
		}
	}
	return r
}

// documents states a type of documents: they are read and searched, and nothing more.
func documents(typ, doc string) models.CapabilityStatementRestResource {
	r := models.CapabilityStatementRestResource{
		Profile: new("http://hl7.org/fhir/StructureDefinition/" + typ), Documentation: new(doc),
		Versioning: new(models.ResourceVersionPolicyNoVersion), UpdateCreate: new(false),
		Interaction: []models.CapabilityStatementRestResourceInteraction{{Code: models.TypeRestfulInteractionRead}, {Code: models.TypeRestfulInteractionSearchType}},
	}
	must(r.Type.UnmarshalJSON(fhir.Quote(typ)))
	for _, p := range documentParams {
		if p.types != nil && !slices.Contains(p.types, typ) {
			continue
		}
		s := models.CapabilityStatementRestResourceSearchParam{Name: p.name, Documentation: new(p.doc)}
		must(s.Type.UnmarshalJSON(fhir.Quote(p.kind)))
		r.SearchParam = append(r.SearchParam, s)
	}
	return r
}

// must ends the program at its start when a table names what FHIR does not have.
func must(err error) {
	if err != nil {
		panic("capability: " + err.Error())
	}
}

// revIncludes gives the parameters by which resources of the types kept here may
// point at one of this type.
func revIncludes(c *search.Catalog, typ string) (all []string) {
	for _, from := range fhir.Types() {
		for _, p := range c.Params(from.Name) {
			if p.Kind == search.Reference && (p.Targets == nil || slices.Contains(p.Targets, typ)) {
				all = append(all, from.Name+":"+c.NameOf(p))
			}
		}
	}
	return all
}

func param(in Input, typ string, p *search.Param) models.CapabilityStatementRestResourceSearchParam {
	s := models.CapabilityStatementRestResourceSearchParam{Name: in.Catalog.NameOf(p), Documentation: new(p.Doc)}
	must(s.Type.UnmarshalJSON(fhir.Quote(p.Kind.String())))
	s.Definition = new(in.definition(typ, p))
	return s
}

// individual are the parameters that HL7 defines once for Patient, Practitioner
// and PractitionerRole, http://hl7.org/fhir/R4/searchparameter-registry.html.
var individual = []string{
	"address", "address-city", "address-country", "address-postalcode", "address-state", "address-use",
	"birthdate", "email", "family", "gender", "given", "phone", "phonetic", "telecom",
}

// definition gives the URL of HL7's definition; of our own parameters, which
// begin with a hyphen, that of ours.
func (in Input) definition(typ string, p *search.Param) string {
	const base = "http://hl7.org/fhir/SearchParameter/"
	switch {
	case strings.HasPrefix(p.Name, "-"):
		return in.Base + "/SearchParameter/" + strings.TrimPrefix(p.Name, "-")
	case p.Type == "":
		return base + "Resource-" + strings.TrimPrefix(p.Name, "_")
	case slices.Contains([]string{"Patient", "Practitioner", "PractitionerRole"}, typ) && slices.Contains(individual, p.Name):
		return base + "individual-" + p.Name
	}
	return base + typ + "-" + p.Name
}
