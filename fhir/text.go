package fhir

import "unicode/utf8"

// IsText says whether a string of FHIR may hold a character: those that XML 1.0
// has, https://www.w3.org/TR/xml/#NT-Char. Of the control characters below 32
// these are tab, line feed and carriage return,
// http://hl7.org/fhir/R4/datatypes.html#string.
func IsText(r rune) bool {
	switch {
	case r < 0x20:
		return r == '\t' || r == '\n' || r == '\r'
	case r >= 0xD800 && r < 0xE000, r == 0xFFFE, r == 0xFFFF, r > utf8.MaxRune:
		return false
	}
	return true
}

// NoText gives the first character of s that a string of FHIR may not hold.
func NoText(s string) (r rune, found bool) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 0x20 && c != 0xEF { // which begins U+FFFE and U+FFFF
			continue
		}
		if r, _ := utf8.DecodeRuneInString(s[i:]); !IsText(r) {
			return r, true
		}
	}
	return 0, false
}
