package fhir

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// Limits on what is read as JSON. A body is bounded by its reader before it
// comes here; these bound its shape.
const (
	MaxDepth  = 64      // objects and arrays within one another
	MaxTokens = 200_000 // values and names in one document
)

// token is one value, or the name of a member. The tokens of a document stand
// in the order of the text; a member is its name followed by its value.
type token struct {
	start, end uint32 // the bytes, quotes and brackets included
	next       uint32 // index of the token after this one's content
	kind       byte   // one of { [ " n (number) t f 0 (null) and k for a name
	escaped    bool   // the string holds a backslash
}

// scanner turns text into tokens in one pass. It is stricter than the standard
// library's decoder: a repeated member name, invalid UTF-8, a lone surrogate
// escape and too deep a nesting are errors, because each lets two readers see
// two documents in the same bytes.
type scanner struct {
	src    []byte
	pos    int
	depth  int
	tokens []token
	names  []string // of the objects that are open, the innermost last
	ours   bool     // it has no limits on its shape
}

func (s *scanner) errorf(format string, args ...any) error {
	return Errorf(Invalid, "The JSON cannot be read at byte %d: %s.", s.pos, fmt.Sprintf(format, args...))
}

// scan reads exactly one value, which must be an object.
func scan(src []byte) ([]token, error) {
	return scanWhole(src, true, false)
}

// ParseValue reads one JSON value of any kind, as strictly as Parse reads a
// resource. It keeps b, which must not change afterwards. Errors are of Kind
// Invalid or TooLarge.
func ParseValue(b []byte) (Node, error) {
	tokens, err := scanWhole(b, false, false)
	if err != nil {
		return Node{}, err
	}
	return Node{&tape{b, tokens}, 0}, nil
}

// shortText is what an object of many members does not fit into.
const shortText = 128

// roomFor is how many tokens a text has at most, as a rule: two quotes make one, as
// does each opening mark, and there are few numbers and words.
func roomFor(src []byte) int {
	if len(src) > 0 && src[0] != '{' && src[0] != '[' {
		return 1
	}
	return min(MaxTokens, bytes.Count(src, []byte{'"'})/2+bytes.Count(src, []byte{'{'})+bytes.Count(src, []byte{'['})+1+len(src)/256)
}

func scanWhole(src []byte, object, ours bool) ([]token, error) {
	s := &scanner{src: src, tokens: make([]token, 0, roomFor(src)), ours: ours}
	if len(src) > shortText {
		s.names = make([]string, 0, 32)
	}
	return s.whole(object)
}

// whole reads one value, which is all of the text.
func (s *scanner) whole(object bool) ([]token, error) {
	src := s.src
	if len(src) > 1<<30 {
		return nil, Errorf(TooLarge, "The document is larger than 1 GiB.")
	}
	s.space()
	if s.pos == len(src) {
		return nil, Errorf(Invalid, "The body is empty; JSON is needed.")
	}
	if object && src[s.pos] != '{' {
		return nil, s.errorf("a JSON object is needed")
	}
	if err := s.value(); err != nil {
		return nil, err
	}
	s.space()
	if s.pos != len(src) {
		return nil, s.errorf("text follows the end of the value")
	}
	return s.tokens, nil
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) value() error {
	if len(s.tokens) >= MaxTokens && !s.ours {
		return Errorf(TooLarge, "The document has more than %d values.", MaxTokens)
	}
	if s.pos >= len(s.src) {
		return s.errorf("it ends where a value should stand")
	}
	switch c := s.src[s.pos]; {
	case c == '{':
		return s.object()
	case c == '[':
		return s.array()
	case c == '"':
		return s.str('"')
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true", 't')
	case c == 'f':
		return s.literal("false", 'f')
	case c == 'n':
		return s.literal("null", '0')
	}
	return s.errorf("a value is needed")
}

func (s *scanner) open(kind byte) (int, error) {
	if s.depth++; s.depth > MaxDepth && !s.ours {
		return 0, Errorf(Invalid, "The document is nested more than %d deep.", MaxDepth)
	}
	at := len(s.tokens)
	s.tokens = append(s.tokens, token{start: uint32(s.pos), kind: kind})
	s.pos++
	s.space()
	return at, nil
}

func (s *scanner) close(at int) {
	s.depth--
	s.pos++
	s.tokens[at].end = uint32(s.pos)
	s.tokens[at].next = uint32(len(s.tokens))
}

// more reads the comma or the closing mark that follows a value.
func (s *scanner) more(closing byte) (bool, error) {
	s.space()
	if s.pos >= len(s.src) {
		return false, s.errorf("it ends before a %q", closing)
	}
	switch s.src[s.pos] {
	case closing:
		return false, nil
	case ',':
		s.pos++
		s.space()
		return true, nil
	}
	return false, s.errorf("a comma or %q is needed", closing)
}

func (s *scanner) object() error {
	at, err := s.open('{')
	if err != nil {
		return err
	}
	if s.pos < len(s.src) && s.src[s.pos] == '}' {
		s.close(at)
		return nil
	}
	seen := nameSet{first: len(s.names)}
	for {
		if s.pos >= len(s.src) || s.src[s.pos] != '"' {
			return s.errorf("a member name is needed")
		}
		name := len(s.tokens)
		if err := s.str('k'); err != nil {
			return err
		}
		if text := s.text(name); !seen.add(&s.names, text) {
			return s.errorf("the member %s stands twice in one object", strconv.Quote(clip(text)))
		}
		s.space()
		if s.pos >= len(s.src) || s.src[s.pos] != ':' {
			return s.errorf("a colon is needed")
		}
		s.pos++
		s.space()
		if err := s.value(); err != nil {
			return err
		}
		if again, err := s.more('}'); err != nil {
			return err
		} else if !again {
			s.close(at)
			s.names = s.names[:seen.first]
			return nil
		}
	}
}

func (s *scanner) array() error {
	at, err := s.open('[')
	if err != nil {
		return err
	}
	if s.pos < len(s.src) && s.src[s.pos] == ']' {
		s.close(at)
		return nil
	}
	for {
		if err := s.value(); err != nil {
			return err
		}
		if again, err := s.more(']'); err != nil {
			return err
		} else if !again {
			s.close(at)
			return nil
		}
	}
}

func (s *scanner) text(i int) string { return tokenText(s.src, s.tokens[i]) }

// nameSet finds a repeated name of one object: by looking through the few of a
// usual one, which stand from first in a list that all objects share, and by a
// map from the 33rd on, so that a hostile object costs no more than a kind one.
type nameSet struct {
	first int
	many  map[string]struct{}
}

func (n *nameSet) add(names *[]string, name string) bool {
	if n.many != nil {
		_, found := n.many[name]
		n.many[name] = struct{}{}
		return !found
	}
	mine := (*names)[n.first:]
	if slices.Contains(mine, name) {
		return false
	}
	if len(mine) < 32 {
		*names = append(*names, name)
		return true
	}
	n.many = make(map[string]struct{}, 2*len(mine))
	for _, m := range append(mine, name) {
		n.many[m] = struct{}{}
	}
	return true
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
