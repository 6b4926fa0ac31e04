package hl7_test

import (
	"strings"
	"testing"
	"time"

	"slotway/hl7bridge/hl7"
)

// refusal is the answer to an S14 without SCH-1.1 (hl7-bridge 4.2).
func refusal() hl7.Ack {
	return hl7.Ack{
		Code: "AR", Text: "SCH-1.1 (placer ID) must be provided",
		Errors: []hl7.AckError{{
			Segment: "SCH", Sequence: 1, Field: 1, Repetition: 1, Component: 1,
			Code: "101", CodeText: "Required field missing",
			AppCode: "FIELD_MISSING", AppText: "Required field missing",
			UserText: "SCH-1.1 (placer ID) must be provided",
		}},
		App: "HL7API", Facility: "PKB", ID: "0J8Z",
		Time: time.Date(2026, 5, 12, 11, 11, 12, 0, time.FixedZone("BST", 3600)),
	}
}

func accepted() hl7.Ack {
	a := refusal()
	a.Code = "AA"
	return a
}

// lines makes the answer readable.
func lines(ack []byte) string { return strings.ReplaceAll(string(ack), "\r", "\n") }

// hl7-bridge 2.13 and 4.2; 9, requirements 78, 80 and 81.
func TestAck_Reply(t *testing.T) {
	const missing = "Parsing or validation error: SCH-1.1 (placer ID) must be provided\n"
	const missingERR = "ERR||SCH^1^1^1^1|101^Required field missing^HL70357|E|FIELD_MISSING^Required field missing^L|||SCH-1.1 (placer ID) must be provided\n"
	msh := func(rest string) string {
		return "MSH|^~\\&|HL7API|PKB|app|alias_123{alias_123}|20260512101112+0000||" + rest + "\n"
	}
	version := func(v string) string { return strings.Replace(s14, "|2.8", "|"+v, 1) }
	tests := []struct {
		name string
		ack  hl7.Ack
		in   string
		want string
	}{
		{"accepted (2.13)", accepted(), s14, msh("ACK^S14^ACK|0J8Z|P|2.8") + "MSA|AA|id.123\n"},
		{"refused, 2.8", refusal(), s14, msh("ACK^S14^ACK|0J8Z|P|2.8") + "MSA|AR|id.123|" + missing + missingERR},
		{"refused, 2.5.1", refusal(), version("2.5.1"), msh("ACK^S14^ACK|0J8Z|P|2.5.1") + "MSA|AR|id.123|" + missing + missingERR},
		{"refused, 2.5", refusal(), version("2.5"), msh("ACK^S14^ACK|0J8Z|P|2.5") + "MSA|AR|id.123|" + missing + missingERR},
		{"refused, 2.4: no ERR", refusal(), version("2.4"), msh("ACK^S14^ACK|0J8Z|P|2.4") + "MSA|AR|id.123|" + missing},
		{"refused, 2.3.1", refusal(), version("2.3.1"), msh("ACK^S14^ACK|0J8Z|P|2.3.1") + "MSA|AR|id.123|" + missing},
		{"refused, 2.3: two components", refusal(), version("2.3"), msh("ACK^S14|0J8Z|P|2.3") + "MSA|AR|id.123|" + missing},
		{"version 3", accepted(), version("3.0"), msh("ACK^S14^ACK|0J8Z|P|2.4") + "MSA|AA|id.123\n"},
		{"version missing", accepted(), strings.Replace(s14, "|2.8", "", 1), msh("ACK^S14^ACK|0J8Z|P|2.4") + "MSA|AA|id.123\n"},
		{"version of odd shape", accepted(), version("2.x"), msh("ACK^S14^ACK|0J8Z|P|2.4") + "MSA|AA|id.123\n"},
		{"three components in MSH-9 (R32)", accepted(), strings.Replace(s14, "SIU^S14", "SIU^S14^SIU_S12", 1), msh("ACK^S14^ACK|0J8Z|P|2.8") + "MSA|AA|id.123\n"},
		{"SIU_S14 (R33)", accepted(), strings.Replace(s14, "SIU^S14", "SIU_S14", 1), msh("ACK^S14^ACK|0J8Z|P|2.8") + "MSA|AA|id.123\n"},
		{"no trigger (R33)", accepted(), strings.Replace(s14, "SIU^S14", "SIU", 1), msh("ACK|0J8Z|P|2.8") + "MSA|AA|id.123\n"},
		{"trigger of odd shape", accepted(), strings.Replace(s14, "SIU^S14", "SIU^x\\F\\", 1), msh("ACK|0J8Z|P|2.8") + "MSA|AA|id.123\n"},
		{"MSH-10 as it came (R34)", accepted(), strings.Replace(s14, "id.123", " id^1\\T\\ ", 1), msh("ACK^S14^ACK|0J8Z|P|2.8") + "MSA|AA| id^1\\T\\ \n"},
		{"MSH-10 empty (R35)", accepted(), strings.Replace(s14, "id.123", "", 1), msh("ACK^S14^ACK|0J8Z|P|2.8") + "MSA|AA\n"},
		{"enhanced mode", accepted(), version("2.8|||AL|NE"), msh("ACK^S14^ACK|0J8Z|P|2.8|||NE|NE") + "MSA|AA|id.123\n"},
		{"MSH cut after MSH-10 (R28)", accepted(), "MSH|^~\\&|app|alias_123{alias_123}|||2022||SIU^S14|id.123\rSCH|1", msh("ACK^S14^ACK|0J8Z||2.4") + "MSA|AA|id.123\n"},
		{
			"own delimiters (R29)", refusal(), "MSH$%*!@$app$a{a}$$$2022$$SIU%S14$id|^1$P$2.5.1\r",
			"MSH$%*!@$HL7API$PKB$app$a{a}$20260512101112+0000$$ACK%S14%ACK$0J8Z$P$2.5.1\n" +
				"MSA$AR$id|^1$Parsing or validation error: SCH-1.1 (placer ID) must be provided\n" +
				"ERR$$SCH%1%1%1%1$101%Required field missing%HL70357$E$FIELD_MISSING%Required field missing%L$$$SCH-1.1 (placer ID) must be provided\n",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := lines(tc.ack.Reply(mustParse(t, tc.in))); got != tc.want {
				t.Errorf("Reply =\n%swant\n%s", got, tc.want)
			}
		})
	}
}

// hl7-bridge 6.2, R27 and R31: an answer to what could not be parsed.
func TestAck_Reply_unreadable(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{
			"nothing readable (R27)", "{}",
			"MSH|^~\\&|HL7API|PKB|||20260512101112+0000||ACK|0J8Z|P|2.4\nMSA|AR||Parsing or validation error: SCH-1.1 (placer ID) must be provided\n",
		},
		{
			"bad MSH-2 (R31)", "MSH|^^\\&|app|a{a}|||2022||SIU^S14|id.123|P|2.4\r",
			"MSH|^~\\&|HL7API|PKB|app|a{a}|20260512101112+0000||ACK^S14^ACK|0J8Z|P|2.4\nMSA|AR|id.123|Parsing or validation error: SCH-1.1 (placer ID) must be provided\n",
		},
		{
			"bad MSH-2, and an id that the usual delimiters would split", "MSH$^^\\&$app$a{a}$$$2022$$SIU^S14$id|123$P$2.4\r",
			"MSH|^~\\&|HL7API|PKB|app|a{a}|20260512101112+0000||ACK^S14^ACK|0J8Z|P|2.4\nMSA|AR||Parsing or validation error: SCH-1.1 (placer ID) must be provided\n",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m, err := hl7.Parse([]byte(tc.in))
			if err == nil {
				t.Fatal("Parse took it")
			}
			if got := lines(refusal().Reply(m)); got != tc.want {
				t.Errorf("Reply =\n%swant\n%s", got, tc.want)
			}
		})
	}
}

// hl7-bridge 4.2: texts are escaped, plain ASCII and short; the lead-in is there once.
func TestAck_Reply_text(t *testing.T) {
	tests := []struct{ name, version, code, text, want string }{
		{"escaped", "2.8", "AR", `a|b^c&d~e\f`, `Parsing or validation error: a\F\b\S\c\T\d\R\e\E\f`},
		{"one line", "2.8", "AR", "a\r\nMSA|AA", `Parsing or validation error: a  MSA\F\AA`},
		{"ASCII", "2.8", "AR", "café\xff", `Parsing or validation error: caf??`},
		{"unexpected", "2.8", "AE", "the store is not available", `Unexpected error while processing: the store is not available`},
		{"lead-in given", "2.8", "AR", "Parsing or validation error: x", `Parsing or validation error: x`},
		{"commit", "2.8", "CE", "x", `x`},
		{"80 characters up to 2.5", "2.5", "AR", strings.Repeat("x", 100), `Parsing or validation error: ` + strings.Repeat("x", 51)},
		{"longer from 2.5.1", "2.5.1", "AR", strings.Repeat("x", 100), `Parsing or validation error: ` + strings.Repeat("x", 100)},
		{"AA is bare", "2.8", "AA", "x", ""},
		{"CA is bare", "2.8", "CA", "x", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := refusal()
			a.Code, a.Text, a.Errors = tc.code, tc.text, nil
			reply := mustParse(t, string(a.Reply(mustParse(t, strings.Replace(s14, "2.8", tc.version, 1)))))
			raw, _ := reply.RawField("MSA", 3)
			if string(raw) != tc.want {
				t.Errorf("MSA-3 = %q, want %q", raw, tc.want)
			}
		})
	}
}

func TestAck_Reply_places(t *testing.T) {
	tests := []struct {
		name string
		at   hl7.AckError
		want string
	}{
		{"nowhere", hl7.AckError{Field: 3}, ""},
		{"segment", hl7.AckError{Segment: "SCH"}, "SCH^1"},
		{"second segment", hl7.AckError{Segment: "ZAP", Sequence: 2}, "ZAP^2"},
		{"field", hl7.AckError{Segment: "MSH", Field: 4}, "MSH^1^4"},
		{"repetition", hl7.AckError{Segment: "PID", Field: 3, Repetition: 2}, "PID^1^3^2"},
		{"component", hl7.AckError{Segment: "SCH", Field: 11, Component: 4}, "SCH^1^11^1^4"},
		{"subcomponent", hl7.AckError{Segment: "SCH", Field: 11, Component: 4, Sub: 1}, "SCH^1^11^1^4^1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := refusal()
			tc.at.Code = "102"
			a.Errors = []hl7.AckError{tc.at}
			reply := mustParse(t, string(a.Reply(mustParse(t, s14))))
			if raw, _ := reply.RawField("ERR", 2); string(raw) != tc.want {
				t.Errorf("ERR-2 = %q, want %q", raw, tc.want)
			}
			if raw, _ := reply.RawField("ERR", 3); string(raw) != "102^^HL70357" {
				t.Errorf("ERR-3 = %q, want 102^^HL70357", raw)
			}
		})
	}
}

// hl7-bridge 4.2: at most 4 KB and ten ERR, whatever comes in; MSH-10 of 199 characters is echoed (R34).
func TestAck_Reply_size(t *testing.T) {
	a := refusal()
	for range 20 {
		a.Errors = append(a.Errors, a.Errors[0])
	}
	long := strings.Repeat("i", 199)
	reply := a.Reply(mustParse(t, strings.Replace(s14, "id.123", long, 1)))
	if got := strings.Count(string(reply), "\rERR|"); got != 10 {
		t.Errorf("ERR segments = %d, want 10", got)
	}
	if !strings.Contains(string(reply), "\rMSA|AR|"+long+"|") {
		t.Error("MSH-10 of 199 characters was not echoed")
	}
	a.Text = strings.Repeat("|", 5000)
	for i := range a.Errors {
		a.Errors[i].UserText = strings.Repeat("&", 5000)
	}
	for _, n := range []int{512, 1024, 100_000} {
		x := strings.Repeat("x", n)
		in := "MSH|^~\\&|" + x + "|" + x + "|||2022||SIU^S14|" + x + "|" + x + "|2.8\r"
		reply := a.Reply(mustParse(t, in))
		if len(reply) > 4096 {
			t.Errorf("reply to fields of %d bytes has %d bytes, want at most 4096", n, len(reply))
		}
		if m := mustParse(t, string(reply)); !m.Has("MSA") {
			t.Errorf("reply to fields of %d bytes has no MSA", n)
		}
	}
}

// hl7-bridge 1 and 6.2, R47; 9, requirement 91: a reply is recognised, so that it is not answered.
func TestIsReply(t *testing.T) {
	tests := []struct {
		in   string
		want bool
	}{
		{s14, false},
		{"MSH|^~\\&|a|||||||1\rMSA|AA|1\r", true},
		{"MSH|^~\\&|a||||||ACK|1\r", true},
		{"MSH|^~\\&|a||||||ACK^S14^ACK|1\r", true},
		{"MSH|^~\\&|a||||||MCF|1\r", true},
		{"MSH|^~\\&|a||||||SRR^S01|1\rMSA|AA|1\r", true},
		{"MSH|^~\\&|a||||||SIU^S14|1\rSCH|1\rMSA|AA|1\r", false},
		{string(accepted().Reply(nil)), true},
	}
	for _, tc := range tests {
		if got := hl7.IsReply(mustParse(t, tc.in)); got != tc.want {
			t.Errorf("IsReply(%q) = %v, want %v", tc.in, got, tc.want)
		}
	}
	if hl7.IsReply(nil) {
		t.Error("IsReply(nil) = true")
	}
}
