package hl7_test

import (
	"strings"
	"testing"

	"slotway/hl7bridge/hl7"
)

// s12 is a booking of about 1 KB, as a hospital's system sends it.
var s12 = strings.Join([]string{
	`MSH|^~\&|PAS|alias_123{alias_123}|HL7API|PKB|20260405101112.123+0100||SIU^S12^SIU_S12|7f9c2b1e-5d0f-4c55-9f36-1f2e3d4c5b6a|P|2.5.1|||AL|NE||UNICODE UTF-8`,
	`SCH|10345^PAS|20345^PAS||||F^Follow-up^L|^Diabetes review|MED^Medical outpatient^L|30|min|^^30^20260503093000^20260503100000|1001^Smith^Anna^^^Dr|^PRN^PH^^^020^7946000||Room 3 \T\ 4|1001^Smith^Anna^^^Dr||||1001^Smith^Anna^^^Dr|||||Booked`,
	`TQ1|1||||||20260503093000|20260503100000|R`,
	`NTE|1||Please bring your glasses.\.br\Do not eat \T\ drink for 8 hours before.`,
	`PID|1||9990000018^^^NHS^NH~100234^^^RXX^PI||Sample^Patience^Anne^^Mrs||19640229|F|||1 High Street^^Leeds^^LS1 1AA^GBR^H||^PRN^PH^^^0113^4960000`,
	`PV1|1|O|CL1^R3^^RXX^^^^^Diabetes clinic, ground floor||||1001^Smith^Anna^^^Dr|||300^General medicine^NHS`,
	`RGS|1|A`,
	`AIS|1|A|DR^Diabetes review^L|20260503093000|0|min|30|min`,
	`AIL|1|A|CL1^R3^^RXX|C^Clinic^L|||||||Booked`,
	`AIP|1|A|1001^Smith^Anna^^^Dr|CON^Consultant^L||20260503093000|0|min|30|min||Booked`,
	`ZAP|https://appointments-r-us.co.uk/manage?id=123\T\lang=en`,
}, "\r") + "\r"

var twenty = func() []hl7.Ref {
	var refs []hl7.Ref
	for _, s := range []string{
		"MSH-4.1", "MSH-7", "MSH-9.1", "MSH-9.2", "MSH-10", "MSH-11", "MSH-12", "SCH-1.1", "SCH-7.2", "SCH-8.1",
		"SCH-11.4.1", "SCH-11.5", "SCH-25", "NTE-3", "PID-3.1", "PID-7", "PV1-3.9", "PV1-10.1", "AIP-3.2", "ZAP-1",
	} {
		refs = append(refs, hl7.MustRef(s))
	}
	return refs
}()

// hl7-bridge 9, requirement 99: a message of 1 KB indexed and 20 values read, wanted in
// under 5 us and 50 allocations.
func BenchmarkParseAndRead(b *testing.B) {
	raw := []byte(s12)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := hl7.Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range twenty {
			if !m.Get(r).Valued() {
				b.Fatalf("%v is not there", r)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	raw := []byte(s12)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hl7.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWarnings(b *testing.B) {
	m := mustParse(b, s12)
	b.ReportAllocs()
	for b.Loop() {
		m.Warnings()
	}
}

func BenchmarkReply(b *testing.B) {
	m, a := mustParse(b, s12), refusal()
	b.ReportAllocs()
	for b.Loop() {
		a.Reply(m)
	}
}

// hl7-bridge 9, requirement 99: the number of allocations does not depend on the machine.
func TestParse_allocations(t *testing.T) {
	raw := []byte(s12)
	got := testing.AllocsPerRun(100, func() {
		m, _ := hl7.Parse(raw)
		for _, r := range twenty {
			m.Get(r)
		}
	})
	if got > 50 {
		t.Errorf("allocations = %v, want at most 50", got)
	}
}
