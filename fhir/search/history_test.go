package search

import (
	"strings"
	"testing"
	"time"

	"slotway/fhir"
)

func TestParseHistory(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	c := NewCatalog(nil, london)
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	tests := []struct {
		query, self     string
		count           int
		since, from, to string
		warned          bool
	}{
		{"", "", -1, "", "", "", false},
		{"_count=7&_format=json&_pretty=true", "_count=7&_format=json&_pretty=true", 7, "", "", "", false},
		{"_count=0", "_count=0", 0, "", "", "", false},
		{"_count=&_since=&&", "", -1, "", "", "", false},
		{"%5Fcount=5000", "_count=1000", MaxCount, "", "", "", false},
		{"_since=2025-10-25T14:30:00%2B01:00", "_since=2025-10-25T14:30:00%2B01:00", -1, "2025-10-25T13:30:00Z", "", "", false},
		{"_since=2025-10-25T14:30:00+01:00", "_since=2025-10-25T14:30:00%2B01:00", -1, "2025-10-25T13:30:00Z", "", "", false},
		{"_since=2025-10-25T14:30:00.123Z", "_since=2025-10-25T14:30:00.123Z", -1, "2025-10-25T14:30:00.123Z", "", "", false},
		{"_since=2025-10-25", "_since=2025-10-25", -1, "2025-10-24T23:00:00Z", "", "", false},
		{"_at=2025-10-26", "_at=2025-10-26", -1, "", "2025-10-25T23:00:00Z", "2025-10-27T00:00:00Z", false}, // of 25 hours
		{"_at=2025-10-25T14:30:00Z&_count=2", "_at=2025-10-25T14:30:00Z&_count=2", 2, "", "2025-10-25T14:30:00Z", "2025-10-25T14:30:01Z", false},
		{"colour=red&_count=2", "_count=2", 2, "", "", "", true},
		{"_list=List/1", "", -1, "", "", "", true},
		{"_count:exact=2", "", -1, "", "", "", true},
		{"_summary=true&_elements=status", "_summary=true&_elements=status", -1, "", "", "", false},
		{"_summary=count&_count=5", "_summary=count&_count=5", 0, "", "", "", false},
	}
	for _, tc := range tests {
		got, err := ParseHistory(c, "Slot", tc.query)
		if err != nil {
			t.Errorf("ParseHistory(%q) = %v", tc.query, err)
			continue
		}
		var want History
		for text, into := range map[string]*time.Time{tc.since: &want.Since, tc.from: &want.From, tc.to: &want.To} {
			if text != "" {
				*into = at(text)
			}
		}
		if got.Count != tc.count || got.Self != tc.self || !got.Since.Equal(want.Since) || !got.From.Equal(want.From) || !got.To.Equal(want.To) || (len(got.Warnings) > 0) != tc.warned {
			t.Errorf("ParseHistory(%q) = %+v, want %+v", tc.query, got, tc)
		}
	}
	for _, query := range []string{
		"_summary=some", "_summary=true&_summary=text", "_elements=a.b",
		"_count=-1", "_count=%zz", "_count=1&_count=1", "_since=yesterday", "_since=ge2025-01-01", "_since=2025-13-01", "_at=eq2025-01-01",
		"_at=2025-01-01&_at=2025-01-02", "%zz=1", strings.Repeat("a=b&", 60), strings.Repeat("a", MaxQuery+1),
	} {
		if _, err := ParseHistory(c, "Slot", query); fhir.KindOf(err) != fhir.Invalid || err == nil {
			t.Errorf("ParseHistory(%.40q) = %v, want Invalid", query, err)
		}
	}
}

func TestParseRead(t *testing.T) {
	c := NewCatalog(nil, nil)
	tests := []struct {
		query, self, elements string
		summary               Summary
		warned                bool
	}{
		{"", "", "", 0, false},
		{"_format=xml&_pretty=true", "_format=xml&_pretty=true", "", 0, false},
		{"_summary=text", "_summary=text", "", SummaryText, false},
		{"_elements=status,Slot.start&_elements=end", "_elements=status,Slot.start&_elements=end", "status,start,end", 0, false},
		{"colour=red&_count=1", "", "", 0, true},
	}
	for _, tc := range tests {
		got, err := ParseRead(c, "Slot", tc.query)
		if err != nil {
			t.Errorf("ParseRead(%q) = %v", tc.query, err)
		}
		if got.Self != tc.self || strings.Join(got.Query.Elements, ",") != tc.elements || got.Query.Summary != tc.summary || (len(got.Warnings) > 0) != tc.warned {
			t.Errorf("ParseRead(%q) = %+v, want %+v", tc.query, got, tc)
		}
	}
	for _, query := range []string{"_summary=count", "_summary=some", "_elements=1", "_elements=status%zz"} {
		if _, err := ParseRead(c, "Slot", query); fhir.KindOf(err) != fhir.Invalid || err == nil {
			t.Errorf("ParseRead(%q) = %v, want Invalid", query, err)
		}
	}
}
