package mappings

import (
	"slices"
	"strings"
	"time"

	"slotway/hl7bridge/hl7"
)

// SegmentExtension marks a participant that came from an AIG segment with that
// segment's name (valueCode). AIG may name a clinician, a room or a device and
// does not say which, so such a participant has no actor.type to know it by when
// the next message replaces it.
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
	actor               func(hl7.Field) actor
	extension           list[extension]
}

var (
	locations     = &resource{segment: "AIL", to: toLocation, role: 4, start: 6, status: 12, actor: place}
	practitioners = &resource{segment: "AIP", to: toPractitioner, role: 4, start: 6, status: 12, actor: person}
	generals      = &resource{
		segment: "AIG", to: toResource, role: 4, start: 8, status: 14, actor: thing,
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
		found := r.booked(kind)
		if len(found) == 0 {
			return // it names nobody in a part that is read here
		}
		if r.stepwise() {
			r.addSteps(kind, found)
			return
		}
		r.add(replace(rule.path, staying(found)))
	}
}

// booked is a participant as it is written, by whom it is known, and what is to be
// done with it: A, U, D or X of table 0206, or nothing.
type booked struct {
	action string
	actor
	raw written
}

// booked reads the participants of one kind, exact duplicates once.
func (r *reading) booked(kind *resource) []booked {
	var all []booked
	var seen [len(actions)]distinct // by action, none first
	group := ""                     // RGS-2 is the action of the segments below it
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
		p := participant{
			Extension: kind.extension, Type: codedAt(s.Field(kind.role), 1),
			Status: statusOfParticipant(s.Field(kind.status)), Period: r.period(s, kind),
		}
		for one := range s.Field(3).Repetitions() {
			if p.Actor = kind.actor(one); p.Actor.Display == "" && p.Actor.Identifier.Value == "" {
				continue
			}
			p.Actor.Display = r.line(kind.segment+"-3", p.Actor.Display)
			if raw := encode(p); seen[strings.Index(actions, action)].add(raw) {
				all = append(all, booked{action, p.Actor, raw})
			}
		}
	}
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

func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
