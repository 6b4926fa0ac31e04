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
	faults := len(r.problems)
	for _, field := range []int{3, 2, 4} {
		for cx := range r.m.Field("PID", field).Repetitions() {
			if id, ok := r.identifierOf(cx, "PID-"+strconv.Itoa(field)); ok {
				r.addIdentifier(id)
			}
		}
	}
	if len(p.Identifiers) == 0 && len(r.problems) == faults {
		r.fail(missing("PID-3", "patient identifier of a known authority and type, such as NHS and NH"))
	}
	var err error
	if p.BirthDate, err = r.dateDigits("PID-7", r.find(pid7)); err != nil {
		r.fail(err)
	}
	p.Display = r.line("PID-5", displayName(r.m.Field("PID", 5)))
}

var pid7 = hl7.MustRef("PID-7")

// maxIdentifiers is how many identifiers of agreed kinds a message may name its
// patient by: each is looked up.
const maxIdentifiers = 100

// addIdentifier adds an identifier once; two NHS numbers are two people.
func (r *reading) addIdentifier(id Identifier) {
	for _, known := range r.in.Person.Identifiers {
		if known == id {
			return
		}
		if id.System == fhir.NHSNumberSystem && known.System == id.System {
			r.fail(fhir.Errorf(fhir.Conflict, "PID-3 must name one patient; it holds two NHS numbers").At("PID-3").Coded(PatientConflict))
			return
		}
	}
	if len(r.in.Person.Identifiers) < maxIdentifiers {
		r.in.Person.Identifiers = append(r.in.Person.Identifiers, id)
	} else if len(r.problems) == 0 {
		r.fail(invalid("PID-3", "must hold at most "+strconv.Itoa(maxIdentifiers)+" identifiers of known authorities and types"))
	}
}

// identifierOf reads a CX of a known authority and type; others are passed over
// in silence, since a sender's list is longer than what was agreed.
func (r *reading) identifierOf(cx hl7.Field, where string) (id Identifier, ok bool) {
	value, authority, kind := cx.Component(1).Text, cx.Sub(4, 1).Text, cx.Component(5).Text
	if value == "" {
		return Identifier{}, false
	}
	if authority == "NHS" && isNHSType(kind) {
		number := strings.ReplaceAll(value, " ", "")
		if !fhir.ValidNHSNumber(number) || cx.HoldsNUL() {
			r.fail(invalid(where, "must be an NHS number: ten digits, the last of them the check digit"))
			return Identifier{}, false
		}
		r.in.Person.NHSStatus = cmp.Or(r.in.Person.NHSStatus, statusOfNHS(kind))
		return Identifier{fhir.NHSNumberSystem, number}, true
	}
	for _, local := range r.o.LocalIDs {
		if (local.Authority == "*" || local.Authority == authority) && local.Type == kind {
			if cx.HoldsNUL() {
				r.fail(invalid(where, "must not hold the character NUL"))
				return Identifier{}, false
			}
			return Identifier{local.System, value}, true
		}
	}
	return Identifier{}, false
}

// isNHSType admits NH, and NH with a verification status: NH{status:01}.
func isNHSType(kind string) bool { return kind == "NH" || statusOfNHS(kind) != "" }

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
		return digits[:4] + "-" + digits[4:6], nil
	}
	return digits[:4] + "-" + digits[4:6] + "-" + digits[6:8], nil
}
