package fhir

// The systems and URLs that more than one part of the product writes or looks for.
const (
	// NHSNumberSystem is the identifier system of NHS numbers.
	NHSNumberSystem = "https://fhir.nhs.uk/Id/nhs-number"
	// PublicIDSystem is the identifier system of the ids that resources have here.
	PublicIDSystem = "http://fhir.patientsknowbest.com/id/public-id"
	// ExternalIDSystem is the identifier system of the placer's own id of an
	// appointment (HL7 v2 SCH-1), unique within a customer.
	ExternalIDSystem = "http://fhir.patientsknowbest.com/id/external-identifier"
	// ManagementURL is the extension, with a valueUrl, that holds the address of
	// the page where a patient manages an appointment.
	ManagementURL = "http://fhir.patientsknowbest.com/structuredefinition/management-url"
	// HoldExpires is the extension, with a valueInstant, that says until when an
	// appointment of status pending holds its slots.
	HoldExpires = "http://fhir.patientsknowbest.com/structuredefinition/hold-expires"
	// MessageID is the extension, with a valueString, that makes a note of a Task a
	// message of its conversation, and holds its numeric id.
	MessageID = "http://fhir.patientsknowbest.com/structuredefinition/message-id"
	// DataAbsentReason is FHIR's extension for why an element has no value,
	// http://hl7.org/fhir/R4/extension-data-absent-reason.html.
	DataAbsentReason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
)
