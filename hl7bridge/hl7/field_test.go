package hl7_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/hl7"
)

// field returns TST-1 of a message in which it holds raw.
func field(t testing.TB, raw string) hl7.Field {
	t.Helper()
	return mustParse(t, "MSH|^~\\&|app\rTST|"+raw+"|end\r").Field("TST", 1)
}

// hl7-bridge 2.1; 9, requirement 22: absent, empty, deleted and valued stay apart at every level.
func TestField_states(t *testing.T) {
	const absent, empty, null, present = hl7.Absent, hl7.Empty, hl7.Null, hl7.Present
	type states struct{ Field, Text, C1, C2, S11, S12 hl7.State }
	tests := []struct {
		raw  string
		want states
	}{
		{``, states{empty, empty, empty, absent, empty, absent}},
		{` `, states{empty, empty, empty, absent, empty, absent}},
		{`""`, states{null, null, null, null, null, null}},
		{` "" `, states{null, null, null, null, null, null}},
		{`a`, states{present, present, present, absent, present, absent}},
		{`^`, states{empty, present, empty, empty, empty, absent}},
		{`~`, states{empty, empty, empty, absent, empty, absent}},
		{`^b`, states{present, present, empty, present, empty, absent}},
		{`""^b`, states{present, present, null, present, null, null}},
		{`a^""`, states{present, present, present, null, present, absent}},
		{`a&""`, states{present, present, present, absent, present, null}},
		{`""~a`, states{present, null, null, null, null, null}},
		{`"a"`, states{present, present, present, absent, present, absent}},
		{`\X2222\`, states{present, present, present, absent, present, absent}},
		{`\H\`, states{present, empty, empty, absent, empty, absent}},
	}
	for _, tc := range tests {
		t.Run(tc.raw, func(t *testing.T) {
			f := field(t, tc.raw)
			got := states{f.State(), f.Text().State, f.Component(1).State, f.Component(2).State, f.Sub(1, 1).State, f.Sub(1, 2).State}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("states of %q (-want +got):\n%s", tc.raw, diff)
			}
		})
	}
	t.Run("absent", func(t *testing.T) {
		f := mustParse(t, "MSH|^~\\&|app\rTST|a\r").Field("TST", 2)
		got := states{f.State(), f.Text().State, f.Component(1).State, f.Component(2).State, f.Sub(1, 1).State, f.Sub(1, 2).State}
		if diff := cmp.Diff(states{}, got); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		if f.Raw() != nil || f.HoldsNUL() {
			t.Error("an absent field has content")
		}
		for range f.Repetitions() {
			t.Error("an absent field has a repetition")
		}
	})
	t.Run("no such part", func(t *testing.T) {
		f := field(t, "a")
		for _, got := range []hl7.Value{f.Component(0), f.Component(-1), f.Sub(1, 0), f.Sub(2, 1), f.Sub(0, 1)} {
			if got != (hl7.Value{}) {
				t.Errorf("value = %+v, want absent", got)
			}
		}
	})
}

// hl7-bridge 2.3: TQ.4 may hold subcomponents, so a component reads whole and in parts.
func TestField_parts(t *testing.T) {
	m := mustParse(t, "MSH|^~\\&|app\rSCH|10345^10345||||||||||^^30^20260203111213&min^2026~^^^other\r")
	tests := []struct{ ref, want string }{
		{"SCH-1", "10345"},
		{"SCH-1.2", "10345"}, // R72
		{"SCH-11", ""},
		{"SCH-11.3", "30"},
		{"SCH-11.3.1", "30"},
		{"SCH-11.4", "20260203111213&min"},
		{"SCH-11.4.1", "20260203111213"},
		{"SCH-11.4.2", "min"},
		{"SCH-11.4.3", ""},
		{"SCH-11.5", "2026"}, // and not the second repetition
	}
	for _, tc := range tests {
		if got := get(m, tc.ref).Text; got != tc.want {
			t.Errorf("%s = %q, want %q", tc.ref, got, tc.want)
		}
	}
}

func TestField_Repetitions(t *testing.T) {
	tests := []struct {
		raw  string
		want []string
	}{
		{``, []string{""}},
		{`a`, []string{"a"}},
		{`a^b~c^d`, []string{"a^b", "c^d"}},
		{`a~~b~`, []string{"a", "", "b", ""}},
		{`a\R\b~c`, []string{`a\R\b`, "c"}},
	}
	for _, tc := range tests {
		var got []string
		for rep := range field(t, tc.raw).Repetitions() {
			got = append(got, string(rep.Raw()))
			for again := range rep.Repetitions() {
				if again != rep {
					t.Errorf("repetition %q yields %q", rep.Raw(), again.Raw())
				}
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("repetitions of %q (-want +got):\n%s", tc.raw, diff)
		}
	}
}

// hl7-bridge 2.8: a note keeps ^ and & as they are; R83: its repetitions are read one by one.
func TestField_Text(t *testing.T) {
	f := field(t, ` Bring a^b & c~second `)
	if got := f.Text().Text; got != "Bring a^b & c" {
		t.Errorf("Text() = %q, want the whole first repetition", got)
	}
	var got []string
	for rep := range f.Repetitions() {
		got = append(got, rep.Text().Text)
	}
	if diff := cmp.Diff([]string{"Bring a^b & c", "second"}, got); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

// hl7-bridge 2.4, R50 to R52, R56; 9, requirement 61: a URL is read whole, escaped or not.
func TestMessage_RawField_url(t *testing.T) {
	tests := []struct {
		name, raw, want string
		state           hl7.State
	}{
		{"plain &", "https://h/m?a=1&b=2", "https://h/m?a=1&b=2", hl7.Present},
		{"escaped &", `https://h/m?a=1\T\b=2`, "https://h/m?a=1&b=2", hl7.Present},
		{"plain ~", "https://h/~m", "https://h/~m", hl7.Present},
		{"escaped ~", `https://h/\R\m`, "https://h/~m", hl7.Present},
		{"percent", "https://h/a%2Fb?x=%26", "https://h/a%2Fb?x=%26", hl7.Present},
		{"line end (R54)", `https://h/\X0D0A\`, "https://h/\r\n", hl7.Present},
		{"control", "https://h/\x01", "https://h/\x01", hl7.Present},
		{"empty", "", "", hl7.Empty},
		{"blanks", "  ", "  ", hl7.Empty},
		{"delete", `""`, `""`, hl7.Null},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := mustParse(t, "MSH|^~\\&|app\rZAP|"+tc.raw+"\r")
			raw, state := m.RawField("ZAP", 1)
			if string(raw) != tc.raw || state != tc.state {
				t.Errorf("RawField = %q %v, want %q %v", raw, state, tc.raw, tc.state)
			}
			if got := m.Decode(raw); got != tc.want {
				t.Errorf("Decode = %q, want %q", got, tc.want)
			}
		})
	}
	m := mustParse(t, "MSH|^~\\&|app\rZAP\r")
	for n, seg := range []string{"ZAP", "ZAP", "ZZZ"} {
		if raw, state := m.RawField(seg, n); raw != nil || state != hl7.Absent {
			t.Errorf("RawField(%s, %d) = %q %v, want absent", seg, n, raw, state)
		}
	}
}

// hl7-bridge 6.2, R34: MSH-10 is kept byte for byte.
func TestMessage_ControlID(t *testing.T) {
	for _, id := range []string{"id.123", " id", "a^b&c~d", `\T\`, "", "caf\xe9"} {
		m := mustParse(t, "MSH|^~\\&|app|||||||"+id+"|P\r")
		if got := string(m.ControlID()); got != id {
			t.Errorf("ControlID() = %q, want %q", got, id)
		}
	}
}

// hl7-bridge 6.3, R86: NUL is left out of text, and reported for identifiers.
func TestField_HoldsNUL(t *testing.T) {
	for raw, want := range map[string]bool{"ID123": false, "ID\x00123": true, `ID\X00\123`: true, `a~b\X4100\`: true, "a|b": false} {
		f := field(t, raw)
		if got := f.HoldsNUL(); got != want {
			t.Errorf("HoldsNUL(%q) = %v, want %v", raw, got, want)
		}
	}
	for _, raw := range []string{"ID\x00123", `ID\X00\123`} {
		if got := field(t, raw).Text().Text; got != "ID123" {
			t.Errorf("Text() of %q = %q, want ID123", raw, got)
		}
	}
}

// TestWhole: hl7-bridge 9, requirement 61: neither & nor ~ splits, escaped or not.
func TestWhole(t *testing.T) {
	for sent, want := range map[string]hl7.Value{
		"":                     {State: hl7.Empty},
		"  ":                   {State: hl7.Empty},
		`""`:                   {State: hl7.Null},
		"a&b~c^d":              {Text: "a&b~c^d", State: hl7.Present},
		` a\T\b\R\c `:          {Text: "a&b~c", State: hl7.Present},
		"a\x00b":               {Text: "a\x00b", State: hl7.Present},
		"caf\u00e9":            {Text: "caf\u00e9", State: hl7.Present},
		`""~b`:                 {Text: `""~b`, State: hl7.Present},
		`a|` + "second\x01":    {Text: "a", State: hl7.Present},
		`https://x/?a=1&b=%26`: {Text: "https://x/?a=1&b=%26", State: hl7.Present},
	} {
		m := mustParse(t, "MSH|^~\\&|A\rZAP|"+sent+"\r")
		if got := m.Field("ZAP", 1).Whole(); got != want {
			t.Errorf("ZAP|%s: got %v, want %v", sent, got, want)
		}
	}
	if got := (hl7.Field{}).Whole(); got != (hl7.Value{}) {
		t.Errorf("no field: got %v, want absent", got)
	}
}
