package hl7

import (
	"strings"
	"unicode/utf8"
)

// Plain gives the message for people to read: in UTF-8, a segment a line, escapes
// as they were sent.
func (m *Message) Plain() string {
	var b strings.Builder
	for i := range m.segs {
		lo, hi := m.line(i)
		line := m.text[lo:hi]
		if m.charset == nil {
			b.WriteString(strings.ToValidUTF8(line, string(utf8.RuneError)))
		} else {
			for line != "" {
				r, size := m.charset.next(line)
				b.WriteRune(r)
				line = line[size:]
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
