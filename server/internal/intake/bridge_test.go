package intake_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

var demo = hl7bridge.Peer{Partner: "partner_demo", Transport: "http"}

const (
	wren = "PID|1||9990000018^^^NHS^NH||Sample^Wren^^^Ms||19800229|F"
	book = "SCH|A1||||||^Hip review||||^^^20260601100000^20260601103000"
)

// msg makes a message of trustalias.
func msg(event, control, sent string, segments ...string) []byte {
	header := `MSH|^~\&|app|trustalias{trustalias}|HL7API|PKB|` + sent + `||` + event + `|` + control + `|P|2.5.1`
	return []byte(strings.Join(append([]string{header}, segments...), "\r") + "\r")
}

// answered gives MSA-1, MSA-2 and the application code of an acknowledgement.
func answered(t testing.TB, ack []byte) string {
	t.Helper()
	m, err := hl7.Parse(ack)
	if err != nil {
		t.Fatalf("the acknowledgement %q: %v", ack, err)
	}
	return strings.TrimSpace(m.Get(hl7.MustRef("MSA-1")).Text + " " + m.Get(hl7.MustRef("MSA-2")).Text + " " + m.Get(hl7.MustRef("ERR-5")).Text)
}

// exchangeOf sends messages one after another.
func exchangeOf(t *testing.T, b *hl7bridge.Bridge, messages ...[]byte) (answers []string) {
	t.Helper()
	for _, raw := range messages {
		answers = append(answers, answered(t, b.Answer(t.Context(), demo, raw)))
	}
	return answers
}

// applierFunc is an Applier that does one thing.
type applierFunc func(hl7bridge.Envelope, mappings.Intent) error

func (f applierFunc) Apply(_ context.Context, env hl7bridge.Envelope, in mappings.Intent, answer func(error) hl7bridge.Answer) (hl7bridge.Answer, error) {
	return answer(f(env, in)), nil
}

func (applierFunc) Refuse(context.Context, hl7bridge.Envelope, hl7bridge.Answer) error { return nil }

// TestPanic: a fault of ours is one message's, and its log says where it was but
// not what the message held.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	b := newBridge(t, applierFunc(func(_ hl7bridge.Envelope, in mappings.Intent) error { panic(in.Person.Display) }))
	b.Log = slog.New(slog.NewTextHandler(&log, nil))
	for range 2 {
		if got := answered(t, b.Answer(t.Context(), demo, msg("SIU^S12", "1", "20260512100000", book, wren))); got != "AE 1 INTERNAL" {
			t.Errorf("answer = %s, want AE 1 INTERNAL", got)
		}
	}
	if !strings.Contains(log.String(), "TestPanic") {
		t.Errorf("the log does not say where it was:\n%s", &log)
	}
	if strings.Contains(log.String(), "Wren") {
		t.Errorf("the log names the patient:\n%s", &log)
	}
}

// TestEnvelope: what an Applier is told.
func TestEnvelope(t *testing.T) {
	var got hl7bridge.Envelope
	var in mappings.Intent
	b := newBridge(t, applierFunc(func(env hl7bridge.Envelope, i mappings.Intent) error { got, in = env, i; return nil }))
	raw := msg("SIU^S14", " c1 ", "202605121000", "SCH|A1", wren)
	if a := answered(t, b.Answer(t.Context(), demo, raw)); a != "AA c1" {
		t.Fatalf("answer = %s, want AA", a)
	}
	if got.Connecting != "trustalias" || got.Customer.Alias != "trustalias" || got.Control != " c1 " || got.Event != "SIU^S14" ||
		!got.Sent.Equal(time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)) || !got.Received.Equal(now) || !bytes.Equal(got.Raw, raw) || got.Peer != demo {
		t.Errorf("Envelope = %+v", got)
	}
	if len(in.Provenance) == 0 || len(in.Changes) != 0 {
		t.Errorf("Intent has %d changes and %d of provenance, want none and some", len(in.Changes), len(in.Provenance))
	}
}

// TestGrantRevoked: hl7-bridge 6.4 R100, requirement 32.
func TestGrantRevoked(t *testing.T) {
	d := readDirectory(t)
	b := newBridge(t, stocked(t))
	b.Directory = d
	raw := msg("SIU^S12", "1", "20260512100000", book, wren)
	first := exchangeOf(t, b, raw)
	d.Partners = d.Partners[1:]
	if diff := cmp.Diff([]string{"AA 1", "AR 1 SENDER_NOT_AUTHORISED"}, append(first, exchangeOf(t, b, raw)...)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// TestRefusedAlike: every refusal of a sender is the same, byte for byte, but for
// what is echoed of MSH-4 (requirement 33).
func TestRefusedAlike(t *testing.T) {
	s := stocked(t)
	b := newBridge(t, s)
	b.NewID = func() string { return "X" }
	if got := exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, wren)); got[0] != "AA 1" {
		t.Fatal(got)
	}
	var want string
	for _, alias := range []string{"alias_123{trustalias}", "nobody{nobody}", "trustalias", "trustalias{}", "{trustalias}", "a{b", "a{b}{c}", "a {b}", "", "local_trust{alias_123}"} {
		ack := b.Answer(t.Context(), demo, []byte(strings.Replace(string(msg("SIU^S14", "1", "20260512100000", "SCH|A1", wren)), "trustalias{trustalias}", alias, 1)))
		got := strings.Replace(string(ack), "|app|"+alias+"|", "|app||", 1)
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, "SENDER_NOT_AUTHORISED") {
			t.Errorf("MSH-4 %q: %q, want %q", alias, got, want)
		}
	}
}

// TestNothingPersonal: no acknowledgement, no line of the log and no entry of the
// journal holds a name, a number or a date of birth of the message (requirements 16
// and 80).
func TestNothingPersonal(t *testing.T) {
	personal := []string{"Wren", "Sample", "9990000018", "9990000026", "9990000042", "9999999999", "19800229", "1980-02-29", "01/01/2020", "Hip review", "nonsense", "20260230"}
	for _, tc := range cases(t) {
		var log bytes.Buffer
		s := stocked(t)
		b := newBridge(t, s)
		b.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		ack := b.Answer(t.Context(), hl7bridge.Peer{Partner: tc.partner()}, tc.message())
		for _, line := range s.journal() {
			log.WriteString(line + "\n")
		}
		for _, p := range personal {
			if bytes.Contains(ack, []byte(p)) || strings.Contains(log.String(), p) {
				t.Errorf("%s: %q is in the answer or the log:\n%s\n%s", tc.name, p, ack, &log)
			}
		}
		if log.Len() == 0 {
			t.Errorf("%s: nothing is logged", tc.name)
		}
	}
}

// TestObserve: requirement 93, with labels of a bounded set.
func TestObserve(t *testing.T) {
	var got []string
	b := newBridge(t, stocked(t))
	b.Observe = func(partner, event, code string, took time.Duration) {
		got = append(got, strings.Join([]string{partner, event, code, took.String()}, " "))
	}
	for _, raw := range [][]byte{
		msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S14", "1", "20260512100000", wren),
		msg("XXX^Y", "1", "20260512100000"), msg("ACK^S12", "1", "20260512100000"), []byte("rubbish"),
	} {
		b.Answer(t.Context(), demo, raw)
	}
	want := []string{
		"partner_demo SIU^S12 AA 0s", "partner_demo SIU^S14 SEGMENT_MISSING 0s", "partner_demo other TYPE_UNSUPPORTED 0s",
		"partner_demo other REPLY 0s", "partner_demo other MSH_MALFORMED 0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

// TestStrict: hl7-bridge 4.3 VERSION.
func TestStrict(t *testing.T) {
	b := newBridge(t, stocked(t))
	b.Strict = true
	for version, want := range map[string]string{"2.5.1": "AA 1", "2.9": "AA 1", "2.10": "AR 1 VERSION", "3.0": "AR 1 VERSION", "": "AR 1 VERSION", "2.0": "AR 1 VERSION"} {
		raw := bytes.Replace(msg("SIU^S12", "1", "20260512100000", book, wren), []byte("|2.5.1"), []byte("|"+version), 1)
		got := answered(t, b.Answer(t.Context(), demo, raw))
		if version == "3.0" || version == "" || version == "2.0" { // answered as 2.4 or 2.0, which have no ERR
			want = "AR 1"
		}
		if got != want {
			t.Errorf("MSH-12 %q: %s, want %s", version, got, want)
		}
	}
}
