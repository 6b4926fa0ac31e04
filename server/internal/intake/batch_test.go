package intake_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
)

// batchBridge lets partner_demo send batches, or not.
func batchBridge(t *testing.T, on bool) (*hl7bridge.Bridge, *shelf) {
	s := stocked(t)
	b := newBridge(t, s)
	b.Directory.(*directory).Partners[0].Batches = on
	return b, s
}

// file puts messages between BHS and BTS, whose count is what is said.
func file(count string, messages ...[]byte) []byte {
	head := []byte(`BHS|^~\&|app|trustalias{trustalias}|HL7API|PKB|20260512||||B1` + "\r")
	return append(append(head, bytes.Join(messages, nil)...), "BTS|"+count+"\r"...)
}

// answersIn gives the answers in a reply to one batch.
func answersIn(t *testing.T, reply []byte) (answers []string) {
	t.Helper()
	f, err := hl7.ParseFile(reply)
	if err != nil {
		t.Fatalf("the reply %q: %v", reply, err)
	}
	for _, ack := range f.Batches[0].Messages {
		answers = append(answers, answered(t, ack))
	}
	return answers
}

// hl7-bridge 5.5: messages are applied in order, each on its own, and the reply has
// one acknowledgement for each.
func TestBatch(t *testing.T) {
	b, s := batchBridge(t, true)
	reply := b.Answer(t.Context(), demo, file("3",
		msg("SIU^S12", "m1", "202605121000", book, wren),
		msg("SIU^S12", "m2", "202605121000", "SCH|", wren),
		msg("SIU^S15", "m3", "202605121001", "SCH|A1", wren)))
	if diff := cmp.Diff([]string{"AA m1", "AR m2 FIELD_MISSING", "AA m3"}, answersIn(t, reply)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if !bytes.HasPrefix(reply, []byte(`BHS|^~\&|HL7API|PKB|app|trustalias{trustalias}|20260512101112+0000||||`)) || !bytes.Contains(reply, []byte("|B1\r")) {
		t.Errorf("the reply begins %.100q; want BHS with BHS-12 B1", reply)
	}
	if got := s.at("A1").Get("status").Text(); got != "cancelled" {
		t.Errorf("status = %s, want what the last message made it: cancelled", got)
	}
}

// A batch that is not whole changes nothing, and one acknowledgement says why (6.2 R46).
func TestBatchNotWhole(t *testing.T) {
	b, s := batchBridge(t, true)
	before := len(s.stored("Appointment"))
	reply := b.Answer(t.Context(), demo, file("2", msg("SIU^S12", "m1", "202605121000", book, wren)))
	if diff := cmp.Diff([]string{"AR B1"}, answersIn(t, reply)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if !bytes.Contains(reply, []byte("MSA|AR|B1|Parsing or validation error: the count is not that")) {
		t.Errorf("the reply does not say what is wrong: %q", reply)
	}
	if got := len(s.stored("Appointment")); got != before {
		t.Errorf("%d appointments, want %d as before", got, before)
	}
}

// A file whose header has no control id is answered by that of the batch at fault.
func TestBatchNotWholeInFile(t *testing.T) {
	b, _ := batchBridge(t, true)
	whole := file("1", msg("SIU^S12", "m1", "202605121000", book, wren))
	for header, want := range map[string]string{"FHS|^~\\&|app": "B1", "FHS|^~\\&|app||||||||F1": "F1"} {
		raw := header + "\r" + string(bytes.Replace(whole, []byte("|B1"), []byte("|B0"), 1)) + string(file("2", msg("SIU^S15", "m2", "202605121000", "SCH|A1", wren))) + "FTS|2\r"
		reply := b.Answer(t.Context(), demo, []byte(raw))
		if diff := cmp.Diff([]string{"AR " + want}, answersIn(t, reply)); diff != "" {
			t.Errorf("%s: answers (-want +got):\n%s", header, diff)
		}
		if !bytes.Contains(reply, []byte("|B1\rMSH")) {
			t.Errorf("%s: BHS-12 is not the batch's id: %q", header, reply)
		}
	}
}

// Batches are off unless a partner has them.
func TestBatchOff(t *testing.T) {
	b, s := batchBridge(t, false)
	before := len(s.stored("Appointment"))
	ack := b.Answer(t.Context(), demo, file("1", msg("SIU^S12", "m1", "202605121000", book, wren)))
	if m, err := hl7.Parse(ack); err != nil || m.Get(hl7.MustRef("MSA-1")).Text != "AR" {
		t.Errorf("answer %q, %v; want AR", ack, err)
	}
	if got := len(s.stored("Appointment")); got != before {
		t.Errorf("%d appointments, want %d as before", got, before)
	}
}
