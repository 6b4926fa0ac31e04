package fhir

import "bytes"

// The text of a resource made by Stored was read in full before it was stored. So
// one member of it can be read alone: the text of the others is stepped over.

// part gives the texts of the members of the resource's object that a step names,
// until yield returns false.
func (r Resource) part(s *step, yield func(text []byte) bool) {
	src := r.raw
	at := skipSpace(src, 0)
	if at >= len(src) || src[at] != '{' {
		return
	}
	for at = skipSpace(src, at+1); at < len(src) && src[at] == '"'; at = skipSpace(src, at+1) {
		name := token{start: uint32(at), end: uint32(skipString(src, at))}
		at = skipSpace(src, skipSpace(src, int(name.end))+1) // the colon
		end := skipValue(src, at)
		if end <= at {
			return
		}
		name.escaped = bytes.IndexByte(src[name.start:name.end], '\\') >= 0
		if s.names(tokenText(src, name)) && (!yield(src[at:end:end]) || !s.choice) {
			return // names do not repeat
		}
		if at = skipSpace(src, end); at >= len(src) || src[at] != ',' {
			return
		}
	}
}

func skipSpace(src []byte, at int) int {
	for at < len(src) && isSpace(src[at]) {
		at++
	}
	return at
}

// skipString gives where the string that begins at a position ends.
func skipString(src []byte, at int) int {
	for at++; at < len(src); at++ {
		switch src[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	return len(src)
}

// skipValue gives where the value that begins at a position ends.
func skipValue(src []byte, at int) int {
	for depth := 0; at < len(src); {
		switch c := src[at]; {
		case c == '"':
			at = skipString(src, at)
		case c == '{' || c == '[':
			depth++
			at++
		case c == '}' || c == ']':
			depth--
			at++
		case depth > 0:
			at++
		default: // a number or a word
			for at < len(src) && !ends(src[at]) {
				at++
			}
		}
		if depth == 0 {
			return at
		}
	}
	return len(src)
}

// ends says whether a byte follows a number or word that is over.
func ends(c byte) bool { return c == ',' || c == '}' || c == ']' || isSpace(c) }
