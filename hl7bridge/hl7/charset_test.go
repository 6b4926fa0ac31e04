package hl7_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/hl7"
)

// in builds a message whose MSH-18 and TST-1 are given.
func in(charset, text string) string {
	return "MSH|^~\\&|app|||||||id.1||||||||" + charset + "\rTST|" + text + "\r"
}

// hl7-bridge 5.4; 6.3, R85; 9, requirement 24.
func TestParse_charsets(t *testing.T) {
	const (
		guessed = "the text is not UTF-8 and MSH-18 declares no character set; read as Windows-1252"
		unknown = "MSH-18 names a character set that is not known; taken as not given"
	)
	tests := []struct {
		name, charset, raw, want string
		warnings                 []string
	}{
		{"none, ASCII", "", "cafe", "cafe", nil},
		{"none, UTF-8", "", "café", "café", nil},
		{"none, Latin-1 (R85)", "", "caf\xe9", "café", []string{guessed}},
		{"none, Windows-1252", "", "\x93caf\xe9\x94 \x80", "“café” €", []string{guessed}},
		{"ASCII, Latin-1", "ASCII", "caf\xe9", "café", []string{guessed}},
		{"ISO IR6", "ISO IR6", "café", "café", nil},
		{"8859/1 (R85)", "8859/1", "caf\xe9 \xa4", "café ¤", nil},
		{"ISO-8859-1", "ISO-8859-1", "caf\xe9", "café", nil},
		{"ISO8859-1", "ISO8859-1", "caf\xe9", "café", nil},
		{"8859/1 that looks like UTF-8", "8859/1", "caf\xc3\xa9", "cafÃ©", nil},
		{"8859/2", "8859/2", "\xa3\xf3d\xbc", "Łódź", nil},
		{"8859/3", "8859/3", "\xf8u", "ĝu", nil},
		{"8859/4", "8859/4", "R\xeezekne", "Rîzekne", nil},
		{"8859/5", "8859/5", "\xbc\xde\xe1\xda\xd2\xd0", "Москва", nil},
		{"8859/6", "8859/6", "\xe5\xd1\xcd\xc8\xc7", "مرحبا", nil},
		{"8859/7", "8859/7", "\xc1\xe8\xde\xed\xe1", "Αθήνα", nil},
		{"8859/8", "8859/8", "\xf9\xec\xe5\xed", "שלום", nil},
		{"8859/9", "8859/9", "\xddzmir", "İzmir", nil},
		{"8859/10", "8859/10", "\xbd", "―", nil},
		{"8859/11", "8859/11", "\xca\xc7\xd1\xca\xb4\xd5", "สวัสดี", nil},
		{"8859/13", "8859/13", "R\xe7ga", "Rēga", nil},
		{"8859/14", "8859/14", "\xde", "Ŷ", nil},
		{"8859/15", "8859/15", "\xa4 \xbd", "€ œ", nil},
		{"8859/1 has control characters where Windows has letters", "8859/1", "a\x80b", "ab", []string{"the text holds control characters; they are left out"}},
		{"UTF-8", "UNICODE UTF-8", "café", "café", nil},
		{"UTF-8 short", "utf8", "café", "café", nil},
		{"repeating", "8859/15~UNICODE UTF-8", "\xa4", "€", nil},
		{"unknown", "IS", "caf\xe9", "café", []string{unknown, guessed}},
		{"8859/12 does not exist", "8859/12", "café", "café", []string{unknown}},
		{"escaped bytes", "8859/15", `\XA4\`, "€", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := mustParse(t, in(tc.charset, tc.raw))
			if got := get(m, "TST-1").Text; got != tc.want {
				t.Errorf("TST-1 = %q, want %q", got, tc.want)
			}
			if diff := cmp.Diff(tc.warnings, m.Warnings()); diff != "" {
				t.Errorf("Warnings() (-want +got):\n%s", diff)
			}
			raw, _ := m.RawField("TST", 1)
			if string(raw) != tc.raw {
				t.Errorf("RawField = %q, want %q", raw, tc.raw)
			}
		})
	}
}

// hl7-bridge 4.3, CHARSET; 6.3, R85: bytes that the declared set lacks are refused.
func TestParse_charsetErrors(t *testing.T) {
	for charset, text := range map[string]string{
		"UNICODE UTF-8": "caf\xe9",
		"UNICODE":       "\xff",
		"8859/3":        "\xa5",
		"8859/7":        "\xff",
		"Windows-1252":  "\x81",
	} {
		m, err := hl7.Parse([]byte(in(charset, text)))
		pe, ok := errors.AsType[*hl7.ParseError](err)
		if !ok || pe.Code != hl7.CodeCharset || pe.Segment != "MSH" || pe.Field != 18 {
			t.Errorf("Parse of %q in %s: error %v, want CHARSET at MSH-18", text, charset, err)
			continue
		}
		if got := string(m.ControlID()); got != "id.1" {
			t.Errorf("control id = %q, want id.1", got)
		}
		if strings.Contains(pe.Text, text) {
			t.Errorf("text %q quotes the message", pe.Text)
		}
	}
}

// hl7-bridge 5.1: the charset parameter of Content-Type beats MSH-18.
func TestParseAs(t *testing.T) {
	m, err := hl7.ParseAs([]byte(in("UNICODE UTF-8", "caf\xe9")), "iso-8859-1")
	if err != nil {
		t.Fatalf("ParseAs: %v", err)
	}
	if got := get(m, "TST-1").Text; got != "café" {
		t.Errorf("TST-1 = %q, want café", got)
	}
	if _, err := hl7.ParseAs([]byte(in("8859/1", "caf\xe9")), "utf-8"); err == nil {
		t.Error("ParseAs took Latin-1 for UTF-8")
	}
}
