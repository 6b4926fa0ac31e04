package mappings

import (
	"strings"
	"testing"

	"slotway/hl7bridge/hl7"
)

// booking1KB is a new booking of about 1 KB that says all there usually is to say.
var booking1KB = []byte(strings.Join([]string{
	`MSH|^~\&|app|a{a}|HL7API|PKB|20260512100000||SIU^S12^SIU_S12|id.1|P|2.5.1`,
	"SCH|A2|F2^^1.2.826.0.1^ISO||||NEW|FOLLOWUP^Knee follow-up|FU^Follow-up^HL70277|45|MIN^Minutes|^^^20260601100000^20260601104500^A||||||||||||||Booked",
	"NTE|1|P|Please bring your letter and a list of your medicines. Come ten minutes early; parking is in the yard behind the building.",
	"PID|1||9990000018^^^NHS^NH||Sample^Wren^^^Ms||19800229|F|||1 High Street^Flat 2^Leeds^^LS1 1AA^GBR^H||0113 496 0000^PRN^PH~07700 900000^PRS^CP||en",
	"PV1|1|O|^^^^^^^^Imaging department, level 2, west wing, green doors|||||||110^Trauma and orthopaedics",
	"ZAP|https://appointments-r-us.co.uk/manage/9f1c7f0e-5d5a-4a43-9f0e-2a6d1a4c7b11?site=west&lang=en",
	"RGS|1", "AIS|1||XRAY^X-ray of knee", "AIL|1||^^^^^^^^Imaging, level 2|WARD^Ward",
	"AIP|1||C1234^Jones^Stuart^James^^Dr^^^GMC&1.2.826.0.1.3&ISO|AN^Anaesthetist||20260601101500||||||Pending",
	"AIP|2||^Patel^Mina^^^Ms|^Radiographer",
}, "\r") + "\r")

// BenchmarkMap parses a booking and says what it asks for.
func BenchmarkMap(b *testing.B) {
	zone := london(b)
	b.SetBytes(int64(len(booking1KB)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := hl7.Parse(booking1KB)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Map(m, Options{Zone: zone}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocations: a booking of 1 KB is read and mapped in at most 6 allocations.
func TestAllocations(t *testing.T) {
	o := Options{Zone: london(t)}
	got := testing.AllocsPerRun(100, func() {
		m, err := hl7.Parse(booking1KB)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Map(m, o); err != nil {
			t.Fatal(err)
		}
	})
	if got > 6 {
		t.Errorf("%v allocations, want at most 6", got)
	}
}
