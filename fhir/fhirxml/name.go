package fhirxml

import "unicode/utf8"

// The namespaces, http://hl7.org/fhir/R4/xml.html.
const (
	fhirSpace   = "http://hl7.org/fhir"
	xhtmlSpace  = "http://www.w3.org/1999/xhtml"
	schemaSpace = "http://www.w3.org/2001/XMLSchema-instance"
	xmlSpace    = "http://www.w3.org/XML/1998/namespace"
	// jsonSpace is the namespace of the attributes that say what the JSON was
	// where the definitions do not.
	jsonSpace = "urn:slotway:json"
)

// nameLen gives the length of the name without a colon that s begins with,
// https://www.w3.org/TR/xml-names/#NT-NCName.
func nameLen(s string) int {
	i := 0
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if !nameByte[c] || i == 0 && (c == '-' || c == '.' || c >= '0' && c <= '9') {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !nameRune(r, i == 0) {
			break
		}
		i += n
	}
	return i
}

// isName says whether s is such a name.
func isName(s string) bool { return s != "" && nameLen(s) == len(s) }

// capital says whether a name begins as those of types do.
func capital(name string) bool { return name[0] >= 'A' && name[0] <= 'Z' }

var nameByte = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
	}
	return t
}()

// nameRune is https://www.w3.org/TR/xml/#NT-NameChar for what is not ASCII.
func nameRune(r rune, first bool) bool {
	switch {
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return !first
	case r == 0xD7, r == 0xF7, r == 0x37E, r == utf8.RuneError:
		return false
	case r >= 0xC0 && r <= 0x1FFF, r == 0x200C, r == 0x200D, r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF,
		r >= 0x3001 && r <= 0xD7FF, r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		return true
	}
	return false
}
