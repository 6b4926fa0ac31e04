package fhir

var (
	appointments  = []string{"Appointment"}
	scheduleActor = []string{"Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Device", "HealthcareService", "Location"}

	bundleReturn = OperationParam{
		Name: "return", Out: true, Min: 1, Max: "1", Type: "Bundle",
		Doc: "A searchset with the Appointment as it now is. A failure is answered with an OperationOutcome and its status instead: 409 with the code conflict for a slot that is taken.",
	}
)

// chosen are the parameters that say which appointment is held or booked.
var chosen = []OperationParam{
	{Name: "appointment-reference", Max: "1", Type: "Reference", Targets: appointments, Doc: "An appointment that is stored here, or one that $find proposed."},
	{Name: "appointment-resource", Max: "1", Type: "Appointment", Doc: "The appointment as it is wanted, with its slots; proposed or pending. The body may be this resource alone."},
	{Name: "appointment", Max: "1", Type: "Appointment", Same: "appointment-resource", Doc: "Another name of appointment-resource."},
	{Name: "slot", Max: "*", Type: "Reference", Targets: []string{"Slot"}, Doc: "The slot that is wanted; several must follow one another in one schedule."},
	{Name: "patient-reference", Max: "1", Type: "Reference", Targets: []string{"Patient"}, Doc: "The patient whom it is for, who joins the participants."},
	{Name: "patient-resource", Max: "1", Type: "Patient", Doc: "The patient whom it is for, where they may not be known here. They are matched by their NHS number, or stored."},
	bundleReturn,
}

// scheduling begins the canonical URLs of IHE's definitions.
const scheduling = "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-"

// operations is the operation table.
var operations = []Operation{
	{
		Name: "validate", Type: true, Instance: true, Bare: "resource",
		After: "http://hl7.org/fhir/OperationDefinition/Resource-validate", Title: "Validate a resource",
		Doc: "Checks a resource as a write would, and stores nothing: its structure, codes and invariants, and with a mode whether that create, update or delete would be done. Every problem is an issue of the OperationOutcome.",
		Params: []OperationParam{
			{Name: "resource", Max: "1", Type: "Resource", Doc: "The resource; the body may be this resource alone. Of one resource without it, the one that is stored is checked."},
			{Name: "mode", Max: "1", Type: "code", Doc: "create, update or delete: whether that would be done."},
			{Name: "profile", Max: "1", Type: "uri", Doc: "The profile to check against; only the type's own, http://hl7.org/fhir/StructureDefinition/[type], is known."},
			{Name: "return", Out: true, Min: 1, Max: "1", Type: "OperationOutcome", Doc: "What was found; issues of severity error would be refused."},
		},
	},
	{
		Name: "find", Types: appointments, Type: true,
		After: scheduling + "find", Title: "Find potential appointments",
		Doc: "Gives the appointments that free slots would make, the earliest first (IHE ITI-115). They are proposals, not stored, for $hold and $book. Slots that are held, that begin in the past, whose schedule is not active or that lie outside its planning horizon are not offered. Parameters that repeat are alternatives; different ones must all hold.",
		Params: []OperationParam{
			{Name: "start", Max: "1", Type: "dateTime", Doc: "The appointment begins no earlier; now, if not given. A date without time begins with its day in the server's zone."},
			{Name: "end", Max: "1", Type: "dateTime", Doc: "The appointment ends no later; 31 days after the start, if not given. A date without time is its whole day."},
			{Name: "specialty", Max: "*", Type: "string", Search: "token", Doc: "The specialty, as the slot or else its schedule has it."},
			{Name: "visit-type", Max: "*", Type: "string", Search: "token", Doc: "The service type, or the appointment type."},
			{Name: "service-type", Max: "*", Type: "string", Search: "token", Doc: "The service type, as the slot or else its schedule has it."},
			{Name: "service-category", Max: "*", Type: "string", Search: "token", Doc: "The service category, as the slot or else its schedule has it."},
			{Name: "appointment-type", Max: "*", Type: "string", Search: "token", Doc: "The appointment type of the slot."},
			{Name: "practitioner", Max: "*", Type: "Reference", Targets: []string{"Practitioner"}, Doc: "Whose schedule it is, by themselves or by a role of theirs; by reference or by identifier."},
			{Name: "organization", Max: "*", Type: "Reference", Targets: []string{"Organization"}, Doc: "The organization of the schedule's service, role or location."},
			{Name: "location-reference", Max: "*", Type: "Reference", Targets: []string{"Location"}, Doc: "The schedule's location, or that of its service or role."},
			{Name: "location", Max: "*", Type: "Reference", Targets: []string{"Location"}, Same: "location-reference", Doc: "Another name of location-reference."},
			{Name: "location-string", Max: "*", Type: "string", Search: "string", Doc: "The beginning of any part of the location's address: a town, a postcode."},
			{Name: "healthcare-service", Max: "*", Type: "Reference", Targets: []string{"HealthcareService"}, Doc: "The service whose schedule it is."},
			{Name: "actor", Max: "*", Type: "Reference", Targets: scheduleActor, Doc: "An actor of the schedule, of any type."},
			{Name: "patient-reference", Max: "*", Type: "Reference", Targets: []string{"Patient"}, Doc: "A patient whom it is for, who joins the participants of each proposal."},
			{Name: "reason", Max: "*", Type: "string", Search: "token", Doc: "A reason for the appointment, which each proposal then has; it chooses nothing."},
			{Name: "referral-identifier", Max: "1", Type: "Identifier", Doc: "The referral's identifier, which each proposal then names as what it is based on; it chooses nothing."},
			{Name: "patient-resource", Max: "*", Type: "Patient", NotUsed: true, Doc: "Taken, and not used; give it to $hold or $book."},
			{Name: "timing", Max: "1", Type: "Timing", NotUsed: true, Doc: "Taken, and not used."},
			{Name: "insurance-reference", Max: "1", Type: "Reference", NotUsed: true, Doc: "Taken, and not used."},
			{Name: "_count", Max: "1", Type: "integer", Doc: "Proposals on a page; 0 for the total alone."},
			{Name: "return", Out: true, Min: 1, Max: "1", Type: "Bundle", Doc: "A searchset of proposed Appointments with a total; where there are too many to count, without one."},
		},
	},
	{
		Name: "hold", Types: appointments, Type: true, Affects: true, Bare: "appointment-resource",
		After: scheduling + "hold", Title: "Hold an appointment",
		Doc:    "Keeps the slots of an appointment for a while (IHE ITI-116): it is stored with status pending and an extension that says until when, and its slots are busy-tentative. Then the hold ends by itself: the appointment is cancelled, and its slots are free.",
		Params: chosen,
	},
	{
		Name: "book", Types: appointments, Type: true, Affects: true, Bare: "appointment-resource",
		After: scheduling + "book", Title: "Book an appointment",
		Doc:    "Books a hold, a proposal, or an appointment as it is sent (IHE ITI-117): its slots become busy. As there, an appointment-resource that is stored here and cancelled is cancelled, and one that is booked already is moved to the slots it names.",
		Params: chosen,
	},
	{
		Name: "cancel", Types: appointments, Type: true, Instance: true, Affects: true,
		Title: "Cancel an appointment",
		Doc:   "Cancels a booking or a hold and frees its slots. Cancelling what is cancelled already changes nothing.",
		Params: []OperationParam{
			{Name: "appointment-reference", Max: "1", Type: "Reference", Targets: appointments, Doc: "The appointment, where the address does not name it."},
			{Name: "reason", Max: "1", Type: "CodeableConcept", Doc: "The cancelation reason."},
			bundleReturn,
		},
	},
	{
		Name: "reschedule", Types: appointments, Type: true, Instance: true, Affects: true, Bare: "appointment-resource",
		Title: "Move an appointment",
		Doc:   "Moves a booking or a hold to other slots in one step: it takes the new ones and frees the old, or everything stays as it is. The appointment keeps its id, its status and whatever else it says; its time, its slots and the actors of its schedules change.",
		Params: []OperationParam{
			{Name: "appointment-reference", Max: "1", Type: "Reference", Targets: appointments, Doc: "The appointment to move, where the address does not name it."},
			{Name: "slot", Max: "*", Type: "Reference", Targets: []string{"Slot"}, Doc: "The slot to move to; several must follow one another in one schedule."},
			{Name: "proposal-reference", Max: "1", Type: "Reference", Targets: appointments, Doc: "What $find proposed, to move to its slot."},
			{Name: "appointment-resource", Max: "1", Type: "Appointment", Doc: "An appointment with the new slots, start and end. The body may be this resource alone."},
			{Name: "appointment", Max: "1", Type: "Appointment", Same: "appointment-resource", Doc: "Another name of appointment-resource."},
			bundleReturn,
		},
	},
}
