package wire

import (
	"net/http"
	"testing"
	"time"
)

func TestETag(t *testing.T) {
	for text, want := range map[string]bool{
		`W/"3"`: true, `"3"`: true, "3": true, "*": true, `W/"1", W/"3"`: true, `"1","2"`: false,
		`W/"999ff9ff-999f"`: false, `W/"0"`: false, `W/"33"`: false, `W/"-3"`: false, `"1,3"`: false,
	} {
		if tags := ReadTags([]string{text}); !tags.Given || tags.Match(3) != want {
			t.Errorf("%s names version 3: %v, want %v", text, tags.Match(3), want)
		}
	}
	if ReadTags([]string{" "}).Given || ReadTags(nil).Given {
		t.Error("no header was read as a version")
	}
	if got := ETag(12); got != `W/"12"` || !ReadTags([]string{got}).Match(12) {
		t.Errorf("the tag of version 12 is %s", got)
	}
}

// http://hl7.org/fhir/R4/http.html#cread; worked example E34.
func TestUnchanged(t *testing.T) {
	updated := time.Date(2026, 5, 12, 10, 0, 0, 900e6, time.UTC)
	at := func(d time.Duration) string { return updated.Add(d).UTC().Format(http.TimeFormat) }
	tests := []struct {
		name, match, since string
		want               bool
	}{
		{"nothing said", "", "", false},
		{"this version", `W/"3"`, "", true},
		{"another", `W/"2"`, "", false},
		{"any", "*", "", true},
		{"since its second", "", at(0), true},
		{"since later", "", at(time.Hour), true},
		{"since earlier", "", at(-time.Second), false},
		{"a date of RFC 850", "", updated.Format(time.RFC850), true},
		{"no date", "", "yesterday", false},
		{"the tag counts before the date", `W/"2"`, at(time.Hour), false},
		{"also when it matches", `W/"3"`, at(-time.Hour), true},
	}
	for _, tc := range tests {
		h := http.Header{}
		for name, v := range map[string]string{"If-None-Match": tc.match, "If-Modified-Since": tc.since} {
			if v != "" {
				h.Set(name, v)
			}
		}
		if got := Unchanged(h, 3, updated); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestReadPrefer(t *testing.T) {
	tests := []struct {
		header []string
		want   Prefer
	}{
		{nil, Prefer{}},
		{[]string{"return=minimal"}, Prefer{Minimal: true}},
		{[]string{"return=representation"}, Prefer{}},
		{[]string{"return=OperationOutcome"}, Prefer{Outcome: true}},
		{[]string{"Return=operationoutcome"}, Prefer{Outcome: true}},
		{[]string{`return="minimal"`}, Prefer{Minimal: true}},
		{[]string{"return = minimal"}, Prefer{Minimal: true}},
		{[]string{"respond-async, return=minimal; foo=bar, handling=strict"}, Prefer{Minimal: true, Strict: true}},
		{[]string{"handling=lenient;return=minimal"}, Prefer{Minimal: true, Lenient: true}},
		{[]string{"handling=strict", "return=OperationOutcome"}, Prefer{Strict: true, Outcome: true}},
		{[]string{"return=minimal, return=OperationOutcome"}, Prefer{Minimal: true}},
		{[]string{"return=all, handling"}, Prefer{}},
	}
	for _, tc := range tests {
		if got := ReadPrefer(http.Header{"Prefer": tc.header}); got != tc.want {
			t.Errorf("Prefer %q: %+v, want %+v", tc.header, got, tc.want)
		}
	}
}
