package hl7

import (
	"bytes"
	"unicode/utf8"
)

// charset is a character set that agrees with ASCII in its lower half.
type charset struct {
	name string
	high *[128]rune // what the bytes from 0x80 on mean; nil for UTF-8
}

var utf8Set = &charset{name: "UTF-8"}

// latin makes a set of single bytes from its characters up to 0xFF. The bytes between
// 0x80 and the first of them are the control characters that ISO 8859 puts there.
func latin(name, characters string) *charset {
	c := &charset{name: name, high: new([128]rune)}
	runes := []rune(characters)
	for i := range c.high {
		c.high[i] = rune(0x80 + i)
		if k := i - (len(c.high) - len(runes)); k >= 0 {
			c.high[i] = runes[k]
		}
	}
	return c
}

// charsetNames has every name that HL7 table 0211 and senders use for the sets we know,
// in capitals and digits only. nil means that nothing definite is declared.
var charsetNames = map[string]*charset{
	"": nil, "ASCII": nil, "USASCII": nil, "ISOIR6": nil,
	"UNICODEUTF8": utf8Set, "UTF8": utf8Set, "UNICODE": utf8Set,
	"88591": iso8859x1, "88592": iso8859x2, "88593": iso8859x3, "88594": iso8859x4, "88595": iso8859x5,
	"88596": iso8859x6, "88597": iso8859x7, "88598": iso8859x8, "88599": iso8859x9, "885910": iso8859x10,
	"885911": iso8859x11, "885913": iso8859x13, "885914": iso8859x14, "885915": iso8859x15,
	"WINDOWS1252": windows1252, "CP1252": windows1252,
}

// findCharset looks a name up by what matters of it: ISO-8859-1, ISO8859-1 and 8859/1
// are one. known is false for a name that is none of ours.
func findCharset(name string) (c *charset, known bool) {
	if name == "" {
		return nil, true
	}
	key := make([]byte, 0, 16)
	for i := 0; i < len(name) && len(key) < cap(key); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z':
			key = append(key, c-'a'+'A')
		case isUpperOrDigit(c):
			key = append(key, c)
		}
	}
	if rest, ok := bytes.CutPrefix(key, []byte("ISO8859")); ok {
		key = append(key[:0], "8859"+string(rest)...)
	}
	c, known = charsetNames[string(key)]
	return c, known
}

// readCharset settles the character set: the given name, else the first repetition of
// MSH-18. What declares none of the sets we know is UTF-8 if it is valid UTF-8, else
// Windows-1252, with a warning.
func (m *Message) readCharset(name string) *ParseError {
	if name == "" {
		name = m.Get(msh18).Text
	}
	declared, known := findCharset(name)
	if !known {
		m.warnings = append(m.warnings, "MSH-18 names a character set that is not known; taken as not given")
	}
	switch {
	case declared == nil && utf8.ValidString(m.text):
		m.undeclared = true
		return nil
	case declared == nil:
		m.charset = windows1252
		m.warnings = append(m.warnings, "the text is not UTF-8 and MSH-18 declares no character set; read as Windows-1252")
		return nil
	case declared.has(m.text):
		m.charset = declared
		return nil
	}
	m.charset = windows1252 // so that what is read for the acknowledgement is text at all
	return &ParseError{
		Code: CodeCharset, Segment: "MSH", Field: 18,
		Text: "the message holds bytes that its character set, " + declared.name + ", does not have",
	}
}

var msh18 = MustRef("MSH-18")

// has reports whether s is valid in the set.
func (c *charset) has(s string) bool {
	if c.high == nil {
		return utf8.ValidString(s)
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf && c.high[s[i]-0x80] == utf8.RuneError {
			return false
		}
	}
	return true
}

// next decodes the first character of s, which is not empty.
func (c *charset) next(s string) (r rune, size int) {
	switch {
	case s[0] < utf8.RuneSelf:
		return rune(s[0]), 1
	case c.high == nil:
		return utf8.DecodeRuneInString(s)
	}
	return c.high[s[0]-0x80], 1
}
