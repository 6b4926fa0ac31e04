// Package careconnect says what the NHS booking standard asks of STU3 resources:
// of a booking that is sent (Check, Complete), of a cancellation (Cancels), and of
// what a consumer is shown (Show, Listed). The standard is the FHIR NHS Booking API
// 2.0.4 on the CareConnect profiles.
//
// What it looks at has the same form in STU3 and R4, but for a booking, which is
// looked at as it was sent.
package careconnect

// The URLs that the standard's resources use.
const (
	// LocalUUID is the system of identifiers that are UUIDs.
	LocalUUID = "https://tools.ietf.org/html/rfc4122"
	// ServiceID is the system of Directory of Services ids.
	ServiceID = "https://fhir.nhs.uk/Id/dos-service-id"

	profiles = "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-"
)

// Profile gives the URL of the CareConnect profile of a type.
func Profile(typ string) string { return profiles + typ + "-1" }
