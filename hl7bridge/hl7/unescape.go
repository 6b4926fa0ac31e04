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
			text, _, size := m.unescape(s)
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

// unescape returns what the sequence at the beginning of s means, or those of them that
// belong together, and their size. A warning comes with what a reader should know of.
func (m *Message) unescape(s string) (text, warning string, size int) {
	code, size := nextEscape(s)
	if code != "" && code[0] == 'X' {
		return m.unescapeHex(code[1:], s, size)
	}
	text, warning = m.unescapeText(code, s[:size])
	return text, warning, size
}

// unescapeText does it for what stands for text; all is its whole text, for sequences
// that are kept.
func (m *Message) unescapeText(code, all string) (text, warning string) {
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

// unescapeHex reads \Xhh..\ of a size at the beginning of s: bytes in the message's
// character set.
func (m *Message) unescapeHex(digits, s string, size int) (text, warning string, _ int) {
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) == 0 {
		return s[:size], warnEscape, size
	}
	set := m.charset
	if set.high == nil {
		if whole, more := joined(raw, s[size:], s[0]); whole != nil {
			return string(whole), "", size + more
		}
	}
	if m.undeclared { // as a text of such bytes would be read
		set = windows1252
	}
	if !set.has(string(raw)) {
		return s[:size], warnEscape, size
	}
	var b strings.Builder
	for s := string(raw); s != ""; {
		r, size := set.next(s)
		b.WriteRune(r)
		s = s[size:]
	}
	return b.String(), "", size
}

// joined completes bytes that end within a character of UTF-8 with those of the
// sequences at the beginning of s, whose size it gives too: some senders escape byte by
// byte. It gives nil where that makes no UTF-8.
func joined(raw []byte, s string, escape byte) (whole []byte, size int) {
	for at := 0; ; {
		for at < len(raw) && utf8.FullRune(raw[at:]) {
			r, n := utf8.DecodeRune(raw[at:])
			if r == utf8.RuneError && n == 1 {
				return nil, 0
			}
			at += n
		}
		if at == len(raw) {
			return raw, size
		}
		var code string
		var n int
		if rest := s[size:]; rest != "" && rest[0] == escape {
			code, n = nextEscape(rest)
		}
		digits, is := strings.CutPrefix(code, "X")
		more, err := hex.DecodeString(digits)
		if !is || err != nil || len(more) == 0 {
			return nil, 0
		}
		raw, size = append(raw, more...), size+n
	}
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
