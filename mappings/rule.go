package mappings

import (
	"errors"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// Rule is a row of a mapping table: what one field of a message means for one
// element of a resource.
type Rule struct {
	From hl7.Ref // the field; a rule is asked only when it holds a value or ""
	To   string  // the element, as a fhir.Path
	Conv Conv
	When Cond // nil for always
	Doc  string

	path fhir.Path // To
	from string    // From, as texts have it
}

// Conv turns what a rule's field holds into changes of a reading. The value is
// Present or Null, never Absent or Empty.
type Conv func(r *reading, rule *Rule, v hl7.Value)

// Cond says whether a rule holds for a message.
type Cond func(r *reading) bool

// Rules gives the rows of the mapping tables, those of appointments (siu.go) and
// then those of patients (person.go). They must not be changed.
func Rules() []Rule { return slices.Concat(timingRules, siuRules, agreedRules, personRules) }

// table reads the paths of a table's rows.
func table(rules []Rule) []Rule {
	for i := range rules {
		rules[i].path, rules[i].from = fhir.MustPath(rules[i].To), rules[i].From.String()
	}
	return rules
}

// reading is one message on its way to an Intent.
type reading struct {
	m     *hl7.Message
	o     Options
	event *Event
	in    Intent

	rooms     rooms
	out       []fhir.Change // where Convs write
	whole     bool          // out describes a whole resource, so "" deletes nothing that must be there
	times     times
	problems  []error
	misplaced bool        // SCH-11 holds something else, in a message that is not about the time
	values    page        // where values are written
	words     page        // and texts that are made of several
	used      func(*Rule) // for tests: which rules a message exercises
}

func newReading(m *hl7.Message, o Options, event *Event, used func(*Rule)) *reading {
	const values, words = 1280, 256 // what a message of 1 KB needs
	room := make([]byte, values+words)
	return &reading{
		m: m, o: o, event: event, used: used,
		values: page{values, room[:0:values]}, words: page{words, room[values:values]},
	}
}

// run asks every rule whose field holds something.
func (r *reading) run(rules []Rule) {
	for i := range rules {
		rule := &rules[i]
		v := r.find(rule.From)
		if !v.Valued() && v.State != hl7.Null || rule.When != nil && !rule.When(r) {
			continue
		}
		if r.used != nil {
			r.used(rule)
		}
		rule.Conv(r, rule, v)
	}
}

// find gives what the first segment that holds something at ref holds there; a
// ref without a component stands for the whole field.
func (r *reading) find(ref hl7.Ref) hl7.Value {
	var null hl7.Value
	for s, ok := r.m.Next(ref, 0); ok; s, ok = r.m.Next(ref, s.Index()+1) {
		var v hl7.Value
		if f := s.Field(ref.Field()); ref.Component() > 0 {
			v = f.At(ref)
		} else if v.State = f.State(); v.Valued() {
			v.Text = f.At(ref).Text
		}
		if v.Valued() {
			return v
		}
		if v.State == hl7.Null || isResource(ref.Segment()) && s.Field(1).State() == hl7.Null {
			null = hl7.Value{State: hl7.Null}
		}
	}
	return null
}

// isResource says whether "" in a segment's first field speaks for the segment:
// of the AIx it means that there are none of them (HL7 v2 10.6.4).
func isResource(segment string) bool { return segment[:2] == "AI" }

// rooms are room for what most messages have, so that it needs no memory of its own.
type rooms struct {
	changes     [20]fhir.Change
	defaults    [6]fhir.Change
	identifiers [1]Identifier
	written     [4]written // of one list at a time
}

func (r *reading) add(c fhir.Change) {
	if r.out == nil {
		r.out = r.rooms.changes[:0]
	}
	r.out = append(r.out, c)
}

func (r *reading) addAll(changes []fhir.Change) {
	for _, c := range changes {
		r.add(c)
	}
}

func (r *reading) fail(err error) { r.problems = append(r.problems, err) }

// warn notes something for the message log. The text holds no patient data.
func (r *reading) warn(text string) { r.in.Warnings = append(r.in.Warnings, text) }

// warnOnce is warn for what may be so in several segments.
func (r *reading) warnOnce(text string) {
	if !slices.Contains(r.in.Warnings, text) {
		r.warn(text)
	}
}

// err gives what is wrong, several problems joined in the order they were found.
func (r *reading) err() error {
	if len(r.problems) == 1 {
		return r.problems[0]
	}
	return errors.Join(r.problems...)
}

// line makes one line of text for people, and cuts it to a line's length.
func (r *reading) line(where, s string) string {
	if s = sameEnds(s); strings.IndexByte(s, '\n') >= 0 {
		s = strings.ReplaceAll(s, "\n", " ")
	}
	return r.cut(where, s, maxLine)
}

// sameEnds makes of every line end, which senders write in several ways, the same.
func sameEnds(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

func (r *reading) cut(where, s string, limit int) string {
	short := cutText(s, limit)
	if short != s {
		r.warn(where + " is too long and was cut")
	}
	return short
}

// text sets the element to the field's text, or removes it.
func text(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		r.add(remove(rule.path))
		return
	}
	put(r, rule.path, word(r.line(rule.from, v.Text)))
}

// unless holds when a field has no value.
func unless(ref string) Cond {
	field := hl7.MustRef(ref)
	return func(r *reading) bool { return !r.find(field).Valued() }
}
