package hl7

import "strings"

// FromISO gives a time that is written as ISO 8601 has it, such as
// 2026-01-01T10:00Z or 2026-01-01T10:00:00.5+01:00, as ParseTime reads it. What has
// another shape comes back as it is.
func FromISO(s string) string {
	if len(s) < len("2026-01-01") || s[4] != '-' || s[7] != '-' {
		return s
	}
	date, clock := s[:4]+s[5:7]+s[8:10], s[len("2026-01-01"):]
	if clock == "" {
		return date
	}
	if clock[0] != 'T' && clock[0] != ' ' {
		return s
	}
	clock, offset := clock[1:], ""
	if rest, ok := strings.CutSuffix(clock, "Z"); ok {
		clock, offset = rest, "+0000"
	} else if i := strings.LastIndexAny(clock, "+-"); i >= 0 {
		clock, offset = clock[:i], strings.ReplaceAll(clock[i:], ":", "")
	}
	return date + strings.ReplaceAll(clock, ":", "") + offset
}
