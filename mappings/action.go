package mappings

import (
	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// actionOf reads an action code; others than those of table 0206 count as none.
func actionOf(f hl7.Field) string {
	switch code := f.Component(1).Text; code {
	case "A", "U", "D", "X":
		return code
	}
	return ""
}

// defaultAction is what S18 to S22 do with a segment that does not say.
var defaultAction = map[string]string{"S18": "A", "S19": "U", "S20": "D", "S21": "D", "S22": "D"}

// stepwise says whether the segments are steps to take, not the new list: in S18
// to S22, and where all are deletions, since deleting two of five is not the
// same as having none. It fills in the actions that the event implies.
func (r *reading) stepwise(list []booked) bool {
	implied, steps := defaultAction[r.event.Code]
	deletions := 0
	for i := range list {
		if list[i].action == "" {
			list[i].action = implied
		}
		if list[i].action == "D" {
			deletions++
		}
	}
	return steps || deletions > 0 && deletions == len(list)
}

// applySteps adds, replaces or removes participants one by one, each found by
// its identifier, or by its display where it has none.
func (r *reading) applySteps(list []booked) {
	for _, b := range list {
		if b.Actor.Display == r.in.Person.Display && b.Actor.Display != "" {
			r.warn("a resource has the name of the patient, and is ignored")
			continue
		}
		same := pathParticipant.Where("actor.display", b.Actor.Display)
		if b.Actor.Identifier != nil {
			same = pathParticipant.Where("actor.identifier.value", b.Actor.Identifier.Value)
		}
		switch b.action {
		case "A", "U":
			r.add(set(same, b.participant))
		case "D":
			r.add(remove(same))
		}
	}
}

var pathParticipant = fhir.MustPath("participant")
