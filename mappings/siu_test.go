package mappings

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// textOf gives a change in one line: what it does to which element.
func textOf(c fhir.Change) string {
	switch c.Op {
	case fhir.Remove:
		return "remove " + c.Path.String()
	case fhir.Replace:
		return "replace " + c.Path.String() + " " + string(c.Value)
	}
	return "set " + c.Path.String() + " " + string(c.Value)
}

func textsOf(changes []fhir.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, textOf(c))
	}
	return out
}

func sch(n int, value string) string {
	return "SCH|A1" + strings.Repeat("|", n-1) + value
}

// TestMapURLOnly: a bare S14 with ZAP-1 is exactly one change (hl7-bridge 6.3 R49).
func TestMapURLOnly(t *testing.T) {
	in, err := Map(message(t, "SIU^S14", "SCH|A1", pid, "ZAP|https://appointments-r-us.co.uk/m"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"set extension.where(url=" + fhir.ManagementURL + `).valueUrl "https://appointments-r-us.co.uk/m"`}
	if diff := cmp.Diff(want, textsOf(in.Changes)); diff != "" {
		t.Errorf("Changes (-want +got):\n%s", diff)
	}
	if in.Scheduling {
		t.Error("Scheduling = true, want false: it would revive a cancelled booking")
	}
	if diff := cmp.Diff([]string{"SCH-11.4"}, in.Lacking); diff != "" {
		t.Errorf("Lacking (-want +got):\n%s", diff)
	}
}

// TestUnreadParts: a field that has a value, but none where we look, says nothing
// and above all deletes nothing.
// What AIG-3 has where a CWE has its coding system is often a given name. It is no URI,
// and never becomes the system of an identifier.
func TestNameInAIG(t *testing.T) {
	tests := []struct{ field, want string }{
		{"P12^DOE^JANE", `"actor":{"identifier":{"value":"P12"},"display":"JANE DOE"}`},
		{"P12^Doe^Jane^Ada^^Dr", `"actor":{"identifier":{"value":"P12"},"display":"Dr Jane Ada Doe"}`},
		{"^Doe^Jane", `"actor":{"display":"Jane Doe"}`},
		{"MRI1^Scanner one^L", `"actor":{"identifier":{"value":"MRI1"},"display":"Scanner one"}`},
		{"MRI1^Scanner one^urn:oid:1.2", `"actor":{"identifier":{"system":"urn:oid:1.2","value":"MRI1"},"display":"Scanner one"}`},
		{"MRI1^Scanner one^99ABC", `"actor":{"identifier":{"system":"99ABC","value":"MRI1"},"display":"Scanner one"}`},
	}
	for _, tc := range tests {
		in, err := Map(message(t, "SIU^S14", "SCH|A1", pid, "AIG|1||"+tc.field), Options{})
		if err != nil || len(in.Changes) != 1 {
			t.Fatalf("AIG-3 %s makes %d changes, %v, want 1", tc.field, len(in.Changes), err)
		}
		if got := string(in.Changes[0].Value); !strings.Contains(got, tc.want) {
			t.Errorf("AIG-3 %s makes %s, want %s", tc.field, got, tc.want)
		}
	}
}

func TestUnreadParts(t *testing.T) {
	for _, segment := range []string{
		sch(2, "^NS"), sch(6, "^^S"), sch(7, "^^S"), sch(8, "^^^ALT"), sch(11, "^^^^^^^note"), "SCH|A1\rPV1|1||^^BED|||||||^^S",
		"SCH|A1\rAIS|1||^^S", "SCH|A1\rAIG|1||^^S", "SCH|A1\rAIL|1||^^BED", "SCH|A1\rAIP|1||^^^^^^MD", "SCH|A1\rNTE|1|P||RE",
	} {
		in, err := Map(message(t, "SIU^S14", strings.Split(segment+"\r"+pid, "\r")...), Options{})
		if err != nil || len(in.Changes) > 0 {
			t.Errorf("%q: %q, %v, want no change", segment, textsOf(in.Changes), err)
		}
	}
	in, err := Map(message(t, "ADT^A31", "PID|||9990000018^^^NHS^NH||^^^^^^L|||||^^^^^^H||^PRN|^WPN|^^S|^^S|^^S"), Options{})
	if err != nil || len(in.PersonChanges) != 1 {
		t.Errorf("PID: %q, %v, want the identifier only", textsOf(in.PersonChanges), err)
	}
}

// TestStatusChanges: a reason goes with every status but those that may have one
// (requirement 58, R4's app-4).
func TestStatusChanges(t *testing.T) {
	for _, code := range bookingStatuses {
		got, want := textsOf(StatusChanges(code)), []string{`set status "` + code + `"`}
		if code != "cancelled" && code != "noshow" {
			want = append(want, "remove cancelationReason")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("StatusChanges(%s) (-want +got):\n%s", code, diff)
		}
	}
}

// TestStatus holds the table of hl7-bridge 2.10 in any letter case (requirement 59).
func TestStatus(t *testing.T) {
	table := map[string]string{
		"Pending": "pending", "Waitlist": "waitlist", "Booked": "booked", "Scheduled": "booked", "Sch": "booked",
		"Confirmed": "booked", "Rescheduled": "booked", "New": "booked", "Overbook": "booked", "Started": "checked-in",
		"Arrived": "arrived", "Complete": "fulfilled", "Completed": "fulfilled", "Cancelled": "cancelled", "Canceled": "cancelled",
		"Dc": "cancelled", "DC": "cancelled", "Discontinued": "cancelled", "Deleted": "entered-in-error",
		"Noshow": "noshow", "No-show": "noshow", "No Show": "noshow", "DNA": "noshow", "Did Not Attend": "noshow",
		"CheckedIn": "checked-in", "Checked-In": "checked-in", "Checked In": "checked-in", "Attended": "fulfilled", "Pended": "pending",
		"O": "", "B": "", "Anything": "", " ": "",
	}
	for code, want := range table {
		for _, spelling := range []string{code, strings.ToLower(code), strings.ToUpper(code), "?^" + code} {
			in, err := Map(message(t, "SIU^S14", sch(25, spelling), pid), Options{})
			if err != nil {
				t.Errorf("SCH-25 %q: %v", spelling, err)
				continue
			}
			var expect []string
			if want != "" {
				expect = textsOf(StatusChanges(want))
			}
			if diff := cmp.Diff(expect, textsOf(in.Changes)); diff != "" {
				t.Errorf("SCH-25 %q (-want +got):\n%s", spelling, diff)
			}
		}
	}
	// The events that say the status themselves do not ask SCH-25 (requirement 56).
	for event, want := range map[string]string{"S15": "cancelled", "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"} {
		in, err := Map(message(t, "SIU^"+event, sch(25, "Blocked"), pid), Options{})
		if err != nil {
			t.Errorf("%s: %v", event, err)
		} else if diff := cmp.Diff(textsOf(StatusChanges(want)), textsOf(in.Changes)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", event, diff)
		}
	}
}

func TestMapRefuses(t *testing.T) {
	tests := []struct {
		name     string
		event    string
		segments []string
		want     string // codes and places
	}{
		{"no SCH", "S14", []string{pid}, "SEGMENT_MISSING SCH"},
		{"no PID", "S14", []string{"SCH|A1"}, "SEGMENT_MISSING PID"},
		{"two SCH", "S14", []string{"SCH|A1", "SCH|A2", pid}, "SEGMENT_DUPLICATE SCH"},
		{"two PID", "S14", []string{"SCH|A1", pid, pid}, "SEGMENT_DUPLICATE PID"},
		{"no id", "S15", []string{"SCH||F", pid}, "FIELD_MISSING SCH-1.1"},
		{"id deleted", "S12", []string{`SCH|""`, pid}, "VALUE_INVALID SCH-1.1"},
		{"long id", "S15", []string{"SCH|" + strings.Repeat("é", 256), pid}, "VALUE_INVALID SCH-1.1"},
		{"NUL in id", "S14", []string{`SCH|A\X00\1`, pid}, "VALUE_INVALID SCH-1.1"}, // R86
		{"start deleted", "S13", []string{sch(11, `^^^""`), pid}, "VALUE_INVALID SCH-11.4"},
		{"TQ1 start deleted", "S13", []string{"SCH|A1", `TQ1|1||||||""`, pid}, "VALUE_INVALID TQ1-7"},
		{"start deleted in a new booking", "S12", []string{sch(11, `^^^""`), pid}, "FIELD_MISSING SCH-11.4"},
		{"status deleted", "S14", []string{sch(25, `""`), pid}, "VALUE_INVALID SCH-25"},
		{"blocked", "S14", []string{sch(25, "?^blocked"), pid}, "CODE_UNKNOWN SCH-25"},
		{"bad end", "S14", []string{sch(11, "^^^20260601^2026060"), pid}, "VALUE_INVALID SCH-11.5"},
		{"bad TQ1", "S14", []string{"SCH|A1", "TQ1|1||||||x", pid}, "VALUE_INVALID TQ1-7"},
		{"TQ1 end before start", "S14", []string{"SCH|A1", "TQ1|1||||||202606011000|202606010900", pid}, "VALUE_INVALID TQ1-8"},
		{"second occurrence", "S15", []string{sch(3, "2"), pid}, "RECURRENCE_UNSUPPORTED SCH-3"},
		{"bad number in PID-4", "S14", []string{"SCH|A1", "PID||||9990000019^^^NHS^NH"}, "VALUE_INVALID PID-4"},
		{"bad birth date", "S14", []string{"SCH|A1", "PID|||9990000018^^^NHS^NH||||2020-01-01"}, "VALUE_INVALID PID-7"},
		{"two URLs", "S14", []string{"SCH|A1", pid, "ZAP|https://h/1", `ZAP|""`}, "VALUE_INVALID ZAP-1"},
		{"several", "S12", []string{"SCH|", "PID|||1^^^X^Y", "ZAP|x"}, "FIELD_MISSING SCH-1.1, FIELD_MISSING PID-3, VALUE_INVALID ZAP-1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Map(message(t, "SIU^"+tc.event, tc.segments...), Options{})
			if got := faultsOf(err); got != tc.want {
				t.Errorf("Map = %s, want %s", got, tc.want)
			}
		})
	}
}

// faultsOf gives codes and places of an error, joined ones in order.
func faultsOf(err error) string {
	var one *fhir.Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok && !errors.As(errOnly(err), &one) {
		var all []string
		for _, e := range joined.Unwrap() {
			all = append(all, faultsOf(e))
		}
		return strings.Join(all, ", ")
	}
	if errors.As(err, &one) {
		return one.Code + " " + one.Where
	}
	return fmt.Sprint(err)
}

// errOnly gives err if it is itself a fault, not several joined.
func errOnly(err error) error {
	if e, ok := err.(*fhir.Error); ok {
		return e
	}
	return nil
}

// TestDuration: hl7-bridge 2.3, requirement 67.
func TestDuration(t *testing.T) {
	tests := []struct {
		name     string
		segments []string
		want     string // the end, or nothing
	}{
		{"MIN^Minutes", []string{sch(9, "30|MIN^Minutes|^^^202606011000")}, "10:30"},
		{"unit by its text", []string{sch(9, "30|^Minutes|^^^202606011000")}, "10:30"},
		{"m", []string{sch(9, "30|m|^^^202606011000")}, "10:30"},
		{"s", []string{sch(9, "90|s|^^^202606011000")}, "10:01:30"},
		{"h", []string{sch(9, "2|h|^^^202606011000")}, "12:00"},
		{"blank unit", []string{sch(9, "30||^^^202606011000")}, ""},
		{"strange unit", []string{sch(9, "30|fortnight|^^^202606011000")}, ""},
		{"no start", []string{sch(9, "30|m")}, ""},
		{"zero", []string{sch(9, "0|m|^^^202606011000")}, ""},
		{"negative", []string{sch(9, "-5|m|^^^202606011000")}, ""},
		{"vast", []string{sch(9, "4294967295|h|^^^202606011000")}, ""},
		{"no number", []string{sch(9, "long|m|^^^202606011000")}, ""},
		{"M30", []string{sch(11, "^^M30^202606011000")}, "10:30"},
		{"S90", []string{sch(11, "^^S90^202606011000")}, "10:01:30"},
		{"bare 30", []string{sch(11, "^^30^202606011000")}, ""},
		{"TQ1-6", []string{"SCH|A1", "TQ1|1|||||15^min|202606011000"}, "10:15"},
		{"TQ1-6 with the parts of a unit", []string{"SCH|A1", "TQ1|1|||||15^min&minute&UCUM|202606011000"}, "10:15"},
		{"zeros behind a point", []string{sch(9, "30.0|min|^^^202606011000")}, "10:30"},
		{"a fraction", []string{sch(9, "30.5|min|^^^202606011000")}, ""},
		{"a unit beside its number", []string{sch(9, "30^MIN||^^^202606011000")}, "10:30"},
		{"TQ1-6 without unit", []string{"SCH|A1", "TQ1|1|||||15|202606011000"}, ""},
		{"TQ1-6 and TQ1-8 of another start", []string{sch(11, "^^^202606011000"), "TQ1|1|||||15^min|202606011100|202606011130"}, ""},
		{"TQ1-6 of another start, and SCH-9", []string{sch(9, "45|min|^^^202606011000"), "TQ1|1|||||15^min|202606011100"}, "10:45"},
		{"TQ1-8 of another start, and SCH-11.5", []string{sch(11, "^^^202606011000^202606011020"), "TQ1|1||||||202606011100|202606011130"}, "10:20"},
		{"TQ1-8 of a start that is none", []string{sch(11, "^^^202606011000"), "TQ1|1||||||soon|202606011130"}, ""},
		{"TQ1-8 of the same start", []string{sch(11, "^^^202606011000"), "TQ1|1||||||20260601100000+0000|202606011130"}, "11:30"},
		{"TQ1-8 without a start", []string{sch(11, "^^^202606011000"), "TQ1|1|||||||202606011130"}, "11:30"},
		{"past the year 9999", []string{sch(9, "2|h|^^^999912312300")}, ""},
		{"SCH-11.3 before SCH-9", []string{sch(9, "60|m|^^M30^202606011000")}, "10:30"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := Map(message(t, "SIU^S14", append(tc.segments, pid)...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, c := range in.Changes {
				if c.Path.String() == "end" {
					got = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(string(c.Value), `"2026-06-01T`), `.000+00:00"`), ":00")
				}
			}
			if got != tc.want {
				t.Errorf("end = %q, want %q", got, tc.want)
			}
			if !in.Scheduling {
				t.Error("Scheduling = false, want true: SCH-9, SCH-11 and TQ1 are scheduling content")
			}
		})
	}
}

// TestWarnings: what is taken in spite of something odd leaves a word in the
// message log, without quoting the message.
func TestWarnings(t *testing.T) {
	tests := []struct {
		name, segment, want string
	}{
		{"date only", sch(11, "^^^20260501"), "SCH-11.4 has no time of day"},
		{"doubled hour", sch(11, "^^^202510260130"), "SCH-11.4: the time comes twice"},
		{"missing hour", sch(11, "^^^202603290130"), "SCH-11.4: the time does not exist"},
		{"end is start", sch(11, "^^^202606011000^202606011000"), "SCH-11.5 is the same as the start"},
		{"duration", sch(9, "30"), "SCH-9 is no number with an explicit unit"},
		{"status", sch(25, "Perhaps"), "SCH-25 is not in table 0278"},
		{"urgency", sch(11, "^^^^^Q"), "SCH-11.6 is not a known urgency"},
		{"parent", sch(23, "P1"), "SCH-23 is ignored"},
		{"long text", sch(7, "^"+strings.Repeat("é", maxLine+1)), "SCH-7.2 is too long and was cut"},
		{"notes elsewhere", "SCH|A1\rNTE|1||n\rPV1|1\rNTE|1||n\rAIS|1\rNTE|1||n", "NTE that does not follow SCH"},
		{"allergies", "SCH|A1\rAL1|1||^Nuts\rAL1|2", "AL1 is ignored"},
		{"medication", "SCH|A1\rRXE|1", "RXE is ignored"},
		{"TQ1 differs", sch(11, "^^^202606011000") + "\rTQ1|1||||||202606011100", "TQ1-7 differs from SCH-11.4"},
		{"TQ1-8 of another start", sch(11, "^^^202606011000") + "\rTQ1|1||||||202606011100|202606011130", "TQ1-8 is ignored: it goes with another start than SCH-11.4"},
		{"TQ1-6 of another start", sch(11, "^^^202606011000") + "\rTQ1|1|||||30^min|202606011100", "TQ1-6 is ignored: it goes with another start than SCH-11.4"},
		{"period", "SCH|A1\rAIP|1||^Patel|||soon", "AIP-6 is no time"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := Map(message(t, "SIU^S14", strings.Split(tc.segment+"\r"+pid, "\r")...), Options{Zone: london(t)})
			if err != nil {
				t.Fatal(err)
			}
			hits := slices.DeleteFunc(slices.Clone(in.Warnings), func(w string) bool { return !strings.HasPrefix(w, tc.want) })
			if len(hits) != 1 {
				t.Errorf("Warnings = %q, want one that begins with %q", in.Warnings, tc.want)
			}
		})
	}
}

// TestPeriod: hl7-bridge 2.5, of somebody who takes part for some of the time.
func TestPeriod(t *testing.T) {
	tests := []struct {
		name, aip, want string
	}{
		{"all of it", "||", ""},
		{"the booking's own times", "|202606011000||", ""},
		{"a start", "|202606011015", `{"start":"2026-06-01T10:15:00.000+00:00","end":"2026-06-01T11:00:00.000+00:00"}`},
		{"an offset", "||15|min", `{"start":"2026-06-01T10:15:00.000+00:00","end":"2026-06-01T11:00:00.000+00:00"}`},
		{"before the start, seconds", "||-600||", `{"start":"2026-06-01T09:50:00.000+00:00","end":"2026-06-01T11:00:00.000+00:00"}`},
		{"a unit beside its number", "||15^MIN||20^MIN|", `{"start":"2026-06-01T10:15:00.000+00:00","end":"2026-06-01T10:35:00.000+00:00"}`},
		{"offset and duration", "||0||20|min", `{"start":"2026-06-01T10:00:00.000+00:00","end":"2026-06-01T10:20:00.000+00:00"}`},
		{"after the end", "|202606011200", `{"start":"2026-06-01T12:00:00.000+00:00"}`},
		{"duration 0", "||||0|min", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := Map(message(t, "SIU^S14", sch(11, "^^^202606011000^202606011100"), pid, "AIP|1||^Patel||"+tc.aip), Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := `[{"actor":{"type":"Practitioner","display":"Patel"},"status":"accepted"}]`
			if tc.want != "" {
				want = `[{"actor":{"type":"Practitioner","display":"Patel"},"status":"accepted","period":` + tc.want + `}]`
			}
			if got := string(in.Changes[len(in.Changes)-1].Value); got != want {
				t.Errorf("participants = %s, want %s", got, want)
			}
		})
	}
}

// TestMany: 10,000 repetitions and segments are read in one go (hl7-bridge 6.2 R44).
func TestMany(t *testing.T) {
	m := message(t, "SIU^S14", "SCH|A1", "NTE|1||"+strings.Repeat("word~", 10_000), pid,
		"AIP|1||"+strings.Repeat("^Patel~", 10_000), strings.TrimSuffix(strings.Repeat("AIL|1||^^^^^^^^Room\r", 9_000), "\r"))
	in, err := Map(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range in.Changes {
		if len(c.Value) > maxText+maxText {
			t.Errorf("%s has a value of %d bytes", c.Path, len(c.Value))
		}
	}
}
