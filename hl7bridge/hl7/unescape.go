package hl7

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// controls says what happens to control characters other than TAB, LF and CR.
type controls bool

const (
	dropControls controls = false
	keepControls controls = true
)

// decode undoes escapes and character set. Plain text, the usual case, is not copied.
func (m *Message) decode(s string, c controls) string {
	at := m.firstSpecial(s, c)
	if at == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:at])
	for s = s[at:]; s != ""; {
		if s[0] == m.delims.Escape && s[0] != 0 {
			code, size := nextEscape(s)
			text, _ := m.unescape(code, s[:size])
			if c == dropControls {
				text = withoutControls(text)
			}
			b.WriteString(text)
			s = s[size:]
			continue
		}
		r, size := m.charset.next(s)
		if c == keepControls || !isDropped(r) {
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// firstSpecial returns where s stops being plain text that needs no work.
func (m *Message) firstSpecial(s string, c controls) int {
	for i := range len(s) {
		switch b := s[i]; {
		case b == m.delims.Escape && b != 0, b >= utf8.RuneSelf, c == dropControls && isDropped(rune(b)):
			return i
		}
	}
	return len(s)
}

// isDropped reports whether text goes without r.
func isDropped(r rune) bool {
	return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF // which are no characters
}

func withoutControls(s string) string {
	return strings.Map(func(r rune) rune {
		if isDropped(r) {
			return -1
		}
		return r
	}, s)
}

// nextEscape cuts the escape sequence at the beginning of s, which is an escape
// character. A sequence is a letter or dot, then letters, digits, signs and blanks, up
// to the next escape character. Anything else is a character on its own: code is "" and
// size 1.
func nextEscape(s string) (code string, size int) {
	end := strings.IndexByte(s[1:], s[0])
	if end < 1 {
		return "", 1
	}
	code = s[1 : 1+end]
	for i := range len(code) {
		if !inEscape(code[i], i == 0) {
			return "", 1
		}
	}
	return code, end + 2
}

func inEscape(c byte, first bool) bool {
	switch {
	case isUpper(c), 'a' <= c && c <= 'z', c == '.':
		return true
	}
	return !first && (isDigit(c) || c == '+' || c == '-' || c == ' ')
}

// Warnings that an escape sequence can give.
const (
	warnEscape = "the text holds an escape character that begins no known escape sequence; it is kept as text"
	warnSwitch = `the text switches character sets (\C..\ or \M..\), which is not supported; the switch is left out`
)

// unescape returns what the sequence means; all is its whole text, for those that are
// kept. A warning comes with what a reader should know of.
func (m *Message) unescape(code, all string) (text, warning string) {
	d := m.delims
	switch code {
	case "":
		return all, warnEscape
	case "F":
		return string(rune(d.Field)), ""
	case "S":
		return string(rune(d.Component)), ""
	case "T":
		return orKept(d.Subcomponent, all)
	case "R":
		return string(rune(d.Repetition)), ""
	case "E":
		return string(rune(d.Escape)), ""
	case "P":
		return orKept(d.Truncation, all)
	case "H", "N": // highlighting on and off
		return "", ""
	}
	switch code[0] {
	case 'X':
		return m.unescapeHex(code[1:], all)
	case 'C', 'M':
		return "", warnSwitch
	case 'Z': // agreed between sites: not ours to read
		return all, ""
	case '.':
		return layout(code[1:], all)
	}
	return all, warnEscape
}

func orKept(delimiter byte, all string) (text, warning string) {
	if delimiter == 0 {
		return all, warnEscape
	}
	return string(rune(delimiter)), ""
}

// unescapeHex reads \Xhh..\: bytes in the message's character set.
func (m *Message) unescapeHex(digits, all string) (text, warning string) {
	raw, err := hex.DecodeString(digits)
	set := m.charset
	if m.undeclared && !set.has(string(raw)) { // as a text of such bytes would be read
		set = windows1252
	}
	if err != nil || len(raw) == 0 || !set.has(string(raw)) {
		return all, warnEscape
	}
	var b strings.Builder
	for s := string(raw); s != ""; {
		r, size := set.next(s)
		b.WriteRune(r)
		s = s[size:]
	}
	return b.String(), ""
}

// layout reads the formatting commands of FT (HL7 v2, 2.7.6). Those that end a line
// become line ends, the others blanks, so that words stay apart.
func layout(command, all string) (text, warning string) {
	if len(command) < 2 {
		return all, warnEscape
	}
	name, count := command[:2], strings.Trim(command[2:], " +-")
	n := 1
	if count != "" {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n > maxLayout {
			return all, warnEscape
		}
	}
	switch name {
	case "br", "ce":
		return "\n", ""
	case "sp":
		return strings.Repeat("\n", n), ""
	case "sk":
		return strings.Repeat(" ", n), ""
	case "in", "ti", "fi", "nf":
		return " ", ""
	}
	return all, warnEscape
}

// maxLayout bounds what a few characters can grow into.
const maxLayout = 99
