package hl7

import "strings"

// Escape writes text so that it can stand in a field, component or subcomponent of a
// message with delimiters d (HL7 v2, 2.7). A line end becomes \.br\, which suits free
// text. A message without an escape character has blanks in place of what cannot be said.
func Escape(text string, d Delimiters) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return escapeFor(r, d) != 0 || r == '\r' || r == '\n' }) {
		return text
	}
	var b strings.Builder
	for _, r := range lineEnds.Replace(text) {
		code := escapeFor(r, d)
		switch {
		case code == 0 && r != '\n':
			b.WriteRune(r)
		case d.Escape == 0:
			b.WriteByte(' ')
		case r == '\n':
			b.WriteByte(d.Escape)
			b.WriteString(".br")
			b.WriteByte(d.Escape)
		default:
			b.Write([]byte{d.Escape, code, d.Escape})
		}
	}
	return b.String()
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// escapeFor returns the letter that stands for delimiter r, or 0 if r is none.
func escapeFor(r rune, d Delimiters) byte {
	switch r {
	case 0:
		return 0
	case rune(d.Field):
		return 'F'
	case rune(d.Component):
		return 'S'
	case rune(d.Subcomponent):
		return 'T'
	case rune(d.Repetition):
		return 'R'
	case rune(d.Escape):
		return 'E'
	case rune(d.Truncation):
		return 'P'
	}
	return 0
}
