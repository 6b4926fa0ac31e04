package fhir

// Extension is a row of the table of extensions that are our own.
type Extension struct {
	URL     string
	Context string   // the element that has it, or several with blanks between
	Value   string   // the type of its value; empty when it has parts
	Parts   []string // the urls of its parts, which are strings
	Doc     string
}

// extensions is that table. What the mappings and the bookings write under our
// own URLs is in it; a test holds the examples to it.
var extensions = []Extension{
	{ManagementURL, "Appointment", "url", nil, "The address of the page where the patient manages the appointment."},
	{HoldExpires, "Appointment", "instant", nil, "Until when a held appointment keeps its slots. Then it is cancelled."},
	{ours + "spoc", "Appointment", "", []string{"email", "phone", "extension", "notes"}, "The single point of contact for questions about the appointment."},
	{ours + "hl7-segment", "Appointment.participant Appointment.reasonCode", "code", nil, "The HL7 v2 segment or field that a participant or a reason came in, which a later message may change."},
	{MessageID, "Annotation", "string", nil, "The numeric id of a message of a request's conversation. A note of a Task without it is one of staff among themselves."},
	{ours + "uploaded-data-id", "Meta", "string", nil, "The sender's own id of the message that the content came in."},
	{ours + "recorded-date", "Meta", "dateTime", nil, "When the content was recorded by its sender."},
	{ours + "version-persisted", "Meta", "dateTime", nil, "When the content was stored."},
	{ours + "partner-identifier", "Meta", "Reference", nil, "The partner who sent the content."},
	{ours + "access-route", "Meta", "Coding", nil, "How the content came here."},
}

// ours begins the URLs of our extensions.
const ours = "http://fhir.patientsknowbest.com/structuredefinition/"

// Extensions gives the rows of the table. They must not be changed.
func Extensions() []Extension { return extensions }
