package search

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
)

func at(tb testing.TB, text string) int64 {
	tb.Helper()
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		tb.Fatal(err)
	}
	return t.UnixMicro()
}

// fhir-search 7.4: every precision, in a zone whose days differ in length.
func TestParseDate(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, text, lo, hi string }{
		{"year", "2025", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"month", "2025-10", "2025-09-30T23:00:00Z", "2025-11-01T00:00:00Z"},
		{"summer day", "2025-10-25", "2025-10-24T23:00:00Z", "2025-10-25T23:00:00Z"},
		{"day of 25 hours", "2025-10-26", "2025-10-25T23:00:00Z", "2025-10-27T00:00:00Z"},
		{"day of 23 hours", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"},
		{"leap day", "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"last day", "9999-12-31", "9999-12-31T00:00:00Z", "+10000"},
		{"minute", "2025-10-25T14:30", "2025-10-25T13:30:00Z", "2025-10-25T13:31:00Z"},
		{"minute with an offset", "2025-10-25T14:30+02:00", "2025-10-25T12:30:00Z", "2025-10-25T12:31:00Z"},
		{"second", "2025-10-25T14:30:05", "2025-10-25T13:30:05Z", "2025-10-25T13:30:06Z"},
		{"second in UTC", "2025-10-25T14:30:05Z", "2025-10-25T14:30:05Z", "2025-10-25T14:30:06Z"},
		{"west", "2025-10-25T14:30:05-05:30", "2025-10-25T20:00:05Z", "2025-10-25T20:00:06Z"},
		{"tenth", "2025-10-25T09:00:00.2Z", "2025-10-25T09:00:00.2Z", "2025-10-25T09:00:00.3Z"},
		{"millisecond", "2025-10-25T09:00:00.250Z", "2025-10-25T09:00:00.25Z", "2025-10-25T09:00:00.251Z"},
		{"microsecond", "2025-02-14T14:30:50.523820Z", "2025-02-14T14:30:50.52382Z", "2025-02-14T14:30:50.523821Z"},
		{"nanosecond", "2025-02-14T14:30:50.523820999Z", "2025-02-14T14:30:50.52382Z", "2025-02-14T14:30:50.523821Z"},
		{"first pass of the repeated hour", "2025-10-26T01:30+01:00", "2025-10-26T00:30:00Z", "2025-10-26T00:31:00Z"},
		{"repeated hour without an offset", "2025-10-26T01:30", "2025-10-26T00:30:00Z", "2025-10-26T00:31:00Z"},
		{"leap second", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			lo, hi, ok := parseDate(tc.text, london)
			wantHi := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
			if tc.hi != "+10000" {
				wantHi = at(t, tc.hi)
			}
			if !ok || lo != at(t, tc.lo) || hi != wantHi {
				t.Errorf("parseDate(%s) = [%v, %v), %t, want [%s, %s)", tc.text, time.UnixMicro(lo).UTC(), time.UnixMicro(hi).UTC(), ok, tc.lo, tc.hi)
			}
		})
	}
}

func TestParseDateRefuses(t *testing.T) {
	for _, text := range []string{
		"", "2", "202", "20255", "0000", "2025-", "2025-1", "2025-00", "2025-13", "2025-1-1", "2025-10-", "2025-10-5", "2025-10-00",
		"2025-10-32", "2025-02-29", "2025-04-31", "1900-02-29", "25-10-2025", "2025/10/25", "2025-10-25T", "2025-10-25T14", "2025-10-25T14:",
		"2025-10-25T24:00", "2025-10-25T14:60", "2025-10-25T14:30:61", "2025-10-25T14:30:00.", "2025-10-25T14:30:00.Z", "2025-10-25t14:30",
		"2025-10-25 14:30", "2025-10-25T14:30:00z", "2025-10-25T14:30:00+0100", "2025-10-25T14:30:00+1:00", "2025-10-25T14:30:00+15:00",
		"2025-10-25T14:30:00+01:60", "2025-10-25T14:30:00 01:00", "2025-10-25Z", "2025-10Z", "2025-10-25T14:30ZZ", "+2025", "-2025", "２０２５",
	} {
		if lo, hi, ok := parseDate(text, time.UTC); ok {
			t.Errorf("parseDate(%q) = [%d, %d), want it refused", text, lo, hi)
		}
	}
}

// fhir-search 7.4: the truth table, on a Period and on points round a searched
// hour. ge and le take a period that reaches into the hour.
func TestPrefixes(t *testing.T) {
	const hour = "2025-10-25T10"
	interval := func(lo, hi string) Entry { return Entry{Lo: at(t, lo), Hi: at(t, hi)} }
	point := func(text string) Entry { return Entry{Lo: at(t, text), Hi: at(t, text) + 1} }
	values := []struct {
		name  string
		entry Entry
		want  string // the prefixes that match
	}{
		{"before", interval("2025-10-25T08:00:00Z", "2025-10-25T09:00:00Z"), "ne lt le eb"},
		{"up to it", interval("2025-10-25T09:00:00Z", "2025-10-25T10:00:00Z"), "ne lt le eb"},
		{"into it", interval("2025-10-25T09:00:00Z", "2025-10-25T10:30:00Z"), "ne lt ge le ap"},
		{"the same", interval("2025-10-25T10:00:00Z", "2025-10-25T11:00:00Z"), "eq ge le ap"},
		{"within", interval("2025-10-25T10:10:00Z", "2025-10-25T10:20:00Z"), "eq ge le ap"},
		{"round it", interval("2025-10-25T09:00:00Z", "2025-10-25T12:00:00Z"), "ne gt lt ge le ap"},
		{"out of it", interval("2025-10-25T10:30:00Z", "2025-10-25T11:30:00Z"), "ne gt ge le ap"},
		{"from its end", interval("2025-10-25T11:00:00Z", "2025-10-25T12:00:00Z"), "ne gt ge sa"},
		{"without a start", Entry{Lo: NoStart, Hi: at(t, "2025-10-25T10:30:00Z")}, "ne lt ge le ap"},
		{"without an end", Entry{Lo: at(t, "2025-10-25T12:00:00Z"), Hi: NoEnd}, "ne gt ge sa"},
		{"point before", point("2025-10-25T09:59:59.999999Z"), "ne lt le eb"},
		{"point at its start", point("2025-10-25T10:00:00Z"), "eq ge le ap"},
		{"point at its last moment", point("2025-10-25T10:59:59.999999Z"), "eq ge le ap"},
		{"point at its end", point("2025-10-25T11:00:00Z"), "ne gt ge sa"},
	}
	row := byName["Schedule"]["date"]
	for _, v := range values {
		for name, prefix := range prefixes {
			test := Test{Prefix: prefix, Lo: at(t, hour+":00:00Z"), Hi: at(t, "2025-10-25T11:00:00Z")}
			want := strings.Contains(v.want, name)
			if got := matchDate(row, &test, &v.entry); got != want {
				t.Errorf("%s: %s = %t, want %t", v.name, name, got, want)
			}
		}
	}
}

// An appointment of 20 minutes from 09:00Z; one whose end is not known, with and
// without a duration; and one without a start.
func TestPeriodOfOurs(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := &memory{}
	for _, a := range []string{
		`"id":"ended","start":"2025-10-25T09:00:00Z","end":"2025-10-25T09:20:00Z"`,
		`"id":"open","start":"2025-10-25T09:00:00Z"`,
		`"id":"lasting","start":"2025-10-25T09:00:00Z","minutesDuration":40`,
		`"id":"none","end":"2025-10-25T09:20:00Z"`,
	} {
		all.add(extract(t, c, `{"resourceType":"Appointment",`+a+`}`))
	}
	tests := []struct{ query, want string }{
		{"-period=2025-10-25", "ended lasting open"},
		{"-period=2025-10-25T09:00", "ended lasting open"},
		{"-period=2025-10-25T09:10", "ended lasting"},
		{"-period=2025-10-25T09:20", "lasting"},
		{"-period=2025-10-25T09:40", ""},
		{"-period=ne2025-10-25T09:10", "open"},
		{"-period=ge2025-10-25T09:15&-period=lt2025-10-25T09:30", "ended lasting"},
		{"-period:missing=true", "none"},
		{"-end=2025-10-25T09:20", "ended none"},
		{"-end:missing=true", "lasting open"},
		{"-end=gt2025-10-25T09:19:59Z&date=le2025-10-25T09:00", "ended"},
	}
	for _, tc := range tests {
		if got := strings.Join(all.search(parse(t, c, "Appointment", tc.query).Query), " "); got != tc.want {
			t.Errorf("%s finds %q, want %q", tc.query, got, tc.want)
		}
	}
}

// ap moves both ends out by a tenth of the distance from now, 2025-10-20T12:00Z.
func TestApproximate(t *testing.T) {
	c := NewCatalog(nil, nil)
	tests := []struct{ value, lo, hi string }{
		{"ap2025-10-30T12:00:00Z", "2025-10-29T12:00:00Z", "2025-10-31T12:00:01Z"},
		{"ap2025-10-10T12:00:00Z", "2025-10-09T12:00:00.1Z", "2025-10-11T12:00:00.9Z"},
		{"ap2025-10-20", "2025-10-20T00:00:00Z", "2025-10-21T00:00:00Z"},
	}
	for _, tc := range tests {
		got := parse(t, c, "Slot", "start="+tc.value).Query.Where[0].Any[0]
		if got.Prefix != AP || got.Lo != at(t, tc.lo) || got.Hi != at(t, tc.hi) {
			t.Errorf("%s = [%v, %v), want [%s, %s)", tc.value, time.UnixMicro(got.Lo).UTC(), time.UnixMicro(got.Hi).UTC(), tc.lo, tc.hi)
		}
	}
}

func TestDateExtraction(t *testing.T) {
	c := NewCatalog(nil, nil)
	tests := []struct {
		name, resource, param string
		want                  []Entry
	}{
		{"an instant is a point", `{"resourceType":"Slot","start":"2025-10-25T09:00:00Z"}`, "start", []Entry{{Lo: at(t, "2025-10-25T09:00:00Z"), Hi: at(t, "2025-10-25T09:00:00Z") + 1}}},
		{"only an extension", `{"resourceType":"Slot","_start":{"extension":[{"url":"x"}]}}`, "start", nil},
		{"null", `{"resourceType":"Slot","start":null}`, "start", nil},
		{"not a date", `{"resourceType":"Slot","start":"tomorrow"}`, "start", nil},
		{"a period without bounds", `{"resourceType":"Schedule","planningHorizon":{"extension":[]}}`, "date", nil},
		{"a period without an end", `{"resourceType":"Schedule","planningHorizon":{"start":"2025"}}`, "date", []Entry{{Lo: at(t, "2025-01-01T00:00:00Z"), Hi: NoEnd}}},
		{"a period turned round keeps a length", `{"resourceType":"Schedule","planningHorizon":{"start":"2026","end":"2025"}}`, "date", []Entry{{Lo: at(t, "2026-01-01T00:00:00Z"), Hi: at(t, "2026-01-01T00:00:00Z") + 1}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d := extract(t, c, tc.resource)
			var got []Entry
			for _, e := range d.Entries {
				if e.Param.Name == tc.param {
					e.Param = nil
					got = append(got, e)
				}
			}
			if len(got) != len(tc.want) || len(got) == 1 && got[0] != tc.want[0] {
				t.Errorf("entries %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestRepairPlus(t *testing.T) {
	tests := []struct{ in, want string }{
		{"2025-10-25T14:30:00 01:00", "2025-10-25T14:30:00+01:00"},
		{"2025-10-25T14:30 01:00,2025-10-25T14:30:00.5 01:00", "2025-10-25T14:30+01:00,2025-10-25T14:30:00.5+01:00"},
		{"2025-10-25 14:30", "2025-10-25+14:30"}, // and is refused all the same
		{"2025-10-25T14:30:00+01:00", "2025-10-25T14:30:00+01:00"},
		{"a b", "a b"},
		{" 01:00", " 01:00"},
	}
	for _, tc := range tests {
		if got := repairPlus(tc.in); got != tc.want {
			t.Errorf("repairPlus(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestParseBound(t *testing.T) {
	got, err := ParseBound("2025-10-25T14:30:00 01:00", time.UTC)
	if want := time.Date(2025, 10, 25, 13, 30, 1, 0, time.UTC); err != nil || !got.Equal(want) {
		t.Errorf("ParseBound = %v, %v, want %v", got, err, want)
	}
	if _, err := ParseBound("soon", time.UTC); fhir.KindOf(err) != fhir.Invalid {
		t.Errorf("ParseBound(soon) = %v, want Invalid", err)
	}
}

// The laws of the truth table that hold for any two intervals.
func TestDateLaws(t *testing.T) {
	row := byName["Schedule"]["date"]
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.Int64Range(-6, 6)
		s := small.Draw(t, "s")
		test := Test{Lo: s, Hi: s + rapid.Int64Range(1, 4).Draw(t, "searched length")}
		a := small.Draw(t, "a")
		e := Entry{Lo: a, Hi: a + rapid.Int64Range(1, 4).Draw(t, "stored length")}
		if rapid.Bool().Draw(t, "no end") {
			e.Hi = NoEnd
		}
		if rapid.Bool().Draw(t, "no start") {
			e.Lo = NoStart
		}
		is := func(p Prefix) bool { test.Prefix = p; return matchDate(row, &test, &e) }
		laws := []struct {
			name string
			ok   bool
		}{
			{"ne is not eq", is(NE) == !is(EQ)},
			{"gt or eq implies ge", !(is(GT) || is(EQ)) || is(GE)},
			{"lt or eq implies le", !(is(LT) || is(EQ)) || is(LE)},
			{"sa implies gt", !is(SA) || is(GT)},
			{"eb implies lt", !is(EB) || is(LT)},
			{"sa and eb exclude each other", !(is(SA) && is(EB))},
			{"ap is neither sa nor eb", is(AP) == !(is(SA) || is(EB))},
			{"ap is ge and le", is(AP) == (is(GE) && is(LE))},
			{"eq implies ap", !is(EQ) || is(AP)},
			{"one of eq, gt, lt", is(EQ) || is(GT) || is(LT)},
		}
		for _, l := range laws {
			if !l.ok {
				t.Errorf("%s does not hold for search [%d, %d) and value [%d, %d)", l.name, test.Lo, test.Hi, e.Lo, e.Hi)
			}
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2025", "2025-10", "2025-10-25", "2025-10-25T14:30", "2025-10-25T14:30:05.250+01:00", "2025-10-25T14:30:00 01:00", "9999-12-31T23:59:60-14:00"} {
		f.Add(s)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lo, hi, ok := parseDate(repairPlus(s), london)
		if ok && lo >= hi {
			t.Errorf("parseDate(%q) = [%d, %d), want a length", s, lo, hi)
		}
		if _, _, utc := parseDate(repairPlus(s), time.UTC); utc != ok {
			t.Errorf("parseDate(%q) is ok in one zone and not in another", s)
		}
	})
}
