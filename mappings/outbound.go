package mappings

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/hl7bridge/hl7"
)

// Telling is a row of the table of outbound messages: what a field, or a component of
// one, says of an appointment. Of two rows for one place the first that has something
// to say is taken. It is siuRules read backwards: what a row writes, a rule there reads.
type Telling struct {
	To   hl7.Ref
	From string                         // the element, as a fhir.Path
	Say  func(n *Notice, v tell) string // "" where there is nothing to say
	When func(n *Notice) bool           // nil: always
	Doc  string

	path fhir.Path
}

// tell is what a row is asked about.
type tell struct {
	root    fhir.Node // the appointment
	node    fhir.Node // what is at From
	parties []Party
}

// tellings is the table, in the order of the message.
var tellings = tellingsTable([]Telling{
	{To: at("SCH-1.1"), From: toExternalID, Say: placed, Doc: "The external identifier, or the resource's id where it has none."},
	{To: at("SCH-6.1"), From: "cancelationReason", Say: conceptCode, Doc: "Why it was cancelled or not kept."},
	{To: at("SCH-6.2"), From: "cancelationReason", Say: conceptText, Doc: "In words."},
	{To: at("SCH-6.3"), From: "cancelationReason", Say: conceptSystem, Doc: "The reason's system, by its name in table 0396 or its URI."},
	{To: at("SCH-6.1"), From: "status", Say: eventReason(0), Doc: "Where no reason is known: what happened, NEW, MOVED or CHANGED, or U of table 0353, unknown."},
	{To: at("SCH-6.2"), From: "status", Say: eventReason(1), Doc: "The same in words."},
	{To: at("SCH-6.3"), From: "status", Say: eventReason(2), Doc: "HL70353, of U."},
	{To: at("SCH-7.1"), From: "reasonCode.coding.where(system=" + systemOfReason + ").code", Say: said, Doc: "The visit's code of table 0276."},
	{To: at("SCH-7.2"), From: toSubject, Say: said, Doc: "The subject line."},
	{To: at("SCH-7.2"), From: "appointmentType.text", Say: said, Doc: "The subject line, where the coding has no display."},
	{To: at("SCH-7.2"), From: "description", Say: said, Doc: "The subject line, where the type has none."},
	{To: at("SCH-8.1"), From: "appointmentType.coding[0].code", Say: said, Doc: "The type's code."},
	{To: at("SCH-8.3"), From: "appointmentType.coding[0].system", Say: systemAt, Doc: "The system of that code."},
	{To: at("SCH-9"), From: "end", Say: func(_ *Notice, v tell) string { return lasts(v.root.Get("start"), v.node) }, Doc: "How long it lasts, in minutes."},
	{To: at("SCH-10"), From: "end", Say: func(_ *Notice, v tell) string { return unitOf(lasts(v.root.Get("start"), v.node)) }, Doc: "The unit: min."},
	{To: at("SCH-11.4"), From: "start", Say: timeSaid, Doc: "Start, in the customer's zone with its offset."},
	{To: at("SCH-11.5"), From: "end", Say: timeSaid, Doc: "End."},
	{To: at("SCH-11.6"), From: "priority", Say: urgencySaid, Doc: "Urgency."},
	{To: at("SCH-16.1"), From: contactPath("SCH-16") + ".actor.identifier.value", Say: said, Doc: "The filler's contact, where the appointment has one."},
	{To: at("SCH-16.2"), From: contactPath("SCH-16") + ".actor.display", Say: said, Doc: "By name."},
	{To: at("SCH-16.2"), From: "participant", Say: unlessContact("SCH-16", func(n *Notice) string { return n.Customer }), Doc: "The customer's name, where no contact is known."},
	{To: at("SCH-20.1"), From: contactPath("SCH-20") + ".actor.identifier.value", Say: said, Doc: "Who entered it, where the appointment says so."},
	{To: at("SCH-20.2"), From: contactPath("SCH-20") + ".actor.display", Say: said, Doc: "By name."},
	{To: at("SCH-20.2"), From: "participant", Say: unlessContact("SCH-20", func(n *Notice) string { return n.App }), Doc: "The sending application, where nobody is known."},
	{To: at("SCH-25"), From: "status", Say: statusSaid, Doc: "Table 0278."},
	{To: at("TQ1-7"), From: "start", Say: timeSaid, When: fromV25, Doc: "Start again, from version 2.5 on."},
	{To: at("TQ1-8"), From: "end", Say: timeSaid, When: fromV25, Doc: "End, from version 2.5 on."},
	{To: at("TQ1-9"), From: "priority", Say: urgencySaid, When: fromV25, Doc: "Urgency, from version 2.5 on."},
	{To: at("NTE-3"), From: "comment", Say: noted, Doc: "The comment; its line ends are \\.br\\."},
	{To: at("ZAP-1"), From: toURL, Say: said, Doc: "The management URL."},
	{To: at("PV1-3.9"), From: "participant", Say: firstPlace, Doc: "The first place, by its name."},
	{To: at("PV1-10.1"), From: "specialty", Say: conceptCode, Doc: "The specialty."},
	{To: at("PV1-10.2"), From: "specialty", Say: conceptText, Doc: "In words."},
	{To: at("PV1-10.3"), From: "specialty", Say: conceptSystem, Doc: "The system of that code."},
})

func tellingsTable(rows []Telling) []Telling {
	for i := range rows {
		rows[i].path = fhir.MustPath(rows[i].From)
	}
	return rows
}

// Tellings gives the rows of the table of outbound messages. They must not be changed.
func Tellings() []Telling { return tellings }

func placed(n *Notice, _ tell) string { return n.Placer }

func said(_ *Notice, v tell) string { return clean(v.node.Text()) }

func noted(_ *Notice, v tell) string { return cleanText(v.node.Text()) }

func systemAt(_ *Notice, v tell) string { return nameOfSystem(v.node.Text()) }

func timeSaid(n *Notice, v tell) string {
	if t := instantAt(v.node); !t.IsZero() {
		return n.stamp(t)
	}
	return ""
}

func unitOf(number string) string {
	if number == "" {
		return ""
	}
	return "min"
}

func fromV25(n *Notice) bool { return n.Standard >= "2.5" }

func urgencySaid(_ *Notice, v tell) string {
	for _, code := range slices.Sorted(maps.Keys(urgency)) {
		if strconv.Itoa(urgency[code]) == v.node.Text() {
			return code
		}
	}
	return ""
}

// statusCode is bookingStatus read backwards.
var statusCode = map[string]string{
	"booked": "Booked", "arrived": "Arrived", "checked-in": "Started", "fulfilled": "Complete",
	"cancelled": "Cancelled", "entered-in-error": "Deleted", "noshow": "Noshow", "pending": "Pending", "waitlist": "Waitlist",
}

func statusSaid(_ *Notice, v tell) string { return statusCode[v.node.Text()] }

func conceptCode(_ *Notice, v tell) string { return clean(first(v.node, "coding", "code").Text()) }

func conceptText(_ *Notice, v tell) string {
	if text := clean(v.node.Get("text").Text()); text != "" {
		return text
	}
	return clean(first(v.node, "coding", "display").Text())
}

func conceptSystem(_ *Notice, v tell) string {
	return nameOfSystem(first(v.node, "coding", "system").Text())
}

// first follows names from a value, each time to the first of what repeats.
func first(n fhir.Node, names ...string) fhir.Node {
	for _, name := range names {
		n = n.Get(name).First()
	}
	return n
}

// nameOfSystem names a coding system as table 0396 does; one that the table does not
// have goes by its URI.
func nameOfSystem(uri string) string {
	if table, ok := strings.CutPrefix(uri, systemOfV2); ok && len(table) == 4 && isDigits(table) {
		return "HL7" + table
	}
	for _, name := range []string{"SCT", "LN", "I10"} {
		if codeSystem[name] == uri {
			return name
		}
	}
	return clean(uri)
}

func firstPlace(_ *Notice, v tell) string {
	for _, p := range v.parties {
		if p.Type == "Location" {
			return clean(p.Display)
		}
	}
	return ""
}

// say gives what the rows of a segment say, by field and component.
func (n *Notice) say(segment string, v tell) map[int]map[int]string {
	fields := map[int]map[int]string{}
	if !v.root.Exists() {
		return fields
	}
	for i := range tellings {
		row := &tellings[i]
		if row.To.Segment() != segment || row.When != nil && !row.When(n) {
			continue
		}
		field, component := row.To.Field(), max(row.To.Component(), 1)
		if fields[field][component] != "" {
			continue
		}
		v.node = v.root.One(row.path)
		if text := row.Say(n, v); text != "" {
			if fields[field] == nil {
				fields[field] = map[int]string{}
			}
			fields[field][component] = text
		}
	}
	return fields
}

// segment writes a segment of the table: what it says now, and "" for what it said
// before and says no longer.
func (n *Notice) segment(w *hl7.Writer, name string, now, before tell, first ...string) {
	is, was := n.say(name, now), map[int]map[int]string{}
	if n.Event == "S13" || n.Event == "S14" {
		was = n.say(name, before)
	}
	last := 0
	for _, said := range []map[int]map[int]string{is, was} {
		for field := range said {
			last = max(last, field)
		}
	}
	if last == 0 {
		return
	}
	w.Segment(name)
	for field := 1; field <= last; field++ {
		if field <= len(first) {
			w.Field(first[field-1])
			continue
		}
		w.RawField(fieldOf(is[field], was[field]))
	}
}

// fieldOf writes a field's components.
func fieldOf(is, was map[int]string) []byte {
	if len(is) == 0 && len(was) > 0 {
		if len(was) == 1 && was[1] != "" || len(was) > 1 {
			return []byte(`""`)
		}
	}
	d := hl7.DefaultDelimiters()
	var parts []string
	for _, m := range []map[int]string{is, was} {
		for c := range m {
			for len(parts) < c {
				parts = append(parts, "")
			}
		}
	}
	for i := range parts {
		switch {
		case is[i+1] != "":
			parts[i] = hl7.Escape(is[i+1], d)
		case was[i+1] != "":
			parts[i] = `""`
		}
	}
	return []byte(strings.Join(parts, string(d.Component)))
}

// write writes everything behind MSH.
func (n *Notice) write(w *hl7.Writer) {
	now := tell{root: n.Appointment.Root(), parties: n.Parties}
	var before tell
	if !n.Before.IsZero() {
		before = tell{root: n.Before.Root(), parties: n.PartiesBefore}
	}
	n.segment(w, "SCH", now, before)
	n.segment(w, "TQ1", now, before, "1")
	n.segment(w, "NTE", now, before, "1", "")
	n.segment(w, "ZAP", now, before)
	n.writePatient(w)
	n.segment(w, "PV1", now, before, "1", "O")
	n.writeResources(w, now, before)
}

// writePatient writes who the appointment is for.
func (n *Notice) writePatient(w *hl7.Writer) {
	p, err := r4.ReadPatient(n.Patient.Root())
	if err != nil {
		return
	}
	w.Segment("PID").Field("1").Skip(1).RawField(bytes.Join(n.patientIDs(), []byte{'~'})).Skip(1)
	var name r4.Name
	for i, one := range p.Names {
		if i == 0 || one.Use == "official" && name.Use != "official" {
			name = one
		}
	}
	given, more := "", ""
	if len(name.Given) > 0 {
		given, more = name.Given[0], strings.Join(name.Given[1:], " ")
	}
	if name.Family == "" && given == "" {
		name.Family = name.Text
	}
	w.Field(clean(name.Family), clean(given), clean(more), "", clean(strings.Join(name.Prefix, " "))).Skip(1)
	w.Field(strings.ReplaceAll(p.BirthDate, "-", ""))
	w.Field(map[string]string{"female": "F", "male": "M", "other": "O", "unknown": "U"}[p.Gender])
}
