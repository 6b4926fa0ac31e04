package mappings

import (
	"strings"
	"testing"

	"slotway/fhir"
)

// The refusal of a booking without a start names the place where a time stands instead
// (spec hl7-bridge 4.3, requirement 79).
func TestMissingStart(t *testing.T) {
	for _, tc := range []struct{ name, segments, want string }{
		{"nowhere", "SCH|A1", "SCH-11.4 (start) must be provided"},
		{"a field too many", "SCH|A1||||||^Knee|||||^^^202606011000", "SCH-11.4 (start) must be provided, not SCH-12.4: it holds a time, so fields may be shifted"},
		{"a component too few", "SCH|A1||||||||||20260601100000+0100", "SCH-11.4 (start) must be provided, not SCH-11.1: it holds a time, so fields may be shifted"},
		{"only an end", "SCH|A1||||||||||^^^^202606011000", "SCH-11.4 (start) must be provided"},
		{"in an id, which may be made of a time", "SCH|A1|202606011000", "SCH-11.4 (start) must be provided"},
		{"beside TQ1-7", "SCH|A1\rTQ1|1|||||202606011000", "SCH-11.4 (start) must be provided, or TQ1-7, not TQ1-6: it holds a time, so fields may be shifted"},
		{"of a service", "SCH|A1\rAIS|1||XR|202606011000", "SCH-11.4 (start) must be provided, not only AIS-4: that is the start of a resource"},
		{"a number that is no time", "SCH|A1||||||||||202699991000", "SCH-11.4 (start) must be provided"},
	} {
		_, err := Map(message(t, "SIU^S12", strings.Split(tc.segments+"\r"+pid, "\r")...), Options{})
		if e := fhir.AsError(err); e == nil || e.Text != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}

// What is refused as a series is one; what else stands in SCH-11.2 is told apart, and does
// not matter to a cancellation (requirement 68).
func TestInterval(t *testing.T) {
	for text, series := range map[string]bool{
		"Q1W": true, "Q1J135": true, "BID": true, "3ID": true, "prn": true, "PRNpain": true,
		"Dent": false, "20260601103000": false, "Quentin": false, "Q": false, "ID": false,
	} {
		sch := "SCH|A1||||||||||^" + text + "^^202606011000"
		_, err := Map(message(t, "SIU^S14", sch, pid), Options{})
		if e := fhir.AsError(err); e == nil || e.Code != RecurrenceUnsupported || strings.Contains(e.Text, "shifted") == series {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Map(message(t, "SIU^S15", sch, pid), Options{}); (err != nil) != series {
			t.Errorf("%s, cancelled: %v", text, err)
		}
	}
}
