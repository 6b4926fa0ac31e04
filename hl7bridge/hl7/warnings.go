package hl7

import (
	"slices"
	"strings"
)

// Warnings returns what the reader should know about how the message was read, such as
// a guessed character set. The texts quote nothing of the message. It goes through the
// whole message each time.
func (m *Message) Warnings() []string {
	warnings := slices.Clone(m.warnings)
	if m.plain {
		return warnings
	}
	if m.holdsControls() {
		warnings = append(warnings, "the text holds control characters; they are left out")
	}
	return append(warnings, m.escapeWarnings()...)
}

func (m *Message) holdsControls() bool {
	for s := m.text; s != ""; {
		r, size := m.charset.next(s)
		if isDropped(r) {
			return true
		}
		s = s[size:]
	}
	return false
}

// escapeWarnings gives each kind of warning once.
func (m *Message) escapeWarnings() []string {
	if m.delims.Escape == 0 {
		return nil
	}
	var found []string
	for s := m.text[m.encoding:]; ; {
		at := strings.IndexByte(s, m.delims.Escape)
		if at < 0 {
			return found
		}
		_, warning, size := m.unescape(s[at:])
		if warning != "" && !slices.Contains(found, warning) {
			found = append(found, warning)
		}
		s = s[at+size:]
	}
}
