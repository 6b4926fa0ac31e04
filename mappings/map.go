package mappings

import (
	"strconv"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// Map says what a message asks for. A message that cannot be followed in full is
// refused in full: the error is a *fhir.Error, or several joined, each with an
// application code and the place in the message.
func Map(m *hl7.Message, o Options) (Intent, error) { return read(m, o, nil) }

// read is Map; used is told of every rule that the message exercises.
func read(m *hl7.Message, o Options, used func(*Rule)) (Intent, error) {
	event, err := EventOf(m)
	if err != nil {
		return Intent{}, err
	}
	r := newReading(m, o, event, used)
	r.in.Event, r.in.habits = event, o.Habits
	r.o.Zone = r.zone()
	r.in.Warnings = m.Warnings()
	switch event.Effect {
	case EffectBook, EffectChange, EffectStatus:
		r.appointment()
	case EffectPerson, EffectPersonUpdate:
		r.patient()
	case EffectBlock, EffectUnblock:
		r.span()
	default:
		r.fail(unsupported(EventUnsupported, "MSH-9.2", "the event is not carried out here"))
	}
	if err := r.err(); err != nil {
		return Intent{Event: event, Warnings: r.in.Warnings}, err
	}
	return r.in, nil
}

// appointment reads an SIU message.
func (r *reading) appointment() {
	if !r.once("SCH", "the message must have an SCH segment") || !r.once("PID", "the message must have a PID segment") {
		return
	}
	r.recurrence()
	r.in.Defaults = append(r.rooms.defaults[:0], defaults...)
	switch {
	case r.find(sch1).State == hl7.Null:
		r.fail(invalid("SCH-1.1", "is required and must not be deleted"))
	case !r.keyed():
		r.fail(missing("SCH-1.1", "placer ID", ""))
	}
	r.identify()
	r.ignored()
	defer r.placerOfFiller()
	switch {
	case r.o.OnlyURL:
		r.onlyURL()
		return
	case marking(r):
		r.mark()
	default:
		r.write()
	}
	r.in.newcomer = r.newPatient
}

// write reads an event that makes, replaces or changes an appointment.
func (r *reading) write() {
	r.whole = r.event.Effect == EffectBook
	r.content()
	r.lacks()
	r.in.Changes = r.out
	if r.event.Action != "" {
		r.in.Scheduling = false // S18 to S22 are about a resource: the booking's status stays
	}
	if r.whole && len(r.problems) == 0 {
		for _, field := range r.in.Lacking {
			if field == "SCH-11.4" {
				r.fail(r.missingStart())
				continue
			}
			r.fail(missing(field, "location", ""))
		}
	}
}

// content reads what the message says of the appointment.
func (r *reading) content() {
	r.run(r.timings())
	r.finishTimes()
	r.run(siuRules)
	if h := &r.o.Habits; h.Contacts || h.Orders {
		r.run(agreedRules)
	}
}

// once makes sure that a segment is there, and once.
func (r *reading) once(segment, needed string) bool {
	n := 0
	for range r.m.Segments(segment) {
		n++
	}
	switch {
	case n == 0:
		r.fail(absent(segment, needed))
	case n > 1:
		r.fail(repeated(segment, "the message must have one "+segment+" segment; a message books one patient at one time"))
	}
	return n == 1
}

// defaults is what an appointment begins with (spec hl7-bridge 2.3 and 2.10).
// The privacy label is here and not in Provenance: what somebody has labelled
// more strictly since must stay so.
var defaults = []fhir.Change{
	set(fhir.MustPath("meta.security.where(system="+privacyLabel+")"), coding{System: privacyLabel, Code: "GENERAL_HEALTH"}),
	set(pathStatus, word("booked")),
	set(fhir.MustPath(toSubject), word("Appointment")),
	changeNoEnd,
}

// mark reads an event that moves the status only. What it says beyond that is
// for an appointment that is not known; a fault there does not matter to one
// that is.
func (r *reading) mark() {
	full := newReading(r.m, r.o, r.event, r.used)
	full.whole, full.misplaced = true, r.misplaced
	full.content()
	full.lacks()
	for _, problem := range full.problems {
		e := fhir.AsError(problem)
		if e.Where == "SCH-1.1" {
			r.fail(problem)
			continue
		}
		full.in.Lacking = append(full.in.Lacking, e.Where)
	}
	r.in.Placer, r.in.Full, r.in.Lacking = full.in.Placer, full.out, full.in.Lacking
	r.in.Defaults = append(r.in.Defaults, full.in.Defaults...)
	r.in.Warnings = append(r.in.Warnings, full.in.Warnings...)
	if r.find(zap1).State >= hl7.Null {
		r.warn("ZAP-1 is ignored: the event moves only the status")
	}
	r.addAll(StatusChanges(r.event.Status))
	r.run(markRules)
	r.in.Changes = r.out
}

// onlyURL reads nothing but ZAP: all that a URL-only grant covers. It neither
// makes an appointment nor replaces one.
func (r *reading) onlyURL() {
	r.run(urlRules)
	changing := *r.event
	changing.Effect, changing.Status, changing.Creates = EffectChange, "", false
	r.in.Event, r.in.Changes, r.in.Defaults = &changing, r.out, nil
	r.in.Lacking = []string{"SCH-11.4"}
}

var (
	sch1 = hl7.MustRef("SCH-1.1")
	zap1 = hl7.MustRef("ZAP-1")
	pv39 = hl7.MustRef("PV1-3.9")

	markRules = rulesOf("SCH-6")
	urlRules  = rulesOf("SCH-1.1", "ZAP-1")
)

// lacks notes what a new appointment would need and does not get.
func (r *reading) lacks() {
	if !r.times.start.known() {
		r.in.Lacking = append(r.in.Lacking, "SCH-11.4")
	}
	if r.misplaced {
		r.in.Lacking = append(r.in.Lacking, "SCH-11.2")
	}
	if r.o.RequireLocation && !r.find(pv39).Valued() {
		r.in.Lacking = append(r.in.Lacking, "PV1-3.9")
	}
	if !r.event.Creates {
		r.in.Lacking = append(r.in.Lacking, "MSH-9.2")
	}
}

// ignored notes segments that are never stored: one customer has one set of
// allergies, diagnoses and medication for a patient, and a partner's must not
// overwrite it (seed 004).
func (r *reading) ignored() {
	for s := range r.m.Segments("") {
		switch name := s.Name(); {
		case name == "AL1", name == "DG1", name == "IAM", len(name) == 3 && name[:2] == "RX":
			r.warnOnce(name + " is ignored: allergies, diagnoses and medication are not stored")
		case name == "PV2", name == "OBX":
			r.warnOnce(name + " is ignored: visits and observations are not stored")
		}
	}
	for _, field := range []int{23, 24} {
		if r.m.Field("SCH", field).State() == hl7.Present {
			r.warn("SCH-" + strconv.Itoa(field) + " is ignored: parent appointments are not linked")
		}
	}
}
