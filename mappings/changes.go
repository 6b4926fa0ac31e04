package mappings

import (
	"encoding/json"
	"slices"

	"slotway/fhir"
)

// ChangesToNew gives what to make, after Defaults, of an appointment that begins
// empty: Full and Changes without what only deletes, as "" is the same as not
// valued there and takes no default away (spec hl7-bridge 2.1).
func (in Intent) ChangesToNew() []fhir.Change {
	changes := slices.DeleteFunc(slices.Concat(in.Full, in.Changes), func(c fhir.Change) bool {
		return c.Op == fhir.Remove && c.Path.String() != pathNoEnd.String()
	})
	return append(changes, in.newParties()...)
}

// newParties gives the changes that make those participants who are steps to take
// of an appointment that has none: those that are added or changed.
func (in Intent) newParties() (changes []fhir.Change) {
	for _, rule := range siuRules {
		var added []booked
		for _, s := range in.steps {
			if s.kind.to == rule.To {
				added = append(added, s.booked)
			}
		}
		if all := staying(added); len(all) > 0 {
			changes = append(changes, replace(rule.path, all))
		}
	}
	return changes
}

// ChangesTo gives Changes as they are to be made to an appointment as it is
// stored, and before them what depends on who takes part in it: the steps of S18
// to S22, and a place where it had none, which stands before those who work there.
// However many they are, that is one change.
func (in Intent) ChangesTo(stored fhir.Resource) []fhir.Change {
	places := slices.IndexFunc(in.Changes, func(c fhir.Change) bool {
		return c.Op == fhir.Replace && c.Path.String() == toLocation
	})
	rest := in.Changes
	if in.halfTimed {
		rest = in.withMinutes(stored)
	}
	if len(in.steps) == 0 && places < 0 {
		return rest
	}
	p := partiesOf(stored)
	if places >= 0 && !p.has(locations) {
		var added []json.RawMessage
		_ = json.Unmarshal(in.Changes[places].Value, &added) // replace wrote it
		for _, raw := range added {
			p.add(party{kind: locations, raw: written(raw)})
		}
		rest = slices.Delete(slices.Clone(rest), places, places+1)
	}
	for _, s := range in.steps {
		p.take(s)
	}
	return append(p.changes(), rest...)
}
