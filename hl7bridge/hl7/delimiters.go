package hl7

import "strings"

// Delimiters are the characters that a message declares in MSH-1 and MSH-2
// (HL7 v2, 2.5.4). Zero means that the message does without.
type Delimiters struct {
	Field, Component, Repetition, Escape, Subcomponent, Truncation byte
}

// DefaultDelimiters returns the recommended ones: |^~\&
func DefaultDelimiters() Delimiters {
	return Delimiters{Field: '|', Component: '^', Repetition: '~', Escape: '\\', Subcomponent: '&'}
}

// String returns MSH-1 and MSH-2 as they stand in a message, such as |^~\&
func (d Delimiters) String() string {
	b := make([]byte, 0, 6)
	for _, c := range [...]byte{d.Field, d.Component, d.Repetition, d.Escape, d.Subcomponent, d.Truncation} {
		if c != 0 {
			b = append(b, c)
		}
	}
	return string(b)
}

// parseDelimiters reads MSH-1 and MSH-2. Two to five encoding characters are taken:
// without the third there are no escapes, without the fourth no subcomponents, and the
// fifth is the truncation character of v2.7. All must be different, printable and
// neither letter nor digit.
func parseDelimiters(field byte, encoding string) (Delimiters, bool) {
	if len(encoding) < 2 || len(encoding) > 5 || !validDelimiter(field) {
		return Delimiters{}, false
	}
	for i := range len(encoding) {
		c := encoding[i]
		if !validDelimiter(c) || c == field || strings.IndexByte(encoding[:i], c) >= 0 {
			return Delimiters{}, false
		}
	}
	var c [5]byte
	copy(c[:], encoding)
	return Delimiters{
		Field: field, Component: c[0], Repetition: c[1], Escape: c[2], Subcomponent: c[3], Truncation: c[4],
	}, true
}

func validDelimiter(c byte) bool {
	return ' ' < c && c < 0x7f && !isUpperOrDigit(c) && (c < 'a' || c > 'z')
}
