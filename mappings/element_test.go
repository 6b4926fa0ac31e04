package mappings

import (
	"slices"
	"testing"
	"time"
)

// TestHDSystem: hl7-bridge 2.11. What has not the form of its type is no system.
func TestHDSystem(t *testing.T) {
	tests := []struct{ universal, kind, want string }{
		{"1.2.826.0.1", "ISO", "urn:oid:1.2.826.0.1"},
		{"1.2", "iso", "urn:oid:1.2"},
		{"", "ISO", ""},
		{"1", "ISO", ""},
		{"1.02", "ISO", ""},
		{"a.b", "ISO", ""},
		{"1.0", "ISO", "urn:oid:1.0"},
		{"1.", "ISO", ""},
		{"1.2.", "ISO", ""},
		{"1..2", "ISO", ""},
		{"1.2a", "ISO", ""},
		{"3.1", "ISO", ""},
		{"12.3", "ISO", ""},
		{"6F0D2B51-3C1E-5F0A-9A34-0F6C1F7A2D58", "UUID", "urn:uuid:6f0d2b51-3c1e-5f0a-9a34-0f6c1f7a2d58"},
		{"6f0d2b51-3c1e-5f0a-9a34-0f6c1f7a2d58", "GUID", "urn:uuid:6f0d2b51-3c1e-5f0a-9a34-0f6c1f7a2d58"},
		{"", "UUID", ""},
		{"6f0d2b51", "UUID", ""},
		{"http://a/b", "URI", "http://a/b"},
		{"http://a b", "URI", ""},
		{"a.example", "DNS", ""},
		{"1.2", "", ""},
	}
	for _, tc := range tests {
		if got := hdSystem(new(page), tc.universal, tc.kind); got != tc.want {
			t.Errorf("hdSystem(%q, %q) = %q, want %q", tc.universal, tc.kind, got, tc.want)
		}
	}
}

// TestCodeOf: FHIR R4, 2.24.0.1: a code has one blank at a time, within.
func TestCodeOf(t *testing.T) {
	for in, want := range map[string]string{
		"A": "A", "A B": "A B", "A  B": "A B", "A\nB": "A B", " A\t\r\nB ": "A B", "A\u00a0B": "A B", "\u00a0": "", "": "",
	} {
		if got := codeOf(in); got != want {
			t.Errorf("codeOf(%q) = %q, want %q", in, got, want)
		}
	}
	for name, want := range map[string]string{"X": "X", "HL70276": systemOfReason, "a b": "", "a\u00a0b": "", "L": ""} {
		if got := systemOf(new(page), name); got != want {
			t.Errorf("systemOf(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestProvenance: hl7-bridge 2.2, requirement 73.
func TestProvenance(t *testing.T) {
	sent := time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)
	in := ProvenanceInput{Control: "id.1", Sent: sent, Received: sent.Add(time.Minute), Partner: "p", Controller: "c", Connecting: "c"}
	got := textsOf(Provenance(in))
	for _, want := range []string{
		"set " + pathUploaded.String() + ` "id.1"`,
		"set " + pathRecorded.String() + ` "2026-05-12T09:00:00.000+00:00"`,
		"set " + pathPersisted.String() + ` "2026-05-12T09:01:00.000+00:00"`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("Provenance = %q, want %s in it", got, want)
		}
	}
	in.Control = ""
	if got := textsOf(Provenance(in)); len(got) != 6 {
		t.Errorf("Provenance without a control id = %q, want no uploaded-data-id and the other six", got)
	}
}
