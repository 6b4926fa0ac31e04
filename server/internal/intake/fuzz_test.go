package intake_test

import (
	"bytes"
	"testing"

	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// FuzzAnswer: whatever comes in, there is one acknowledgement, well formed and of
// at most 4 KB, whose MSA-2 is the message's MSH-10; or none, for a reply and
// where the sender wants none (requirement 28).
func FuzzAnswer(f *testing.F) {
	for _, tc := range cases(f) {
		f.Add(tc.message())
	}
	b := newBridge(f, applierFunc(func(hl7bridge.Envelope, mappings.Intent) error { return nil }))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ack := b.Answer(t.Context(), demo, raw)
		m, _ := hl7.Parse(raw)
		if ack == nil {
			enhanced := m != nil && (m.Get(hl7.MustRef("MSH-15")).Valued() || m.Get(hl7.MustRef("MSH-16")).Valued())
			if !hl7.IsReply(m) && !enhanced {
				t.Fatal("no answer")
			}
			return
		}
		if len(ack) > 4096 || ack[len(ack)-1] != '\r' {
			t.Fatalf("an answer of %d bytes: %q", len(ack), ack)
		}
		reply, err := hl7.Parse(ack)
		if err != nil {
			t.Fatalf("the answer %q: %v", ack, err)
		}
		if id, _ := reply.RawField("MSA", 2); m != nil && len(m.ControlID()) <= 255 && len(id) > 0 && !bytes.Equal(id, m.ControlID()) {
			t.Fatalf("MSA-2 = %q, want %q", id, m.ControlID())
		}
	})
}

// BenchmarkAnswer is a booking of about 1 KB, by an Applier that does nothing.
func BenchmarkAnswer(b *testing.B) {
	raw := msg("SIU^S12^SIU_S12", "id.1", "20260512100000",
		"SCH|A2|F2^^1.2.826.0.1^ISO||||NEW|FOLLOWUP^Knee follow-up|FU^Follow-up^HL70277|45|MIN^Minutes|^^^20260601100000^20260601104500^A||||||||||||||Booked",
		"NTE|1|P|Please bring your letter and a list of your medicines. Come ten minutes early; parking is in the yard behind the building.",
		wren+"|||1 High Street^Flat 2^Leeds^^LS1 1AA^GBR^H||0113 496 0000^PRN^PH~07700 900000^PRS^CP||en",
		"PV1|1|O|^^^^^^^^Imaging department, level 2, west wing, green doors|||||||110^Trauma and orthopaedics",
		"ZAP|https://appointments-r-us.co.uk/manage/9f1c7f0e-5d5a-4a43-9f0e-2a6d1a4c7b11?site=west&lang=en",
		"RGS|1", "AIS|1||XRAY^X-ray of knee", "AIL|1||^^^^^^^^Imaging, level 2|WARD^Ward",
		"AIP|1||C1234^Jones^Stuart^James^^Dr^^^GMC&1.2.826.0.1.3&ISO|AN^Anaesthetist||20260601101500||||||Pending",
		"AIP|2||^Patel^Mina^^^Ms|^Radiographer")
	bridge := newBridge(b, applierFunc(func(hl7bridge.Envelope, mappings.Intent) error { return nil }))
	if got := answered(b, bridge.Answer(b.Context(), demo, raw)); got != "AA id.1" {
		b.Fatal(got)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		bridge.Answer(b.Context(), demo, raw)
	}
}
