package mappings

import (
	"slices"
	"strings"

	"slotway/hl7bridge/hl7"
)

// SegmentExtension marks a participant that came from an AIG segment with that
// segment's name (valueCode). AIG may name a clinician, a room or a device and
// does not say which, so such a participant has no actor.type to know it by when
// the next message replaces it.
const SegmentExtension = "http://fhir.patientsknowbest.com/structuredefinition/hl7-segment"

type (
	actor struct {
		Type       string      `json:"type,omitempty"`
		Identifier *identifier `json:"identifier,omitempty"`
		Display    string      `json:"display,omitempty"`
	}
	participant struct {
		Extension []extension `json:"extension,omitempty"`
		Type      []concept   `json:"type,omitempty"`
		Actor     actor       `json:"actor"`
		Status    string      `json:"status"`
		Period    *period     `json:"period,omitempty"`
	}
)

// resource is a segment of HL7 v2 10.6 that books a person, place or thing: the
// numbers of its fields, and how field 3 names an actor.
type resource struct {
	segment, to         string // to is where its participants are kept
	role, start, status int    // start is followed by offset, its unit, duration and its unit
	actor               func(hl7.Field) actor
	extension           []extension
}

var (
	locations     = &resource{segment: "AIL", to: toLocation, role: 4, start: 6, status: 12, actor: place}
	practitioners = &resource{segment: "AIP", to: toPractitioner, role: 4, start: 6, status: 12, actor: person}
	generals      = &resource{
		segment: "AIG", to: toResource, role: 4, start: 8, status: 14, actor: thing,
		extension: []extension{{SegmentExtension, "AIG"}},
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
		found := r.booked(kind)
		if len(found) == 0 {
			return // it names nobody in a part that is read here
		}
		if r.stepwise() {
			r.addSteps(kind, found)
			return
		}
		found = slices.DeleteFunc(found, func(b booked) bool { return b.action == "D" })
		r.add(replace(rule.path, participantsOf(found)))
	}
}

// booked is a participant with what is to be done with it: A, U, D or X of
// table 0206, or nothing.
type booked struct {
	action string
	participant
}

// booked reads the participants of one kind, exact duplicates once.
func (r *reading) booked(kind *resource) []booked {
	var list []booked
	seen := make(map[string]bool)
	group := "" // RGS-2 is the action of the segments below it
	for s := range r.m.Segments("") {
		if s.Name() == "RGS" {
			group = actionOf(s.Field(2))
		}
		if s.Name() != kind.segment {
			continue
		}
		action := actionOf(s.Field(2))
		if action == "" {
			action = group
		}
		p := participant{Extension: kind.extension, Status: statusOfParticipant(s.Field(kind.status)), Period: r.period(s, kind)}
		if role := codedAt(s.Field(kind.role), 1); !role.empty() {
			p.Type = []concept{role}
		}
		for one := range s.Field(3).Repetitions() {
			if p.Actor = kind.actor(one); p.Actor.Display == "" && p.Actor.Identifier == nil {
				continue
			}
			p.Actor.Display = r.line(kind.segment+"-3", p.Actor.Display)
			if key := action + string(encode(p)); !seen[key] {
				seen[key] = true
				list = append(list, booked{action, p})
			}
		}
	}
	return list
}

func participantsOf(list []booked) []participant {
	out := make([]participant, len(list))
	for i, b := range list {
		out[i] = b.participant
	}
	return out
}

func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
