package patch

import (
	"strconv"
	"strings"

	"slotway/fhir"
)

// same says whether two values are equal as RFC 6902 section 4.6 has it: strings
// letter by letter, numbers by their value, arrays element by element, objects
// member by member in any order.
func same(d *fhir.Draft, n fhir.Node) bool {
	v := d.Node()
	switch {
	case d.IsObject():
		if !n.IsObject() || d.Len() != n.Len() {
			return false
		}
		for name, want := range n.Members() {
			if got := d.Get(name); got == nil || !same(got, want) {
				return false
			}
		}
		return true
	case d.IsArray():
		if !n.IsArray() || d.Len() != n.Len() {
			return false
		}
		at := 0
		for want := range n.Each() {
			if !same(d.Elem(at), want) {
				return false
			}
			at++
		}
		return true
	case v.IsString():
		return n.IsString() && v.Text() == n.Text()
	case v.IsNumber():
		return n.IsNumber() && sameNumber(v.Text(), n.Text())
	}
	return string(v.Raw()) == string(n.Raw())
}

// sameNumber compares two JSON numbers by value, however long.
func sameNumber(a, b string) bool { return a == b || readDecimal(a) == readDecimal(b) }

// decimal is a number as 0.digits times a power of ten; the digits neither begin
// nor end with a nought. Nought has none, and no sign. An exponent of more than
// 18 digits is compared as it is written, without reckoning.
type decimal struct {
	minus    bool
	digits   string
	exponent int64
	huge     string
}

func readDecimal(text string) decimal {
	text, minus := strings.CutPrefix(text, "-")
	mantissa, power := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, power = text[:i], strings.TrimPrefix(text[i+1:], "+")
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d := decimal{minus: minus, digits: strings.TrimRight(digits, "0"), exponent: int64(len(digits) - len(fraction))}
	if d.digits == "" {
		return decimal{}
	}
	unsigned, below := strings.CutPrefix(power, "-")
	unsigned = strings.TrimLeft(unsigned, "0")
	if len(unsigned) > 18 {
		if d.huge = unsigned; below {
			d.huge = "-" + unsigned
		}
		return d
	}
	n, _ := strconv.ParseInt(unsigned, 10, 64) // nothing is nought
	if below {
		n = -n
	}
	d.exponent += n
	return d
}
