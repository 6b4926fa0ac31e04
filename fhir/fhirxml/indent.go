package fhirxml

import "bytes"

// Indent appends a document that Encode wrote, with each element on a line of its
// own. A narrative stays as it is, since white space counts there.
func Indent(dst, xml []byte) []byte {
	depth := 0
	for rest := xml; len(rest) > 0; {
		n := partLen(rest)
		tag := rest[:n]
		rest = rest[n:]
		switch {
		case tag[0] != '<': // the line end after the header or the document
			continue
		case bytes.HasPrefix(tag, []byte("</")):
			depth--
		}
		for range depth {
			dst = append(dst, ' ', ' ')
		}
		dst = append(append(dst, tag...), '\n')
		if isStart(tag) {
			depth++
		}
	}
	return dst
}

// partLen gives the length of the tag, narrative or white space that text begins with.
func partLen(text []byte) int {
	if text[0] != '<' {
		if end := bytes.IndexByte(text, '<'); end > 0 {
			return end
		}
		return len(text)
	}
	n := tagEnd(text)
	if bytes.HasPrefix(text, []byte("<div ")) && bytes.Contains(text[:n], []byte(xhtmlSpace)) {
		for depth := open(text[:n]); depth > 0 && n < len(text); {
			next := partLen(text[n:])
			depth += open(text[n : n+next])
			n += next
		}
	}
	return n
}

// open says by how much a part of a document changes the depth.
func open(part []byte) int {
	switch {
	case bytes.HasPrefix(part, []byte("</")):
		return -1
	case isStart(part):
		return 1
	}
	return 0
}

// isStart says whether a part is a start tag, or a narrative that needs no end.
func isStart(part []byte) bool {
	return len(part) > 2 && part[0] == '<' && part[1] != '/' && part[1] != '?' && part[1] != '!' &&
		!bytes.HasSuffix(part, []byte("/>")) && bytes.Count(part, []byte("<")) == 1
}

// asides are what markup has beside elements, by how it begins and ends.
var asides = [][2]string{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}}

// tagEnd gives the length of the tag that text begins with; a > within quotes does
// not end it.
func tagEnd(text []byte) int {
	for _, a := range asides {
		if bytes.HasPrefix(text, []byte(a[0])) {
			if end := bytes.Index(text, []byte(a[1])); end > 0 {
				return end + len(a[1])
			}
		}
	}
	var quote byte
	for i, c := range text {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '>':
			return i + 1
		}
	}
	return len(text)
}
