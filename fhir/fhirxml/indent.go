package fhirxml

import "strings"

// Indent appends a document that Encode wrote, with each element on a line of its
// own. A narrative stays as it is, since white space counts there.
func Indent(dst, xml []byte) []byte {
	s := scanner{src: string(xml)}
	for depth := 0; ; {
		s.space()
		end := strings.IndexByte(s.src[s.pos:], '>') // which Encode writes at the end of a tag only
		if end < 0 {
			return append(dst, s.src[s.pos:]...)
		}
		part, narrative := s.src[s.pos:s.pos+end+1], s
		whole := false
		if strings.HasPrefix(part, "<div") {
			if declared, f := narrative.markup(1); declared && f == nil {
				part, whole = s.src[s.pos:narrative.pos], true
			}
		}
		s.pos += len(part)
		if strings.HasPrefix(part, "</") {
			depth--
		}
		for range depth {
			dst = append(dst, "  "...)
		}
		dst = append(append(dst, part...), '\n')
		if !whole && !strings.HasPrefix(part, "</") && !strings.HasPrefix(part, "<?") && !strings.HasSuffix(part, "/>") {
			depth++
		}
	}
}
