package fhirxml

import (
	"strings"
	"unicode/utf8"

	"slotway/fhir"
)

// scanner reads the marks of an XML document, https://www.w3.org/TR/xml/, without
// a document type. It checks what each part of it reads; tree.go and xhtml.go say
// what may stand where.
type scanner struct {
	src string
	pos int
}

func (s *scanner) faultf(format string, args ...any) *fault {
	return s.faultAt(s.pos, format, args...)
}

func (s *scanner) faultAt(pos int, format string, args ...any) *fault {
	f := faultf(format, args...)
	f.line = 1 + strings.Count(s.src[:min(pos, len(s.src))], "\n")
	return f
}

// checkText looks through the whole text for what no XML document may hold.
func (s *scanner) checkText() *fault {
	for i := 0; i < len(s.src); i++ {
		c := s.src[i]
		if c >= 0x20 && c < utf8.RuneSelf || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		r, n := utf8.DecodeRuneInString(s.src[i:])
		if r == utf8.RuneError && n == 1 {
			return s.faultAt(i, "the text is not valid UTF-8, the only encoding that is read")
		}
		if !fhir.IsText(r) {
			return s.faultAt(i, "XML does not have the character U+%04X", r)
		}
		i += n - 1
	}
	return nil
}

func (s *scanner) has(prefix string) bool { return strings.HasPrefix(s.src[s.pos:], prefix) }

// space passes over white space and says whether there was any.
func (s *scanner) space() bool {
	start := s.pos
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
			continue
		}
		break
	}
	return s.pos > start
}

// prolog passes over what stands before the root element.
func (s *scanner) prolog() *fault {
	s.src = strings.TrimPrefix(s.src, "\uFEFF")
	if s.has("<?xml") && nameLen(s.src[2:]) == 3 {
		end := strings.Index(s.src, "?>")
		if end < 0 {
			return s.faultf("the XML declaration does not end")
		}
		if f := s.declaration(s.src[len("<?xml"):end]); f != nil {
			return f
		}
		s.pos = end + 2
	}
	if f := s.misc(); f != nil {
		return f
	}
	if s.has("<!DOCTYPE") {
		return s.faultf("a document type declaration is not read")
	}
	if !s.has("<") {
		return s.faultf("an element is needed")
	}
	return nil
}

// declaration reads what stands within <?xml and ?>.
func (s *scanner) declaration(text string) *fault {
	d := scanner{src: text}
	wants := []string{"version", "encoding", "standalone"}
	for n := 0; ; n++ {
		spaced := d.space()
		if d.pos == len(d.src) && n > 0 {
			return nil
		}
		name := d.src[d.pos : d.pos+nameLen(d.src[d.pos:])]
		d.pos += len(name)
		for len(wants) > 0 && n > 0 && wants[0] != name {
			wants = wants[1:]
		}
		if !spaced || len(wants) == 0 || wants[0] != name {
			return s.faultf("the XML declaration is not one of version and encoding")
		}
		wants = wants[1:]
		value, f := d.quoted()
		switch {
		case f != nil:
			return s.faultf("the XML declaration is not one of version and encoding")
		case name == "version" && value != "1.0":
			return s.faultf("the version of XML must be 1.0")
		case name == "encoding" && !strings.EqualFold(value, "utf-8"):
			return s.faultf("the encoding must be UTF-8")
		case name == "standalone" && value != "yes" && value != "no":
			return s.faultf("standalone is yes or no")
		}
	}
}

// misc passes over white space, comments and processing instructions.
func (s *scanner) misc() *fault {
	for {
		s.space()
		skipped, f := s.skip()
		if !skipped || f != nil {
			return f
		}
	}
}

// skip passes over a comment or processing instruction, if one stands here.
func (s *scanner) skip() (bool, *fault) {
	switch {
	case s.has("<!--"):
		end := strings.Index(s.src[s.pos+4:], "--")
		if end < 0 || !strings.HasPrefix(s.src[s.pos+4+end:], "-->") {
			return false, s.faultf("a comment does not end, or holds --")
		}
		s.pos += 4 + end + 3
		return true, nil
	case s.has("<?"):
		n := nameLen(s.src[s.pos+2:])
		end := strings.Index(s.src[s.pos+2:], "?>")
		if n == 0 || end < n || end > n && !isSpace(s.src[s.pos+2+n]) || strings.EqualFold(s.src[s.pos+2:s.pos+2+n], "xml") {
			return false, s.faultf("a processing instruction is not well formed")
		}
		s.pos += 2 + end + 2
		return true, nil
	}
	return false, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// name reads a name with or without a prefix.
func (s *scanner) name() (prefix, local string, f *fault) {
	n := nameLen(s.src[s.pos:])
	local = s.src[s.pos : s.pos+n]
	s.pos += n
	if n > 0 && s.pos < len(s.src) && s.src[s.pos] == ':' {
		prefix = local
		n = nameLen(s.src[s.pos+1:])
		local = s.src[s.pos+1 : s.pos+1+n]
		s.pos += 1 + n
	}
	if n == 0 {
		return "", "", s.faultf("a name is needed")
	}
	return prefix, local, nil
}

// quoted reads an equals sign and the value of an attribute, entities replaced and
// white space as XML has it read, https://www.w3.org/TR/xml/#AVNormalize.
func (s *scanner) quoted() (string, *fault) {
	s.space()
	if !s.has("=") {
		return "", s.faultf("an attribute needs a value")
	}
	s.pos++
	s.space()
	if s.pos == len(s.src) || s.src[s.pos] != '"' && s.src[s.pos] != '\'' {
		return "", s.faultf("the value of an attribute stands in quotes")
	}
	quote := s.src[s.pos]
	s.pos++
	end := strings.IndexByte(s.src[s.pos:], quote)
	if end < 0 {
		return "", s.faultf("the value of an attribute does not end")
	}
	text := s.src[s.pos : s.pos+end]
	i := strings.IndexAny(text, "<&\t\n\r")
	if i < 0 {
		s.pos += end + 1
		return text, nil
	}
	out, f := s.unescaped(text, i)
	s.pos += end + 1
	return out, f
}

// unescaped reads the value of an attribute that has something special, first at i.
func (s *scanner) unescaped(text string, i int) (string, *fault) {
	var out strings.Builder
	out.Grow(len(text))
	out.WriteString(text[:i])
	for i < len(text) {
		switch c := text[i]; c {
		case '<':
			return "", s.faultf("within the value of an attribute, < is written &lt;")
		case '&':
			r, n, f := s.entity(text[i:])
			if f != nil {
				return "", f
			}
			out.WriteRune(r)
			i += n
			continue
		case '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				out.WriteByte(' ')
			}
		case '\t', '\n':
			out.WriteByte(' ')
		default:
			out.WriteByte(c)
		}
		i++
	}
	return out.String(), nil
}

// entity reads the reference to a character that text begins with, and gives its
// length.
func (s *scanner) entity(text string) (rune, int, *fault) {
	end := strings.IndexByte(text[:min(len(text), 40)], ';')
	if end < 0 {
		return 0, 0, s.faultf("an ampersand is written &amp;")
	}
	name := text[1:end]
	switch name {
	case "lt":
		return '<', end + 1, nil
	case "gt":
		return '>', end + 1, nil
	case "amp":
		return '&', end + 1, nil
	case "quot":
		return '"', end + 1, nil
	case "apos":
		return '\'', end + 1, nil
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		return 0, 0, s.faultf("an entity is not one of XML's own five; write the character, or its number")
	}
	r, ok := number(digits)
	if !ok || !fhir.IsText(r) {
		return 0, 0, s.faultf("a character reference names no character of XML")
	}
	return r, end + 1, nil
}

// number reads the number of a character, as 10 or xA.
func number(digits string) (r rune, ok bool) {
	base := rune(10)
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	for i := range len(digits) {
		d := rune(digits[i])
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case base == 16 && d >= 'a' && d <= 'f':
			d -= 'a' - 10
		case base == 16 && d >= 'A' && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, digits != ""
}

// endTag reads the end tag of the element that was opened as name.
func (s *scanner) endTag(name string) *fault {
	if !s.has("</") || !strings.HasPrefix(s.src[s.pos+2:], name) {
		return s.faultf("the end tag </%s> is needed", clip(name, 80))
	}
	s.pos += 2 + len(name)
	s.space()
	if !s.has(">") {
		return s.faultf("the end tag </%s> is needed", clip(name, 80))
	}
	s.pos++
	return nil
}

// tooDeep is where an element is nested too deeply.
func (s *scanner) tooDeep(depth int) *fault {
	if depth > fhir.MaxDepth {
		return s.faultf("elements are nested more than %d deep", fhir.MaxDepth)
	}
	return nil
}
