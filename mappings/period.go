package mappings

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"slotway/hl7bridge/hl7"
)

// period reads when somebody takes part: a start, or an offset from that of the
// appointment, which may be negative; then a duration, or to the appointment's
// end. A blank unit means seconds (HL7 v2 10.6.7.7). None is given for somebody
// who takes part in all of it, as it would be wrong after the next reschedule.
func (r *reading) period(s hl7.Segment, kind *resource) period {
	start := r.times.start.at
	if f := s.Field(kind.start); f.Component(1).Valued() {
		t, err := r.time(f.Component(1).Text, r.o.Zone)
		if err != nil {
			r.warn(kind.segment + "-" + strconv.Itoa(kind.start) + " is no time, and is ignored")
			return period{}
		}
		start = t.Instant
	} else if offset, ok := span(s.Field(kind.start+1), s.Field(kind.start+2)); ok && r.times.start.known() {
		start = start.Add(offset)
	} else if !r.times.start.known() {
		return period{}
	}
	end := r.times.end.at
	if d, ok := span(s.Field(kind.start+3), s.Field(kind.start+4)); ok && d > 0 {
		end = start.Add(d)
	}
	if start.Equal(r.times.start.at) && (end.IsZero() || end.Equal(r.times.end.at)) {
		return period{}
	}
	if !writable(start) {
		return period{}
	}
	p := period{Start: instant(start)}
	if end.After(start) && writable(end) {
		p.End = instant(end)
	}
	return p
}

// span reads a number of a unit; the number may be negative or 0.
func span(number, unit hl7.Field) (d time.Duration, ok bool) {
	text, negative := strings.CutPrefix(number.Component(1).Text, "-")
	switch text {
	case "":
		return 0, false
	case "0":
		return 0, true
	}
	name := cmp.Or(unit.Component(1).Text, number.Component(2).Text, "s")
	if d, ok = duration(text, name); negative {
		d = -d
	}
	return d, ok
}
