package fhirxml

import (
	"unicode/utf8"

	"slotway/fhir"
)

// escapes says which bytes may not stand for themselves within an attribute.
// Line ends and tabs would be read as blanks. 0xEF begins U+FFFE and U+FFFF.
var escapes = func() (t [256]bool) {
	for c := range t {
		t[c] = c < 0x20 || c == 0xEF || c == '"' || c == '&' || c == '<' || c == '>'
	}
	return t
}()

// appendAttr appends name="text" after a blank. A character that XML does not have
// becomes U+FFFD.
func appendAttr(dst []byte, name, text string) ([]byte, *fault) {
	if text == "" {
		return dst, faultf("it is an empty string")
	}
	dst = append(append(append(dst, ' '), name...), '=', '"')
	done := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !escapes[c] {
			continue
		}
		esc := ""
		switch c {
		case '"':
			esc = "&quot;"
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '>':
			esc = "&gt;"
		case '\t':
			esc = "&#x9;"
		case '\n':
			esc = "&#xA;"
		case '\r':
			esc = "&#xD;"
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			if fhir.IsText(r) {
				i += n - 1
				continue
			}
			dst = append(append(dst, text[done:i]...), "\uFFFD"...)
			i += n - 1
			done = i + 1
			continue
		}
		dst = append(append(dst, text[done:i]...), esc...)
		done = i + 1
	}
	return append(append(dst, text[done:]...), '"'), nil
}
