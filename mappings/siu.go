package mappings

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

var at = hl7.MustRef

// Paths that more than one rule writes to.
const (
	toExternalID   = "identifier.where(system=" + fhir.ExternalIDSystem + ").value"
	toFiller       = "identifier.where(type.coding.code=FILL)"
	toURL          = "extension.where(url=" + fhir.ManagementURL + ").valueUrl"
	toContact      = "extension.where(url=" + structures + "spoc)"
	toSubject      = "appointmentType.coding[0].display"
	toReason       = "reasonCode.where(extension.valueCode=SCH-7)"
	toLocation     = "participant.where(actor.type=Location)"
	toPractitioner = "participant.where(actor.type=Practitioner)"
	toResource     = "participant.where(extension.valueCode=AIG)"
)

// timingRules is the part of the mapping table that says when an appointment takes
// place (spec hl7-bridge 2.3 and 2.9). It is read first: the times of those who
// take part are relative to it, and what is written depends on all of its rows.
var timingRules = table([]Rule{
	{From: at("SCH-11.4"), To: "start", Conv: startTime, Doc: "Start; needed to make an appointment."},
	{From: at("TQ1-7"), To: "start", Conv: startTime, Doc: "Start, where SCH-11.4 has none."},
	{From: at("SCH-11.5"), To: "end", Conv: endTime, Doc: "End; while it is not known, _end says so with a data-absent-reason."},
	{From: at("TQ1-8"), To: "end", Conv: endTime, Doc: "End, where SCH-11.5 has none."},
	{From: at("SCH-11.3"), To: "minutesDuration", Conv: lasting(""), Doc: "Duration with its unit, such as M30: gives the end where none is sent."},
	{From: at("SCH-9"), To: "minutesDuration", Conv: lasting("SCH-10"), Doc: "Duration, of the unit in SCH-10: gives the end where none is sent."},
	{From: at("TQ1-6"), To: "minutesDuration", Conv: lasting("TQ1-6.2"), Doc: "Duration and unit: gives the end where none is sent."},
})

// siuRules is the rest of the mapping table of SIU messages (spec hl7-bridge 2.3 to 2.9),
// after the SCH[Appointment] map of HL7's v2-to-FHIR guide. Where two rules
// write one element, the first whose field is sent decides.
var siuRules = table([]Rule{
	{From: at("SCH-1.1"), To: toExternalID, Conv: placer, Doc: "The placer's id, by which the appointment is found. Written when it is made."},
	{From: at("SCH-2"), To: toFiller, Conv: filler, Doc: "The filler's id, of type FILL."},
	{From: at("ZAP-1"), To: toURL, Conv: managementURL, When: not(marking), Doc: "The management URL, whole and unsplit, with & and ~ (section 2.4)."},
	{From: at("SCH-25"), To: "status", Conv: status, When: not(marking), Doc: "Table 0278; not known: as it was, or booked. S15, S16, S17 and S26 say it themselves."},
	{From: at("SCH-13"), To: toContact, Conv: contact, Doc: "Whom to ask about the appointment: e-mail, phone, extension and notes."},
	{From: at("SCH-6"), To: "cancelationReason", Conv: reason, When: ending, Doc: "Why, when an appointment is cancelled or not kept; otherwise ignored (app-4)."},
	{From: at("AIS-3"), To: "serviceType", Conv: services, Doc: "What is to be done."},
	{From: at("PV1-10"), To: "specialty", Conv: specialty, Doc: "Code, text and system; without a text the code is its display."},
	{From: at("SCH-8.1"), To: "appointmentType.coding[0].code", Conv: code, Doc: "Code of the appointment's type."},
	{From: at("SCH-8.3"), To: "appointmentType.coding[0].system", Conv: systemName, Doc: "System of that code."},
	{From: at("SCH-8.2"), To: toSubject, Conv: asDefault, When: unless("SCH-7.2"), Doc: "The subject line, where SCH-7.2 has none, when the appointment is made."},
	{From: at("SCH-7.2"), To: toSubject, Conv: text, Doc: "The subject line; Appointment where none is sent."},
	{From: at("SCH-7.1"), To: "reasonCode.where(coding.system=" + systemOfReason + ")", Conv: visit, Doc: "A code of table 0276, with its SNOMED CT code; others are ignored."},
	{From: at("SCH-7"), To: toReason, Conv: reasonText, Doc: "A reason that is neither a code of table 0276 nor a subject line: its text."},
	{From: at("SCH-11.6"), To: "priority", Conv: priority, Doc: "Urgency: S 1 to PRN 7."},
	{From: at("TQ1-9"), To: "priority", Conv: priority, When: unless("SCH-11.6"), Doc: "Urgency, where SCH-11.6 has none."},
	{From: at("NTE-3"), To: "comment", Conv: notes, Doc: "The notes of the booking, each on a line of its own; those of resources are ignored."},
	{From: at("PV1-3"), To: toLocation, Conv: visitPlace, When: unless("PV1-3.9"), Doc: "Place, by room, point of care and facility, where it has no description."},
	{From: at("PV1-3.9"), To: toLocation, Conv: visitPlace, Doc: "Place, by its description."},
	{From: at("AIL-3"), To: toLocation, Conv: resources(locations), When: noVisitPlace, Doc: "Places, where PV1-3 has none."},
	{From: at("AIG-3"), To: toResource, Conv: general, Doc: "People, places or things; of no stated kind, unless AIG-4 is in a code map."},
	{From: at("AIP-3"), To: toPractitioner, Conv: resources(practitioners), Doc: "The people who see the patient: the list sent replaces the list before."},
})

// rulesOf gives the rows for those fields.
func rulesOf(fields ...string) []Rule {
	var rows []Rule
	for _, rule := range siuRules {
		if slices.Contains(fields, rule.from) {
			rows = append(rows, rule)
		}
	}
	return rows
}

// marking holds for events that move the status only, ending for those of them
// that may have a reason, which goes with the status.
func marking(r *reading) bool { return r.event.Effect == EffectStatus }

func ending(r *reading) bool {
	return marking(r) && !r.whole && (r.event.Status == "cancelled" || r.event.Status == "noshow")
}

func not(c Cond) Cond { return func(r *reading) bool { return !c(r) } }

var (
	pathURL    = fhir.MustPath("extension.where(url=" + fhir.ManagementURL + ")")
	pathStatus = fhir.MustPath("status")
	pathReason = fhir.MustPath("cancelationReason")

	pathTypeSystem = fhir.MustPath("appointmentType.coding[0].system")
)

// placer notes the id; it is written only when the appointment is made, since
// otherwise it is what the appointment was found by.
func placer(r *reading, _ *Rule, v hl7.Value) {
	if v.Valued() { // appointment refuses the rest
		r.noteID(v.Text, "SCH-1.1", r.m.Field("SCH", 1).HoldsNUL())
	}
}

// noteID notes what an appointment is found by.
func (r *reading) noteID(id, from string, holdsNUL bool) {
	switch {
	case utf8.RuneCountInString(id) > 255:
		r.fail(invalid(from, "must have at most 255 characters"))
	case holdsNUL:
		r.fail(invalid(from, "must not hold the character NUL"))
	default:
		r.in.Placer = id
		r.in.Defaults = append(r.in.Defaults, setOn(&r.values, pathExternalID, word(id)))
	}
}

var pathExternalID = fhir.MustPath(toExternalID)

func filler(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(rule.path))
		return
	}
	c := r.m.Field("SCH", 2).Components()
	if id := c.At(1).Text; id != "" {
		put(r, rule.path, identifier{&fillerID, r.authority(c.At(2).Text, c.At(3).Text, c.At(4).Text), id})
	}
}

// fillerID is the type of a filler's id.
var fillerID = typeOfID("FILL")

// typeOfID writes a type of identifiers, once for all messages.
func typeOfID(code string) written {
	return concept{Coding: coding{System: systemOfIDType, Code: code}}.append(nil)
}

func managementURL(r *reading, rule *Rule, _ hl7.Value) {
	u, state, err := r.url()
	switch {
	case err != nil:
		r.fail(err)
	case state == hl7.Null:
		r.add(remove(pathURL))
	default:
		put(r, rule.path, word(u))
	}
}

// code sets the element to the field's code, or removes it. An agreed code brings its
// system.
func code(r *reading, rule *Rule, v hl7.Value) {
	if row, ok := r.local("SCH-8", r.m.Field("SCH", 8)); ok {
		put(r, rule.path, word(row.Code))
		r.add(remove(pathTypeSystem))
		if row.System != "" {
			put(r, pathTypeSystem, word(row.System))
		}
		return
	}
	if c := codeOf(r.line(rule.from, v.Text)); c != "" {
		put(r, rule.path, word(c))
	} else if !v.Valued() {
		r.add(remove(rule.path))
	}
}

func systemName(r *reading, rule *Rule, v hl7.Value) {
	if _, ok := r.local("SCH-8", r.m.Field("SCH", 8)); ok {
		return // code wrote it
	}
	if uri := r.systemOf(v.Text); uri != "" {
		put(r, rule.path, word(uri))
		return
	}
	r.add(remove(rule.path))
}

// asDefault is text for an appointment that is being made.
func asDefault(r *reading, rule *Rule, v hl7.Value) {
	if v.Valued() {
		r.in.Defaults = append(r.in.Defaults, setOn(&r.values, rule.path, word(r.line(rule.from, v.Text))))
	}
}

func visit(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(rule.path))
		return
	}
	if codes, ok := r.visitReason(v); ok {
		r.add(fhir.Change{Path: rule.path, Op: fhir.Set, Value: json.RawMessage(codes)})
	}
}

// visitReason gives the reason of table 0276 that SCH-7.1 names, or what was agreed that
// it does.
func (r *reading) visitReason(v hl7.Value) (codes written, ok bool) {
	reason := strings.ToUpper(v.Text)
	if row, ok := r.local("SCH-7", r.m.Field("SCH", 7)); ok {
		reason = row.Code
	}
	codes, ok = visitReason[reason]
	return codes, ok
}

// reasonText keeps what a sender writes into SCH-7.1 instead of SCH-7.2: it is no
// subject line, and would be lost.
func reasonText(r *reading, rule *Rule, v hl7.Value) {
	reason := r.m.Field("SCH", 7).Component(1)
	_, coded := r.visitReason(reason)
	switch {
	case !v.Valued(), coded, r.m.Field("SCH", 7).Component(2).Valued():
		if !r.whole {
			r.add(remove(rule.path))
		}
	case reason.Valued():
		put(r, rule.path, remark{"SCH-7", r.line(rule.from, reason.Text)})
	}
}

func services(r *reading, rule *Rule, v hl7.Value) {
	r.replaceAll(rule.path, v, r.concepts("AIS", 3, "AIS-3", func(c concept) concept { return c }))
}

func specialty(r *reading, rule *Rule, v hl7.Value) {
	r.replaceAll(rule.path, v, r.concepts("PV1", 10, "PV1-10", func(c concept) concept {
		if c.Coding.Code != "" {
			if c.Text == c.Coding.Display { // otherwise it is what the sender calls it
				c.Text = ""
			}
			c.Coding.Display = cmp.Or(c.Coding.Display, c.Coding.Code)
		}
		return c
	}))
}

// replaceAll replaces a list of concepts, or removes it for "". A field that has
// a value, but in no part that is read here, says nothing.
func (r *reading) replaceAll(path fhir.Path, v hl7.Value, list []byte) {
	if len(list) > len("[") || !v.Valued() {
		r.putList(path, list)
	}
}

// concepts reads every repetition of a field in every segment of a name, as as
// makes them, each different one once.
func (r *reading) concepts(segment string, field int, name string, as func(concept) concept) []byte {
	text, seen := r.list(), distinct{all: r.rooms.written[:0]}
	for s := range r.m.Segments(segment) {
		for one := range s.Field(field).Repetitions() {
			if c := as(r.coded(name, one)); !c.empty() {
				text, _, _ = addTo(text, &seen, c)
			}
		}
	}
	return text
}

func priority(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(rule.path))
		return
	}
	if n, ok := urgency[strings.ToUpper(v.Text)]; ok {
		put(r, rule.path, number(n))
		return
	}
	r.warn(rule.from + " is not a known urgency, and is ignored")
}
