package hl7_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"slotway/hl7bridge/hl7"
)

// hl7-bridge 9, requirement 28: no input makes the parser panic, no byte is lost, every
// value is text, and there is always an answer of moderate size.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		s14, strings.ReplaceAll(s14, "\r", "\r\n"), "\ufeff " + s14, s14 + s14, "{}", "MSH", "MSH|", "MSH|^~\\&", "MSH|^^\\&|a", "MSH^0", "MSH~0~a^b\rPID~c^d",
		"MSH$%*!@#$a$b$$$2022$$SIU%S14$i|d$P$2.5\rTST$!X00!@a*b%\"\"", in("8859/7", "\xc1\xff"), in("", "caf\xe9\\X"), "FHS|", "\xff\xfe",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, _ := hl7.Parse(raw)
		if reply := refusal().Reply(m); len(reply) > 4096 {
			t.Fatalf("reply has %d bytes", len(reply))
		}
		if m == nil {
			return
		}
		checkIdentity(t, m, raw)
		checkText(t, m.Warnings()...)
		for s := range m.Segments("") {
			for n := 1; s.Field(n).State() != hl7.Absent; n++ {
				checkField(t, m, s.Field(n))
			}
		}
	})
}

// checkIdentity writes the segments out again: with what stands between them (line ends
// and blanks, and a byte order mark), they are the message.
func checkIdentity(t *testing.T, m *hl7.Message, raw []byte) {
	t.Helper()
	rest := raw
	for s := range m.Segments("") {
		before, after, found := bytes.Cut(rest, s.Raw())
		if !found || strings.Trim(string(before), " \t\r\n\ufeff") != "" {
			t.Fatalf("segment %d (%q) does not follow in %q", s.Index(), s.Raw(), rest)
		}
		rest = after
		checkSegment(t, m, s)
	}
	if tooMany := strings.Count(string(raw), "\n")+strings.Count(string(raw), "\r") >= 20_000; !tooMany && strings.Trim(string(rest), " \t\r\n") != "" {
		t.Fatalf("%q is in no segment", rest)
	}
}

// checkSegment joins the fields with the separator again.
func checkSegment(t *testing.T, m *hl7.Message, s hl7.Segment) {
	t.Helper()
	sep := []byte{m.Delimiters().Field}
	var parts [][]byte
	first := 1
	if s.Name() == "MSH" {
		first = 2
	}
	for n := first; s.Field(n).State() != hl7.Absent; n++ {
		parts = append(parts, s.Field(n).Raw())
	}
	fields, got := bytes.Join(parts, sep), s.Raw()
	if at := bytes.Index(got, sep); at >= 0 {
		if !bytes.Equal(fields, got[at+1:]) {
			t.Fatalf("fields of %q join to %q", got, fields)
		}
	} else if len(parts) > 0 {
		t.Fatalf("%q has fields %q", got, fields)
	}
}

func checkField(t *testing.T, m *hl7.Message, f hl7.Field) {
	t.Helper()
	f.HoldsNUL()
	checkText(t, f.Text().Text, m.Decode(f.Raw()))
	for rep := range f.Repetitions() {
		for i := 1; rep.Component(i).State != hl7.Absent && i < 50; i++ {
			checkText(t, rep.Component(i).Text)
			for j := 1; rep.Sub(i, j).State != hl7.Absent && j < 50; j++ {
				checkText(t, rep.Sub(i, j).Text)
			}
		}
	}
}

func checkText(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !utf8.ValidString(s) {
			t.Fatalf("%q is no text", s)
		}
	}
}
