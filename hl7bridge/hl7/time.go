package hl7

import (
	"errors"
	"time"
)

// Precision tells how far a time stamp goes.
type Precision uint8

// The precisions, from coarse to fine.
const (
	Year Precision = iota + 1
	Month
	Day
	Hour
	Minute
	Second
	Millisecond
)

// Time is a parsed time stamp (HL7 v2, 2A.2.77 DTM). What was left out is filled up:
// month and day with 1, the time of day with 0.
type Time struct {
	Instant   time.Time
	Precision Precision
	HasOffset bool     // the value had an offset of its own
	Warnings  []string // for the message log: how a local time was understood; nothing is quoted
}

// Warnings of ParseTime.
const (
	warnOverlap = "the time comes twice that day, as clocks go back; the first is taken"
	warnGap     = "the time does not exist that day, as clocks go forward; it is moved forward by the gap"
	warnYear    = "the year is before 1900 or after 2200"
)

// Faults of a time stamp. The texts quote nothing, as the value may be a date of birth.
var (
	errTimeShape  = errors.New("must be YYYY[MM[DD[HH[MM[SS[.ffff]]]]]][+hhmm], digits only and no part cut in half")
	errTimeRange  = errors.New("must be a date and time that exist: year from 0001 to 9999, in UTC too, hour to 23, minute and second to 59")
	errTimeOffset = errors.New("must have an offset from -1200 to +1400")
)

// ParseTime reads YYYY[MM[DD[HH[MM[SS[.f[f[f[f]]]]]]]]][+hhmm|-hhmm].
//
// Milliseconds are kept and the fourth digit is dropped. A value's own offset counts;
// without one the time is local to zone (nil means UTC). A local time that comes twice
// is the first of the two, one that does not exist is moved forward by the gap; both
// give a warning. ISO forms, a Z and a part cut in half are errors.
func ParseTime(s string, zone *time.Location) (Time, error) {
	clock, offset, hasOffset, err := cutOffset(s)
	if err != nil {
		return Time{}, err
	}
	wall, precision, err := parseClock(clock)
	if err != nil {
		return Time{}, err
	}
	t := Time{Precision: precision, HasOffset: hasOffset}
	switch {
	case hasOffset:
		t.Instant = wall.Add(-offset).In(time.FixedZone("", int(offset/time.Second)))
	case zone == nil:
		t.Instant = wall
	default:
		var warning string
		t.Instant, warning = localTime(wall, zone)
		t.warn(warning)
	}
	if year := wall.Year(); year < 1900 || year > 2200 {
		if year = t.Instant.UTC().Year(); year < 1 || year > 9999 {
			return Time{}, errTimeRange // an offset can move it out of the years that can be written
		}
		t.warn(warnYear)
	}
	return t, nil
}

func (t *Time) warn(warning string) {
	if warning != "" {
		t.Warnings = append(t.Warnings, warning)
	}
}

// cutOffset splits +hhmm or -hhmm from the end.
func cutOffset(s string) (clock string, offset time.Duration, found bool, err error) {
	at := len(s) - len("+hhmm")
	if at < 0 || s[at] != '+' && s[at] != '-' {
		return s, 0, false, nil
	}
	hours, ok1 := number(s[at+1 : at+3])
	minutes, ok2 := number(s[at+3:])
	if !ok1 || !ok2 {
		return "", 0, false, errTimeShape
	}
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[at] == '-' {
		offset = -offset
	}
	if minutes > 59 || offset < -12*time.Hour || offset > 14*time.Hour {
		return "", 0, false, errTimeOffset
	}
	return s[:at], offset, true, nil
}

// parseClock reads the part before the offset as if it were UTC.
func parseClock(s string) (time.Time, Precision, error) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n < len("YYYY") || n > len("YYYYMMDDHHMMSS") || n%2 != 0 || n < len(s) && n < len("YYYYMMDDHHMMSS") {
		return time.Time{}, 0, errTimeShape
	}
	millis, ok := parseFraction(s[n:])
	if !ok {
		return time.Time{}, 0, errTimeShape
	}
	precision := Precision(n/2 - 1)
	if n < len(s) {
		precision = Millisecond
	}
	year := 100*two(s, 0, 0) + two(s, 2, 0)
	month, day := two(s, 4, 1), two(s, 6, 1)
	hour, minute, second := two(s, 8, 0), two(s, 10, 0), two(s, 12, 0)
	if year == 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, 0, errTimeRange
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, millis*int(time.Millisecond), time.UTC), precision, nil
}

// two gives the two digits at a place in s, or what is taken where s ends before.
func two(s string, at, otherwise int) int {
	if at+2 > len(s) {
		return otherwise
	}
	return 10*int(s[at]-'0') + int(s[at+1]-'0')
}

// daysIn gives how many days a month has.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && year%100 != 0 || year%400 == 0 {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// parseFraction reads .f, .ff, .fff or .ffff as milliseconds; "" is 0.
func parseFraction(s string) (millis int, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != '.' || len(s) < 2 || len(s) > 5 {
		return 0, false
	}
	if _, ok := number(s[1:]); !ok {
		return 0, false
	}
	millis, _ = number((s[1:] + "00")[:3])
	return millis, true
}

// number reads a text of digits.
func number(s string) (n int, ok bool) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

// localTime returns the instant at which clocks in zone show wall, whose own zone is UTC.
// The offsets before and after that instant are tried in turn: no zone is as much as a
// day from UTC, so a day before and a day after wall are on either side of it.
func localTime(wall time.Time, zone *time.Location) (instant time.Time, warning string) {
	before, after := offsetOf(wall.Add(-24*time.Hour), zone), offsetOf(wall.Add(24*time.Hour), zone)
	first := wall.Add(-before).In(zone)
	if before == after {
		return first, ""
	}
	second := wall.Add(-after).In(zone)
	firstFits, secondFits := offsetOf(first, zone) == before, offsetOf(second, zone) == after
	switch {
	case firstFits && secondFits:
		return first, warnOverlap
	case firstFits:
		return first, ""
	case secondFits:
		return second, ""
	}
	return first, warnGap
}

func offsetOf(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
