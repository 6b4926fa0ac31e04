package mappings

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// keepers are what a new booking of a known id leaves alone though a rule writes
// it: the id itself, and the management URL, which another sender owns (spec
// hl7-bridge D4).
var keepers = map[string]bool{toExternalID: true, toURL: true}

// clearing is made of the rows of the mapping table.
var clearing = func() []fhir.Change {
	changes := []fhir.Change{remove(fhir.MustPath("_end"))}
	seen := map[string]bool{}
	for _, rule := range append(append([]Rule{}, timingRules...), siuRules...) {
		to := rule.To
		if !strings.Contains(to, "where(") {
			to, _, _ = strings.Cut(to, ".")
			to, _, _ = strings.Cut(to, "[")
		}
		if !keepers[rule.To] && !seen[to] {
			seen[to] = true
			changes = append(changes, remove(fhir.MustPath(to)))
		}
	}
	return changes
}()

// Clear gives the changes that take away all that an SIU message can say of an
// appointment. An S12 about one that is known begins with them: what it does not
// say is gone, and what no message can say (other systems' identifiers and
// extensions, slots, contained resources) stays.
func (in Intent) Clear() []fhir.Change {
	changes := clearing
	if in.habits.ReplacesURL {
		changes = append(slices.Clone(changes), remove(pathURL))
	}
	for _, rule := range agreedRules {
		if rule.agreed(in.habits) {
			changes = append(slices.Clone(changes), remove(rule.path))
		}
	}
	if in.habits.Description {
		changes = append(slices.Clone(changes), remove(pathDescription))
	}
	return changes
}

// Reopens says whether the message may change a booking that was entered in error.
func (in Intent) Reopens() bool { return in.habits.Reopens && in.Event.Effect == EffectBook }
