package search

import (
	"math"
	"time"

	"slotway/fhir"
)

// Every date, searched or stored, is a half-open interval of microseconds as
// long as its precision: 2025-10 is the month, 2025-10-25T14:30 the minute. An
// instant is one microsecond. A Period runs from the start of its start to the
// end of its end, without bound where one is missing.
//
// A value without an offset is read in the catalog's zone and by its calendar,
// so that a day on which the clocks change has 23 or 25 hours.
//
// With [s, e) searched and [a, b) stored, http://hl7.org/fhir/R4/search.html#prefix:
//
//	eq  s <= a and b <= e    the search holds all that is stored
//	ne  not eq
//	gt  b > e                some of it lies after
//	lt  a < s                some of it lies before
//	ge  b > s                gt or eq, and also a period that ends within
//	le  a < e                lt or eq, and also a period that begins within
//	sa  a >= e               all of it lies after
//	eb  b <= s               all of it lies before
//	ap  a < e and s < b      overlap, after both ends of the search are moved
//	                         out by a tenth of its distance from now
//
// ge and le read R4 as most servers do: losing a schedule that reaches into the
// day is the worse error. For instants both readings are the same. The
// parameter -period is our own: eq there is overlap, and ne its opposite.

// NoStart and NoEnd are the ends of a period that has none.
const (
	NoStart = math.MinInt64
	NoEnd   = math.MaxInt64
)

// date reads an element as an interval.
func (x *extractor) date(p *Param, n fhir.Node) {
	lo, hi, ok := x.interval(p, n)
	if ok {
		x.add(Entry{Param: p, Lo: lo, Hi: max(hi, lo+1)})
	}
}

func (x *extractor) interval(p *Param, n fhir.Node) (lo, hi int64, ok bool) {
	switch {
	case p.form == asInstant:
		lo, _, ok = parseDate(n.Text(), x.c.zone)
		return lo, lo + 1, ok
	case p.form == asSpan:
		return x.span(n)
	case !n.IsObject():
		return parseDate(n.Text(), x.c.zone)
	}
	lo, _, startOK := parseDate(n.Get("start").Text(), x.c.zone)
	_, hi, endOK := parseDate(n.Get("end").Text(), x.c.zone)
	if !startOK {
		lo = NoStart
	}
	if !endOK {
		hi = NoEnd
	}
	return lo, hi, startOK || endOK
}

// span gives the time a resource takes: from start to end, or where the end is
// not known for minutesDuration, or else the moment of its start.
func (x *extractor) span(root fhir.Node) (lo, hi int64, ok bool) {
	lo, _, ok = parseDate(root.Get("start").Text(), x.c.zone)
	if !ok {
		return 0, 0, false
	}
	if end, _, ok := parseDate(root.Get("end").Text(), x.c.zone); ok {
		return lo, end, true
	}
	minutes := 0
	for _, d := range []byte(root.Get("minutesDuration").Text()) {
		if d < '0' || d > '9' || minutes > 1e6 {
			return lo, lo + 1, true
		}
		minutes = minutes*10 + int(d-'0')
	}
	return lo, lo + int64(minutes)*time.Minute.Microseconds(), true
}

var prefixes = map[string]Prefix{"eq": EQ, "ne": NE, "gt": GT, "lt": LT, "ge": GE, "le": LE, "sa": SA, "eb": EB, "ap": AP}

// dateTest reads one value of a date parameter.
func (p *parser) dateTest(value string) (Test, error) {
	t := Test{}
	if len(value) > 2 {
		if prefix, ok := prefixes[value[:2]]; ok {
			t.Prefix, value = prefix, value[2:]
		}
	}
	var ok bool
	if t.Lo, t.Hi, ok = parseDate(value, p.c.zone); !ok {
		return Test{}, p.bad("must be a date such as 2025-10-25 or 2025-10-25T14:30:00%%2B01:00, alone or after one of the prefixes eq, ne, gt, lt, ge, le, sa, eb and ap")
	}
	if t.Prefix == AP {
		now := p.now.UnixMicro()
		slack := max(t.Lo-now, now-t.Hi, 0) / 10
		t.Lo, t.Hi = t.Lo-slack, t.Hi+slack
	}
	return t, nil
}

// ParseBound gives the end of a date as a search writes it, without its prefix:
// the first moment that is after it. A date without an offset is read in the
// zone. The error is of Kind Invalid.
func ParseBound(text string, zone *time.Location) (time.Time, error) {
	_, hi, ok := parseDate(repairPlus(text), zone)
	if !ok {
		return time.Time{}, fhir.Errorf(fhir.Invalid, "That is no date such as 2025-10-25 or 2025-10-25T14:30:00+01:00.")
	}
	return time.UnixMicro(hi).UTC(), nil
}

// ParseInterval gives the time that a date means, from lo to before hi, as
// ParseBound reads it.
func ParseInterval(text string, zone *time.Location) (lo, hi time.Time, err error) {
	from, to, ok := parseDate(repairPlus(text), zone)
	if !ok {
		return lo, hi, fhir.Errorf(fhir.Invalid, "That is no date such as 2025-10-25 or 2025-10-25T14:30:00+01:00.")
	}
	return time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC(), nil
}

// matchDate says whether an entry meets a test: the table above.
func matchDate(p *Param, t *Test, e *Entry) bool {
	overlap := e.Lo < t.Hi && t.Lo < e.Hi
	eq := t.Lo <= e.Lo && e.Hi <= t.Hi
	if p.form == asSpan {
		eq = overlap
	}
	switch t.Prefix {
	case EQ:
		return eq
	case NE:
		return !eq
	case GT:
		return e.Hi > t.Hi
	case LT:
		return e.Lo < t.Lo
	case GE:
		return e.Hi > t.Lo
	case LE:
		return e.Lo < t.Hi
	case SA:
		return e.Lo >= t.Hi
	case EB:
		return e.Hi <= t.Lo
	}
	return overlap
}

// parseDate reads a FHIR date, dateTime or instant, or one of the shorter forms
// that a search may use, http://hl7.org/fhir/R4/datatypes.html#dateTime, and
// gives its interval in microseconds since 1970.
func parseDate(s string, zone *time.Location) (lo, hi int64, ok bool) {
	d := dateReader{rest: s, ok: true}
	year := d.number(4, 1, 9999)
	if d.rest == "" {
		return d.between(time.Date(year, 1, 1, 0, 0, 0, 0, zone), time.Date(year+1, 1, 1, 0, 0, 0, 0, zone))
	}
	d.mark('-')
	month := time.Month(d.number(2, 1, 12))
	if d.rest == "" {
		return d.between(time.Date(year, month, 1, 0, 0, 0, 0, zone), time.Date(year, month+1, 1, 0, 0, 0, 0, zone))
	}
	d.mark('-')
	day := d.number(2, 1, daysIn(year, month))
	if d.rest == "" {
		return d.between(time.Date(year, month, day, 0, 0, 0, 0, zone), time.Date(year, month, day+1, 0, 0, 0, 0, zone))
	}
	d.mark('T')
	hour := d.number(2, 0, 23)
	d.mark(':')
	minute := d.number(2, 0, 59)
	second, micros, width := 0, int64(0), time.Minute.Microseconds()
	if d.next(':') {
		second, width = d.number(2, 0, 60), time.Second.Microseconds()
		if d.next('.') {
			micros, width = d.fraction()
		}
	}
	zone = d.offset(zone)
	if !d.ok || d.rest != "" {
		return 0, 0, false
	}
	lo = first(time.Date(year, month, day, hour, minute, second, 0, zone)).UnixMicro() + micros
	return lo, lo + width, true
}

// first gives the earlier of the two times that have one reading when the clocks
// go back.
func first(t time.Time) time.Time {
	_, offset := t.Zone()
	_, before := t.Add(-3 * time.Hour).Zone()
	early := t.Add(-time.Duration(before-offset) * time.Second)
	if _, o := early.Zone(); before > offset && o == before {
		return early
	}
	return t
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// dateReader takes a date apart from its left end; once something is wrong, ok
// is false and stays so.
type dateReader struct {
	rest string
	ok   bool
}

func (d *dateReader) between(from, to time.Time) (lo, hi int64, ok bool) {
	return first(from).UnixMicro(), first(to).UnixMicro(), d.ok
}

// next takes a mark if it stands here.
func (d *dateReader) next(mark byte) bool {
	if d.rest == "" || d.rest[0] != mark {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

func (d *dateReader) mark(mark byte) { d.ok = d.next(mark) && d.ok }

// number takes exactly that many digits, within bounds.
func (d *dateReader) number(digits, least, most int) int {
	if len(d.rest) < digits {
		d.ok, d.rest = false, ""
		return least
	}
	n := 0
	for _, c := range []byte(d.rest[:digits]) {
		if c < '0' || c > '9' {
			d.ok, d.rest = false, ""
			return least
		}
		n = n*10 + int(c-'0')
	}
	d.rest = d.rest[digits:]
	if n < least || n > most {
		d.ok = false
		return least
	}
	return n
}

// fraction takes the digits after a decimal point. Beyond microseconds they are
// read and dropped.
func (d *dateReader) fraction() (micros, width int64) {
	width = time.Second.Microseconds()
	n := 0
	for n < len(d.rest) && d.rest[n] >= '0' && d.rest[n] <= '9' {
		if width > 1 {
			width /= 10
			micros += int64(d.rest[n]-'0') * width
		}
		n++
	}
	d.ok = d.ok && n > 0
	d.rest = d.rest[n:]
	return micros, width
}

// offset takes Z or an offset such as +01:00, or stays with the zone when there
// is none.
func (d *dateReader) offset(zone *time.Location) *time.Location {
	if d.rest == "" || !d.ok {
		return zone
	}
	if d.next('Z') {
		return time.UTC
	}
	sign := 1
	if d.rest[0] == '-' {
		sign = -1
	} else if d.rest[0] != '+' {
		d.ok = false
		return zone
	}
	d.rest = d.rest[1:]
	hours := d.number(2, 0, 14)
	d.mark(':')
	minutes := d.number(2, 0, 59)
	return time.FixedZone("", sign*(hours*60+minutes)*60)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
