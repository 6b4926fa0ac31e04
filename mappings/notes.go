package mappings

import (
	"strings"

	"slotway/hl7bridge/hl7"
)

// notes makes the comment of the notes that belong to the booking: NTE-3, all
// its repetitions, all the segments, joined by line ends. The set that is sent
// replaces the text before (HL7 v2 2.10.5).
func notes(r *reading, rule *Rule, _ hl7.Value) {
	var lines []string
	sent, size := false, 0
	for field := range r.bookingNotes() {
		switch field.State() {
		case hl7.Present:
			for one := range field.Repetitions() {
				if v := one.Text(); v.Valued() && size <= maxText {
					lines = append(lines, v.Text)
					size += len(v.Text)
				}
			}
			sent = true
		case hl7.Null:
			sent = true
		}
	}
	switch {
	case len(lines) > 0:
		text := r.cut("NTE-3", sameEnds(strings.Join(lines, "\n")), maxText)
		put(r, rule.path, word(text))
		r.describe(text)
	case sent:
		r.add(remove(rule.path))
		r.describe("")
	}
}

// bookingNotes yields NTE-3 of the notes that follow SCH, TQ1 or ZAP. An NTE
// speaks of the segment before it, so one after a resource or the patient is not
// about the booking. Segments of the sender's own have no notes: they are passed over.
func (r *reading) bookingNotes() func(yield func(hl7.Field) bool) {
	return func(yield func(hl7.Field) bool) {
		about := ""
		for s := range r.m.Segments("") {
			switch name := s.Name(); name {
			case "NTE":
				if about != "SCH" && about != "TQ1" && about != "ZAP" {
					r.warnOnce("NTE that does not follow SCH, TQ1 or ZAP is ignored: it is not about the booking")
				} else if !yield(s.Field(3)) {
					return
				}
			default:
				if name == "ZAP" || !strings.HasPrefix(name, "Z") {
					about = name
				}
			}
		}
	}
}
