package hl7

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	batchMSH  = `MSH|^~\&|A|B|C|D|20260512||SIU^S14|`
	batchHead = `BHS|^~\&|A|B|C|D|20260512||||B1`
	fileHead  = `FHS|^~\&|A|B|C|D|20260512||||F1`
)

func lines(l ...string) string { return strings.Join(l, "\r") + "\r" }

// hl7-bridge 5.5: [FHS] {[BHS] {message} [BTS]} [FTS].
func TestParseFile(t *testing.T) {
	for _, tc := range []struct {
		name, raw, fault string
		want             [][]string
	}{
		{name: "a batch", raw: lines(batchHead, batchMSH+"1", "SCH|1", batchMSH+"2", "BTS|2"), want: [][]string{{batchMSH + "1\rSCH|1\r", batchMSH + "2\r"}}},
		{name: "a file of two batches", raw: lines(fileHead, batchHead, batchMSH+"1", "BTS|1", batchHead, batchMSH+"2", "BTS|1", "FTS|2"), want: [][]string{{batchMSH + "1\r"}, {batchMSH + "2\r"}}},
		{name: "messages without BHS", raw: lines(fileHead, batchMSH+"1", batchMSH+"2", "FTS|1"), want: [][]string{{batchMSH + "1\r", batchMSH + "2\r"}}},
		{name: "no counts", raw: lines(batchHead, batchMSH+"1", "BTS"), want: [][]string{{batchMSH + "1\r"}}},
		{name: "an empty batch", raw: lines(batchHead, "BTS|0"), want: [][]string{nil}},
		{name: "an empty file", raw: lines(fileHead, "FTS|0")},
		{name: "line ends of all kinds and blank lines", raw: "\ufeff" + batchHead + "\r\n\r\n" + batchMSH + "1\nSCH|1\r\nBTS|1", want: [][]string{{batchMSH + "1\nSCH|1\r\n"}}},
		{name: "too few messages", raw: lines(batchHead, batchMSH+"1", "BTS|2"), fault: "BTS-1: the count"},
		{name: "a count that is none", raw: lines(batchHead, batchMSH+"1", "BTS|one"), fault: "BTS-1: the count"},
		{name: "too few batches", raw: lines(fileHead, batchHead, batchMSH+"1", "BTS|1", "FTS|2"), fault: "FTS-1: the count"},
		{name: "cut short within a batch", raw: lines(batchHead, batchMSH+"1"), fault: "BTS: the batch that BHS began has no BTS"},
		{name: "cut short within a file", raw: lines(fileHead, batchHead, batchMSH+"1", "BTS|1"), fault: "FTS: the file that FHS began"},
		{name: "FTS within a batch", raw: lines(fileHead, batchHead, batchMSH+"1", "FTS|1"), fault: "BTS: the batch"},
		{name: "a batch in a batch", raw: lines(batchHead, batchMSH+"1", batchHead, "BTS", "BTS"), fault: "BHS: BHS may not"},
		{name: "two FHS", raw: lines(fileHead, fileHead, "FTS"), fault: "FHS: FHS may only"},
		{name: "BTS that ends nothing", raw: lines(fileHead, "BTS", "FTS"), fault: "BTS: BTS ends"},
		{name: "a segment without MSH", raw: lines(batchHead, "SCH|1", "BTS"), fault: "SCH: a segment"},
		{name: "more behind the end", raw: lines(fileHead, "FTS", batchMSH+"1"), fault: "FTS: nothing may stand"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if !IsFile([]byte(tc.raw)) {
				t.Fatal("IsFile = false")
			}
			f, err := ParseFile([]byte(tc.raw))
			if tc.fault != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tc.fault) {
					t.Fatalf("error = %v, want one that begins with %q", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, b := range f.Batches {
				var messages []string
				for _, m := range b.Messages {
					messages = append(messages, string(m))
				}
				got = append(got, messages)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the messages are, they come out byte for byte.
func TestFileKeepsBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var raw strings.Builder
		raw.WriteString(batchHead + "\r")
		messages := rapid.SliceOfN(rapid.StringMatching(`MSH\|\^~\\&\|[ -~]{0,20}(\r|\n|\r\n)(([A-Z]{2}[1-9])\|[ -~]{0,20}(\r|\n|\r\n)){0,3}`), 0, 5).Draw(t, "messages")
		for _, m := range messages {
			raw.WriteString(m)
		}
		raw.WriteString("BTS\r")
		f, err := ParseFile([]byte(raw.String()))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(f.Batches[0].Messages); got != len(messages) {
			t.Fatalf("%d messages, want %d", got, len(messages))
		}
		for i, m := range messages {
			if got := string(f.Batches[0].Messages[i]); got != m {
				t.Errorf("message %d = %q, want %q", i, got, m)
			}
		}
	})
}

// hl7-bridge 5.5: BHS-12 of the answer is BHS-11 of what it answers.
func TestBatchReply(t *testing.T) {
	f, err := ParseFile([]byte(lines(fileHead, batchHead, batchMSH+"1", "BTS|1", "FTS|1")))
	if err != nil {
		t.Fatal(err)
	}
	r := BatchReply{App: "HL7API", Facility: "PKB", Time: time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC), NewID: func() string { return "N" }}
	got := string(r.Write(f, [][][]byte{{[]byte("MSH|…\rMSA|AA|1\r")}}))
	want := lines(
		`FHS|^~\&|HL7API|PKB|A|B|20260512100000+0000||||N|F1`,
		`BHS|^~\&|HL7API|PKB|A|B|20260512100000+0000||||N|B1`,
		"MSH|…", "MSA|AA|1", "BTS|1", "FTS|1")
	if got != want {
		t.Errorf("answer\n got %q\nwant %q", got, want)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(lines(fileHead, batchHead, batchMSH+"1", "SCH|1", "BTS|1", "FTS|1")))
	f.Add([]byte(lines(batchHead, "BTS|0")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := ParseFile(raw)
		n := 0
		for _, b := range file.Batches {
			HeaderMessage(b.Header)
			for _, m := range b.Messages {
				n += len(m)
			}
		}
		if n > len(raw) {
			t.Errorf("%d bytes of messages in a file of %d", n, len(raw))
		}
		if err == nil {
			BatchReply{NewID: func() string { return "N" }}.Write(file, make([][][]byte, len(file.Batches)))
		}
	})
}
