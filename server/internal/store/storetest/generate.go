package storetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// world makes random resources and random searches for them. Values come from
// small pools, so that what is searched for is often there.
type world struct{ t *rapid.T }

type object = map[string]any

// kinds are the types the world has, and how many ids of each.
var kinds = []struct {
	typ string
	ids int
}{
	{"Organization", 2},
	{"Location", 2},
	{"Practitioner", 2},
	{"PractitionerRole", 2},
	{"HealthcareService", 2},
	{"Patient", 3},
	{"Schedule", 2},
	{"Slot", 5},
	{"Appointment", 10},
}

func oneOf[T any](w world, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(w.t, label)
}

// chance is true about once in n.
func (w world) chance(n int) bool {
	yes := make([]bool, n)
	yes[n-1] = true
	return rapid.SampledFrom(yes).Draw(w.t, "chance")
}

func (w world) customer() string { return oneOf(w, "customer", "a", "b") }

func (w world) id(typ string) string {
	for _, k := range kinds {
		if k.typ == typ {
			return fmt.Sprintf("%c%d", typ[0]|0x20, rapid.IntRange(0, k.ids-1).Draw(w.t, "id"))
		}
	}
	return "x"
}

// key draws the key of a resource, often of an appointment or a slot.
func (w world) key() store.Key {
	typ := oneOf(w, "type", "Appointment", "Appointment", "Appointment", "Slot", "Slot", "Patient", "Schedule",
		"Practitioner", "Location", "Organization", "PractitionerRole", "HealthcareService")
	return store.Key{Customer: w.customer(), Type: typ, ID: w.id(typ)}
}

// The pools.
var (
	systems  = []string{"https://fhir.nhs.uk/Id/nhs-number", "urn:pas"}
	values   = []string{"1", "A1", "a1"}
	families = []string{"Smith", "Smith-Jones", "Van der Bergström"}
	givens   = []string{"Ann", "Anne Marie", "Zoë"}
	statuses = []string{"booked", "pending", "free"}
	instants = []string{
		"2025-10-24T23:30:00Z", "2025-10-25T09:00:00Z", "2025-10-25T09:00:00.250Z", "2025-10-25T14:30:00+01:00",
		"2025-10-26T00:30:00+01:00", "2025-10-26T01:30:00Z", "2025-11-01T00:00:00Z", "2026-01-01T10:00:00Z",
	}
	dates = []string{"2025", "2025-10", "2025-10-24", "2025-10-25", "2025-10-26", "2026-01-01", "2025-10-25T09:00:00Z", "2025-10-26T01:00:00Z"}
)

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
	switch oneOf(w, "form", "", "", "", "", "", "base", "version", "other", "identifier", "contained", "contained") {
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
	}
	return object{"reference": to}
}

func (w world) names() []any {
	if w.chance(5) {
		return []any{object{"text": oneOf(w, "given", givens...) + " " + oneOf(w, "family", families...)}}
	}
	return []any{object{"family": oneOf(w, "family", families...), "given": []any{oneOf(w, "given", givens...)}}}
}

var actorTypes = []string{"Patient", "Patient", "Practitioner", "Location", "HealthcareService"}

// content draws what a resource of the type holds besides type and id.
func (w world) content(typ string) object {
	o := object{}
	if ids := w.identifiers(); ids != nil {
		o["identifier"] = ids
	}
	switch typ {
	case "Organization":
		o["name"] = oneOf(w, "family", families...)
	case "Location":
		o["name"], o["managingOrganization"] = oneOf(w, "family", families...), w.reference("Organization")
	case "HealthcareService":
		o["name"], o["providedBy"], o["location"] = oneOf(w, "family", families...), w.reference("Organization"), []any{w.reference("Location")}
	case "Practitioner":
		o["name"] = w.names()
	case "PractitionerRole":
		o["practitioner"], o["organization"] = w.reference("Practitioner"), w.reference("Organization")
	case "Patient":
		o["name"], o["birthDate"] = w.names(), oneOf(w, "birthDate", "1984-02-29", "1990", "1990-07")
		o["managingOrganization"] = w.reference("Organization")
	case "Schedule":
		o["actor"] = []any{w.reference("Practitioner", "Location"), w.reference("HealthcareService")}
		o["planningHorizon"] = object{"start": oneOf(w, "instant", instants...)}
	case "Slot", "Appointment":
		w.timed(typ, o)
	}
	return o
}

func (w world) timed(typ string, o object) {
	if !w.chance(8) {
		o["status"] = oneOf(w, "status", statuses...)
	}
	if !w.chance(8) {
		o["start"] = oneOf(w, "start", instants...)
	}
	if w.chance(20) {
		o["start"] = []any{oneOf(w, "start", instants...), oneOf(w, "start", instants...)}
	}
	if typ == "Slot" {
		o["schedule"] = w.reference("Schedule")
		return
	}
	var who []any
	for range oneOf(w, "participants", 1, 2, 3, 0) {
		who = append(who, object{"actor": w.reference(actorTypes...), "status": oneOf(w, "participation", "accepted", "tentative")})
	}
	if who != nil {
		o["participant"] = who
	}
	if w.chance(2) {
		o["slot"] = []any{w.reference("Slot")}
	}
	if w.chance(4) {
		o["basedOn"] = []any{object{"reference": "ServiceRequest/1"}}
	}
}

// resource draws the resource of a key, with contained ones at times.
func (w world) resource(k store.Key) string {
	o := w.content(k.Type)
	if w.chance(3) {
		var inner []any
		for _, typ := range []string{oneOf(w, "contained", "Patient", "Slot"), oneOf(w, "contained", "Schedule", "Organization", "Practitioner")} {
			c := w.content(typ)
			c["resourceType"], c["id"] = typ, strings.ToLower(typ)
			inner = append(inner, c)
		}
		o["contained"] = inner
	}
	if w.chance(5) {
		o["meta"] = object{"security": []any{object{"system": "urn:labels", "code": oneOf(w, "label", "GREEN", "RED")}}}
	}
	o["resourceType"], o["id"] = k.Type, k.ID
	b, err := json.Marshal(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// links draws the links of a resource.
func (w world) links(typ string) []store.Link {
	if typ != "Appointment" || !w.chance(4) {
		return nil
	}
	return []store.Link{
		{Param: "actor", To: search.Ref{Type: "Patient", ID: w.id("Patient")}},
		{Param: "slot", To: search.Ref{Type: "Slot", ID: w.id("Slot")}},
	}
}

// visibility draws what a caller may see.
func (w world) visibility() store.Visibility {
	see := store.Visibility{Customers: oneOf(w, "customers", []string{"a"}, []string{"a", "b"}, []string{"b", "a"}, nil)}
	if w.chance(3) {
		see.Labels = []string{"urn:labels|GREEN"}
	}
	return see
}

// common are the keys of searches that are frequent, or that engines have ways of
// their own for; others are drawn from the whole parameter table.
var common = map[string][]string{
	"Appointment": {
		"status", "date", "date", "actor", "patient", "slot", "identifier", "_id", "practitioner", "location", "based-on",
		"actor:Patient.identifier", "actor:Patient.identifier", "patient.name", "actor.identifier", "actor:Location.organization.name",
		"slot.schedule.actor:Practitioner.name", "slot.start", "slot.status", "patient.organization.name", "slot.schedule.identifier",
		"date:missing", "patient:missing", "status:not", "patient:identifier", "identifier:of-type", "_lastUpdated",
	},
	"Slot": {
		"schedule", "schedule", "status", "start", "start", "identifier", "schedule.actor", "schedule.actor:Practitioner.identifier",
		"schedule.actor:HealthcareService.location.name", "_has:Appointment:slot:status", "_has:Appointment:slot:patient.identifier",
	},
	"Patient": {
		"identifier", "name", "family", "given", "name:exact", "name:contains", "birthdate", "organization.name",
		"_has:Appointment:patient:date", "_has:Appointment:actor:slot.status", "_has:Appointment:patient:status",
	},
	"Schedule":     {"actor", "actor:Practitioner", "date", "identifier", "_has:Slot:schedule:status", "_has:Slot:schedule:_has:Appointment:slot:status"},
	"Practitioner": {"name", "_id", "_has:Schedule:actor:_has:Slot:schedule:status", "_has:PractitionerRole:practitioner:organization"},
	"Location":     {"organization", "name", "organization.name", "_has:HealthcareService:location:organization.name"},
}

// query draws a search that the parser takes, as text and parsed.
func (w world) query(s *subject) (string, search.Query) {
	typ := oneOf(w, "searched", "Appointment", "Appointment", "Appointment", "Slot", "Slot", "Patient", "Schedule", "Practitioner", "Location")
	text := ""
	for range oneOf(w, "clauses", 1, 1, 1, 1, 2, 2, 3, 0) {
		key := oneOf(w, "key", common[typ]...)
		if w.chance(12) {
			p := oneOf(w, "parameter", s.catalog.Params(typ)...)
			key = p.Name
		}
		more := "&" + key + "=" + w.value(key)
		if p, err := search.Parse(s.catalog, typ, text+more, s.clock.Now()); err == nil && len(p.Warnings) == 0 {
			text += more
		}
	}
	if w.chance(3) {
		sorts := map[string][]string{"Appointment": {"date", "-date", "status,-date", "-_lastUpdated", "actor"}, "Slot": {"start", "-start,status"}, "Patient": {"family", "-birthdate"}}
		text += "&_sort=" + oneOf(w, "sort", append(sorts[typ], "_lastUpdated", "-identifier")...)
	}
	text += fmt.Sprint("&_count=", oneOf(w, "count", 0, 1, 2, 3, 5, 50))
	p, err := search.Parse(s.catalog, typ, text, s.clock.Now())
	if err != nil {
		w.t.Fatalf("Parse(%s?%s) = %v", typ, text, err)
	}
	return typ + "?" + text, p.Query
}

// value draws a value for a key, one or several.
func (w world) value(key string) string {
	_, last, _ := cutLast(key, ".")
	_, last, _ = cutLast(last, ":")
	switch {
	case strings.HasSuffix(key, ":missing"):
		return oneOf(w, "missing", "true", "false")
	case strings.HasSuffix(key, ":of-type"):
		return "urn:types|MR|" + oneOf(w, "value", values...)
	case strings.HasSuffix(key, ":identifier"):
		last = "identifier"
	case strings.Contains(key, ":not"):
		last = "status"
	case last == "exact" || last == "contains":
		last = "name"
	case last == "Practitioner":
		last = "actor"
	}
	out := w.single(last)
	for w.chance(4) {
		out += "," + w.single(last)
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

func (w world) single(param string) string {
	switch param {
	case "status", "part-status":
		return oneOf(w, "status", append(statuses, "http://hl7.org/fhir/appointmentstatus|booked", "accepted", "tentative")...)
	case "date", "start", "birthdate", "_lastUpdated", "-period", "-end":
		return oneOf(w, "prefix", "", "", "ge", "lt", "gt", "le", "ne", "sa", "eb", "ap") + oneOf(w, "date", dates...)
	case "identifier":
		return oneOf(w, "prefix", "", "|", systems[0]+"|", systems[1]+"|") + oneOf(w, "value", values...)
	case "name", "family", "given":
		return oneOf(w, "text", "smith", "s", "an", "BERG", "zoe", "Smith-Jones", "Smith", "Ann", "nobody")
	case "_id":
		typ := oneOf(w, "kind", kinds...).typ
		return w.id(typ)
	case "based-on":
		return "ServiceRequest/1"
	}
	typ := map[string]string{"patient": "Patient", "slot": "Slot", "schedule": "Schedule", "practitioner": "Practitioner", "location": "Location", "organization": "Organization"}[param]
	if typ == "" {
		typ = oneOf(w, "actor", actorTypes...)
	}
	return oneOf(w, "form", typ+"/", typ+"/", Base+"/"+typ+"/", "https://other.example/fhir/"+typ+"/", "") + w.id(typ)
}

// write draws one write and does it in a Tx. It gives what came of it.
func (w world) write(s *subject) func(store.Tx) string {
	return w.writeTo(s, w.key())
}

// fill draws a write of every key there is.
func (w world) fill(s *subject) []func(store.Tx) string {
	var out []func(store.Tx) string
	for _, k := range kinds {
		for i := range k.ids {
			for _, customer := range []string{"a", "b"} {
				id := fmt.Sprintf("%c%d", k.typ[0]|0x20, i)
				out = append(out, w.writeTo(s, store.Key{Customer: customer, Type: k.typ, ID: id}))
			}
		}
	}
	return out
}

func (w world) writeTo(s *subject, k store.Key) func(store.Tx) string {
	if w.chance(6) {
		return func(tx store.Tx) string {
			rec, err := tx.Delete(s.ctx, k, store.Any)
			return fmt.Sprintf("delete %v: version %d, %v", k, rec.Version, err)
		}
	}
	p := putOf(w.t, k.Customer, w.resource(k), w.links(k.Type)...)
	p.IfVersion = oneOf(w, "IfVersion", store.Any, store.Any, store.Any, 0, 1, 2)
	return func(tx store.Tx) string {
		rec, err := tx.Put(s.ctx, p)
		if err != nil {
			return fmt.Sprintf("put %v: %v", k, fhir.KindOf(err))
		}
		return fmt.Sprintf("put %v: version %d", k, rec.Version)
	}
}
