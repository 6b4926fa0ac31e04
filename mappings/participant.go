package mappings

import (
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// SegmentExtension marks a participant with the segment or the field that it came in
// (valueCode): AIG, or SCH-12 and the like. AIG may name a clinician, a room or a
// device and does not say which, so such a participant has no actor.type to know it by
// when the next message replaces it.
const SegmentExtension = "http://fhir.patientsknowbest.com/structuredefinition/hl7-segment"

type (
	actor struct {
		Type       string
		Identifier identifier // of no value where there is none
		Display    string
	}
	participant struct {
		Extension list[extension]
		Type      concept
		Actor     actor
		Required  string
		Status    string
		Period    period // without a start where there is none
	}
)

func (v actor) append(b []byte) []byte {
	b = textIn(append(b, '{'), "type", v.Type)
	if v.Identifier.Value != "" {
		b = append(v.Identifier.append(member(b, "identifier")), ',')
	}
	return end(textIn(b, "display", v.Display), '}')
}

func (v participant) append(b []byte) []byte {
	b = append(b, '{')
	if len(v.Extension) > 0 {
		b = append(v.Extension.append(member(b, "extension")), ',')
	}
	if !v.Type.empty() {
		b = append(v.Type.append(append(b, `"type":[`...)), ']', ',')
	}
	b = append(v.Actor.append(member(b, "actor")), ',')
	b = textIn(b, "required", v.Required)
	b = textIn(b, "status", v.Status)
	if !time.Time(v.Period.Start).IsZero() {
		b = v.Period.append(member(b, "period"))
	}
	return end(b, '}')
}

// resource is a segment of HL7 v2 10.6 that books a person, place or thing: the
// numbers of its fields, and how field 3 names an actor.
type resource struct {
	segment, to         string // to is where its participants are kept
	role, start, status int    // start is followed by offset, its unit, duration and its unit
	roleName, stateName string // those fields by name; no role where AIG-4 says what the actor is
	actorName           string // and field 3
	actor               func(*reading, hl7.Field) actor
	extension           list[extension]
}

var (
	locations     = &resource{segment: "AIL", to: toLocation, role: 4, start: 6, status: 12, roleName: "AIL-4", actorName: "AIL-3", stateName: "AIL-12", actor: (*reading).place}
	practitioners = &resource{segment: "AIP", to: toPractitioner, role: 4, start: 6, status: 12, roleName: "AIP-4", actorName: "AIP-3", stateName: "AIP-12", actor: person}
	generals      = &resource{
		segment: "AIG", to: toResource, role: 4, start: 8, status: 14, actorName: "AIG-3", stateName: "AIG-14", actor: thing,
		extension: list[extension]{{SegmentExtension, "AIG"}},
	}
)

// resources makes the participants of a rule's condition those the segments
// name: a snapshot, unless the message says for each what to do with it.
func resources(kind *resource) Conv {
	return func(r *reading, rule *Rule, v hl7.Value) {
		if !v.Valued() {
			r.add(remove(rule.path))
			return
		}
		r.book(kind, rule.path)
	}
}

// book makes the participants at a path those of one kind, but for those who are to be
// deleted, unless the segments are steps to take.
func (r *reading) book(kind *resource, path fhir.Path) {
	if r.stepwise() {
		r.addSteps(kind, r.booked(kind))
		return
	}
	named, list, seen := false, r.list(), distinct{all: r.rooms.written[:0]}
	r.eachBooked(kind, func(action string, p participant) {
		if named = true; action != "D" {
			list, _, _ = addTo(list, &seen, p)
		}
	})
	if named { // otherwise they name nobody in a part that is read here
		r.putList(path, list)
	}
}

// general is resources for AIG. Of those that a code map says to be people or places
// the segments for these take care, where there are any.
func general(r *reading, rule *Rule, v hl7.Value) {
	if v.Valued() {
		if !r.find(nameAIL).Valued() && noVisitPlace(r) {
			r.book(locations, pathLocations)
		}
		if !r.find(nameAIP).Valued() {
			r.book(practitioners, pathPractitioners)
		}
	}
	resources(generals)(r, rule, v)
}

var (
	nameAIL, nameAIP  = hl7.MustRef("AIL-3"), hl7.MustRef("AIP-3")
	pathLocations     = fhir.MustPath(toLocation)
	pathPractitioners = fhir.MustPath(toPractitioner)
)

// resourceOf says how a segment is read, nil where it books nothing, what kind of
// participant it becomes, and which type of actor was agreed for it.
func (r *reading) resourceOf(s hl7.Segment) (from, kind *resource, actorType string) {
	switch s.Name() {
	case "AIL":
		return locations, locations, ""
	case "AIP":
		return practitioners, practitioners, ""
	case "AIG":
	default:
		return nil, nil, ""
	}
	row, _ := r.local("AIG-4", s.Field(generals.role))
	switch row.Code {
	case "Practitioner":
		return generals, practitioners, row.Code
	case "Location":
		return generals, locations, row.Code
	}
	return generals, generals, row.Code
}

// actorOf reads whom or what a segment names. Senders write people in AIG-3 as in AIP-3,
// with the given name where a CWE has its coding system: unless it was agreed that the
// segment names no person, what is no system known here is taken for that.
func (r *reading) actorOf(from *resource, actorType string, f hl7.Field) actor {
	if from != generals {
		return from.actor(r, f)
	}
	a := from.actor(r, f)
	perhaps := actorType == "" && f.Component(2).Valued() || strings.HasPrefix(actorType, "Practitioner")
	if third := f.Component(3); perhaps && third.Valued() && !r.knowsSystem(third.Text) {
		a = person(r, f)
	}
	a.Type = actorType
	return a
}

// eachBooked reads the participants of one kind, with what is to be done with each: A,
// U, D or X of table 0206, or nothing.
func (r *reading) eachBooked(kind *resource, found func(action string, p participant)) {
	group := "" // RGS-2 is the action of the segments below it
	for s := range r.m.Segments("") {
		if s.Name() == "RGS" {
			group = actionOf(s.Field(2))
		}
		from, to, actorType := r.resourceOf(s)
		if to != kind {
			continue
		}
		action := actionOf(s.Field(2))
		if action == "" {
			action = group
		}
		p := participant{
			Extension: kind.extension, Type: r.coded(from.roleName, s.Field(from.role)),
			Status: r.statusOf(from.stateName, s.Field(from.status)), Period: r.period(s, from),
		}
		for one := range s.Field(3).Repetitions() {
			if p.Actor = r.actorOf(from, actorType, one); p.Actor.Display != "" || p.Actor.Identifier.Value != "" {
				p.Actor.Display = r.line(from.actorName, p.Actor.Display)
				found(action, p)
			}
		}
	}
}

// booked is a participant as it is written, by whom it is known, and what is to be
// done with it.
type booked struct {
	action string
	actor
	raw written
}

// booked reads the participants of one kind, exact duplicates of an action once.
func (r *reading) booked(kind *resource) (all []booked) {
	list := r.list()
	var seen [len(actions)]distinct // by action, none first
	r.eachBooked(kind, func(action string, p participant) {
		more, raw, added := addTo(list, &seen[strings.Index(actions, action)], p)
		if list = more; added {
			all = append(all, booked{action, p.Actor, raw})
		}
	})
	r.values.end(list)
	return all
}

// staying gives those who are not to be deleted, as they are written.
func staying(all []booked) []written {
	out := make([]written, 0, len(all))
	for _, b := range all {
		if b.action != "D" {
			out = append(out, b.raw)
		}
	}
	return out
}
