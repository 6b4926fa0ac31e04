package mappings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// TestIdentify: hl7-bridge 2.6, requirements 36, 38 and 47.
func TestIdentify(t *testing.T) {
	local := []LocalID{{"RXX", "MR", "urn:rxx"}, {"*", "PAS", "urn:pas"}, {"NHSNBR", "NHSNBR", "urn:own"}}
	nhs := Identifier{fhir.NHSNumberSystem, "9990000018"}
	tests := []struct {
		name, pid string
		want      Person
	}{
		{"number", "PID|||9990000018^^^NHS^NH", Person{Identifiers: []Identifier{nhs}}},
		{"blanks", "PID|||999 000 0018^^^NHS^NH", Person{Identifiers: []Identifier{nhs}}},
		{"hyphens", "PID|||999-000-0018^^^NHS^NH", Person{Identifiers: []Identifier{nhs}}},
		{"spelled NHSNBR and NHSNMBR", "PID|||9990000018^^^NHSNBR^NHSNMBR", Person{Identifiers: []Identifier{nhs}}},
		{"spelled NHS and NHS, with a status as check digit", "PID|||999 000 0018^NSTS01^^NHS^NHS", Person{Identifiers: []Identifier{nhs}}},
		{"no type", "PID|||9990000018^^^NHS", Person{Identifiers: []Identifier{nhs}}},
		{"a hospital's own of no type", "PID|||0123456^^^NHS~H1^^^RXX^MR", Person{Identifiers: []Identifier{{"urn:rxx", "H1"}}}},
		{"type NHS without authority", "PID|||9990000018^^^^NHS", Person{Identifiers: []Identifier{nhs}}},
		{"authority by OID", "PID|||9990000018^^^&2.16.840.1.113883.2.1.4.1&ISO^NH", Person{Identifiers: []Identifier{nhs}}},
		{"an address in capitals too", "PID|||a@example.org^^^EMAIL^EMAIL~A@Example.ORG^^^EMAIL^EMAIL", Person{Identifiers: []Identifier{{EmailSystem, "a@example.org"}}}},
		{"deleted beside a local one", `PID|||H1^^^RXX^MR~""^""^^NHS^NHS`, Person{Identifiers: []Identifier{{"urn:rxx", "H1"}}}},
		{"a spelling that the customer uses for its own", "PID|||C7^^^NHSNBR^NHSNBR", Person{Identifiers: []Identifier{{"urn:own", "C7"}}}},
		{"PID-2", "PID||9990000018^^^NHS^NH", Person{Identifiers: []Identifier{nhs}}},
		{"PID-4", "PID||||9990000018^^^NHS^NH", Person{Identifiers: []Identifier{nhs}}},
		{"everywhere", "PID||9990000018^^^NHS^NH|9990000018^^^NHS^NH~9990000018^^^NHS^NH{status:01}|9990000018^^^NHS^NH", Person{Identifiers: []Identifier{nhs}, NHSStatus: "01"}},
		{"authority with subcomponents", "PID|||9990000018^^^NHS&2.16.840.1&ISO^NH", Person{Identifiers: []Identifier{nhs}}},
		{"status 02", "PID|||9990000018^^^NHS^NH{status:02}", Person{Identifiers: []Identifier{nhs}, NHSStatus: "02"}},
		{"among others", "PID|||X^^^Y^Z~^^^NHS^NH~9990000018^^^NHS^NH~1", Person{Identifiers: []Identifier{nhs}}},
		{"local", "PID|||H1^^^RXX^MR", Person{Identifiers: []Identifier{{"urn:rxx", "H1"}}}},
		{"any authority", "PID|||H1^^^ANY^PAS~9990000018^^^NHS^NH", Person{Identifiers: []Identifier{{"urn:pas", "H1"}, nhs}}},
		{"birth date", "PID|||9990000018^^^NHS^NH||||20200101", Person{Identifiers: []Identifier{nhs}, BirthDate: "2020-01-01"}},
		{"no shift by the offset", "PID|||9990000018^^^NHS^NH||||20200101000000+0100", Person{Identifiers: []Identifier{nhs}, BirthDate: "2020-01-01"}}, // R79
		{"year", "PID|||9990000018^^^NHS^NH||||2020", Person{Identifiers: []Identifier{nhs}, BirthDate: "2020"}},                                        // R80
		{"month", "PID|||9990000018^^^NHS^NH||||202012", Person{Identifiers: []Identifier{nhs}, BirthDate: "2020-12"}},
		{"birth date deleted", `PID|||9990000018^^^NHS^NH||||""`, Person{Identifiers: []Identifier{nhs}}},
		{"name", "PID|||9990000018^^^NHS^NH||Peel&van^Paul^Q^Jr^Mr", Person{Identifiers: []Identifier{nhs}, Display: "Mr Paul Q Peel Jr"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := Map(message(t, "SIU^S14", "SCH|A1", tc.pid), Options{LocalIDs: local})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, in.Person); diff != "" {
				t.Errorf("Person (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIdentifyRefuses(t *testing.T) {
	tests := []struct {
		name, pid, want string
	}{
		{"nothing known", "PID|||1^^^X^MR", "FIELD_MISSING PID-3"},
		{"type but no authority", "PID|||9990000018^^^^PI", "FIELD_MISSING PID-3"},
		{"type in lower case", "PID|||9990000018^^^NHS^nh", "FIELD_MISSING PID-3"},
		{"half a status", "PID|||9990000018^^^NHS^NH{status:1}", "FIELD_MISSING PID-3"},
		{"deleted", `PID|||""`, "FIELD_MISSING PID-3"},
		{"check digit under another spelling", "PID|||9990000019^^^NHSNBR^NHSNMBR", "VALUE_INVALID PID-3"},
		{"a hospital number of the authority NHS", "PID|||9990000018^^^NHS^HospitalNumber", "FIELD_MISSING PID-3"},
		{"no authority and no type", "PID|||9990000018", "FIELD_MISSING PID-3"},
		{"check digit", "PID||9990000019^^^NHS^NH", "VALUE_INVALID PID-2"},
		{"two numbers", "PID||9990000026^^^NHS^NH|9990000018^^^NHS^NH", "PATIENT_CONFLICT PID-3"},
		{"too many", "PID|||" + strings.ReplaceAll(many(maxIdentifiers+1, "H%d^^^RXX^MR"), "\r", "~"), "VALUE_INVALID PID-3"}, // R44
		{"NUL in a local id", `PID|||H\X00\1^^^RXX^MR`, "VALUE_INVALID PID-3"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Map(message(t, "ADT^A28", tc.pid), Options{LocalIDs: []LocalID{{"RXX", "MR", "urn:rxx"}}})
			if got := faultsOf(err); got != tc.want {
				t.Errorf("Map = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTelecom(t *testing.T) {
	tests := []struct{ name, xtn, want string }{
		{"old", "0113 496 0000", `[{"system":"phone","value":"0113 496 0000","use":"work"}]`},
		{"parts", "^WPN^PH^^44^113^4960000", `[{"system":"phone","value":"+44 113 4960000","use":"work"}]`},
		{"unformatted", "^WPN^PH^^^^^^^^^0113 496 0001", `[{"system":"phone","value":"0113 496 0001","use":"work"}]`},
		{"a mobile of work's", "07700 900001^WPN^CP", `[{"system":"phone","value":"07700 900001","use":"work"}]`},
		{"fax", "0113^WPN^FX", `[{"system":"fax","value":"0113","use":"work"}]`},
		{"pager", "7^BPN^BP", `[{"system":"pager","value":"7","use":"work"}]`},
		{"e-mail", "^NET^Internet^a@example.org", `[{"system":"email","value":"a@example.org","use":"work"}]`},
		{"e-mail in the first component", "a@example.org^NET^Internet", `[{"system":"email","value":"a@example.org","use":"work"}]`},
		{"e-mail without equipment", "^NET^^a@example.org", `[{"system":"email","value":"a@example.org","use":"work"}]`},
		{"use and equipment in each other's place", "0113^PH^WPN", `[{"system":"phone","value":"0113","use":"work"}]`},
		{"e-mail as its use", "a@example.org^EMAIL", `[{"system":"email","value":"a@example.org","use":"work"}]`},
		{"a number in the place of e-mail", "^^PH^0113", `[{"system":"phone","value":"0113","use":"work"}]`},
		{"several", "1~2", `[{"system":"phone","value":"1","use":"work"},{"system":"phone","value":"2","use":"work"}]`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := Map(message(t, "ADT^A31", "PID|||9990000018^^^NHS^NH||||||||||"+"|"+tc.xtn), Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := "replace telecom.where(use=work) " + tc.want
			if got := textsOf(in.PersonChanges)[1]; got != want {
				t.Errorf("change = %s, want %s", got, want)
			}
		})
	}
}

// TestNewPatientFaults: what is wrong with PID beyond its identity does not stop
// a booking.
func TestNewPatientFaults(t *testing.T) {
	in, err := Map(message(t, "SIU^S14", "SCH|A1", "PID|||9990000018^^^NHS^NH||Sample||||||||||||||||||||||||soon"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	changes, warnings := in.NewPatient()
	if len(changes) != 2 {
		t.Errorf("changes = %q, want identifier and name", textsOf(changes))
	}
	want := []string{"PID-29 is not readable, and is left out of the new patient"}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("Warnings (-want +got):\n%s", diff)
	}
}

func TestPartnerUUID(t *testing.T) {
	a, b := PartnerUUID("partner_demo"), PartnerUUID("partner_mailco")
	if a == b || a != PartnerUUID("partner_demo") {
		t.Errorf("PartnerUUID gives %s and %s, want two that stay", a, b)
	}
	if len(a) != 36 || a[14] != '5' || a[19] != '8' && a[19] != '9' && a[19] != 'a' && a[19] != 'b' {
		t.Errorf("PartnerUUID = %s, want a UUID of version 5", a)
	}
}
