package hl7

// State tells what was sent for a field or a part of one (HL7 v2, 2.5.3).
type State uint8

// The four states. Only Null and Present carry an instruction: delete this, set this.
// From Absent and Empty nothing may be inferred.
const (
	Absent  State = iota // the segment, field or component is not there
	Empty                // there, with nothing or only blanks in it
	Null                 // the delete marker "" as sole content
	Present              // there, with a text
)

// String returns the state's name in lower case.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

var stateNames = [...]string{"absent", "empty", "null", "present"}

// Value is the text of a field, component or subcomponent with its state.
type Value struct {
	Text  string // UTF-8, escapes undone, without surrounding blanks; "" unless State is Present
	State State
}

// Valued reports whether there is a text.
func (v Value) Valued() bool { return v.State == Present }

// blanks surround a value without belonging to it. CR and LF come from escapes.
const blanks = " \t\r\n"

// trim is strings.Trim(s, blanks), which costs a table each time.
func trim(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isSolid says of most bytes that they are neither a blank nor a quotation mark.
func isSolid(c byte) bool { return c > '"' }

// isQuotedBlank says whether s is quotation marks with nothing but blanks between them:
// not the delete marker, and no value either, so it says nothing.
func isQuotedBlank(s string) bool {
	return len(s) > len(nullMarker) && s[0] == '"' && s[len(s)-1] == '"' && trim(s[1:len(s)-1]) == ""
}

// nullMarker is the delete marker of HL7 v2, 2.5.3.
const nullMarker = `""`
