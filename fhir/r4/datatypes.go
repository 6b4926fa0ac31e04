package r4

// elementBase is what every element has, http://hl7.org/fhir/R4/element.html.
var elementBase = []element{
	{"id", 0, 1, "string", "", 0},
	{"extension", 0, many, "Extension", "", 0},
}

// backboneBase is what an element defined within a resource has besides,
// http://hl7.org/fhir/R4/backboneelement.html.
var backboneBase = append([]element{{"modifierExtension", 0, many, "Extension", "", summary | modifier}}, elementBase...)

// datatypes are the types that the elements of our resources use, and most of
// those that an extension may have,
// http://hl7.org/fhir/R4/datatypes.html and http://hl7.org/fhir/R4/metadatatypes.html.
var datatypes = map[string][]element{
	"Age": quantityRows, "Count": quantityRows, "Distance": quantityRows, "Duration": quantityRows, "Quantity": quantityRows,
	"Address": {
		{"use", 0, 1, "code", "address-use", summary | modifier},
		{"type", 0, 1, "code", "address-type", summary},
		{"text", 0, 1, "string", "", summary},
		{"line", 0, many, "string", "", summary},
		{"city", 0, 1, "string", "", summary},
		{"district", 0, 1, "string", "", summary},
		{"state", 0, 1, "string", "", summary},
		{"postalCode", 0, 1, "string", "", summary},
		{"country", 0, 1, "string", "", summary},
		{"period", 0, 1, "Period", "", summary},
	},
	"Annotation": {
		{"author[x]", 0, 1, "Reference|string", "", summary},
		{"time", 0, 1, "dateTime", "", summary},
		{"text", 1, 1, "markdown", "", summary},
	},
	"Attachment": {
		{"contentType", 0, 1, "code", "", summary},
		{"language", 0, 1, "code", "", summary},
		{"data", 0, 1, "base64Binary", "", 0},
		{"url", 0, 1, "url", "", summary},
		{"size", 0, 1, "unsignedInt", "", summary},
		{"hash", 0, 1, "base64Binary", "", summary},
		{"title", 0, 1, "string", "", summary},
		{"creation", 0, 1, "dateTime", "", summary},
	},
	"CodeableConcept": {
		{"coding", 0, many, "Coding", "", summary},
		{"text", 0, 1, "string", "", summary},
	},
	"Coding": {
		{"system", 0, 1, "uri", "", summary},
		{"version", 0, 1, "string", "", summary},
		{"code", 0, 1, "code", "", summary},
		{"display", 0, 1, "string", "", summary},
		{"userSelected", 0, 1, "boolean", "", summary},
	},
	"ContactDetail": {
		{"name", 0, 1, "string", "", summary},
		{"telecom", 0, many, "ContactPoint", "", summary},
	},
	"ContactPoint": {
		{"system", 0, 1, "code", "contact-point-system", summary},
		{"value", 0, 1, "string", "", summary},
		{"use", 0, 1, "code", "contact-point-use", summary | modifier},
		{"rank", 0, 1, "positiveInt", "", summary},
		{"period", 0, 1, "Period", "", summary},
	},
	"Expression": {
		{"description", 0, 1, "string", "", summary},
		{"name", 0, 1, "id", "", summary},
		{"language", 1, 1, "code", "", summary},
		{"expression", 0, 1, "string", "", summary},
		{"reference", 0, 1, "uri", "", summary},
	},
	"Extension": {
		{"url", 1, 1, "uri", "", 0},
		{"value[x]", 0, 1, anyType, "", 0},
	},
	"HumanName": {
		{"use", 0, 1, "code", "name-use", summary | modifier},
		{"text", 0, 1, "string", "", summary},
		{"family", 0, 1, "string", "", summary},
		{"given", 0, many, "string", "", summary},
		{"prefix", 0, many, "string", "", summary},
		{"suffix", 0, many, "string", "", summary},
		{"period", 0, 1, "Period", "", summary},
	},
	"Identifier": {
		{"use", 0, 1, "code", "identifier-use", summary | modifier},
		{"type", 0, 1, "CodeableConcept", "", summary},
		{"system", 0, 1, "uri", "", summary},
		{"value", 0, 1, "string", "", summary},
		{"period", 0, 1, "Period", "", summary},
		{"assigner", 0, 1, "Reference", "Organization", summary},
	},
	"Meta": {
		{"versionId", 0, 1, "id", "", summary},
		{"lastUpdated", 0, 1, "instant", "", summary},
		{"source", 0, 1, "uri", "", summary},
		{"profile", 0, many, "canonical", "", summary},
		{"security", 0, many, "Coding", "", summary},
		{"tag", 0, many, "Coding", "", summary},
	},
	"Money": {
		{"value", 0, 1, "decimal", "", summary},
		{"currency", 0, 1, "code", "", summary},
	},
	"Narrative": {
		{"status", 1, 1, "code", "narrative-status", 0},
		{"div", 1, 1, "xhtml", "", 0},
	},
	"Period": {
		{"start", 0, 1, "dateTime", "", summary},
		{"end", 0, 1, "dateTime", "", summary},
	},
	"Range": {
		{"low", 0, 1, "Quantity", "", summary},
		{"high", 0, 1, "Quantity", "", summary},
	},
	"Ratio": {
		{"numerator", 0, 1, "Quantity", "", summary},
		{"denominator", 0, 1, "Quantity", "", summary},
	},
	"Reference": {
		{"reference", 0, 1, "string", "", summary},
		{"type", 0, 1, "uri", "", summary},
		{"identifier", 0, 1, "Identifier", "", summary},
		{"display", 0, 1, "string", "", summary},
	},
	"SampledData": {
		{"origin", 1, 1, "Quantity", "", summary},
		{"period", 1, 1, "decimal", "", summary},
		{"factor", 0, 1, "decimal", "", summary},
		{"lowerLimit", 0, 1, "decimal", "", summary},
		{"upperLimit", 0, 1, "decimal", "", summary},
		{"dimensions", 1, 1, "positiveInt", "", summary},
		{"data", 0, 1, "string", "", 0},
	},
	"Signature": {
		{"type", 1, many, "Coding", "", summary},
		{"when", 1, 1, "instant", "", summary},
		{"who", 1, 1, "Reference", "Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization", summary},
		{"onBehalfOf", 0, 1, "Reference", "Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization", summary},
		{"targetFormat", 0, 1, "code", "", 0},
		{"sigFormat", 0, 1, "code", "", 0},
		{"data", 0, 1, "base64Binary", "", 0},
	},
}

// anyType is the choice of every type that an extension may have, and an input of a
// Task, http://hl7.org/fhir/R4/datatypes.html#open.
const anyType = "base64Binary|boolean|canonical|code|date|dateTime|decimal|id|instant|integer|markdown|oid|positiveInt|string|time|unsignedInt|uri|url|uuid|" +
	"Address|Age|Annotation|Attachment|CodeableConcept|Coding|ContactPoint|Count|Distance|Duration|HumanName|Identifier|Money|Period|Quantity|Range|Ratio|" +
	"Reference|SampledData|Signature|Timing|ContactDetail|Contributor|DataRequirement|Expression|ParameterDefinition|RelatedArtifact|TriggerDefinition|" +
	"UsageContext|Dosage|Meta"

// quantityRows are the elements of Quantity and of the types made of it.
var quantityRows = []element{
	{"value", 0, 1, "decimal", "", summary},
	{"comparator", 0, 1, "code", "quantity-comparator", summary | modifier},
	{"unit", 0, 1, "string", "", summary},
	{"system", 0, 1, "uri", "", summary},
	{"code", 0, 1, "code", "", summary},
}

// openTypes are types that an extension may have and whose elements are not
// looked at: they belong to definitions, orders and timings.
var openTypes = []string{"Contributor", "DataRequirement", "Dosage", "ParameterDefinition", "RelatedArtifact", "Timing", "TriggerDefinition", "UsageContext"}
