package mappings

import (
	"cmp"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// identify reads who the message is about: the identifiers of PID-2, PID-3 and
// PID-4, the date of birth and the name.
func (r *reading) identify() {
	p := &r.in.Person
	p.Identifiers = r.rooms.identifiers[:0]
	faults := len(r.problems)
	for _, field := range idFields {
		f := r.m.Field("PID", field.Field())
		if f.State() != hl7.Present {
			continue
		}
		for cx := range f.Repetitions() {
			if id, ok := r.identifierOf(cx, field); ok {
				r.addIdentifier(id)
			}
		}
	}
	if len(p.Identifiers) == 0 && len(r.problems) == faults {
		r.fail(missing("PID-3", "an identifier such as one of NHS and NH", ""))
	}
	var err error
	if p.BirthDate, err = r.dateDigits("PID-7", r.find(pid7)); err != nil {
		r.fail(err)
	}
	p.Display = r.line("PID-5", r.displayName(r.m.Field("PID", 5)))
}

var (
	idFields = []hl7.Ref{hl7.MustRef("PID-3"), hl7.MustRef("PID-2"), hl7.MustRef("PID-4")}
	pid7     = hl7.MustRef("PID-7")
)

// maxIdentifiers is how many identifiers of agreed kinds a message may name its
// patient by: each is looked up.
const maxIdentifiers = 100

// addIdentifier adds an identifier once; two NHS numbers are two people.
func (r *reading) addIdentifier(id Identifier) {
	for _, known := range r.in.Person.Identifiers {
		switch {
		case known == id:
			return
		case known.System != id.System:
		case id.System == fhir.NHSNumberSystem:
			r.fail(fhir.Errorf(fhir.Conflict, "PID-3 must name one patient; it holds two NHS numbers").At("PID-3").Coded(PatientConflict))
			return
		case id.System == EmailSystem && strings.EqualFold(known.Value, id.Value):
			return
		case id.System == EmailSystem:
			r.fail(invalid("PID-3", "must hold one e-mail address at most"))
			return
		}
	}
	if len(r.in.Person.Identifiers) < maxIdentifiers {
		r.in.Person.Identifiers = append(r.in.Person.Identifiers, id)
	} else if len(r.problems) == 0 {
		r.fail(invalid("PID-3", "must hold at most "+strconv.Itoa(maxIdentifiers)+" identifiers of known authorities and types"))
	}
}

// EmailSystem is the system of the e-mail address in Person.Identifiers, which FHIR
// keeps in telecom.
const EmailSystem = "email"

// knownIDs are the identifiers that every customer's messages may name a patient by
// (spec hl7-bridge 2.6); its own are Options.LocalIDs.
var knownIDs = []LocalID{
	{Authority: "NHS", Type: "NH", System: fhir.NHSNumberSystem},
	{Authority: "PKB", Type: "PI", System: fhir.PublicIDSystem},
	{Authority: "EMAIL", Type: "EMAIL", System: EmailSystem},
}

// nhsSpellings are the authorities and types under which British systems send NHS
// numbers that do not write NHS and NH. A customer's own identifiers go before them.
var nhsSpellings = spelledIDs(fhir.NHSNumberSystem, map[string][]string{
	"NHS":      {"NHS", "NHSNumber", "NhsNumber", "NHSNO", "NHSNBR", "NHSNMBR", "NNGBR", ""},
	"NHSNBR":   {"NHSNMBR", "NHSNBR", "NH", ""},
	"NHSNMBR":  {"NHSNMBR", "NHSNBR", "NH", ""},
	"NH":       {"NH", ""},
	"":         {"NHS", "NHSNMBR", "NH"},
	oidOfNHSNo: {"NH", "NHS", "NNGBR", ""},
})

// oidOfNHSNo is the object identifier of NHS numbers, CX.4.2.
const oidOfNHSNo = "2.16.840.1.113883.2.1.4.1"

func spelledIDs(system string, types map[string][]string) []LocalID {
	var all []LocalID
	for authority, names := range types {
		for _, name := range names {
			all = append(all, LocalID{Authority: authority, Type: name, System: system})
		}
	}
	return all
}

// identifierOf reads a CX of a known authority and type; others are passed over
// in silence, since a sender's list is longer than what was agreed.
func (r *reading) identifierOf(cx hl7.Field, where hl7.Ref) (id Identifier, ok bool) {
	c := cx.Components()
	value, kind := c.At(1).Text, c.At(5).Text
	if value == "" {
		return Identifier{}, false
	}
	authority := cmp.Or(c.Sub(4, 1).Text, c.Sub(4, 2).Text)
	status := statusOfNHS(kind)
	if status != "" {
		kind = "NH"
	}
	system := r.systemOfID(authority, kind)
	if system == "" {
		return Identifier{}, false
	}
	if cx.HoldsNUL() {
		r.fail(invalid(where.String(), "must not hold the character NUL"))
		return Identifier{}, false
	}
	switch system {
	case fhir.NHSNumberSystem:
		switch value = plainNumber.Replace(value); {
		case fhir.ValidNHSNumber(value):
		case kind == "", authority == "" && kind == "NH": // nothing says that it is meant to be one: some hospital's own, or another country's
			return Identifier{}, false
		default:
			r.fail(invalid(where.String(), "must be an NHS number: ten digits, the last of them the check digit"))
			return Identifier{}, false
		}
		r.in.Person.NHSStatus = cmp.Or(r.in.Person.NHSStatus, status)
	case EmailSystem:
		if !isEmail(value) {
			r.fail(invalid(where.String(), "must be an e-mail address, such as name@example.org"))
			return Identifier{}, false
		}
	}
	return Identifier{system, value}, true
}

// plainNumber leaves out what senders write between the digits of an NHS number.
var plainNumber = strings.NewReplacer(" ", "", "-", "")

// systemOfID gives the system of identifiers of an authority and a type, or nothing
// where that is no kind that was agreed.
func (r *reading) systemOfID(authority, kind string) string {
	if system := systemIn(knownIDs, authority, kind); system != "" {
		return system
	}
	if system := systemIn(r.o.LocalIDs, authority, kind); system != "" {
		return system
	}
	return systemIn(nhsSpellings, authority, kind)
}

func systemIn(list []LocalID, authority, kind string) string {
	for i := range list {
		if local := &list[i]; (local.Authority == "*" || local.Authority == authority) && local.Type == kind {
			return local.System
		}
	}
	return ""
}

// isEmail says whether a text can be one address and nothing else.
func isEmail(s string) bool {
	name, host, found := strings.Cut(s, "@")
	return found && name != "" && host != "" && !strings.ContainsAny(s, " \t\r\n<>,;\"") && !strings.Contains(host, "@")
}

// statusOfNHS gives the verification status in a type such as NH{status:01}.
func statusOfNHS(kind string) string {
	status, ok := strings.CutPrefix(kind, "NH{status:")
	status, closed := strings.CutSuffix(status, "}")
	if !ok || !closed || len(status) != 2 || !isDigits(status) {
		return ""
	}
	return status
}

// dateDigits gives the digits of a date as FHIR writes it: YYYY, YYYY-MM or
// YYYY-MM-DD. A time of day and an offset are dropped, not applied.
func (r *reading) dateDigits(where string, v hl7.Value) (string, error) {
	if !v.Valued() {
		return "", nil
	}
	digits := v.Text
	if r.o.Habits.LooseTimes {
		digits = hl7.FromISO(digits)
	}
	t, err := hl7.ParseTime(digits, nil)
	if err != nil {
		return "", invalid(where, err.Error())
	}
	switch t.Precision {
	case hl7.Year:
		return digits[:4], nil
	case hl7.Month:
		return r.words.joined("-", digits[:4], digits[4:6]), nil
	}
	return r.words.joined("-", digits[:4], digits[4:6], digits[6:8]), nil
}
