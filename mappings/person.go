package mappings

import (
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// personRules is the mapping table of PID (spec hl7-bridge 2.6), after the
// PID[Patient] map of HL7's v2-to-FHIR guide. It serves ADT messages, and SIU
// messages where a patient is to be made of one.
var personRules = table([]Rule{
	{From: at("PID-3"), To: "identifier", Conv: identifiers, Doc: "With PID-2 and PID-4: the identifiers of a known authority and type: NHS and NH (or as other British systems spell them), PKB and PI, EMAIL and EMAIL (to `telecom`), and the customer's `local_ids`."},
	{From: at("PID-5"), To: "name", Conv: names, Doc: "Names, with their use."},
	{From: at("PID-7"), To: "birthDate", Conv: birthDate, Doc: "Date of birth, by its digits: no time zone moves it."},
	{From: at("PID-8"), To: "gender", Conv: sex, Doc: "Table 0001."},
	{From: at("PID-11"), To: "address", Conv: addresses, Doc: "Addresses, with their use."},
	{From: at("PID-13"), To: "telecom.where(use=home)", Conv: telecoms("home"), Doc: "Phone numbers and e-mail at home, and mobile ones."},
	{From: at("PID-14"), To: "telecom.where(use=work)", Conv: telecoms("work"), Doc: "Phone numbers and e-mail at work."},
	{From: at("PID-15"), To: "communication", Conv: language, Doc: "Language, as a code of BCP 47."},
	{From: at("PID-16"), To: "maritalStatus", Conv: marital, Doc: "Table 0002; P and N, which the NHS has for something else, as they are, unless PID-16.3 is HL70002 or a code map has them."},
	{From: at("PID-17"), To: "extension.where(url=" + religionURL + ").valueCodeableConcept", Conv: religion, Doc: "Religion, table 0006."},
	{From: at("PID-30"), To: "deceasedBoolean", Conv: dead, When: unless("PID-29"), Doc: "Whether the patient has died, where PID-29 has no time."},
	{From: at("PID-29"), To: "deceasedDateTime", Conv: death, Doc: "When the patient died."},
})

const religionURL = "http://hl7.org/fhir/StructureDefinition/patient-religion"

// patient reads an ADT message.
func (r *reading) patient() {
	if !r.once("PID", "the message must have a PID segment") {
		return
	}
	r.identify()
	r.ignored()
	if r.o.OnlyURL {
		return
	}
	r.run(personRules)
	r.email()
	r.in.PersonChanges = r.out
	if !r.event.Creates {
		r.in.Lacking = append(r.in.Lacking, "MSH-9.2")
	}
}

// newPatient reads what a patient could be made of, who is not known: few messages
// are about such, so it is done when it is asked for.
func (r *reading) newPatient() *reading {
	sub := newReading(r.m, r.o, r.event, r.used)
	sub.in.Person, sub.whole = r.in.Person, true
	sub.run(personRules)
	sub.email()
	return sub
}

// NewPatient gives the changes that make the message's patient, who is not known. A
// fault in what an SIU message says of a patient does not stop the booking: that
// part is left out, with a warning.
func (in Intent) NewPatient() (changes []fhir.Change, warnings []string) {
	if in.newcomer == nil {
		return in.PersonChanges, nil
	}
	r := in.newcomer()
	for _, problem := range r.problems {
		warnings = append(warnings, fhir.AsError(problem).Where+" is not readable, and is left out of the new patient")
	}
	return r.out, append(warnings, r.in.Warnings...)
}

func identifiers(r *reading, rule *Rule, _ hl7.Value) {
	for _, id := range r.in.Person.Identifiers {
		switch id.System {
		case fhir.NHSNumberSystem:
			put(r, rule.path.Where("system", id.System).Then("value"), word(id.Value))
			continue
		case EmailSystem: // email writes it
			continue
		}
		put(r, rule.path.Where("value", id.Value), identifier{System: id.System, Value: id.Value})
	}
}

// email adds the address that PID-3 names the patient by, after those of PID-13 and
// PID-14, among which it may be.
func (r *reading) email() {
	for _, id := range r.in.Person.Identifiers {
		if id.System == EmailSystem {
			put(r, pathTelecom.Where("value", id.Value).Then("system"), word("email"))
		}
	}
}

var pathTelecom = fhir.MustPath("telecom")

func birthDate(r *reading, rule *Rule, v hl7.Value) {
	if r.in.Person.BirthDate != "" {
		put(r, rule.path, word(r.in.Person.BirthDate))
	} else if !v.Valued() {
		r.add(remove(rule.path))
	}
}

func sex(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(rule.path))
		return
	}
	code, ok := gender[strings.ToUpper(v.Text)]
	if row, agreed := r.local("PID-8", r.m.Field("PID", 8)); agreed {
		code, ok = row.Code, true
	}
	if !ok {
		r.warn("PID-8 is not in table 0001; unknown is taken")
		code = "unknown"
	}
	put(r, rule.path, word(code))
}

func language(r *reading, rule *Rule, v hl7.Value) {
	f := r.m.Field("PID", 15)
	spoken := concept{Text: f.Component(2).Text}
	if code := codeOf(f.Component(1).Text); code != "" {
		spoken = concept{Coding: coding{systemOfLanguage, code, f.Component(2).Text}}
	}
	switch {
	case !v.Valued():
		r.add(remove(rule.path))
	case !spoken.empty():
		putAll(r, rule.path, []communication{{spoken}})
	}
}

// communication is a Patient's, of one language.
type communication struct{ language concept }

func (v communication) append(b []byte) []byte {
	return append(v.language.append(append(b, `{"language":`...)), '}')
}

func marital(r *reading, rule *Rule, v hl7.Value) {
	f := r.m.Field("PID", 16)
	c := r.coded("PID-16", f)
	code := strings.ToUpper(f.Component(1).Text)
	known, ok := maritalStatus[code]
	switch _, agreed := r.local("PID-16", f); {
	case agreed || !ok:
	case maritalOtherwise[code] && f.Component(3).Text != "HL70002":
		r.warn("PID-16 means one thing in the NHS and another in table 0002, and is kept as it is; HL70002 in PID-16.3, or an agreed code, says which")
	default:
		c = concept{known, f.Component(2).Text}
	}
	r.addConcept(rule.path, v, c)
}

func religion(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(pathReligion))
		return
	}
	r.addConcept(rule.path, v, r.coded("PID-17", r.m.Field("PID", 17)))
}

var pathReligion = fhir.MustPath("extension.where(url=" + religionURL + ")")

func (r *reading) addConcept(path fhir.Path, v hl7.Value, c concept) {
	switch {
	case !v.Valued():
		r.add(remove(path))
	case !c.empty():
		put(r, path, c)
	}
}

var (
	pathDeceased = fhir.MustPath("deceased[x]")
	pathDied     = fhir.MustPath("deceasedDateTime")
	pathIsDead   = fhir.MustPath("deceasedBoolean")
)
