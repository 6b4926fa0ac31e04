package mappings

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/hl7bridge/hl7"
)

// plausible are fields that the properties draw from, each with values that can
// be right; blanks and "" are drawn too.
var plausible = map[string][]string{
	"SCH-2": {"F1", "F2^^1.2^ISO"}, "SCH-6": {"R^Reason", "^Text"}, "SCH-7": {"ROUTINE^Knee", "^Hip", `^""`},
	"SCH-8": {"C^Type^HL70277", "^^S"}, "SCH-9": {"30", "x"}, "SCH-10": {"min", "MIN^Minutes"},
	"SCH-11": {"^^^20260601100000^20260601103000", "^^^20260601100000", `^^^^""`, "^^M20^202606011000^^A"},
	"SCH-25": {"Booked", "Pending", "Deleted", "?", "Noshow"},
	"TQ1-7":  {"20260601100000"}, "TQ1-8": {"20260601113000", `""`}, "TQ1-6": {"20^min"}, "TQ1-9": {"S"},
	"NTE-3": {"One~Two", "a^b&c"}, "PV1-3": {"^^^^^^^^Clinic 5", "W^R^B^F"}, "PV1-10": {"110^Orthopaedics", "1~2"},
	"ZAP-1": {"https://h/m?a=1&b~c"}, "RGS-2": {"A", "D"},
	"AIS-3": {"X^X-ray", "X"}, "AIG-3": {"^Room", "1^Device^L"}, "AIL-3": {"^^^^^^^^Suite", "^^^^^^^^Clinic 4"},
	"AIP-2": {"A", "D", "1"}, "AIP-3": {"^Jones^Stuart^^^Dr~^Reid", "C1^Patel", "^P"}, "AIP-6": {"202606011010"}, "AIP-12": {"Pending"},
	"PID-5": {"Sample^Wren", "A~B"}, "PID-7": {"19800229", "1980"}, "PID-8": {"F", "X"}, "PID-11": {"1^^Leeds", "^^York"},
	"PID-13": {"1", "^PRN^CP^^^^2"}, "PID-14": {"3"}, "PID-15": {"en"}, "PID-16": {"M", "?"}, "PID-17": {"A"}, "PID-29": {"20260101"}, "PID-30": {"Y", "N"},
}

// draw makes a message of an event out of random segments with random fields.
func draw(t *rapid.T, event string) *hl7.Message { return drawWith(t, event, drawField) }

func drawWith(t *rapid.T, event string, field func(*rapid.T, string, int) string) *hl7.Message {
	text := `MSH|^~\&|app|a{a}|HL7API|PKB|20260512100000||` + event + `|1|P|2.5.1`
	names := []string{"NTE", "PV1", "TQ1", "ZAP", "RGS", "AIS", "AIG", "AIL", "AIP", "AIP", "ZZZ"}
	names = rapid.SliceOfN(rapid.SampledFrom(names), 0, 6).Draw(t, "segments")
	for _, name := range append([]string{"SCH", "PID"}, names...) {
		text += "\r" + name
		for i := 1; i <= 30; i++ {
			text += "|" + field(t, name, i)
		}
	}
	m, err := hl7.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func drawField(t *rapid.T, name string, i int) string {
	where := name + "-" + strconv.Itoa(i)
	switch where {
	case "SCH-1":
		return "A1"
	case "PID-3":
		return "9990000018^^^NHS^NH"
	}
	if values, ok := plausible[where]; ok {
		return rapid.SampledFrom(append([]string{"", "", "", " ", `""`}, values...)).Draw(t, where)
	}
	return ""
}

const stored = `{"resourceType":"Appointment","id":"a","extension":[{"url":"` + fhir.ManagementURL + `","valueUrl":"https://h/old"}],` +
	`"identifier":[{"system":"` + fhir.ExternalIDSystem + `","value":"A1"}],"status":"booked","specialty":[{"coding":[{"code":"1"}]}],` +
	`"appointmentType":{"coding":[{"display":"Hip"}]},"priority":3,"start":"2026-05-01T09:00:00.000+00:00","end":"2026-05-01T09:30:00.000+00:00",` +
	`"minutesDuration":30,"comment":"c","participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},` +
	`{"actor":{"type":"Location","display":"L"},"status":"accepted"},{"actor":{"type":"Practitioner","display":"P"},"status":"accepted"}]}`

// TestTwiceIsOnce: the same changes again change nothing (hl7-bridge 4.4), for any
// message that is understood; so a message sent again is harmless by nature.
func TestTwiceIsOnce(t *testing.T) {
	understood := 0
	defer func() {
		if understood < 30 {
			t.Errorf("only %d messages were understood: the property says little", understood)
		}
	}()
	rapid.Check(t, func(t *rapid.T) {
		event := rapid.SampledFrom([]string{"SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15", "SIU^S17", "SIU^S18", "SIU^S19", "SIU^S22", "SIU^S26", "ADT^A31"}).Draw(t, "event")
		in, err := Map(draw(t, event), Options{})
		if err != nil {
			return
		}
		understood++
		r, err := fhir.Parse([]byte(stored))
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range []func(fhir.Resource) []fhir.Change{
			in.ChangesTo,
			func(fhir.Resource) []fhir.Change { return in.Full },
			func(fhir.Resource) []fhir.Change { changes, _ := in.NewPatient(); return changes },
		} {
			once, err := r.Apply(list(r)...)
			if err != nil {
				t.Fatalf("Apply: %v", err)
			}
			twice, err := once.Apply(list(once)...)
			if err != nil {
				t.Fatalf("Apply again: %v", err)
			}
			if !fhir.Same(once, twice) {
				t.Fatalf("once:  %s\ntwice: %s", once.Raw(), twice.Raw())
			}
		}
	})
}

// TestAbsentChangesNothing: a rule whose field is absent or empty yields no
// change (hl7-bridge 2.1), so a change comes only from a rule that was used, and
// a message without one changes nothing (requirement 53).
func TestAbsentChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := draw(t, "SIU^S14")
		used := 0
		in, err := read(m, Options{}, func(r *Rule) {
			used++
			if v := (&reading{m: m}).find(r.From); v.State < hl7.Null {
				t.Fatalf("rule %s was asked of a field that is %s", r.From, v.State)
			}
			if r.From.Segment() == "PID" || r.From.String() == "SCH-1.1" {
				used--
			}
		})
		if err == nil && used == 0 && len(in.Changes) > 0 {
			t.Fatalf("no rule was used and there are changes: %q", textsOf(in.Changes))
		}
	})
	for _, event := range []string{"SIU^S13", "SIU^S14", "SIU^S27"} {
		in, err := Map(message(t, event, "SCH|A1||||||||||||||||||||||||", pid, "ZAP|", "PV1|1", "TQ1|1", "NTE|1", "RGS|1", "AIS|1", "AIG|1", "AIL|1", "AIP|1"), Options{})
		if err != nil || len(in.Changes) > 0 {
			t.Errorf("%s that says nothing: %q, %v, want no change", event, textsOf(in.Changes), err)
		}
	}
}

// TestOrderOfSegments: PID before SCH, SCH before PID, ZAP anywhere: the same
// changes (hl7-bridge 9, requirement 97).
func TestOrderOfSegments(t *testing.T) {
	segments := []string{"SCH|A1||||||^Knee||||^^^202606011000", pid, "ZAP|https://h/m", "PV1|1|O|^^^^^^^^Clinic", "TQ1|1||||||||S"}
	var want []string
	rapid.Check(t, func(rt *rapid.T) {
		in, err := Map(message(t, "SIU^S14", rapid.Permutation(segments).Draw(rt, "order")...), Options{})
		if err != nil {
			rt.Fatal(err)
		}
		got := textsOf(in.Changes)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("Changes = %q, want %q", got, want)
		}
	})
}

// FuzzMap: any bytes that parse are understood or refused with a code, and what
// is understood can be applied.
func FuzzMap(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(m.Raw())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := hl7.Parse(raw)
		if err != nil {
			return
		}
		in, err := Map(m, Options{})
		if err != nil {
			if fhir.AsError(err).Code == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		checkProduced(t, in)
	})
}

// TestProducedIsValid holds requirement 76: what any message makes of nothing, or
// of what is stored, passes the structure checks of R4 and app-1 to app-4.
func TestProducedIsValid(t *testing.T) {
	events := []string{"SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15", "SIU^S17", "SIU^S18", "SIU^S19", "SIU^S20", "SIU^S26", "SIU^S27", "ADT^A28", "ADT^A31"}
	understood := 0
	rapid.Check(t, func(t *rapid.T) {
		if in, err := Map(drawWith(t, rapid.SampledFrom(events).Draw(t, "event"), oddField), Options{}); err == nil {
			understood++
			checkProduced(t, in)
		}
	})
	if understood < 20 {
		t.Errorf("only %d messages were understood: the property says little", understood)
	}
}

// refusing are the fields that a message is refused for: there what is odd would
// only hide the rest.
var refusing = []string{"SCH-1", "SCH-11", "SCH-25", "TQ1-7", "TQ1-8", "ZAP-1", "PID-3", "PID-7", "PID-29"}

// oddField gives a field in which anything may stand, in any part that is read.
func oddField(t *rapid.T, name string, i int) string {
	where := name + "-" + strconv.Itoa(i)
	if slices.Contains(refusing, where) {
		return drawField(t, name, i)
	}
	if _, read := plausible[where]; !read {
		return ""
	}
	part := rapid.SampledFrom([]string{
		"", "", "a", "A  B", `x\.br\y`, "\u00a0", "a\u2003b", "http://a b", "ISO", "URI", "&http://a b&URI", "&&ISO", "1.2",
		"-9", "99991231235959", "00010101000000", "20260601100000", "999999999", "h", "min", `""`, "M", "en",
	})
	whole := rapid.SampledFrom([]string{"F^^a b^URI", "F^^^ISO", "C7^P^^^^^^^&http://a b&URI", "A  B^^c d", `x\.br\y`})
	several := rapid.Map(rapid.SliceOfN(part, 0, 10), func(parts []string) string { return strings.Join(parts, "^") })
	return rapid.OneOf(whole, several).Draw(t, where)
}

// failer is what a test, a property and a fuzz target have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkProduced applies an Intent to nothing and to what is stored, as a booking
// service does, and validates what comes of it.
func checkProduced(t failer, in Intent) {
	t.Helper()
	newcomer, _ := in.NewPatient()
	checkValid(t, fhir.Empty("Patient"), newcomer)
	if in.Event.Type != "SIU" {
		return
	}
	was, err := fhir.Parse([]byte(stored))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	// An end that a moved start has overtaken is the booking service's to mend.
	checkValid(t, was, in.ChangesTo(was), "Appointment.end")
	if in.Event.Creates && len(in.Lacking) == 0 {
		patient := fhir.Change{Path: fhir.MustPath("participant[0]"), Op: fhir.Set, Value: []byte(`{"actor":{"reference":"Patient/p"},"status":"accepted"}`)}
		checkValid(t, fhir.Empty("Appointment"), slices.Concat(in.Defaults, []fhir.Change{patient}, in.ChangesToNew()))
	}
}

// checkValid validates what changes make of a resource, but for the elements named.
func checkValid(t failer, from fhir.Resource, changes []fhir.Change, except ...string) {
	t.Helper()
	r, err := from.Apply(changes...)
	if fhir.KindOf(err) == fhir.TooLarge || len(changes) == 0 {
		return
	}
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	for _, issue := range r4.Validate(r) {
		if issue.Severity == "error" && !slices.Contains(except, issue.Where) {
			t.Fatalf("%s: %s in %s", issue.Where, issue.Text, r.Raw())
		}
	}
}
