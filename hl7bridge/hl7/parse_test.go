package hl7_test

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/hl7"
)

// s14 is the sample of seed 000 with a management URL.
const s14 = "MSH|^~\\&|app|alias_123{alias_123}|HL7API|PKB|202204051011||SIU^S14|id.123|P|2.8\r" +
	"PID|||9999999999^^^NHS^NH||||20200101\r" +
	"SCH|ID123\r" +
	"ZAP|https://appointments-r-us.co.uk/manage/123\r"

func mustParse(t testing.TB, raw string) *hl7.Message {
	t.Helper()
	m, err := hl7.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("Parse(%q): %v", raw, err)
	}
	return m
}

func get(m *hl7.Message, ref string) hl7.Value { return m.Get(hl7.MustRef(ref)) }

func TestParse_sample(t *testing.T) {
	m := mustParse(t, s14)
	for ref, want := range map[string]string{
		"MSH-1": "|", "MSH-2": `^~\&`, "MSH-3": "app", "MSH-4": "alias_123{alias_123}", "MSH-7": "202204051011",
		"MSH-9": "SIU", "MSH-9.2": "S14", "MSH-10": "id.123", "MSH-11": "P", "MSH-12": "2.8",
		"PID-3": "9999999999", "PID-3.4": "NHS", "PID-3.5": "NH", "PID-7": "20200101",
		"SCH-1.1": "ID123", "ZAP-1": "https://appointments-r-us.co.uk/manage/123",
	} {
		if got := get(m, ref); got.Text != want || !got.Valued() {
			t.Errorf("%s = %+v, want %q", ref, got, want)
		}
	}
	if got := m.Warnings(); len(got) > 0 {
		t.Errorf("Warnings() = %q, want none", got)
	}
}

// hl7-bridge 6.2, R23 to R26; 9, requirement 17: line ends, blank lines, leading blanks and a BOM make no difference.
func TestParse_lineEnds(t *testing.T) {
	want := names(mustParse(t, s14))
	mixed := strings.Replace(strings.Replace(s14, "\r", "\r\n", 1), "0101\r", "0101\n", 1)
	tests := []struct{ name, raw string }{
		{"LF (R23)", strings.ReplaceAll(s14, "\r", "\n")},
		{"CR LF (R23)", strings.ReplaceAll(s14, "\r", "\r\n")},
		{"mixed (R23)", mixed},
		{"no CR at the end (R24)", strings.TrimSuffix(s14, "\r")},
		{"blank lines (R25)", strings.ReplaceAll(s14, "\r", "\r\r \t\r")},
		{"leading blanks (R25)", " \t" + strings.ReplaceAll(s14, "\r", "\r \t")},
		{"leading blank lines (R25)", "\r\n\n" + s14},
		{"byte order mark (R26)", "\ufeff" + s14},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := mustParse(t, tc.raw)
			if diff := cmp.Diff(want, names(m)); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
			if got := get(m, "SCH-1.1").Text; got != "ID123" {
				t.Errorf("SCH-1.1 = %q, want ID123", got)
			}
			if got := string(m.ControlID()); got != "id.123" {
				t.Errorf("ControlID() = %q, want id.123", got)
			}
			if string(m.Raw()) != tc.raw {
				t.Errorf("Raw() = %q, want what came in", m.Raw())
			}
		})
	}
}

func names(m *hl7.Message) []string {
	var all []string
	for s := range m.Segments("") {
		all = append(all, strconv.Itoa(s.Index())+" "+s.Name())
	}
	return all
}

// hl7-bridge 4.3 and 6.2, R27, R31, R36, R44, R45: what cannot be processed, and whether MSH-10 is still known.
func TestParse_errors(t *testing.T) {
	none := "no message"
	tests := []struct{ name, raw, code, id string }{
		{"nothing", "", hl7.CodeMSHMalformed, none},
		{"blanks", " \r\n", hl7.CodeMSHMalformed, none},
		{"PID first (R27)", "PID|||1\rMSH|^~\\&|a", hl7.CodeMSHMalformed, none},
		{"XML (R27)", "<xml/>", hl7.CodeMSHMalformed, none},
		{"JSON (R27)", "{}", hl7.CodeMSHMalformed, none},
		{"lower case", strings.ToLower(s14), hl7.CodeMSHMalformed, none},
		{"cut after the name", "MSH", hl7.CodeMSHMalformed, none},
		{"letter as separator", "MSHa^~\\&a", hl7.CodeMSHMalformed, none},
		{"blank as separator", "MSH ^~\\& a", hl7.CodeMSHMalformed, none},
		{"line end as separator", "MSH\r^~\\&", hl7.CodeMSHMalformed, none},
		{"equal delimiters (R31)", strings.Replace(s14, `^~\&`, `^^\&`, 1), hl7.CodeMSHMalformed, "id.123"},
		{"letters (R31)", strings.Replace(s14, `^~\&`, `abcd`, 1), hl7.CodeMSHMalformed, "id.123"},
		{"one delimiter", strings.Replace(s14, `^~\&`, `^`, 1), hl7.CodeMSHMalformed, "id.123"},
		{"six delimiters", strings.Replace(s14, `^~\&`, `^~\&#$`, 1), hl7.CodeMSHMalformed, "id.123"},
		{"blank delimiter", strings.Replace(s14, `^~\&`, `^~\ `, 1), hl7.CodeMSHMalformed, "id.123"},
		{"no MSH-2", strings.Replace(s14, `^~\&`, ``, 1), hl7.CodeMSHMalformed, "id.123"},
		{"ends after MSH-2", "MSH|^~\\&\rSCH|1", hl7.CodeMSHMalformed, ""},
		{"batch (R45)", "FHS|^~\\&\rBHS|^~\\&\r" + s14 + "BTS|1\rFTS|1\r", hl7.CodeTypeUnsupported, none},
		{"batch without file header (R45)", "BHS|^~\\&\r" + s14, hl7.CodeTypeUnsupported, none},
		{"two messages run together", s14 + s14, hl7.CodeSegmentDuplicate, "id.123"},
		{"too many segments (R44)", s14 + strings.Repeat("NTE\r", 20_000), hl7.CodeTooLarge, "id.123"},
		{"UTF-16", "\xff\xfeM\x00S\x00H\x00", hl7.CodeCharset, none},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m, err := hl7.Parse([]byte(tc.raw))
			var pe *hl7.ParseError
			if !errors.As(err, &pe) || pe.Code != tc.code {
				t.Fatalf("Parse error = %v, want code %s", err, tc.code)
			}
			got := none
			if m != nil {
				got = string(m.ControlID())
			}
			if got != tc.id {
				t.Errorf("control id = %q, want %q", got, tc.id)
			}
		})
	}
}

func TestParseError_text(t *testing.T) {
	tests := []struct {
		err  hl7.ParseError
		want string
	}{
		{hl7.ParseError{Text: "too long"}, "too long"},
		{hl7.ParseError{Segment: "MSH", Text: "missing"}, "MSH: missing"},
		{hl7.ParseError{Segment: "MSH", Field: 18, Text: "unknown"}, "MSH-18: unknown"},
	}
	for _, tc := range tests {
		if got := tc.err.Error(); got != tc.want {
			t.Errorf("Error() = %q, want %q", got, tc.want)
		}
	}
}

// hl7-bridge 6.2, R29 and R30; 9, requirements 18 and 19.
func TestParse_delimiters(t *testing.T) {
	tests := []struct{ name, msh2, sch7, want string }{
		{"usual", `^~\&`, `A^B\S\C`, "B^C"},
		{"own (R29)", `%~\&`, `A%B\S\C`, "B%C"},
		{"truncation character (R30)", `^~\&#`, `A^B\P\C`, "B#C"},
		{"HTML relic (R30)", `^~\&;`, `A^B\S\C`, "B^C"},
		{"no subcomponents", `^~\`, `A^B&C\S\`, "B&C^"},
		{"no escapes (R30)", `^~`, `A^B\S\C`, `B\S\C`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := mustParse(t, "MSH|"+tc.msh2+"|app|||||||id.1\rSCH|||||||"+tc.sch7+"\r")
			if got := get(m, "SCH-7.2").Text; got != tc.want {
				t.Errorf("SCH-7.2 = %q, want %q", got, tc.want)
			}
			if got := m.Delimiters().String(); got != "|"+tc.msh2 {
				t.Errorf("Delimiters() = %q, want %q", got, "|"+tc.msh2)
			}
			if got := get(m, "MSH-2").Text; got != tc.msh2 {
				t.Errorf("MSH-2 = %q, want %q", got, tc.msh2)
			}
		})
	}
	t.Run("all own (R29)", func(t *testing.T) {
		m := mustParse(t, "MSH$%~\\&$app$a{a}$$$2022$$SIU%S14$id.1\rSCH$A%B|C\r")
		if got := get(m, "SCH-1.2").Text; got != "B|C" {
			t.Errorf("SCH-1.2 = %q, want B|C", got)
		}
	})
}

// hl7-bridge 6.2, R36, R37, R43; 9, requirement 23.
func TestParse_oddSegments(t *testing.T) {
	m := mustParse(t, "MSH|^~\\&|app\rZPD|1\rNK1\rsch|1\rfree text\r|x\rPID|||1||NK1|2\rSCH|9|extra^^^^|||||||||||||||||||||||||||||||||x\r")
	if got := get(m, "PID-5").Text; got != "NK1" {
		t.Errorf("PID-5 = %q, want the glued text NK1", got)
	}
	if got := get(m, "SCH-1").Text; got != "9" {
		t.Errorf("SCH-1 = %q, want 9: sch is no SCH", got)
	}
	if !m.Has("NK1") || m.Has("GT1") {
		t.Error("Has is wrong about NK1 or GT1")
	}
	want := []string{"3 lines do not begin with a segment name and are ignored"}
	if diff := cmp.Diff(want, m.Warnings()); diff != "" {
		t.Errorf("Warnings() (-want +got):\n%s", diff)
	}
}

func TestMessage_Segments(t *testing.T) {
	m := mustParse(t, "MSH|^~\\&|app\rSCH|1\rNTE|1||first\rNTE|2||second\rAIS|1\rNTE|1||other\r")
	note := hl7.MustRef("NTE-3")
	var got []string
	for s := range m.Segments("NTE") {
		got = append(got, strconv.Itoa(s.Index())+" "+s.Get(note).Text)
	}
	if diff := cmp.Diff([]string{"2 first", "3 second", "5 other"}, got); diff != "" {
		t.Errorf("Segments (-want +got):\n%s", diff)
	}
	for s := range m.Segments("AIS") {
		if got := s.Get(note); got.State != hl7.Absent {
			t.Errorf("Get of another segment's Ref = %+v, want absent", got)
		}
		if got := string(s.Raw()); got != "AIS|1" {
			t.Errorf("Raw() = %q, want AIS|1", got)
		}
		break // an iterator must cope with that
	}
	var zero hl7.Segment
	if zero.Name() != "" || zero.Raw() != nil || zero.Field(1).State() != hl7.Absent {
		t.Error("the zero Segment is not empty")
	}
}

// hl7-bridge 9, requirement 16: a logged message shows nothing of its content.
func TestMessage_LogValue(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("got", "message", mustParse(t, s14), "none", (*hl7.Message)(nil))
	if got := out.String(); strings.Contains(got, "9999999999") || strings.Contains(got, "ID123") || !strings.Contains(got, "message.event=S14") {
		t.Errorf("log line = %s, want the event and no content", got)
	}
}

// hl7-bridge 6.2, R44: many segments or repetitions stay cheap; nothing is copied per part.
func TestParse_manyParts(t *testing.T) {
	segments := mustParse(t, s14+strings.Repeat("NTE|1||x\r", 10_000))
	count := 0
	for range segments.Segments("NTE") {
		count++
	}
	if count != 10_000 {
		t.Errorf("segments = %d, want 10000", count)
	}
	repetitions := mustParse(t, s14+"AIP|1||"+strings.Repeat("Jones^Jo~", 10_000)+"\r")
	if got := len(slices.Collect(repetitions.Field("AIP", 3).Repetitions())); got != 10_001 {
		t.Errorf("repetitions = %d, want 10001", got)
	}
}
