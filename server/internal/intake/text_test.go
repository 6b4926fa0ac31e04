package intake_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLineEnds: hl7-bridge 6.2, R23 to R26, R30; requirement 17.
func TestLineEnds(t *testing.T) {
	plain := string(msg("SIU^S12", "1", "20260512100000", book, wren))
	want := ""
	for name, text := range map[string]string{
		"CR":           plain,
		"LF":           strings.ReplaceAll(plain, "\r", "\n"),
		"CR LF":        strings.ReplaceAll(plain, "\r", "\r\n"),
		"mixed":        strings.Replace(plain, "\r", "\n", 1),
		"no last one":  strings.TrimSuffix(plain, "\r"),
		"blank lines":  strings.ReplaceAll(plain, "\r", "\r\n\r\n  \r"),
		"indented":     strings.ReplaceAll(plain, "\r", "\r\t "),
		"BOM":          "\ufeff" + plain,
		"short MSH-2":  strings.Replace(plain, `^~\&`, `^~`, 1),
		"five in MSH2": strings.Replace(plain, `^~\&`, `^~\&#`, 1),
		"relic":        strings.Replace(plain, `^~\&`, `^~\&;`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			if got := exchangeOf(t, newBridge(t, s), []byte(text)); got[0] != "AA 1" {
				t.Fatalf("answer = %s, want AA 1", got[0])
			}
			if want == "" {
				want = string(s.at("A1").Raw())
			}
			if diff := cmp.Diff(want, string(s.at("A1").Raw())); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCharset: hl7-bridge 6.3 R85 and R86, requirement 24.
func TestCharset(t *testing.T) {
	latin := strings.Replace(book, "Hip", "Caf\xe9", 1)
	declare := func(set string, segments ...string) []byte {
		return bytes.Replace(msg("SIU^S12", "1", "20260512100000", segments...), []byte("|2.5.1"), []byte("|2.5.1||||||"+set), 1)
	}
	tests := []struct {
		name, charset string
		raw           []byte
		want, subject string
	}{
		{"declared", "", declare("8859/1", latin, wren), "AA 1", "Café review"},
		{"guessed", "", declare("", latin, wren), "AA 1", "Café review"},
		{"said to be UTF-8", "", declare("UNICODE UTF-8", latin, wren), "AR 1 CHARSET", ""},
		{"said by the transport", "ISO-8859-1", declare("UNICODE UTF-8", latin, wren), "AA 1", "Café review"},
		{"NUL in a text", "", declare("", strings.Replace(book, "Hip", "H\x00ip", 1), wren), "AA 1", "Hip review"},
		{"NUL in the id", "", declare("", strings.Replace(book, "A1", "A\x001", 1), wren), "AR 1 VALUE_INVALID", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			from := demo
			from.Charset = tc.charset
			if got := answered(t, newBridge(t, s).Answer(t.Context(), from, tc.raw)); got != tc.want {
				t.Errorf("answer = %s, want %s", got, tc.want)
			}
			if got := s.at("A1").Get("appointmentType").Get("coding").First().Get("display").Text(); got != tc.subject {
				t.Errorf("subject = %q, want %q", got, tc.subject)
			}
		})
	}
}
