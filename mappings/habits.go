package mappings

import (
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// Habits are what one sender does otherwise than most, as agreed with it. The
// zero value is what is taken of everybody else (spec hl7-bridge 0.2 and 2).
type Habits struct {
	// Timing says which of two times that differ is taken: TimingSCH11 (also when
	// empty), TimingTQ1, or TimingByVersion.
	Timing string
	// FillerAsKey takes SCH-2.1 for the id of an appointment where SCH-1.1 is empty.
	FillerAsKey bool
	// ActionCodes makes segments of resources that all carry an action (AIx-2 or
	// RGS-2, table 0206) steps to take in S13, S14 and S27, not the new list.
	ActionCodes bool
	// LooseTimes also reads times as ISO 8601 writes them.
	LooseTimes bool
	// HeaderOffset makes the offset of MSH-7 that of times which have none.
	HeaderOffset bool
	// Description also makes the notes of a booking its description.
	Description bool
	// ReplacesURL lets an S12 without ZAP take away the management URL.
	ReplacesURL bool
	// Contacts makes participants, for information, of who placed, filled and entered
	// the booking (SCH-12, SCH-16 and SCH-20).
	Contacts bool
	// Orders makes what the booking is based on of its order numbers (SCH-26, SCH-27).
	Orders bool
	// Reopens lets an S12 reopen a booking that was entered in error.
	Reopens bool
}

// The values of Habits.Timing.
const (
	TimingSCH11     = "sch11"
	TimingTQ1       = "tq1"
	TimingByVersion = "by-version" // TQ1 from v2.7 on, which withdrew SCH-11
)

// timings gives the rows of timing in the order in which they are asked: the
// first that finds a time wins.
func (r *reading) timings() []Rule {
	by := r.o.Habits.Timing
	if by == TimingTQ1 || by == TimingByVersion && r.m.AtLeast(7) {
		return tq1First
	}
	return timingRules
}

// tq1First is timingRules with the rows of TQ1 before the others.
var tq1First = func() []Rule {
	var rules, others []Rule
	for _, rule := range timingRules {
		if rule.From.Segment() == "TQ1" {
			rules = append(rules, rule)
		} else {
			others = append(others, rule)
		}
	}
	return append(rules, others...)
}()

// zone gives the zone of times without an offset: that of the customer, unless
// the sender's header says it.
func (r *reading) zone() *time.Location {
	if !r.o.Habits.HeaderOffset {
		return r.o.Zone
	}
	sent, err := r.time(r.m.Get(msgSent).Text, r.o.Zone)
	if err != nil || !sent.HasOffset {
		return r.o.Zone
	}
	return sent.Instant.Location()
}

var msgSent = hl7.MustRef("MSH-7.1")

// time reads a time as the sender writes it.
func (r *reading) time(text string, zone *time.Location) (hl7.Time, error) {
	return r.o.Habits.ParseTime(text, zone)
}

// ParseTime reads a time as a sender of these habits writes it.
func (h Habits) ParseTime(text string, zone *time.Location) (hl7.Time, error) {
	if h.LooseTimes {
		text = hl7.FromISO(text)
	}
	return hl7.ParseTime(text, zone)
}

// placerOfFiller takes the filler's id for that of the appointment, where the
// placer's is not sent and the sender is known to have none.
func (r *reading) placerOfFiller() {
	if f := r.m.Field("SCH", 2); r.in.Placer == "" && r.o.Habits.FillerAsKey && f.Component(1).Valued() {
		r.noteID(f.Component(1).Text, "SCH-2.1", f.HoldsNUL())
	}
}

// keyed says whether the message has what stands for an appointment's id.
func (r *reading) keyed() bool {
	return r.find(sch1).Valued() || r.o.Habits.FillerAsKey && r.m.Field("SCH", 2).Component(1).Valued()
}

// actsBySteps says whether every segment of a resource carries an action of its own.
func (r *reading) actsBySteps() bool {
	if !r.o.Habits.ActionCodes || r.event.Effect != EffectChange {
		return false
	}
	group, any := "", false
	for s := range r.m.Segments("") {
		switch s.Name() {
		case "RGS":
			group = actionOf(s.Field(2))
		case "AIL", "AIP", "AIG":
			if group == "" && actionOf(s.Field(2)) == "" {
				return false
			}
			any = true
		}
	}
	return any
}

var pathDescription = fhir.MustPath("description")

// describe makes the notes the description, too.
func (r *reading) describe(text string) {
	switch {
	case !r.o.Habits.Description:
	case text == "":
		r.add(remove(pathDescription))
	default:
		put(r, pathDescription, word(strings.ReplaceAll(r.line("NTE-3", text), "\n", " ")))
	}
}
