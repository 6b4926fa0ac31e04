package hl7

import (
	"fmt"
	"strconv"
	"strings"
)

// Ref is a place in a message, such as SCH-11.4.1: segment, field, component and
// subcomponent. It is comparable. The zero Ref points nowhere.
type Ref struct {
	segment               string
	key                   uint32 // of segment
	field, component, sub uint16 // 1-based; 0 means not given
}

// MustRef is ParseRef for tables that are built at init. It panics on a bad text.
func MustRef(s string) Ref {
	r, err := ParseRef(s)
	if err != nil {
		panic(err)
	}
	return r
}

// ParseRef reads SEG-field[.component[.subcomponent]]. The segment is three characters,
// a capital letter first; the numbers count from 1.
func ParseRef(s string) (Ref, error) {
	segment, rest, found := strings.Cut(s, "-")
	parts := strings.Split(rest, ".")
	if !found || !validName(segment) || len(parts) > 3 {
		return Ref{}, refError(s)
	}
	r := Ref{segment: segment, key: keyOf(segment)}
	for i, at := range []*uint16{&r.field, &r.component, &r.sub}[:len(parts)] {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil || n == 0 {
			return Ref{}, refError(s)
		}
		*at = uint16(n)
	}
	return r, nil
}

func refError(s string) error {
	return fmt.Errorf("%q is no place in a message: write a segment, a field and, where wanted, a component and subcomponent, such as SCH-11.4.1", s)
}

// String returns the text that ParseRef reads.
func (r Ref) String() string {
	if r.field == 0 {
		return r.segment
	}
	s := r.segment + "-" + strconv.Itoa(int(r.field))
	if r.component > 0 {
		s += "." + strconv.Itoa(int(r.component))
	}
	if r.sub > 0 {
		s += "." + strconv.Itoa(int(r.sub))
	}
	return s
}

// Segment returns the segment's name, such as "SCH".
func (r Ref) Segment() string { return r.segment }

// Field returns the field's number, from 1.
func (r Ref) Field() int { return int(r.field) }

// Component returns the component's number, from 1, or 0 if the Ref names none.
func (r Ref) Component() int { return int(r.component) }

// Sub returns the subcomponent's number, from 1, or 0 if the Ref names none.
func (r Ref) Sub() int { return int(r.sub) }

// validName reports whether s is a segment name: a capital letter, then two capitals or digits.
func validName(s string) bool {
	if len(s) != 3 || !isUpper(s[0]) {
		return false
	}
	return isUpperOrDigit(s[1]) && isUpperOrDigit(s[2])
}

func isUpper(c byte) bool        { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool        { return '0' <= c && c <= '9' }
func isUpperOrDigit(c byte) bool { return isUpper(c) || isDigit(c) }
