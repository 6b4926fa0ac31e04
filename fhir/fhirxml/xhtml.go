package fhirxml

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"slotway/fhir"
)

// markup passes over an element of XHTML and what it holds, all of which stands in
// one namespace without a prefix, so that its text means the same wherever it is
// put. It says whether the element declares that namespace itself.
func (s *scanner) markup(depth int) (declared bool, f *fault) {
	if f := s.tooDeep(depth); f != nil {
		return false, f
	}
	s.pos++
	prefix, name, f := s.name()
	if f == nil && prefix != "" {
		f = s.faultf("within a narrative, names have no prefix")
	}
	if f != nil {
		return false, f
	}
	declared, f = s.markupAttributes()
	if f != nil {
		return false, f
	}
	if s.has("/>") {
		s.pos += 2
		return declared, nil
	}
	s.pos++
	return declared, s.markupContent(name, depth)
}

// markupAttributes reads the attributes of an element of XHTML, up to its > or />.
func (s *scanner) markupAttributes() (declared bool, f *fault) {
	var seen []string
	for {
		spaced := s.space()
		if s.has(">") || s.has("/>") {
			return declared, nil
		}
		start := s.pos
		prefix, name, f := s.name()
		if f == nil && !spaced {
			f = s.faultf("a blank is needed before an attribute")
		}
		if f != nil {
			return false, f
		}
		full := s.src[start:s.pos]
		value, f := s.quoted()
		switch {
		case f != nil:
			return false, f
		case prefix != "" && prefix != "xml":
			return false, s.faultf("within a narrative, names have no prefix")
		case full == "xmlns" && value != xhtmlSpace:
			return false, s.faultf("within a narrative, the namespace is that of XHTML")
		case slices.Contains(seen, full):
			return false, s.faultf("the attribute %s stands twice in one element", clip(full, 80))
		case len(seen) == maxAttributes:
			return false, s.faultf("an element has more than %d attributes", maxAttributes)
		}
		declared = declared || name == "xmlns"
		seen = append(seen, full)
	}
}

// markupContent passes over what stands between the tags of an element of XHTML.
func (s *scanner) markupContent(name string, depth int) *fault {
	for {
		next := strings.IndexAny(s.src[s.pos:], "<&>")
		if next < 0 {
			return s.faultf("the element %s does not end", clip(name, 80))
		}
		s.pos += next
		switch {
		case s.src[s.pos] == '&':
			_, n, f := s.entity(s.src[s.pos:])
			if f != nil {
				return f
			}
			s.pos += n
		case s.src[s.pos] == '>':
			if strings.HasSuffix(s.src[:s.pos], "]]") {
				return s.faultf("the end of a section stands without a beginning")
			}
			s.pos++
		case s.has("</"):
			return s.endTag(name)
		case s.has("<!--"), s.has("<?"):
			if _, f := s.skip(); f != nil {
				return f
			}
		default:
			if _, f := s.markup(depth + 1); f != nil {
				return f
			}
		}
	}
}

// xhtml writes the div of a narrative as it is, but for HTML's own entities, which
// XML does not have, and a namespace where it has none.
func (e *encoder) xhtml(dst []byte, text string) ([]byte, *fault) {
	s := scanner{src: numbered(strings.Trim(known(text), " \t\r\n"))}
	var declared bool
	var f *fault
	if !s.has("<div") || nameLen(s.src[1:]) != len("div") {
		f = faultf("it does not begin with <div")
	}
	if f == nil {
		declared, f = s.markup(1)
	}
	switch {
	case f != nil:
		return dst, faultf("it is not well-formed XHTML (%s)", f.text)
	case s.pos != len(s.src):
		return dst, faultf("it is not well-formed XHTML (something follows the div)")
	case !declared:
		return append(append(dst, `<div xmlns="`+xhtmlSpace+`"`...), s.src[len("<div"):]...), nil
	}
	return append(dst, s.src...), nil
}

// known gives a text with U+FFFD for each character that XML does not have.
func known(text string) string {
	if _, found := fhir.NoText(text); !found {
		return text
	}
	return strings.Map(func(r rune) rune {
		if !fhir.IsText(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// numbered writes the entities of HTML that XML does not have as the numbers of
// their characters.
func numbered(text string) string {
	at := strings.IndexByte(text, '&')
	if at < 0 {
		return text
	}
	var out strings.Builder
	for at >= 0 {
		out.WriteString(text[:at])
		text = text[at:]
		end := strings.IndexByte(text[:min(len(text), 40)], ';')
		name := ""
		if end > 1 {
			name = text[1:end]
		}
		switch name {
		case "lt", "gt", "amp", "quot", "apos":
			out.WriteString(text[:end+1])
			text = text[end+1:]
		default:
			char := ""
			if isName(name) {
				char = html.UnescapeString(text[:end+1])
			}
			if char == "" || strings.HasPrefix(char, "&") {
				out.WriteByte('&')
				text = text[1:]
				break
			}
			for _, r := range char {
				out.WriteString("&#" + strconv.Itoa(int(r)) + ";")
			}
			text = text[end+1:]
		}
		at = strings.IndexByte(text, '&')
	}
	out.WriteString(text)
	return out.String()
}
