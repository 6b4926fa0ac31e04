package capability

import (
	"slices"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
)

// barsDefinitions begins the canonical URLs of BaRS message definitions.
const barsDefinitions = "https://fhir.nhs.uk/MessageDefinition/"

// barsMessages are the messages that the BaRS face takes.
var barsMessages = []struct{ id, title, purpose string }{
	{"bars-message-booking-request", "Booking request", "A new booking, or a change of one."},
	{"bars-message-booking-request-cancelled", "Booking request, cancelled", "A booking that is given up: its status becomes cancelled or entered-in-error, and nothing else changes."},
}

// barsParams are the searches of the BaRS face.
var barsParams = map[string][]models.CapabilityStatementRestResourceSearchParam{
	"Appointment": {
		{Name: "patient:identifier", Type: models.SearchParamTypeToken, Documentation: new("The patient's NHS number, with its system.")},
	},
	"Slot": {
		{Name: "Schedule.actor:HealthcareService", Type: models.SearchParamTypeReference, Documentation: new("The service, by its Directory of Services id. Needed.")},
		{Name: "status", Type: models.SearchParamTypeToken, Documentation: new("free, busy, or both. Needed.")},
		{Name: "start", Type: models.SearchParamTypeDate, Documentation: new("Twice: with ge and with le, in UTC, at most 93 days apart.")},
	},
}

var barsIncludes = []string{
	"Slot:schedule", "Schedule:actor:Practitioner", "Schedule:actor:PractitionerRole", "Schedule:actor:HealthcareService",
	"HealthcareService:providedBy", "HealthcareService:location",
}

// BaRS gives the CapabilityStatement of the BaRS face, as JSON.
func BaRS(in Input) []byte {
	rest := models.CapabilityStatementRest{
		Mode: models.RestfulCapabilityModeServer,
		Operation: []models.CapabilityStatementRestResourceOperation{{
			Name: "process-message", Definition: "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
		}},
	}
	for _, typ := range slices.Backward(fhir.Types()) {
		if len(typ.BaRS) == 0 {
			continue
		}
		r := models.CapabilityStatementRestResource{SearchParam: barsParams[typ.Name], Documentation: new(typ.Doc), UpdateCreate: new(false)}
		must(r.Type.UnmarshalJSON(fhir.Quote(typ.Name)))
		for _, i := range typ.BaRS {
			var code models.TypeRestfulInteraction
			must(code.UnmarshalJSON(fhir.Quote(string(i))))
			r.Interaction = append(r.Interaction, models.CapabilityStatementRestResourceInteraction{Code: code})
		}
		if typ.Name == "Slot" {
			r.SearchInclude = barsIncludes
		}
		rest.Resource = append(rest.Resource, r)
	}
	rest.Resource = append(rest.Resource, documents("MessageDefinition", "The messages that are taken."))
	messaging := models.CapabilityStatementMessaging{Endpoint: []models.CapabilityStatementMessagingEndpoint{{
		Protocol: models.Coding{System: new("http://terminology.hl7.org/CodeSystem/message-transport"), Code: new("http")}, Address: in.Base + "/$process-message",
	}}}
	for _, m := range barsMessages {
		messaging.SupportedMessage = append(messaging.SupportedMessage, models.CapabilityStatementMessagingSupportedMessage{
			Mode: models.EventCapabilityModeReceiver, Definition: barsDefinitions + m.id,
		})
	}
	s := models.CapabilityStatement{
		Url: new(in.Base + "/metadata"), Version: new(in.Version), Name: new(in.Software + "BaRS"), Title: new(in.Software + " bookings by BaRS messages"),
		Status: models.PublicationStatusActive, Date: in.date(), Publisher: new(in.publisher()), Kind: models.CapabilityStatementKindInstance,
		Software:       &models.CapabilityStatementSoftware{Name: in.Software, Version: new(in.Version)},
		Implementation: &models.CapabilityStatementImplementation{Description: "Receiver of the NHS Booking and Referral Standard 1.0", Url: new(in.Base)},
		FhirVersion:    models.FHIRVersion4_0_1, Format: []string{"application/fhir+json", "application/fhir+xml"},
		Rest: []models.CapabilityStatementRest{rest}, Messaging: []models.CapabilityStatementMessaging{messaging},
	}
	return document(struct {
		ResourceType string `json:"resourceType"`
		models.OtherCapabilityStatement
	}{"CapabilityStatement", models.OtherCapabilityStatement(s)})
}

// The parts of a MessageDefinition that say which messages are taken,
// http://hl7.org/fhir/R4/messagedefinition.html.
type (
	messageDefinition struct {
		ResourceType string         `json:"resourceType"`
		ID           string         `json:"id"`
		URL          string         `json:"url"`
		Version      string         `json:"version"`
		Name         string         `json:"name"`
		Title        string         `json:"title"`
		Status       string         `json:"status"`
		Date         string         `json:"date"`
		Publisher    string         `json:"publisher"`
		Purpose      string         `json:"purpose"`
		EventCoding  eventCoding    `json:"eventCoding"`
		Category     string         `json:"category"`
		Focus        []messageFocus `json:"focus"`
	}
	eventCoding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	messageFocus struct {
		Code string `json:"code"`
		Min  int    `json:"min"`
		Max  string `json:"max"`
	}
)

// BaRSDocuments gives the MessageDefinitions of the BaRS face.
func BaRSDocuments(in Input) (all []Document) {
	for _, m := range barsMessages {
		d := messageDefinition{
			ResourceType: "MessageDefinition", ID: m.id, URL: barsDefinitions + m.id, Version: "1.0.0", Name: "BARSMessageBookingRequest",
			Title: m.title, Status: "active", Date: in.date(), Publisher: in.publisher(), Purpose: m.purpose, Category: "consequence",
			EventCoding: eventCoding{"https://fhir.nhs.uk/CodeSystem/message-events-bars", "booking-request"},
			Focus:       []messageFocus{{"Appointment", 1, "1"}},
		}
		all = append(all, Document{
			Type: "MessageDefinition", ID: m.id, JSON: document(d),
			Params: map[string][]string{"_id": {m.id}, "url": {d.URL}, "name": {d.Name}},
		})
	}
	return all
}
