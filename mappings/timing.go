package mappings

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// times gathers when an appointment takes place: SCH-11, TQ1 and SCH-9 all have
// a say, and what is written depends on all of them.
type times struct {
	start, end moment
	lasts      time.Duration
	apart      bool // TQ1-7 and SCH-11.4 differ: the rest of the segment that was not taken is of its own start
}

// moment is a time and the field it came from.
type moment struct {
	at   time.Time
	from string // empty when nothing was sent
	null bool   // the field holds ""
}

func (t moment) sent() bool  { return t.from != "" }
func (t moment) known() bool { return t.sent() && !t.null }

var (
	pathStart      = fhir.MustPath("start")
	pathEnd        = fhir.MustPath("end")
	pathMinutes    = fhir.MustPath("minutesDuration")
	pathNoEnd      = fhir.MustPath("_end.extension.where(url=" + fhir.DataAbsentReason + ")")
	pathNoEndWhy   = pathNoEnd.Then("valueCode")
	changeNoEnd    = set(pathNoEndWhy, word("unknown"))
	changeKnownEnd = remove(pathNoEnd)
)

// startTime and endTime note a time. The first rule to find one wins, so SCH-11
// stands before TQ1 in the table: it is what partners are known to keep right.
// A sender may be known for the contrary (Habits.Timing).
func startTime(r *reading, rule *Rule, v hl7.Value) {
	agrees := r.noteTime(&r.times.start, rule, v)
	r.times.apart = r.times.apart || !agrees && v.Valued() && r.times.start.known()
}

func endTime(r *reading, rule *Rule, v hl7.Value) { r.noteTime(&r.times.end, rule, v) }

// ofOtherStart says, with a warning, that a rule reads a part of TQ1 or SCH that
// goes with another start than the one taken (spec hl7-bridge 2.9).
func (r *reading) ofOtherStart(rule *Rule) bool {
	taken := r.times.start.from
	if !r.times.apart || strings.HasPrefix(taken, rule.From.Segment()) {
		return false
	}
	r.warn(rule.from + " is ignored: it goes with another start than " + taken + ", which is taken")
	return true
}

// noteTime notes a time, unless one was noted before; agrees is false where that
// is another.
func (r *reading) noteTime(to *moment, rule *Rule, v hl7.Value) (agrees bool) {
	if r.whole && !v.Valued() || r.ofOtherStart(rule) {
		return true
	}
	from := rule.from
	r.in.Scheduling = true
	t, err := r.parseTime(from, v)
	if to.sent() {
		if err != nil || t.null != to.null || !t.at.Equal(to.at) {
			r.warn(from + " differs from " + to.from + ", which is taken; the habit timing says which is right")
			return false
		}
		return true
	}
	if err != nil {
		r.fail(err)
		return true
	}
	*to = t
	return true
}

// parseTime reads a time. TQ-4 and TQ-5 may have a precision after the time, as
// a subcomponent.
func (r *reading) parseTime(from string, v hl7.Value) (moment, error) {
	if !v.Valued() {
		return moment{from: from, null: true}, nil
	}
	clock, _, _ := strings.Cut(v.Text, string(r.m.Delimiters().Subcomponent))
	t, err := r.time(clock, r.o.Zone)
	if err != nil {
		return moment{}, invalid(from, err.Error())
	}
	for _, w := range t.Warnings {
		r.warn(from + ": " + w)
	}
	if t.Precision < hl7.Hour {
		r.warn(from + " has no time of day; midnight is taken")
	}
	return moment{at: t.Instant, from: from}, nil
}

// lasting notes a duration of TQ-3 (M30), or of a number with its unit (SCH-9
// and SCH-10, TQ1-6), for an appointment whose end is not sent.
func lasting(unitRef string) Conv {
	var unit hl7.Ref
	if unitRef != "" {
		unit = hl7.MustRef(unitRef)
	}
	return func(r *reading, rule *Rule, v hl7.Value) {
		r.in.Scheduling = true
		if !v.Valued() || r.times.lasts > 0 || r.ofOtherStart(rule) {
			return
		}
		digits, name := v.Text, ""
		if unitRef != "" {
			name = cmp.Or(r.unit(unit), r.m.Field(rule.From.Segment(), rule.From.Field()).Component(2).Text)
		} else if digits != "" && !isDigits(digits[:1]) {
			name, digits = digits[:1], digits[1:]
		}
		d, ok := duration(digits, name)
		if !ok {
			r.warn(rule.from + " is no number with an explicit unit, and is ignored")
			return
		}
		r.times.lasts = d
	}
}

// unit reads a unit: its code, or its text where only that is there.
func (r *reading) unit(ref hl7.Ref) string {
	f := r.m.Field(ref.Segment(), ref.Field())
	at := max(ref.Component(), 1)
	return cmp.Or(f.Sub(at, 1).Text, f.Sub(at, 2).Text, f.Component(at+1).Text)
}

// units are the names of units that senders use. A blank one means seconds by
// the standard and minutes to many senders, so it is not here.
var units = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
}

// duration reads a positive whole number of a named unit, up to a year.
func duration(number, unit string) (d time.Duration, ok bool) {
	whole, fraction, _ := strings.Cut(number, ".") // an NM may be 30.0
	if strings.Trim(fraction, "0") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(whole, 10, 32)
	u, _ := inAnyCase(units, unit)
	if err != nil || n == 0 || u == 0 || time.Duration(n) > 366*24*time.Hour/u {
		return 0, false
	}
	return time.Duration(n) * u, true
}

// finishTimes writes what the rules gathered.
func (r *reading) finishTimes() {
	t := &r.times
	if t.start.null {
		r.fail(invalid(t.start.from, "is required and must not be deleted"))
		return
	}
	if end := t.start.at.Add(t.lasts); t.start.known() && t.lasts > 0 && !t.end.sent() && writable(end) {
		t.end = moment{at: end, from: "SCH-9"}
	}
	if t.start.known() {
		put(r, pathStart, instant(t.start.at))
	}
	switch {
	case t.end.null:
		r.add(remove(pathEnd))
		r.add(changeNoEnd)
	case t.end.known():
		put(r, pathEnd, instant(t.end.at))
		r.add(changeKnownEnd)
	}
	r.finishMinutes()
}

// writable says whether FHIR can write a time: the year has four digits.
func writable(t time.Time) bool { year := t.UTC().Year(); return 1 <= year && year <= 9999 }

// finishMinutes keeps minutesDuration, which is derived, from telling another
// story than start and end.
func (r *reading) finishMinutes() {
	t := &r.times
	if !t.start.sent() && !t.end.sent() {
		return
	}
	if !t.start.known() || !t.end.known() {
		r.in.halfTimed = !r.whole && !t.start.null && !t.end.null
		r.add(remove(pathMinutes))
		return
	}
	span := t.end.at.Sub(t.start.at)
	minutes, whole := wholeMinutes(span)
	switch {
	case span < 0:
		r.fail(invalid(t.end.from, "must not be before the start"))
	case !whole:
		if span == 0 {
			r.warn(t.end.from + " is the same as the start")
		}
		r.add(remove(pathMinutes))
	default:
		put(r, pathMinutes, minutes)
	}
}

// wholeMinutes gives a time in minutes, if a positiveInt of them can say it.
func wholeMinutes(span time.Duration) (n number, ok bool) {
	return number(span / time.Minute), span >= time.Minute && span%time.Minute == 0
}

// withMinutes gives Changes with how long an appointment lasts whose start or end is the
// stored one; not where that is more than a day, as the stored one is then to be moved, too.
func (in Intent) withMinutes(stored fhir.Resource) []fhir.Change {
	start, end, at := instantAt(stored.Root().Get("start")), instantAt(stored.Root().Get("end")), -1
	for i, c := range in.Changes {
		switch c.Path.String() {
		case "start":
			start = instantOf(c.Value)
		case "end":
			end = instantOf(c.Value)
		case "minutesDuration":
			at = i
		}
	}
	n, ok := wholeMinutes(end.Sub(start))
	if at < 0 || !ok || n > 24*60 || start.IsZero() || end.IsZero() {
		return in.Changes
	}
	changes := slices.Clone(in.Changes)
	changes[at] = set(pathMinutes, n)
	return changes
}

// instantOf reads an instant as put writes it.
func instantOf(raw []byte) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, strings.Trim(string(raw), `"`))
	return t
}
