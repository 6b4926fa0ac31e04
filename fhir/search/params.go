package search

import (
	"slices"

	"slotway/fhir"
)

// form says how an element becomes entries where kind and shape leave it open.
type form uint8

const (
	byShape      form = iota // Coding, CodeableConcept, id, Period, date, text: told by its JSON
	asCode                   // a code, of the row's system
	asBoolean                // true or false
	asIdentifier             // an Identifier
	asContact                // a ContactPoint, by its value
	asInstant                // a point in time
	asSpan                   // a resource's start to its end, searched by overlap
	asParts                  // text whose later words can be searched too: a family name
	asHumanName              // a HumanName, every part of it
	asAddress                // an Address, every part of it
	asSound                  // text, or every part of a HumanName, by what it sounds like
)

var (
	path   = fhir.MustPath
	actors = []string{"Practitioner", "Device", "Patient", "HealthcareService", "PractitionerRole", "RelatedPerson", "Location"}
)

// only names one target type.
func only(types ...string) []string { return types }

// rows gives the rows of one resource type.
func rows(typ string, rows ...Param) []Param {
	for i := range rows {
		rows[i].Type = typ
	}
	return rows
}

// params is the search-parameter table: every parameter of R4 for the types kept
// here (http://hl7.org/fhir/R4/searchparameter-registry.html), and our own, which
// begin with a hyphen as R4 asks. The README's copy of it is made by Table.
var params = slices.Concat(
	rows("Appointment",
		Param{Name: "actor", Kind: Reference, Path: path("participant.actor"), Targets: actors, Doc: "Anybody or anything that takes part."},
		Param{Name: "appointment-type", Kind: Token, Path: path("appointmentType"), Doc: "The style of appointment."},
		Param{Name: "based-on", STU3: "incomingreferral", Kind: Reference, Path: path("basedOn"), Targets: only("ServiceRequest"), Doc: "The request it answers."},
		Param{Name: "date", Kind: Date, Path: path("start"), form: asInstant, Doc: "When it starts."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier, such as the sender's own."},
		Param{Name: "location", Kind: Reference, Path: path("participant.actor"), Targets: only("Location"), only: true, Doc: "The place, where it is given by reference."},
		Param{Name: "part-status", Kind: Token, Path: path("participant.status"), form: asCode, system: "http://hl7.org/fhir/participationstatus", Doc: "Whether a participant accepted."},
		Param{Name: "patient", Kind: Reference, Path: path("participant.actor"), Targets: only("Patient"), only: true, Doc: "The patient, where given by reference."},
		Param{Name: "practitioner", Kind: Reference, Path: path("participant.actor"), Targets: only("Practitioner"), only: true, Doc: "The practitioner, where given by reference."},
		Param{Name: "reason-code", Kind: Token, Path: path("reasonCode"), Doc: "The reason, as a code."},
		Param{Name: "reason-reference", Kind: Reference, Path: path("reasonReference"), Targets: only("Condition", "Observation", "Procedure", "ImmunizationRecommendation"), Doc: "The reason, as a resource."},
		Param{Name: "service-category", Kind: Token, Path: path("serviceCategory"), Doc: "The broad category of service."},
		Param{Name: "service-type", Kind: Token, Path: path("serviceType"), Doc: "The service."},
		Param{Name: "slot", Kind: Reference, Path: path("slot"), Targets: only("Slot"), Doc: "The slot it fills."},
		Param{Name: "specialty", Kind: Token, Path: path("specialty"), Doc: "The specialty needed."},
		Param{Name: "status", Kind: Token, Path: path("status"), form: asCode, system: "http://hl7.org/fhir/appointmentstatus", Doc: "The status."},
		Param{Name: "supporting-info", Kind: Reference, Path: path("supportingInformation"), Doc: "Further information."},
		Param{Name: "-end", Kind: Date, Path: path("end"), form: asInstant, Doc: "When it ends."},
		Param{Name: "-period", Kind: Date, form: asSpan, Doc: "From start to end: without a prefix, whatever overlaps the date given."},
	),
	rows("Slot",
		Param{Name: "appointment-type", Kind: Token, Path: path("appointmentType"), Doc: "The style of appointment it is for."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier."},
		Param{Name: "schedule", Kind: Reference, Path: path("schedule"), Targets: only("Schedule"), Doc: "The schedule it belongs to."},
		Param{Name: "service-category", Kind: Token, Path: path("serviceCategory"), Doc: "The broad category of service."},
		Param{Name: "service-type", STU3: "slot-type", Kind: Token, Path: path("serviceType"), Doc: "The service."},
		Param{Name: "specialty", Kind: Token, Path: path("specialty"), Doc: "The specialty."},
		Param{Name: "start", Kind: Date, Path: path("start"), form: asInstant, Doc: "When it starts."},
		Param{Name: "status", Kind: Token, Path: path("status"), form: asCode, system: "http://hl7.org/fhir/slotstatus", Doc: "Whether it is free."},
		Param{Name: "-end", Kind: Date, Path: path("end"), form: asInstant, Doc: "When it ends."},
		Param{Name: "-period", Kind: Date, form: asSpan, Doc: "From start to end: without a prefix, whatever overlaps the date given."},
	),
	rows("Schedule",
		Param{Name: "active", Kind: Token, Path: path("active"), form: asBoolean, Doc: "Whether it is in use."},
		Param{Name: "actor", Kind: Reference, Path: path("actor"), Targets: actors, Doc: "Whose time it is."},
		Param{Name: "date", Kind: Date, Path: path("planningHorizon"), Doc: "The time it covers. Without a prefix the date given must hold all of it."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier."},
		Param{Name: "service-category", Kind: Token, Path: path("serviceCategory"), Doc: "The broad category of service."},
		Param{Name: "service-type", STU3: "type", Kind: Token, Path: path("serviceType"), Doc: "The service."},
		Param{Name: "specialty", Kind: Token, Path: path("specialty"), Doc: "The specialty."},
	),
	rows("Patient",
		Param{Name: "active", Kind: Token, Path: path("active"), form: asBoolean, Doc: "Whether the record is in use."},
		Param{Name: "address", Kind: String, Path: path("address"), form: asAddress, Doc: "Any part of an address."},
		Param{Name: "address-city", Kind: String, Path: path("address.city"), Doc: "The city."},
		Param{Name: "address-country", Kind: String, Path: path("address.country"), Doc: "The country."},
		Param{Name: "address-postalcode", Kind: String, Path: path("address.postalCode"), Doc: "The postal code."},
		Param{Name: "address-state", Kind: String, Path: path("address.state"), Doc: "The state or county."},
		Param{Name: "address-use", Kind: Token, Path: path("address.use"), form: asCode, system: "http://hl7.org/fhir/address-use", Doc: "What an address is used for."},
		Param{Name: "birthdate", Kind: Date, Path: path("birthDate"), Doc: "The date of birth."},
		Param{Name: "death-date", Kind: Date, Path: path("deceasedDateTime"), Doc: "The date of death."},
		Param{Name: "deceased", Kind: Token, Path: path("deceased[x]"), of: existsAndNotFalse, form: asBoolean, Doc: "Whether the patient has died; no statement counts as false."},
		Param{Name: "email", Kind: Token, Path: path("telecom.where(system=email)"), form: asContact, Doc: "An e-mail address."},
		Param{Name: "family", Kind: String, Path: path("name.family"), form: asParts, Doc: "A family name, or a later part of one."},
		Param{Name: "gender", Kind: Token, Path: path("gender"), form: asCode, system: "http://hl7.org/fhir/administrative-gender", Doc: "The gender."},
		Param{Name: "general-practitioner", Kind: Reference, Path: path("generalPractitioner"), Targets: only("Practitioner", "Organization", "PractitionerRole"), Doc: "The general practitioner."},
		Param{Name: "given", Kind: String, Path: path("name.given"), Doc: "A given name."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier, such as the NHS number."},
		Param{Name: "language", Kind: Token, Path: path("communication.language"), Doc: "A language spoken."},
		Param{Name: "link", Kind: Reference, Path: path("link.other"), Targets: only("Patient", "RelatedPerson"), Doc: "Another record of the same person."},
		Param{Name: "name", Kind: String, Path: path("name"), form: asHumanName, Doc: "Any part of a name."},
		Param{Name: "organization", Kind: Reference, Path: path("managingOrganization"), Targets: only("Organization"), Doc: "Who keeps the record."},
		Param{Name: "phone", Kind: Token, Path: path("telecom.where(system=phone)"), form: asContact, Doc: "A telephone number."},
		Param{Name: "phonetic", Kind: String, Path: path("name"), form: asSound, Doc: "Any part of a name, by its sound (Soundex)."},
		Param{Name: "telecom", Kind: Token, Path: path("telecom"), form: asContact, Doc: "Any contact detail."},
	),
	rows("Practitioner",
		Param{Name: "active", Kind: Token, Path: path("active"), form: asBoolean, Doc: "Whether the record is in use."},
		Param{Name: "address", Kind: String, Path: path("address"), form: asAddress, Doc: "Any part of an address."},
		Param{Name: "address-city", Kind: String, Path: path("address.city"), Doc: "The city."},
		Param{Name: "address-country", Kind: String, Path: path("address.country"), Doc: "The country."},
		Param{Name: "address-postalcode", Kind: String, Path: path("address.postalCode"), Doc: "The postal code."},
		Param{Name: "address-state", Kind: String, Path: path("address.state"), Doc: "The state or county."},
		Param{Name: "address-use", Kind: Token, Path: path("address.use"), form: asCode, system: "http://hl7.org/fhir/address-use", Doc: "What an address is used for."},
		Param{Name: "communication", Kind: Token, Path: path("communication"), Doc: "A language spoken."},
		Param{Name: "email", Kind: Token, Path: path("telecom.where(system=email)"), form: asContact, Doc: "An e-mail address."},
		Param{Name: "family", Kind: String, Path: path("name.family"), form: asParts, Doc: "A family name, or a later part of one."},
		Param{Name: "gender", Kind: Token, Path: path("gender"), form: asCode, system: "http://hl7.org/fhir/administrative-gender", Doc: "The gender."},
		Param{Name: "given", Kind: String, Path: path("name.given"), Doc: "A given name."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier, such as a professional registration."},
		Param{Name: "name", Kind: String, Path: path("name"), form: asHumanName, Doc: "Any part of a name."},
		Param{Name: "phone", Kind: Token, Path: path("telecom.where(system=phone)"), form: asContact, Doc: "A telephone number."},
		Param{Name: "phonetic", Kind: String, Path: path("name"), form: asSound, Doc: "Any part of a name, by its sound (Soundex)."},
		Param{Name: "telecom", Kind: Token, Path: path("telecom"), form: asContact, Doc: "Any contact detail."},
	),
	rows("PractitionerRole",
		Param{Name: "active", Kind: Token, Path: path("active"), form: asBoolean, Doc: "Whether the role is in use."},
		Param{Name: "date", Kind: Date, Path: path("period"), Doc: "The time the role is held. Without a prefix the date given must hold all of it."},
		Param{Name: "email", Kind: Token, Path: path("telecom.where(system=email)"), form: asContact, Doc: "An e-mail address."},
		Param{Name: "endpoint", Kind: Reference, Path: path("endpoint"), Targets: only("Endpoint"), Doc: "A technical address."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier."},
		Param{Name: "location", Kind: Reference, Path: path("location"), Targets: only("Location"), Doc: "Where the role is carried out."},
		Param{Name: "organization", Kind: Reference, Path: path("organization"), Targets: only("Organization"), Doc: "For whom."},
		Param{Name: "phone", Kind: Token, Path: path("telecom.where(system=phone)"), form: asContact, Doc: "A telephone number."},
		Param{Name: "practitioner", Kind: Reference, Path: path("practitioner"), Targets: only("Practitioner"), Doc: "Who holds the role."},
		Param{Name: "role", Kind: Token, Path: path("code"), Doc: "The role."},
		Param{Name: "service", Kind: Reference, Path: path("healthcareService"), Targets: only("HealthcareService"), Doc: "A service provided in the role."},
		Param{Name: "specialty", Kind: Token, Path: path("specialty"), Doc: "The specialty."},
		Param{Name: "telecom", Kind: Token, Path: path("telecom"), form: asContact, Doc: "Any contact detail."},
	),
	rows("Location",
		Param{Name: "address", Kind: String, Path: path("address"), form: asAddress, Doc: "Any part of the address."},
		Param{Name: "address-city", Kind: String, Path: path("address.city"), Doc: "The city."},
		Param{Name: "address-country", Kind: String, Path: path("address.country"), Doc: "The country."},
		Param{Name: "address-postalcode", Kind: String, Path: path("address.postalCode"), Doc: "The postal code."},
		Param{Name: "address-state", Kind: String, Path: path("address.state"), Doc: "The state or county."},
		Param{Name: "address-use", Kind: Token, Path: path("address.use"), form: asCode, system: "http://hl7.org/fhir/address-use", Doc: "What the address is used for."},
		Param{Name: "endpoint", Kind: Reference, Path: path("endpoint"), Targets: only("Endpoint"), Doc: "A technical address."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier."},
		Param{Name: "name", Kind: String, Path: path("name"), of: nameOrAlias, Doc: "The name or an alias."},
		Param{Name: "near", Kind: Special, Path: path("position"), Doc: "Near a place: latitude, longitude, distance and unit with vertical bars between; without a distance within 10 km."},
		Param{Name: "operational-status", Kind: Token, Path: path("operationalStatus"), Doc: "Whether a bed or room is in use."},
		Param{Name: "organization", Kind: Reference, Path: path("managingOrganization"), Targets: only("Organization"), Doc: "Who manages it."},
		Param{Name: "partof", Kind: Reference, Path: path("partOf"), Targets: only("Location"), Doc: "The location it is part of."},
		Param{Name: "status", Kind: Token, Path: path("status"), form: asCode, system: "http://hl7.org/fhir/location-status", Doc: "The status."},
		Param{Name: "type", Kind: Token, Path: path("type"), Doc: "What is done there."},
	),
	rows("Organization",
		Param{Name: "active", Kind: Token, Path: path("active"), form: asBoolean, Doc: "Whether the record is in use."},
		Param{Name: "address", Kind: String, Path: path("address"), form: asAddress, Doc: "Any part of an address."},
		Param{Name: "address-city", Kind: String, Path: path("address.city"), Doc: "The city."},
		Param{Name: "address-country", Kind: String, Path: path("address.country"), Doc: "The country."},
		Param{Name: "address-postalcode", Kind: String, Path: path("address.postalCode"), Doc: "The postal code."},
		Param{Name: "address-state", Kind: String, Path: path("address.state"), Doc: "The state or county."},
		Param{Name: "address-use", Kind: Token, Path: path("address.use"), form: asCode, system: "http://hl7.org/fhir/address-use", Doc: "What an address is used for."},
		Param{Name: "endpoint", Kind: Reference, Path: path("endpoint"), Targets: only("Endpoint"), Doc: "A technical address."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier, such as the ODS code."},
		Param{Name: "name", Kind: String, Path: path("name"), of: nameOrAlias, Doc: "The name or an alias."},
		Param{Name: "partof", Kind: Reference, Path: path("partOf"), Targets: only("Organization"), Doc: "The organization it is part of."},
		Param{Name: "phonetic", Kind: String, Path: path("name"), form: asSound, Doc: "The name, by its sound (Soundex)."},
		Param{Name: "type", Kind: Token, Path: path("type"), Doc: "The kind of organization."},
	),
	rows("HealthcareService",
		Param{Name: "active", Kind: Token, Path: path("active"), form: asBoolean, Doc: "Whether the service is offered."},
		Param{Name: "characteristic", Kind: Token, Path: path("characteristic"), Doc: "An attribute of the service."},
		Param{Name: "coverage-area", Kind: Reference, Path: path("coverageArea"), Targets: only("Location"), Doc: "Whom it is for, by place."},
		Param{Name: "endpoint", Kind: Reference, Path: path("endpoint"), Targets: only("Endpoint"), Doc: "A technical address."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier, such as the Directory of Services id."},
		Param{Name: "location", Kind: Reference, Path: path("location"), Targets: only("Location"), Doc: "Where it is given."},
		Param{Name: "name", Kind: String, Path: path("name"), Doc: "The name."},
		Param{Name: "organization", Kind: Reference, Path: path("providedBy"), Targets: only("Organization"), Doc: "Who provides it."},
		Param{Name: "program", STU3: "programname", Kind: Token, Path: path("program"), Doc: "A programme it belongs to."},
		Param{Name: "service-category", STU3: "category", Kind: Token, Path: path("category"), Doc: "The broad category of service."},
		Param{Name: "service-type", STU3: "type", Kind: Token, Path: path("type"), Doc: "The service."},
		Param{Name: "specialty", Kind: Token, Path: path("specialty"), Doc: "The specialty."},
	),
	rows("AuditEvent",
		Param{Name: "action", Kind: Token, Path: path("action"), form: asCode, system: "http://hl7.org/fhir/audit-event-action", Doc: "What kind of act: C, R, U, D or E."},
		Param{Name: "address", Kind: String, Path: path("agent.network.address"), Doc: "The network address it came from."},
		Param{Name: "agent", Kind: Reference, Path: path("agent.who"), Targets: only("Practitioner", "Organization", "Device", "Patient", "PractitionerRole", "RelatedPerson"), Doc: "Who acted; clients, organisations and users are known by identifier."},
		Param{Name: "agent-name", Kind: String, Path: path("agent.name"), Doc: "The name of somebody who acted."},
		Param{Name: "agent-role", Kind: Token, Path: path("agent.role"), Doc: "The role of somebody who acted."},
		Param{Name: "altid", Kind: Token, Path: path("agent.altId"), Doc: "The client id, or the id of the HL7 partner."},
		Param{Name: "date", Kind: Date, Path: path("recorded"), form: asInstant, Doc: "When it happened."},
		Param{Name: "entity", Kind: Reference, Path: path("entity.what"), Doc: "A resource that was shown, written or asked for; ids of requests are known by identifier."},
		Param{Name: "entity-name", Kind: String, Path: path("entity.name"), Doc: "The name of an entity: of a message its event."},
		Param{Name: "entity-role", Kind: Token, Path: path("entity.role"), Doc: "What part a resource had in it."},
		Param{Name: "entity-type", Kind: Token, Path: path("entity.type"), Doc: "What kind of thing an entity is."},
		Param{Name: "outcome", Kind: Token, Path: path("outcome"), form: asCode, system: "http://hl7.org/fhir/audit-event-outcome", Doc: "Whether it succeeded: 0, or 4 or 8 where it failed."},
		Param{Name: "patient", Kind: Reference, Path: path("entity.what"), of: whoOrWhat, Targets: only("Patient"), only: true, Doc: "A patient who acted, or whose data was shown or written."},
		Param{Name: "policy", Kind: URI, Path: path("agent.policy"), Doc: "A policy that allowed it."},
		Param{Name: "site", Kind: Token, Path: path("source.site"), Doc: "The face it came by: r4, booking, hl7, admin."},
		Param{Name: "source", Kind: Reference, Path: path("source.observer"), Targets: only("Practitioner", "Organization", "Device", "Patient", "PractitionerRole", "RelatedPerson"), Doc: "What made the record."},
		Param{Name: "subtype", Kind: Token, Path: path("subtype"), Doc: "The interaction, or our name of the act."},
		Param{Name: "type", Kind: Token, Path: path("type"), Doc: "The kind of event."},
	),
	rows("Task",
		Param{Name: "authored-on", Kind: Date, Path: path("authoredOn"), Doc: "When it was asked for."},
		Param{Name: "based-on", Kind: Reference, Path: path("basedOn"), Doc: "The request it is part of carrying out."},
		Param{Name: "business-status", Kind: Token, Path: path("businessStatus"), Doc: "How far it is, in the words of those who work on it."},
		Param{Name: "code", Kind: Token, Path: path("code"), Doc: "What is asked for."},
		Param{Name: "encounter", Kind: Reference, Path: path("encounter"), Targets: only("Encounter"), Doc: "The encounter in which it was made."},
		Param{Name: "focus", Kind: Reference, Path: path("focus"), Doc: "What it is about, such as the appointment."},
		Param{Name: "group-identifier", Kind: Token, Path: path("groupIdentifier"), form: asIdentifier, Doc: "The identifier of the tasks that belong together."},
		Param{Name: "identifier", Kind: Token, Path: path("identifier"), form: asIdentifier, Doc: "An identifier."},
		Param{Name: "intent", Kind: Token, Path: path("intent"), form: asCode, system: "http://hl7.org/fhir/task-intent", Doc: "Whether it is a proposal, a plan or an order."},
		Param{Name: "modified", Kind: Date, Path: path("lastModified"), Doc: "When somebody last worked on it."},
		Param{Name: "owner", Kind: Reference, Path: path("owner"), Targets: only("Practitioner", "Organization", "CareTeam", "Device", "Patient", "HealthcareService", "PractitionerRole", "RelatedPerson"), Doc: "Who is to do it."},
		Param{Name: "part-of", Kind: Reference, Path: path("partOf"), Targets: only("Task"), Doc: "The task it is part of."},
		Param{Name: "patient", Kind: Reference, Path: path("for"), Targets: only("Patient"), only: true, Doc: "The patient it is for."},
		Param{Name: "performer", Kind: Token, Path: path("performerType"), Doc: "The kind of person who is to do it."},
		Param{Name: "period", Kind: Date, Path: path("executionPeriod"), Doc: "The time in which it was worked on. Without a prefix the date given must hold all of it."},
		Param{Name: "priority", Kind: Token, Path: path("priority"), form: asCode, system: "http://hl7.org/fhir/request-priority", Doc: "How urgent it is."},
		Param{Name: "requester", Kind: Reference, Path: path("requester"), Targets: only("Practitioner", "Organization", "Device", "Patient", "PractitionerRole", "RelatedPerson"), Doc: "Who asks for it."},
		Param{Name: "status", Kind: Token, Path: path("status"), form: asCode, system: "http://hl7.org/fhir/task-status", Doc: "The status."},
		Param{Name: "subject", Kind: Reference, Path: path("for"), Doc: "Whom or what it is for."},
	),
	rows("",
		Param{Name: "_id", Kind: Token, Path: path("id"), Doc: "The logical id."},
		Param{Name: "_lastUpdated", Kind: Date, Path: path("meta.lastUpdated"), form: asInstant, Doc: "When it was last changed."},
		Param{Name: "_profile", Kind: URI, Path: path("meta.profile"), Doc: "A profile it claims to follow."},
		Param{Name: "_security", Kind: Token, Path: path("meta.security"), Doc: "A security label."},
		Param{Name: "_source", Kind: URI, Path: path("meta.source"), Doc: "Where it came from."},
		Param{Name: "_tag", Kind: Token, Path: path("meta.tag"), Doc: "A tag."},
	),
)

// refused are the parameters of R4 that are known and not supported, with the
// reason a caller is told. A search goes on without them unless it is strict;
// _query must be refused, http://hl7.org/fhir/R4/search.html#query.
var refused = []struct{ Type, Name, Why string }{
	{"", "_content", "text is not searched as a whole"},
	{"", "_filter", "filter expressions are not read"},
	{"", "_list", "lists are not kept"},
	{"", "_query", "named queries are not kept"},
	{"", "_text", "narrative is not searched"},
	{"", "_type", "a search is of one type"},
}
