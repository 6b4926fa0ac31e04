package fhir

import "unicode/utf8"

// str reads a string; kind is '"' for a value and 'k' for a name.
func (s *scanner) str(kind byte) error {
	src, start, escaped := s.src, s.pos, false
	for s.pos++; ; {
		for s.pos < len(src) && plain[src[s.pos]] {
			s.pos++
		}
		if s.pos == len(src) {
			return s.errorf("it ends within a string")
		}
		switch c := src[s.pos]; {
		case c == '"':
			s.pos++
			s.tokens = append(s.tokens, token{uint32(start), uint32(s.pos), uint32(len(s.tokens) + 1), kind, escaped})
			return nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return err
			}
		case c < 0x20:
			return s.errorf("a control character stands unescaped in a string")
		default:
			r, n := utf8.DecodeRune(src[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return s.errorf("the text is not valid UTF-8")
			}
			s.pos += n
		}
	}
}

// plain marks the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for c := byte(0x20); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func (s *scanner) escape() error {
	if s.pos+1 >= len(s.src) {
		return s.errorf("it ends within a string")
	}
	switch s.src[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		r, ok := hex4(s.src[s.pos+2:])
		if !ok {
			return s.errorf("an escape needs four hexadecimal digits")
		}
		if r >= 0xDC00 && r < 0xE000 {
			return s.errorf("half of a surrogate pair stands alone")
		}
		if r >= 0xD800 && r < 0xDC00 {
			rest := s.src[s.pos+6:]
			low, ok := rune(0), len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u'
			if ok {
				low, ok = hex4(rest[2:])
			}
			if !ok || low < 0xDC00 || low >= 0xE000 {
				return s.errorf("half of a surrogate pair stands alone")
			}
			s.pos += 6
		}
		s.pos += 6
		return nil
	}
	return s.errorf("there is no such escape")
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func (s *scanner) number() error {
	start := s.pos
	digits := func() int {
		n := s.pos
		for s.pos < len(s.src) && s.src[s.pos] >= '0' && s.src[s.pos] <= '9' {
			s.pos++
		}
		return s.pos - n
	}
	at := func(set string) bool {
		for i := range len(set) {
			if s.pos < len(s.src) && s.src[s.pos] == set[i] {
				s.pos++
				return true
			}
		}
		return false
	}
	at("-")
	if !at("0") && digits() == 0 {
		return s.errorf("a number needs a digit")
	}
	if at(".") && digits() == 0 {
		return s.errorf("a digit must follow the decimal point")
	}
	if at("eE") {
		at("+-")
		if digits() == 0 {
			return s.errorf("an exponent needs a digit")
		}
	}
	s.tokens = append(s.tokens, token{uint32(start), uint32(s.pos), uint32(len(s.tokens) + 1), 'n', false})
	return nil
}

func (s *scanner) literal(word string, kind byte) error {
	if len(s.src)-s.pos < len(word) || string(s.src[s.pos:s.pos+len(word)]) != word {
		return s.errorf("a value is needed")
	}
	s.tokens = append(s.tokens, token{uint32(s.pos), uint32(s.pos + len(word)), uint32(len(s.tokens) + 1), kind, false})
	s.pos += len(word)
	return nil
}
