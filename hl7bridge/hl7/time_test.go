package hl7_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/hl7"
)

const (
	overlap = "the time comes twice that day, as clocks go back; the first is taken"
	gap     = "the time does not exist that day, as clocks go forward; it is moved forward by the gap"
	oddYear = "the year is before 1900 or after 2200"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// hl7-bridge 2.12; 6.3, R60 to R62; 9, requirements 25 to 27.
func TestParseTime(t *testing.T) {
	tests := []struct {
		name, in, zone, want string
		precision            hl7.Precision
		offset               bool
		warnings             []string
	}{
		{"year", "2026", "UTC", "2026-01-01T00:00:00.000Z", hl7.Year, false, nil},
		{"month", "202605", "UTC", "2026-05-01T00:00:00.000Z", hl7.Month, false, nil},
		{"day in summer (R60)", "20260501", "Europe/London", "2026-04-30T23:00:00.000Z", hl7.Day, false, nil},
		{"hour", "2026050109", "UTC", "2026-05-01T09:00:00.000Z", hl7.Hour, false, nil},
		{"minute", "202204051011", "Europe/London", "2022-04-05T09:11:00.000Z", hl7.Minute, false, nil},
		{"second in winter", "20260105101112", "Europe/London", "2026-01-05T10:11:12.000Z", hl7.Second, false, nil},
		{"fraction of one digit", "20260105101112.5", "UTC", "2026-01-05T10:11:12.500Z", hl7.Millisecond, false, nil},
		{"fourth digit dropped (R61)", "20260203111213.9876+0530", "Europe/London", "2026-02-03T05:42:13.987Z", hl7.Millisecond, true, nil},
		{"offset wins", "20191029150209+0000", "America/New_York", "2019-10-29T15:02:09.000Z", hl7.Second, true, nil},
		{"offset after a day", "20260501-1200", "UTC", "2026-05-01T12:00:00.000Z", hl7.Day, true, nil},
		{"largest offset", "202605011400+1400", "UTC", "2026-05-01T00:00:00.000Z", hl7.Minute, true, nil},
		{"leap day", "20240229", "UTC", "2024-02-29T00:00:00.000Z", hl7.Day, false, nil},
		{"before clocks go back", "20251026005959", "Europe/London", "2025-10-25T23:59:59.000Z", hl7.Second, false, nil},
		{"twice: first pass (R62)", "202510260130", "Europe/London", "2025-10-26T00:30:00.000Z", hl7.Minute, false, []string{overlap}},
		{"twice, its first moment", "202510260100", "Europe/London", "2025-10-26T00:00:00.000Z", hl7.Minute, false, []string{overlap}},
		{"twice, its last moment", "20251026015959", "Europe/London", "2025-10-26T00:59:59.000Z", hl7.Second, false, []string{overlap}},
		{"after clocks went back", "202510260200", "Europe/London", "2025-10-26T02:00:00.000Z", hl7.Minute, false, nil},
		{"twice, said by its offset", "202510260130+0000", "Europe/London", "2025-10-26T01:30:00.000Z", hl7.Minute, true, nil},
		{"before clocks go forward", "20260329005959", "Europe/London", "2026-03-29T00:59:59.000Z", hl7.Second, false, nil},
		{"missing hour (R62)", "202603290130", "Europe/London", "2026-03-29T01:30:00.000Z", hl7.Minute, false, []string{gap}},
		{"after clocks went forward", "202603290200", "Europe/London", "2026-03-29T01:00:00.000Z", hl7.Minute, false, nil},
		{"gap of half an hour", "202510050215", "Australia/Lord_Howe", "2025-10-04T15:45:00.000Z", hl7.Minute, false, []string{gap}},
		{"west of Greenwich", "202511020130", "America/New_York", "2025-11-02T05:30:00.000Z", hl7.Minute, false, []string{overlap}},
		{"early year", "18991231", "UTC", "1899-12-31T00:00:00.000Z", hl7.Day, false, []string{oddYear}},
		{"late year", "2201", "UTC", "2201-01-01T00:00:00.000Z", hl7.Year, false, []string{oddYear}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := hl7.ParseTime(tc.in, zone(t, tc.zone))
			if err != nil {
				t.Fatalf("ParseTime(%q): %v", tc.in, err)
			}
			if s := got.Instant.UTC().Format("2006-01-02T15:04:05.000Z"); s != tc.want {
				t.Errorf("ParseTime(%q) = %s, want %s", tc.in, s, tc.want)
			}
			if got.Precision != tc.precision || got.HasOffset != tc.offset {
				t.Errorf("precision, offset = %v %v, want %v %v", got.Precision, got.HasOffset, tc.precision, tc.offset)
			}
			if diff := cmp.Diff(tc.warnings, got.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
	if got, err := hl7.ParseTime("20260501", nil); err != nil || got.Instant.Location() != time.UTC {
		t.Errorf("ParseTime without a zone = %v, %v, want UTC", got, err)
	}
}

// hl7-bridge 2.12; 6.3, R59 and R80; 9, requirement 25.
func TestParseTime_errors(t *testing.T) {
	for _, in := range []string{
		"", "abc", "202", "20260", "2016020311121", "201602031112131", "2026010110111213", // half parts, too many
		"20260230", "20250229", "19000229", "20260431", "20260600", "202601012400", "202601011260", "20260101101160", "20261301", "20260001", "20260100", "0000", "00000101",
		"20260101101112.", "20260101101112.12345", "20260101101112.1x", "202601011011.5", "20260101101112,5",
		"20260101101112Z", "2026-01-01T10:00", "2026-01-01", "01/01/2020", " 2026", "2026 ", "２０２６",
		"20260101+1401", "20260101+1500", "20260101-1201", "20260101-1300", "20260101+0060", "20260101+01", "99991231235959-1200", "0001010100+1400", "00010101+0001", // year 10000 and year 0 in UTC
		"20260101+01:00", "+0100", "20260101+-100",
	} {
		got, err := hl7.ParseTime(in, time.UTC)
		if err == nil {
			t.Errorf("ParseTime(%q) = %v, want an error", in, got.Instant)
		} else if in != "" && strings.Contains(err.Error(), in) {
			t.Errorf("error %q quotes the value", err)
		}
	}
	if got, err := hl7.ParseTime("99991231235959", zone(t, "America/New_York")); err == nil {
		t.Errorf("ParseTime of the last second in New York = %v, want an error: it is year 10000 in UTC", got.Instant)
	}
	if _, err := hl7.ParseTime("99991231235959+0000", time.UTC); err != nil {
		t.Errorf("ParseTime of the last second in UTC: %v", err)
	}
}

// Every local time that ParseTime takes without a warning shows the same clock in its zone.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026", "20260203111213.9876+0530", "202510260130", "202603290130", "2016020311121", "99991231235959.9999-1200"} {
		f.Add(seed)
	}
	london := zone(f, "Europe/London")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := hl7.ParseTime(in, london)
		if err != nil {
			return
		}
		clock := in
		if got.HasOffset {
			clock = in[:len(in)-5]
		}
		digits := min(len(clock), len("20060102150405"))
		for _, w := range got.Warnings {
			if w == gap {
				return
			}
		}
		if shown := got.Instant.Format("20060102150405"); shown[:digits] != clock[:digits] {
			t.Errorf("ParseTime(%q) shows %s", in, shown)
		}
	})
}
