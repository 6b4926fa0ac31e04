package hl7_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/hl7"
)

// hl7-bridge 5.6; 6.3, R82; 9, requirements 20 and 21.
func TestDecode_escapes(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"delimiters", `\F\\S\\T\\R\\E\`, `|^&~\`},
		{"decoded after splitting", `a\S\b`, `a^b`},
		{"no nesting", `\E\T\E\`, `\T\`},
		{"line break (R82)", `one\.br\two`, "one\ntwo"},
		{"hex line break (R82)", `one\X0A\two`, "one\ntwo"},
		{"hex lower case", `one\X0d0a\two`, "one\r\ntwo"},
		{"hex of several bytes", `caf\XC3A9\`, "café"},
		{"highlight (R82)", `\H\x\N\`, "x"},
		{"spacing", `a\.sp\b\.sp2\c\.sp 2\d`, "a\nb\n\nc\n\nd"},
		{"skip", `a\.sk3\b`, "a   b"},
		{"indent and fill", `a\.in+2\b\.ti-1\c\.fi\d\.nf\e`, "a b c d e"},
		{"centre", `a\.ce\b`, "a\nb"},
		{"too much spacing", `a\.sp999999999\b`, `a\.sp999999999\b`},
		{"unknown layout", `a\.zz\b`, `a\.zz\b`},
		{"dot alone", `a\.\b`, `a\.\b`},
		{"single (R82)", `a \ b`, `a \ b`},
		{"unknown (R82)", `\Q\`, `\Q\`},
		{"unterminated (R82)", `\F`, `\F`},
		{"local", `a\Z01\b`, `a\Z01\b`},
		{"doubled", `C:\\dir`, `C:\\dir`},
		{"a lone one does not swallow the next", `50\ off \T\ on`, `50\ off & on`},
		{"hex odd", `\X0\`, `\X0\`},
		{"hex bad", `\XZZ\`, `\XZZ\`},
		{"hex empty", `\X\`, `\X\`},
		{"hex not UTF-8, of no set", `caf\XE9\ \X8081\`, `café \X8081\`},
		{"character set switch", `a\C2842\b\M2842\c`, "abc"},
		{"truncation character that was not declared", `a\P\b`, `a\P\b`},
		{"control characters", "a\x01b\x7fc\u0085d\te", "abcd\te"},
		{"escaped control characters", `a\X01\b`, "ab"},
		{"emoji and combining marks (R90)", "e\u0301 👩‍⚕️", "e\u0301 👩‍⚕️"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := field(t, tc.raw).Text().Text; got != tc.want {
				t.Errorf("text of %q = %q, want %q", tc.raw, got, tc.want)
			}
		})
	}
}

// A character may be escaped byte by byte, or a sequence end within one.
func TestDecode_escapedByteByByte(t *testing.T) {
	for _, tc := range []struct{ declared, raw, want string }{
		{"", `Ren\XC3\\XA9\e`, "Renée"},
		{"", `\XE2\\X82\\XAC\\XC3\\XA9\`, "€é"},
		{"", `\X41C3\\XA942C3\\XA9\`, "AéBé"},
		{"", `\XE9\\XC3A9\`, "éé"},
		{"", `\XE9\\XE8\`, "éè"},
		{"", `\XC3\ \XA9\`, "Ã ©"},
		{"", `\XC3\\E\\XA9\`, `Ã\©`},
		{"", `\XC3\\X\\XZZ\`, `Ã\X\\XZZ\`},
		{"", `\XC3\`, "Ã"},
		{"UNICODE UTF-8", `Ren\XC3\\XA9\e`, "Renée"},
		{"UNICODE UTF-8", `\XC3\\X41\`, `\XC3\A`},
		{"8859/1", `\XC3\\XA9\`, "Ã©"},
	} {
		m := mustParse(t, "MSH|^~\\&|||||||||||||||| "+tc.declared+"\rTST|"+tc.raw+"\r")
		if got := m.Field("TST", 1).Text().Text; got != tc.want {
			t.Errorf("MSH-18 %q: text of %q = %q, want %q", tc.declared, tc.raw, got, tc.want)
		}
	}
	m := mustParse(t, "MSH|^~\\&|||||||||||||||| UNICODE UTF-8\rTST|\\XC3\\\\XA9\\\r")
	if got := m.Warnings(); got != nil {
		t.Errorf("Warnings() = %q of a character that is escaped byte by byte, want none", got)
	}
}

// Requirement 20: what is escaped is of the message's character set, where it names one.
func TestDecode_escapedBytes(t *testing.T) {
	for declared, want := range map[string]string{"UNICODE UTF-8": `\XE9\ é`, "8859/1": "é Ã©", "": "é é"} {
		m := mustParse(t, "MSH|^~\\&|||||||||||||||| "+declared+"\rTST|\\XE9\\ \\XC3A9\\\r")
		if got := m.Field("TST", 1).Text().Text; got != want {
			t.Errorf("MSH-18 %q: %q, want %q", declared, got, want)
		}
	}
}

func TestMessage_Warnings(t *testing.T) {
	const (
		escape   = "the text holds an escape character that begins no known escape sequence; it is kept as text"
		controls = "the text holds control characters; they are left out"
		charset  = `the text switches character sets (\C..\ or \M..\), which is not supported; the switch is left out`
	)
	tests := []struct {
		raw  string
		want []string
	}{
		{`plain \T\ \.br\ \X41\ \H\`, nil},
		{`\Z01\`, nil},
		{`\Q\ \F \`, []string{escape}},
		{`\P\`, []string{escape}},
		{`\C2842\ \M2842\ \Q\`, []string{charset, escape}},
		{"a\x01\x02", []string{controls}},
		{"a\u0085", []string{controls}},
		{"a\tb", nil},
	}
	for _, tc := range tests {
		m := mustParse(t, "MSH|^~\\&|app\rTST|"+tc.raw+"\r")
		if diff := cmp.Diff(tc.want, m.Warnings()); diff != "" {
			t.Errorf("Warnings() of %q (-want +got):\n%s", tc.raw, diff)
		}
		if diff := cmp.Diff(m.Warnings(), m.Warnings()); diff != "" {
			t.Errorf("Warnings() differ the second time:\n%s", diff)
		}
	}
	if got := mustParse(t, "MSH|^~|app\rTST|\\Q\\\r").Warnings(); got != nil {
		t.Errorf("Warnings() = %q without an escape character, want none", got)
	}
}

func TestEscape(t *testing.T) {
	usual, long, short := hl7.DefaultDelimiters(), hl7.DefaultDelimiters(), hl7.Delimiters{Field: '|', Component: '^', Repetition: '~'}
	long.Truncation = '#'
	tests := []struct {
		name, text string
		d          hl7.Delimiters
		want       string
	}{
		{"plain", "naïve #1", usual, "naïve #1"},
		{"all", `|^&~\`, usual, `\F\\S\\T\\R\\E\`},
		{"truncation", "a#b", long, `a\P\b`},
		{"line ends", "a\nb\r\nc\rd", usual, `a\.br\b\.br\c\.br\d`},
		{"no escape character", "a|b&c\nd\\", short, `a b&c d\`},
		{"NUL is no delimiter", "a\x00b", short, "a\x00b"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := hl7.Escape(tc.text, tc.d); got != tc.want {
				t.Errorf("Escape(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

// Escape and Decode are inverse for text of any kind whose lines end with LF.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "a", `|^&~\#`, `\T\`, `""`, "a\nb", "é👩‍⚕️", `\\`, "\x00\x0b"} {
		f.Add(seed)
	}
	m := mustParse(f, "MSH|^~\\&#|app\r")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r", ""), "?")
		raw := hl7.Escape(text, m.Delimiters())
		if strings.ContainsAny(raw, "|^~&#\n") {
			t.Fatalf("Escape(%q) = %q holds a delimiter", text, raw)
		}
		if got := m.Decode([]byte(raw)); got != text {
			t.Fatalf("Decode(Escape(%q)) = %q", text, got)
		}
	})
}
