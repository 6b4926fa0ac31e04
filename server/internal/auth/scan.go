package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of one JSON document. Headers, claims and keys stay far below them.
const (
	maxDepth   = 32
	maxMembers = 256 // of one object
)

// parseObject reads one JSON object, which may repeat no name at any depth: two
// readers could take different ones of the two (RFC 8259 section 4). The values
// are parts of b.
func parseObject(b []byte) (object, error) { return parseObjectOf(b, 4) }

// parseObjectOf is parseObject where about so many names are expected.
func parseObjectOf(b []byte, names int) (object, error) {
	if !utf8.Valid(b) || !json.Valid(b) {
		return nil, errors.New("is not JSON in UTF-8")
	}
	s := scanner{b: b}
	s.space()
	if s.b[s.at] != '{' {
		return nil, errors.New("is not a JSON object")
	}
	return s.object(1, make(object, 0, names))
}

// scanner walks through JSON that is known to be valid.
type scanner struct {
	b  []byte
	at int
}

// object reads the object that starts here, and those within it, behind members
// that are none yet.
func (s *scanner) object(depth int, members object) (object, error) {
	for s.next('}') {
		name := s.text()
		name = name[1 : len(name)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(unquote(s.b[s.at-len(name)-2 : s.at]))
		}
		if slices.ContainsFunc(members, func(m member) bool { return bytes.Equal(m.name, name) }) {
			return nil, errors.New("has a name twice")
		}
		if len(members) == maxMembers {
			return nil, errors.New("has more than 256 names in an object")
		}
		s.space()
		s.at++ // the colon
		s.space()
		start := s.at
		if err := s.value(depth); err != nil {
			return nil, err
		}
		members = append(members, member{name, s.b[start:s.at]})
	}
	return members, nil
}

// value steps over the value that starts here.
func (s *scanner) value(depth int) error {
	switch s.b[s.at] {
	case '"':
		s.text()
	case '{', '[':
		if depth == maxDepth {
			return errors.New("is nested more than 32 deep")
		}
		if s.b[s.at] == '{' {
			_, err := s.object(depth+1, nil)
			return err
		}
		for s.next(']') {
			if err := s.value(depth + 1); err != nil {
				return err
			}
		}
	default: // a number, true, false or null
		for s.at < len(s.b) && !strings.ContainsRune(",]} \t\r\n", rune(s.b[s.at])) {
			s.at++
		}
	}
	return nil
}

// next steps over the bracket or comma before an element, or over the bracket
// that ends them all, when it says false.
func (s *scanner) next(end byte) bool {
	s.space()
	last := s.b[s.at]
	s.at++
	s.space()
	if last == ',' || last != end && s.b[s.at] != end {
		return true
	}
	if last != end {
		s.at++
	}
	return false
}

// text steps over the string that starts here and gives it, quotes and all.
func (s *scanner) text() []byte {
	start := s.at
	for s.at++; s.b[s.at] != '"'; s.at++ {
		if s.b[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.b[start:s.at]
}

// space steps over blanks and line breaks.
func (s *scanner) space() {
	for s.at < len(s.b) && strings.IndexByte(" \t\r\n", s.b[s.at]) >= 0 {
		s.at++
	}
}

// unquote gives what a JSON string says.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it is known to be valid
	return s
}
