package storetest

import (
	"strings"
)

// element makes the value of an element.
type element struct {
	name string
	make func(w world) any
}

// list makes an element of one or two values of the kind.
func list(make func(w world) any) func(w world) any {
	return func(w world) any {
		out := []any{make(w)}
		if w.chance(3) {
			out = append(out, make(w))
		}
		return out
	}
}

func from[T any](values ...T) func(w world) any {
	return func(w world) any { return oneOf(w, "value", values...) }
}

func to(types ...string) func(w world) any {
	return func(w world) any { return w.reference(types...) }
}

// elements are those that searches look at, by type: every row of the parameter
// table reads one.
var elements = map[string][]element{
	"Organization": {
		{"active", from(true, false)},
		{"address", list(world.address)},
		{"endpoint", list(to("Endpoint"))},
		{"name", world.place},
		{"alias", list(world.place)},
		{"partOf", to("Organization")},
		{"type", list(world.concept)},
	},
	"Location": {
		{"address", world.address},
		{"endpoint", list(to("Endpoint"))},
		{"name", world.place},
		{"alias", list(world.place)},
		{"operationalStatus", world.coding},
		{"managingOrganization", to("Organization")},
		{"partOf", to("Location")},
		{"position", world.position},
		{"status", from("active", "suspended")},
		{"type", list(world.concept)},
	},
	"HealthcareService": {
		{"active", from(true, false)},
		{"characteristic", list(world.concept)},
		{"coverageArea", list(to("Location"))},
		{"endpoint", list(to("Endpoint"))},
		{"location", list(to("Location"))},
		{"name", world.place},
		{"providedBy", to("Organization")},
		{"program", list(world.concept)},
		{"category", list(world.concept)},
		{"type", list(world.concept)},
		{"specialty", list(world.concept)},
	},
	"Practitioner": {
		{"active", from(true, false)},
		{"address", list(world.address)},
		{"communication", list(world.concept)},
		{"name", list(world.name)},
		{"telecom", list(world.telecom)},
		{"gender", from("male", "female")},
	},
	"PractitionerRole": {
		{"active", from(true, false)},
		{"period", world.period},
		{"telecom", list(world.telecom)},
		{"endpoint", list(to("Endpoint"))},
		{"location", list(to("Location"))},
		{"organization", to("Organization")},
		{"practitioner", to("Practitioner")},
		{"code", list(world.concept)},
		{"healthcareService", list(to("HealthcareService"))},
		{"specialty", list(world.concept)},
	},
	"Patient": {
		{"active", from(true, false)},
		{"address", list(world.address)},
		{"birthDate", from("1984-02-29", "1990", "1990-07")},
		{"name", list(world.name)},
		{"telecom", list(world.telecom)},
		{"gender", from("male", "female", "Male")},
		{"generalPractitioner", list(to("Practitioner", "Organization", "PractitionerRole"))},
		{"managingOrganization", to("Organization")},
		{"link", list(world.link)},
		{"communication", list(world.communication)},
	},
	"Schedule": {
		{"active", from(true, false)},
		{"actor", list(to("Practitioner", "Location", "HealthcareService", "PractitionerRole"))},
		{"planningHorizon", world.period},
		{"serviceCategory", list(world.concept)},
		{"serviceType", list(world.concept)},
		{"specialty", list(world.concept)},
	},
	"Slot": {
		{"schedule", to("Schedule")},
		{"end", from(instants...)},
		{"appointmentType", world.concept},
		{"serviceCategory", list(world.concept)},
		{"serviceType", list(world.concept)},
		{"specialty", list(world.concept)},
	},
	"Appointment": {
		{"participant", world.participants},
		{"end", from(instants...)},
		{"slot", list(to("Slot"))},
		{"appointmentType", world.concept},
		{"basedOn", list(to("ServiceRequest"))},
		{"reasonCode", list(world.concept)},
		{"reasonReference", list(to("Condition"))},
		{"serviceCategory", list(world.concept)},
		{"serviceType", list(world.concept)},
		{"specialty", list(world.concept)},
		{"supportingInformation", list(to("Patient", "Slot", "Observation"))},
	},
	"Task": {
		{"status", from(statuses...)},
		{"authoredOn", from(instants...)},
		{"lastModified", from(instants...)},
		{"executionPeriod", world.period},
		{"intent", from(codes...)},
		{"priority", from(codes...)},
		{"basedOn", list(to("Organization", "PractitionerRole", "HealthcareService"))},
		{"partOf", list(to("Task"))},
		{"businessStatus", world.concept},
		{"code", world.concept},
		{"performerType", list(world.concept)},
		{"encounter", to("Encounter")},
		{"focus", to("PractitionerRole", "Schedule", "HealthcareService")},
		{"for", to("Patient", "Practitioner")},
		{"requester", to("Patient", "Practitioner")},
		{"owner", to("Practitioner", "Organization")},
		{"groupIdentifier", func(w world) any {
			return object{"system": oneOf(w, "system", systems...), "value": oneOf(w, "value", values...)}
		}},
	},
}

// content draws what a resource of the type holds besides type and id.
func (w world) content(typ string) object {
	o := object{}
	if ids := w.identifiers(); ids != nil {
		o["identifier"] = ids
	}
	for _, e := range elements[typ] {
		if !w.chance(3) {
			o[e.name] = e.make(w)
		}
	}
	switch typ {
	case "Patient":
		switch oneOf(w, "deceased", "", "", "boolean", "date") {
		case "boolean":
			o["deceasedBoolean"] = oneOf(w, "deceased", true, false)
		case "date":
			o["deceasedDateTime"] = oneOf(w, "deceased", "2024-12-31", "2025-10-25T09:00:00Z")
		}
	case "Slot", "Appointment":
		w.timed(o)
	}
	return o
}

// timed draws what indexes are made of: a status and a start, at times several or
// none of them.
func (w world) timed(o object) {
	if !w.chance(8) {
		o["status"] = oneOf(w, "status", statuses...)
	}
	if !w.chance(8) {
		o["start"] = oneOf(w, "start", instants...)
	}
	if w.chance(20) {
		o["start"] = []any{oneOf(w, "start", instants...), oneOf(w, "start", instants...)}
	}
	if w.chance(8) {
		o["minutesDuration"] = oneOf(w, "minutes", 10, 30)
	}
}

// meta draws labels, tags and profiles.
func (w world) meta() object {
	m := object{}
	if w.chance(3) {
		m["security"] = []any{object{"system": "urn:labels", "code": oneOf(w, "label", "GREEN", "RED")}}
	}
	if w.chance(2) {
		m["tag"] = []any{w.coding()}
	}
	if w.chance(2) {
		m["profile"] = []any{oneOf(w, "profile", uris...)}
	}
	if w.chance(2) {
		m["source"] = oneOf(w, "source", uris...)
	}
	return m
}

func (w world) identifiers() []any {
	var out []any
	for range oneOf(w, "identifiers", 1, 2, 0) {
		id := object{"value": oneOf(w, "value", values...)}
		if !w.chance(4) {
			id["system"] = oneOf(w, "system", systems...)
		}
		if w.chance(4) {
			id["type"] = object{"coding": []any{object{"system": "urn:types", "code": "MR"}}, "text": "Hospital number"}
		}
		out = append(out, id)
	}
	return out
}

// reference draws a reference to one of the types: to one of ours in any of its
// writings, contained, foreign, or no literal one.
func (w world) reference(types ...string) object {
	typ := oneOf(w, "target", types...)
	to := typ + "/" + w.id(typ)
	switch oneOf(w, "form", "", "", "", "", "", "", "base", "version", "other", "identifier", "contained", "contained", "display") {
	case "base":
		to = Base + "/" + to
	case "version":
		to += "/_history/1"
	case "other":
		to = "https://other.example/fhir/" + to
	case "identifier":
		return object{"identifier": object{"system": systems[0], "value": oneOf(w, "value", values...)}}
	case "contained":
		to = "#" + strings.ToLower(typ)
	case "display":
		return object{"type": typ, "display": "Somebody"}
	}
	return object{"reference": to}
}

func (w world) coding() any {
	c := object{}
	if !w.chance(5) {
		c["code"] = oneOf(w, "code", codes...)
	}
	if w.chance(2) {
		c["system"] = oneOf(w, "system", codeSystems...)
	}
	if w.chance(3) {
		c["display"] = oneOf(w, "display", texts...)
	}
	return c
}

func (w world) concept() any {
	c := object{}
	if !w.chance(5) {
		c["coding"] = list(world.coding)(w)
	}
	if w.chance(3) {
		c["text"] = oneOf(w, "text", texts...)
	}
	return c
}

func (w world) name() any {
	if w.chance(5) {
		return object{"text": oneOf(w, "given", givens...) + " " + oneOf(w, "family", families...)}
	}
	return object{"family": oneOf(w, "family", families...), "given": []any{oneOf(w, "given", givens...)}}
}

func (w world) place() any { return oneOf(w, "place", families...) }

func (w world) address() any {
	a := object{"city": oneOf(w, "city", "Crewe", "Nantwich")}
	if w.chance(2) {
		a["postalCode"], a["use"] = oneOf(w, "postalCode", "CW1 4QJ", "CW5 5AA"), oneOf(w, "use", "home", "old")
	}
	if w.chance(3) {
		a["line"], a["state"], a["country"] = []any{"1 High Street"}, "Cheshire", "GB"
	}
	return a
}

func (w world) telecom() any {
	t := object{"value": oneOf(w, "contact", contacts...)}
	if !w.chance(4) {
		t["system"] = oneOf(w, "contact", "phone", "email")
	}
	return t
}

func (w world) period() any {
	p := object{}
	if !w.chance(3) {
		p["start"] = oneOf(w, "start", "2025-10", "2025-10-25", "2025-10-25T09:00:00Z")
	}
	if !w.chance(3) {
		p["end"] = oneOf(w, "end", "2025-10-25", "2025-10-26", "2026")
	}
	return p
}

func (w world) position() any {
	return object{"latitude": oneOf(w, "latitude", 53.1, 53.05, -18.0), "longitude": oneOf(w, "longitude", -2.5, 179.9, -179.9)}
}

func (w world) link() any {
	return object{"other": w.reference("Patient", "RelatedPerson"), "type": "seealso"}
}

func (w world) communication() any { return object{"language": w.concept()} }

var actorTypes = []string{"Patient", "Patient", "Practitioner", "Location", "HealthcareService", "PractitionerRole"}

func (w world) participants() any {
	var who []any
	for range oneOf(w, "participants", 1, 2, 3) {
		who = append(who, object{"actor": w.reference(actorTypes...), "status": oneOf(w, "participation", "accepted", "tentative")})
	}
	return who
}
