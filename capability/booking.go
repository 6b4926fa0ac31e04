package capability

import (
	"slices"

	"slotway/fhir"
)

// The booking face has a statement of its own, in STU3, and says of itself what
// the NHS booking standard's checks ask for and no more (nhs-booking 2.5).

// bookingVersion is the version of the NHS booking API that the face implements.
const bookingVersion = "2.0.4"

// careConnect are the profiles of what the face takes and gives.
var careConnect = []string{
	"Slot", "HealthcareService", "Schedule", "Appointment", "Patient", "DocumentReference", "Practitioner", "PractitionerRole", "Organization", "Location",
}

// bookingParams are the searches that the face states: the NHS names, which its
// requests are then read by, and those the standard asks to be named.
var bookingParams = map[string][]stu3Param{
	"Appointment": {
		{Name: "identifier", Type: "token", Documentation: "The patient's NHS number."},
		{Name: "_id", Type: "token", Documentation: "The id of the appointment."},
		{Name: "version", Type: "token", Documentation: "The version of the appointment."},
	},
	"Slot": {
		{
			Name: "service", Type: "token", Documentation: "The Directory of Services id of the service whose slots are asked for.",
			Definition: "https://fhir.nhs.uk/STU3/SearchParameter/apiBooking-SearchSlots-Service-1",
		},
		{Name: "status", Type: "token", Documentation: "The status of the slot."},
		{Name: "start", Type: "date", Documentation: "When the slot starts."},
	},
}

var bookingIncludes = []string{
	"Slot.schedule", "Schedule:actor:Practitioner", "Schedule:actor:PractitionerRole", "Schedule:actor:HealthcareService",
	"HealthcareService.providedBy", "HealthcareService.location",
}

// The parts of an STU3 CapabilityStatement that the face uses,
// http://hl7.org/fhir/STU3/capabilitystatement.html.
type (
	stu3Statement struct {
		ResourceType  string          `json:"resourceType"`
		URL           string          `json:"url"`
		Version       string          `json:"version"`
		Name          string          `json:"name"`
		Status        string          `json:"status"`
		Date          string          `json:"date"`
		Publisher     string          `json:"publisher"`
		Kind          string          `json:"kind"`
		Software      stu3Software    `json:"software"`
		FHIRVersion   string          `json:"fhirVersion"`
		AcceptUnknown string          `json:"acceptUnknown"`
		Format        []string        `json:"format"`
		Profile       []stu3Reference `json:"profile"`
		Rest          []stu3Rest      `json:"rest"`
	}
	stu3Software struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	stu3Reference struct {
		Reference string `json:"reference"`
	}
	stu3Rest struct {
		Mode     string         `json:"mode"`
		Security stu3Security   `json:"security"`
		Resource []stu3Resource `json:"resource"`
	}
	stu3Security struct {
		CORS bool `json:"cors"`
	}
	stu3Resource struct {
		Type          string            `json:"type"`
		Interaction   []stu3Interaction `json:"interaction"`
		UpdateCreate  *bool             `json:"updateCreate,omitempty"`
		SearchInclude []string          `json:"searchInclude,omitempty"`
		SearchParam   []stu3Param       `json:"searchParam"`
	}
	stu3Interaction struct {
		Code fhir.Interaction `json:"code"`
	}
	stu3Param struct {
		Name          string `json:"name"`
		Definition    string `json:"definition,omitempty"`
		Type          string `json:"type"`
		Documentation string `json:"documentation"`
	}
)

// Booking gives the CapabilityStatement of the STU3 booking face, as JSON.
func Booking(in Input) []byte {
	s := stu3Statement{
		ResourceType: "CapabilityStatement", URL: in.Base + "/metadata", Version: bookingVersion, Name: in.Software + " booking",
		Status: "active", Date: in.date(), Publisher: in.publisher(), Kind: "capability",
		Software:    stu3Software{in.Software, in.Version},
		FHIRVersion: "3.0.1", AcceptUnknown: "both", Format: []string{"application/fhir+json", "application/fhir+xml"},
		Rest: []stu3Rest{{Mode: "server", Security: stu3Security{CORS: true}}},
	}
	for _, name := range careConnect {
		s.Profile = append(s.Profile, stu3Reference{"https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-" + name + "-1"})
	}
	for _, typ := range slices.Backward(fhir.Types()) {
		if len(typ.Booking) == 0 {
			continue
		}
		r := stu3Resource{Type: typ.Name, SearchParam: bookingParams[typ.Name]}
		for _, i := range typ.Booking {
			r.Interaction = append(r.Interaction, stu3Interaction{i})
		}
		if typ.Name == "Slot" {
			r.SearchInclude = bookingIncludes
		} else {
			r.UpdateCreate = new(false)
		}
		s.Rest[0].Resource = append(s.Rest[0].Resource, r)
	}
	return document(s)
}
