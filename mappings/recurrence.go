package mappings

import (
	"cmp"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

var (
	occurrence = at("SCH-3.1")
	interval   = at("SCH-11.2")
	tq1Start   = at("TQ1-7")
	tq1Pattern = at("TQ1-3.1")
)

// recurrence refuses what books more than one time (spec hl7-bridge 1).
func (r *reading) recurrence() {
	if n, _ := strconv.Atoi(cmp.Or(r.m.Get(occurrence).Text, "0")); n > 1 { // what is no number says nothing
		r.fail(recurring("SCH-3", "must be 0, 1 or empty"))
	}
	timing := 0
	for one := range r.m.Field("SCH", 11).Repetitions() {
		if one.State() == hl7.Present {
			timing++
		}
	}
	if timing > 1 {
		r.fail(recurring("SCH-11", "must not repeat"))
	}
	switch every := r.m.Get(interval); {
	case !repeats(every):
	case isInterval(every.Text):
		r.fail(recurring("SCH-11.2", "must have no interval"))
	case marking(r) || r.o.OnlyURL: // when it takes place is not what it is about
		r.misplaced = true
		r.warn("SCH-11.2 is no interval, and SCH-11 is not looked at; fields may be shifted")
	default:
		r.fail(fhir.Errorf(fhir.Unprocessable, "SCH-11.2 must be empty: SCH-11 is quantity, interval, duration, start and end; fields may be shifted").
			At("SCH-11.2").Coded(RecurrenceUnsupported))
	}
	first := ""
	for s := range r.m.Segments("TQ1") {
		if repeats(s.Get(tq1Pattern)) {
			r.fail(recurring("TQ1-3", "must have no repeat pattern"))
			return
		}
		switch start := s.Get(tq1Start).Text; {
		case start == "" || start == first:
		case first == "":
			first = start
		default:
			r.fail(recurring("TQ1-7", "must be the same in every TQ1"))
			return
		}
	}
}

// repeats says whether a repeat pattern (HL7 table 0335) means more than one time.
func repeats(pattern hl7.Value) bool {
	return pattern.Valued() && !strings.EqualFold(pattern.Text, "ONCE")
}
