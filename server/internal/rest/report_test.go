package rest

import (
	"encoding/csv"
	"strings"
	"testing"

	"slotway/server/internal/audit"
	"slotway/server/internal/wire"
)

// TestReportsHoldNoFormulas is security S73: what callers bring into a report is no
// formula to a program that opens it, nor a line or a column of its own.
func TestReportsHoldNoFormulas(t *testing.T) {
	for _, code := range []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "=cmd|' /C calc'!A1", `"=1`, "x\n=1", "x,=1", `x","=1`,
	} {
		body, err := reportCSV(audit.Report{Report: "rep-prov-01", Figures: []string{"booked"}, Rows: []audit.ReportRow{{Customer: "trust", Organisation: code, Figures: []int{1}}}, Total: []int{1}})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%q: %d lines, %v: %s", code, len(rows), err, body)
		}
		got := rows[1][4]
		if first := strings.TrimLeft(got, " \u00a0"); strings.ContainsAny(first[:1], "=+-@\t\r\n") || strings.HasPrefix(first, "\uff1d") || strings.HasPrefix(first, "\uff0b") || strings.HasPrefix(first, "\uff0d") || strings.HasPrefix(first, "\uff20") {
			t.Errorf("%q stands in the report as %q", code, got)
		}
	}
	if got := wire.Cell("RX1"); got != "RX1" {
		t.Errorf("an organisation stands as %q", got)
	}
}
