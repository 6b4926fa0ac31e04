package hl7bridge

import (
	"testing"

	"slotway/hl7bridge/hl7"
)

// TestAckCode: hl7-bridge 4.1, requirement 82.
func TestAckCode(t *testing.T) {
	ok := Answer{Code: "AA"}
	fault := Answer{Code: "AR", Errors: []hl7.AckError{{Code: "102"}}}
	header := Answer{Code: "AR", Errors: []hl7.AckError{{Code: "202"}}}
	ours := Answer{Code: "AE", Errors: []hl7.AckError{{Code: "207"}}}
	tests := []struct {
		msh15, msh16              string
		ok, fault, header, failed string
	}{
		{"", "", "AA", "AR", "AR", "AE"}, // original mode
		{"AL", "", "CA", "CE", "CR", "CE"},
		{"AL", "NE", "CA", "CE", "CR", "CE"},
		{"AL", "AL", "AA", "AR", "AR", "AE"},
		{"NE", "AL", "AA", "AR", "AR", "AE"},
		{"", "AL", "AA", "AR", "AR", "AE"},
		{"NE", "NE", "", "", "", ""},
		{"NE", "", "", "", "", ""},
		{"", "NE", "", "", "", ""},
		{"ER", "", "", "CE", "CR", "CE"},
		{"SU", "", "CA", "", "", ""},
		{"", "ER", "", "AR", "AR", "AE"},
		{"", "SU", "AA", "", "", ""},
		{"AL", "ER", "CA", "AR", "AR", "AE"},
		{"AL", "SU", "AA", "CE", "CR", "CE"},
		{"YES", "", "AA", "AR", "AR", "AE"}, // refused anyway
		{"AL", "YES", "AA", "AR", "AR", "AE"},
	}
	for _, tc := range tests {
		m, err := hl7.Parse([]byte(`MSH|^~\&|a|b|c|d|20260512||SIU^S14|1|P|2.5.1|||` + tc.msh15 + `|` + tc.msh16))
		if err != nil {
			t.Fatal(err)
		}
		got := [...]string{ackCode(m, ok), ackCode(m, fault), ackCode(m, header), ackCode(m, ours)}
		want := [...]string{tc.ok, tc.fault, tc.header, tc.failed}
		if got != want {
			t.Errorf("MSH-15 %q, MSH-16 %q: %q, want %q", tc.msh15, tc.msh16, got, want)
		}
	}
	if got := ackCode(nil, fault); got != "AR" {
		t.Errorf("without MSH: %q, want AR", got)
	}
}
