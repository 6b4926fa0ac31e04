package mappings

import (
	"strings"

	"slotway/hl7bridge/hl7"
)

// actions are the action codes of table 0206, after a blank, which no code is.
const actions = " AUDX"

// actionOf reads an action code; others than those of table 0206 count as none.
func actionOf(f hl7.Field) string {
	if code := f.Component(1).Text; len(code) == 1 && strings.Contains(actions, code) {
		return code
	}
	return ""
}

// step is one participant of a message whose segments are steps to take: A adds
// it, U puts it in the place of the one that it is, D takes that one away, and X
// leaves it.
type step struct {
	kind *resource
	booked
}

// stepwise says whether the segments of resources are steps, not the new list. It
// is the event that says so (spec hl7-bridge 2.1): in an event about the whole
// booking, one that is to be deleted is just not in the list. A sender may be known
// to mean steps there too (Habits.ActionCodes).
func (r *reading) stepwise() bool {
	return r.event.Action != "" || r.actsBySteps()
}

// addSteps notes the steps of one kind of segment, with the action that the event
// implies where none is sent.
func (r *reading) addSteps(kind *resource, list []booked) {
	for _, b := range list {
		if b.action == "" {
			b.action = r.event.Action
		}
		r.in.steps = append(r.in.steps, step{kind, b})
	}
}
