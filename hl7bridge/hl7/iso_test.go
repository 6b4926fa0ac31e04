package hl7

import "testing"

// hl7-bridge 2.12: ISO forms are tolerated by switch.
func TestFromISO(t *testing.T) {
	tests := []struct{ in, want string }{
		{"2026-01-01T10:00", "202601011000"},
		{"2026-01-01T10:00Z", "202601011000+0000"},
		{"2026-01-01T10:00:30.125+01:00", "20260101100030.125+0100"},
		{"2026-01-01T10:00:30-0500", "20260101100030-0500"},
		{"2026-01-01 10:00", "202601011000"},
		{"2026-01-01", "20260101"},
		{"202601011000+0100", "202601011000+0100"}, // as the standard has it
		{"2026-01-01X10:00", "2026-01-01X10:00"},
		{"2026-01", "2026-01"},
		{"", ""},
	}
	for _, tc := range tests {
		if got := FromISO(tc.in); got != tc.want {
			t.Errorf("FromISO(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

// FuzzFromISO: what ParseTime reads is left alone, and nothing makes it fail.
func FuzzFromISO(f *testing.F) {
	f.Add("2026-01-01T10:00:30.125+01:00")
	f.Add("202601011000-0500")
	f.Fuzz(func(t *testing.T, s string) {
		got := FromISO(s)
		if _, err := ParseTime(s, nil); err == nil && got != s {
			t.Errorf("FromISO(%q) = %q", s, got)
		}
	})
}
