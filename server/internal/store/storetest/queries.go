package storetest

import (
	"fmt"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
)

// common are the keys of searches that are frequent, or that engines have ways of
// their own for; others are drawn from the whole parameter table.
var common = map[string][]string{
	"Appointment": {
		"status", "date", "date", "actor", "patient", "slot", "identifier", "_id", "practitioner", "location", "based-on",
		"actor:Patient.identifier", "actor:Patient.identifier", "patient.name", "actor.identifier", "actor:Location.organization.name",
		"slot.schedule.actor:Practitioner.name", "slot.start", "slot.status", "patient.organization.name", "slot.schedule.identifier",
		"date:missing", "patient:missing", "status:not", "patient:identifier", "identifier:of-type", "_lastUpdated", "-period", "-end",
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
	"Location":     {"organization", "name", "organization.name", "near", "_has:HealthcareService:location:organization.name"},
}

// query draws a search that the parser takes, as text and parsed.
func (w world) query(s *subject) (string, search.Query) {
	typ := oneOf(w, "searched", "Appointment", "Appointment", "Appointment", "Slot", "Slot", "Patient", "Patient", "Schedule", "Practitioner",
		"PractitionerRole", "Location", "Organization", "HealthcareService", "Task")
	text := ""
	for range oneOf(w, "clauses", 1, 1, 1, 1, 2, 2, 3, 0) {
		key, p, modifier := w.key(s.catalog, typ)
		more := "&" + key + "=" + w.value(p, modifier)
		if parsed, err := search.Parse(s.catalog, typ, text+more, s.clock.Now()); err == nil && len(parsed.Warnings) == 0 {
			text += more
		}
	}
	if w.chance(3) {
		text += "&_sort=" + w.sort(s.catalog, typ)
	}
	text += fmt.Sprint("&_count=", oneOf(w, "count", 0, 1, 2, 3, 5, 50))
	text += oneOf(w, "total", "", "", "", "", "&_total=none", "&_explain=true")
	p, err := search.Parse(s.catalog, typ, text, s.clock.Now())
	if err != nil {
		w.t.Fatalf("Parse(%s?%s) = %v", typ, text, err)
	}
	return typ + "?" + text, p.Query
}

// key draws a key for a type: one of the common ones, or a way through the table.
// It gives the parameter at its end, and the modifier.
func (w world) key(c *search.Catalog, typ string) (key string, p *search.Param, modifier string) {
	if known := common[typ]; known != nil && w.chance(2) {
		key = oneOf(w, "key", known...)
		p, modifier = lastOf(c, typ, key)
		return key, p, modifier
	}
	return w.way(c, typ, 0)
}

// lastOf follows a key to the parameter at its end.
func lastOf(c *search.Catalog, typ, key string) (p *search.Param, modifier string) {
	for {
		if rest, ok := strings.CutPrefix(key, "_has:"); ok {
			parts := strings.SplitN(rest, ":", 3)
			typ, key = parts[0], parts[2]
			continue
		}
		link, rest, chained := strings.Cut(key, ".")
		name, modifier, _ := strings.Cut(link, ":")
		p, _ := c.Lookup(typ, name)
		if !chained {
			return p, modifier
		}
		key = rest
		if typ = modifier; typ == "" {
			typ = p.Targets[0]
		}
		head, _, _ := strings.Cut(strings.Split(key, ".")[0], ":")
		for _, t := range p.Targets {
			if _, ok := c.Lookup(t, head); ok && modifier == "" {
				typ = t
			}
		}
	}
}

// way draws a key through the parameter table: chains and _has of up to four
// links, and any modifier at the end.
func (w world) way(c *search.Catalog, typ string, depth int) (key string, last *search.Param, modifier string) {
	if depth < 4 && w.chance(5) {
		if sources := referring(c, typ); len(sources) > 0 {
			source := oneOf(w, "source", sources...)
			key, last, modifier = w.way(c, source.Type, depth+1)
			return "_has:" + source.Type + ":" + source.Name + ":" + key, last, modifier
		}
	}
	p := oneOf(w, "parameter", c.Params(typ)...)
	if targets := keptTargets(p); depth < 4 && len(targets) > 0 && !w.chance(3) {
		target := oneOf(w, "target", targets...)
		link := p.Name + ":" + target
		if w.chance(3) {
			link = p.Name
		}
		key, last, modifier = w.way(c, target, depth+1)
		return link + "." + key, last, modifier
	}
	if w.chance(3) {
		modifier = oneOf(w, "modifier", p.Modifiers()...)
	}
	switch {
	case modifier == "":
		return p.Name, p, ""
	case modifier == "type":
		modifier = oneOf(w, "target", append(keptTargets(p), p.Targets...)...)
	}
	return p.Name + ":" + modifier, p, modifier
}

// keptTargets gives the types that a reference may lead to here.
func keptTargets(p *search.Param) (out []string) {
	if p.Kind != search.Reference {
		return nil
	}
	for _, t := range fhir.Types() {
		if _, there := elements[t.Name]; there && (p.Targets == nil || slices.Contains(p.Targets, t.Name)) {
			out = append(out, t.Name)
		}
	}
	return out
}

// referring gives the parameters that may lead to a type.
func referring(c *search.Catalog, typ string) (out []*search.Param) {
	for _, t := range fhir.Types() {
		if _, there := elements[t.Name]; !there {
			continue
		}
		for _, p := range c.Params(t.Name) {
			if slices.Contains(keptTargets(p), typ) {
				out = append(out, p)
			}
		}
	}
	return out
}

// sorts are the orders that are frequent, or that engines have ways of their own for.
var sorts = map[string][]string{
	"Appointment": {"date", "-date", "status", "status,-date", "-_lastUpdated", "_id"},
	"Slot":        {"start", "-start", "-start,status", "_lastUpdated"},
	"Patient":     {"family", "-birthdate"},
}

// sort draws the keys of an order: any parameters, in either direction.
func (w world) sort(c *search.Catalog, typ string) string {
	var keys []string
	if frequent := sorts[typ]; frequent != nil && w.chance(2) {
		keys = append(keys, oneOf(w, "sort", frequent...))
	}
	for range oneOf(w, "sort", 0, 1, 2) {
		if p := oneOf(w, "sort", c.Params(typ)...); p.Kind != search.Special {
			keys = append(keys, oneOf(w, "direction", "", "-")+p.Name)
		}
	}
	if keys == nil {
		return "-_lastUpdated"
	}
	return strings.Join(keys, ",")
}

// value draws a value for a parameter under a modifier, one or several.
func (w world) value(p *search.Param, modifier string) string {
	out := w.single(p, modifier)
	for modifier != "missing" && w.chance(4) {
		out += "," + w.single(p, modifier)
	}
	return out
}

func (w world) single(p *search.Param, modifier string) string {
	switch modifier {
	case "missing":
		return oneOf(w, "missing", "true", "false")
	case "of-type":
		return "urn:types|MR|" + oneOf(w, "value", values...)
	case "text":
		return oneOf(w, "text", "alp", "beta one", "ÄLPHA", "hosp", "zzz")
	case "identifier", "group-identifier":
		return w.identifier()
	}
	switch p.Kind {
	case search.Date:
		return oneOf(w, "prefix", "", "", "eq", "ge", "lt", "gt", "le", "ne", "sa", "eb", "ap") + oneOf(w, "date", dates...)
	case search.Reference:
		return w.referenceValue(p, modifier)
	case search.String:
		if strings.HasPrefix(p.Name, "address") {
			return oneOf(w, "text", "crewe", "c", "nant", "cw1", "CW5 5AA", "gb", "1 high", "chesh", "Crewe")
		}
		return oneOf(w, "text", "smith", "s", "an", "BERG", "zoe", "Smith-Jones", "Smith", "Ann", "van", "nobody")
	case search.URI:
		return oneOf(w, "uri", uris...)
	case search.Special:
		return oneOf(w, "near", "53.1|-2.5", "53.1|-2.5|6|km", "-18|179.9|30", "0|0|30000", "53.05|-2.5|0|m")
	}
	return w.token(p)
}

func (w world) token(p *search.Param) string {
	switch p.Name {
	case "identifier", "group-identifier":
		return w.identifier()
	case "_id":
		return w.id(oneOf(w, "kind", kinds...).typ)
	case "active", "deceased":
		return oneOf(w, "boolean", "true", "false")
	case "email", "phone", "telecom":
		return oneOf(w, "contact", append(contacts, "ZOE@example.test")...)
	case "status":
		return oneOf(w, "status", append(statuses, "http://hl7.org/fhir/appointmentstatus|booked", "http://hl7.org/fhir/slotstatus|", "|free", "active")...)
	case "part-status":
		return oneOf(w, "code", "accepted", "tentative", "http://hl7.org/fhir/participationstatus|accepted")
	case "gender":
		return oneOf(w, "code", "male", "female", "Male")
	case "address-use":
		return oneOf(w, "code", "home", "http://hl7.org/fhir/address-use|old")
	case "_security":
		return oneOf(w, "label", "GREEN", "urn:labels|RED", "urn:labels|")
	}
	return oneOf(w, "system", "", "", "", "|", codeSystems[0]+"|", codeSystems[1]+"|") + oneOf(w, "code", codes...)
}

func (w world) identifier() string {
	return oneOf(w, "prefix", "", "", "|", systems[0]+"|", systems[1]+"|") + oneOf(w, "value", values...)
}

func (w world) referenceValue(p *search.Param, modifier string) string {
	types := p.Targets
	if kept := keptTargets(p); len(kept) > 0 {
		types = kept
	}
	typ := oneOf(w, "type", types...)
	if modifier != "" {
		typ = modifier
	}
	to := w.id(typ)
	if form := oneOf(w, "form", typ+"/", typ+"/", typ+"/", Base+"/"+typ+"/", "https://other.example/fhir/"+typ+"/", ""); form != "" {
		to = form + to
		if w.chance(8) {
			to += "/_history/1"
		}
	}
	return to
}
