package mappings

import (
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// death sets the time of death, which stands in place of the yes or no.
func death(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(pathDied))
		return
	}
	t, err := r.time(v.Text, r.o.Zone)
	if err != nil {
		r.fail(invalid("PID-29", err.Error()))
		return
	}
	when := fhir.FormatInstant(t.Instant)
	if t.Precision <= hl7.Day {
		when, _ = r.dateDigits("PID-29", v)
	}
	r.add(remove(pathIsDead))
	put(r, rule.path, word(when))
}

// dead sets yes or no. The two forms exclude one another, so a time that is
// stored goes.
func dead(r *reading, rule *Rule, v hl7.Value) {
	switch strings.ToUpper(v.Text) {
	case "Y":
		r.add(remove(pathDied))
		put(r, rule.path, boolean(true))
	case "N":
		r.add(remove(pathDied))
		put(r, rule.path, boolean(false))
	case "":
		r.add(remove(pathDeceased))
	default:
		r.warn("PID-30 is neither Y nor N, and is ignored")
	}
}
