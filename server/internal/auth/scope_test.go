package auth

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// every names all actions, for the table below.
var every = []Action{Read, VRead, History, Search, Create, Update, Patch, Delete, Book, Cancel, SlotSearch, List}

// letters writes what scopes allow on a type, an action a letter: small for Own,
// capital for Yes, a dot for No, in the order of every.
func allowed(s Scopes, typ string) string {
	const names = "rvhscupdbxfl" // read vread history search create update patch delete book cancel free-slots list
	var out []byte
	for i, act := range every {
		switch s.Allows(act, typ) {
		case No:
			out = append(out, '.')
		case Own:
			out = append(out, names[i])
		case Yes:
			out = append(out, names[i]-'a'+'A')
		}
	}
	return string(out)
}

// What the rows of the table below are made of.
const (
	nothing   = "............"
	booker    = "rv..C...Bx.." // of Appointment
	seedRead  = "R..S......F." // of Slot and its like
	onlySlots = "..........F."
	smartAll  = "RVHSCUPDBX.L" // of Appointment
	slotAll   = "RVHSCUPD..F."
	otherAll  = "RVHSCUPD...."
	smartRS   = "RVHS.......L" // of Appointment
	slotRS    = "RVHS......F."
	otherRS   = "RVHS........"
)

// scopeCases is the table: a list of scopes and what it allows on Appointment,
// Slot, Practitioner, and Patient.
var scopeCases = []struct {
	scope                                    string
	appointment, slot, practitioner, patient string
}{
	{"", nothing, nothing, nothing, nothing},

	// Seed 003, and design decision 19.
	{"appointment/*.write", booker, nothing, nothing, nothing},
	{"slot/*.read", nothing, seedRead, nothing, nothing},
	{"schedule/*.read", nothing, nothing, nothing, nothing},
	{"location/*.read", nothing, nothing, nothing, nothing},
	{"organization/*.read", nothing, nothing, nothing, nothing},
	{"healthcareservice/*.read", nothing, nothing, nothing, nothing},
	{"appointment/*.write slot/*.read schedule/*.read location/*.read organization/*.read healthcareservice/*.read", booker, seedRead, onlySlots, nothing},
	{"slot/*.read schedule/*.read location/*.read organization/*.read healthcareservice/*.read", nothing, seedRead, onlySlots, nothing},
	{"healthcareservice/*.read organization/*.read location/*.read schedule/*.read slot/*.read", nothing, seedRead, onlySlots, nothing},
	{"slot/*.read schedule/*.read location/*.read organization/*.read", nothing, seedRead, nothing, nothing},

	// nhs-booking 3.2.
	{"organization/slot.read", nothing, onlySlots, onlySlots, nothing},
	{"patient/appointment.write", booker, nothing, nothing, nothing},
	{"patient/appointment.read", "RV.........L", nothing, nothing, nothing},
	{"patient/appointment.read patient/appointment.write", "RV..C...Bx.L", nothing, nothing, nothing},
	{"organization/slot.read patient/appointment.write", booker, onlySlots, onlySlots, nothing},

	// SMART App Launch 2.
	{"system/*.cruds", smartAll, slotAll, slotAll, otherAll},
	{"system/*.rs", smartRS, slotRS, slotRS, otherRS},
	{"system/*.c", "....C...B...", "....C.......", "....C.......", "....C......."},
	{"system/*.r", "RVH.........", "RVH.........", "RVH.........", "RVH........."},
	{"system/*.u", ".....UP..X..", ".....UP.....", ".....UP.....", ".....UP....."},
	{"system/*.d", ".......D....", ".......D....", ".......D....", ".......D...."},
	{"system/*.s", "...S.......L", "...S......F.", "...S......F.", "...S........"},
	{"system/*.cu", "....CUP.BX..", "....CUP.....", "....CUP.....", "....CUP....."},
	{"system/*.cud", "....CUPDBX..", "....CUPD....", "....CUPD....", "....CUPD...."},
	{"system/*.crud", "RVH.CUPDBX..", "RVH.CUPD....", "RVH.CUPD....", "RVH.CUPD...."},
	{"system/*.rd", "RVH....D....", "RVH....D....", "RVH....D....", "RVH....D...."},
	{"system/Appointment.cruds", smartAll, nothing, nothing, nothing},
	{"system/Appointment.rs", smartRS, nothing, nothing, nothing},
	{"system/Appointment.r", "RVH.........", nothing, nothing, nothing},
	{"system/Slot.rs", nothing, slotRS, nothing, nothing},
	{"system/Slot.rs system/Appointment.c", "....C...B...", slotRS, nothing, nothing},
	{"system/Patient.cruds", nothing, nothing, nothing, otherAll},
	{"system/Practitioner.s", nothing, nothing, "...S......F.", nothing},

	// SMART App Launch 1.
	{"system/*.read", smartRS, slotRS, slotRS, otherRS},
	{"system/*.write", "....CUPDBX..", "....CUPD....", "....CUPD....", "....CUPD...."},
	{"system/*.*", smartAll, slotAll, slotAll, otherAll},
	{"system/Appointment.read", smartRS, nothing, nothing, nothing},
	{"system/Appointment.write", "....CUPDBX..", nothing, nothing, nothing},
	{"system/Appointment.*", smartAll, nothing, nothing, nothing},

	// Several: the most that any allows, in any order, with blanks between.
	{"appointment/*.write system/*.rs", "RVHSC...Bx.L", slotRS, slotRS, otherRS},
	{"system/*.rs appointment/*.write", "RVHSC...Bx.L", slotRS, slotRS, otherRS},
	{"  system/*.rs   system/*.rs ", smartRS, slotRS, slotRS, otherRS},
	{"openid system/*.rs fhirUser", smartRS, slotRS, slotRS, otherRS},

	// A scope that acts for somebody else gives a system nothing.
	{"user/*.cruds", nothing, nothing, nothing, nothing},
	{"user/Appointment.rs", nothing, nothing, nothing, nothing},
	{"patient/*.rs", nothing, nothing, nothing, nothing},
	{"patient/*.read", nothing, nothing, nothing, nothing},
	{"patient/Appointment.read", nothing, nothing, nothing, nothing},
	{"patient/Appointment.write", nothing, nothing, nothing, nothing},
	{"patient/Appointment.cruds", nothing, nothing, nothing, nothing},
	{"system/APPOINTMENT.rs", nothing, nothing, nothing, nothing},
	{"openid", nothing, nothing, nothing, nothing},
	{"offline_access", nothing, nothing, nothing, nothing},
	{"launch", nothing, nothing, nothing, nothing},
}

// refusedScopes each hold something like a good scope and allow nothing
// (nhs-booking 3.2: whole tokens, not substrings).
var refusedScopes = []string{
	// The right word inside a longer one.
	"xappointment/*.write", "appointment/*.writex", "appointment/*.write.", "my-organization/slot.read", "organization/slot.reader",
	"organization/slot.read-all", "organization/slots.read", "patient/appointment.writes", "inpatient/appointment.write",
	"patient/appointment.write,patient/appointment.read", "patient/appointment.write;x", "\"patient/appointment.write\"", "urn:patient/appointment.write",
	"https://x.example.test/organization/slot.read", "xsystem/*.rs", "system/*.rsx", "system/*.rs,", "mysystem/Appointment.rs", "systems/Appointment.rs",
	// Other parting than blanks.
	"appointment/*.write\tslot/*.read", "slot/*.read\nschedule/*.read", "slot/*.read,schedule/*.read", "slot/*.read\u00a0schedule/*.read", "slot/*.read+schedule/*.read",
	// Other letters.
	"Appointment/*.write", "appointment/*.Write", "APPOINTMENT/*.WRITE", "Slot/*.read", "Organization/slot.read", "organization/Slot.read", "organization/slot.Read",
	"System/*.rs", "SYSTEM/*.RS", "system/*.RS", "system/*.Read", "system/*.READ",
	// Type names as FHIR spells them.
	"system/appointment.rs", "system/.rs", "system/Appointment2.rs", "system/Appoint ment.rs", "system/Appointment .rs",
	"system/**.rs", "system/*Appointment.rs", "system/App*.rs", "system/Äppointment.rs", "system/-.rs", "system/Appointment/1.rs",
	// Letters in SMART's order, each once.
	"system/*.sr", "system/*.rc", "system/*.srudc", "system/*.dc", "system/*.rr", "system/*.crudss", "system/*.rsr", "system/*.x", "system/*.rxs",
	"system/*.", "system/*", "system", "system/", "system/Appointment", "system/Appointment.", "/Appointment.rs", "Appointment.rs", "*/*.rs", "*/*.*", "*",
	"system/*.reads", "system/*.read.write", "system/*.rs.rs", "system/Appointment.readwrite", "system/*.**", "system/*.c*",
	// Narrowed by a query: understood to be less, so not taken for more.
	"system/Appointment.rs?status=booked", "system/*.cruds?_tag=x", "system/*.read?x=y", "system/Appointment.rs?", "slot/*.read?status=free", "organization/slot.read?x",
	// Wildcards and verbs that the booking standard does not have.
	"appointment/*.read", "appointment/*.*", "appointment/1.write", "appointment/.write", "slot/*.write", "slot/1.read", "schedule/*.write", "location/*.write", "patient/slot.read",
	"organization/appointment.write", "organization/appointment.read", "organization/slot.write", "organization/*.write", "patient/appointment.*", "patient/appointment", "practitioner/*.read",
	"*/*.read", "*/slot.read", "organization/slot.", "organization/slot", "organization",
	// Of others.
	"urn:nhs:names:services:careconnect:fhir:rest:create:appointment", "https://provider.example.test/.default", "admin", "root", "true", "system/*.rs\x00", "\x00system/*.rs",
}

// TestScopes: requirement S37, design decision 19.
func TestScopes(t *testing.T) {
	for _, tc := range scopeCases {
		s := ParseScopes(tc.scope)
		for typ, want := range map[string]string{"Appointment": tc.appointment, "Slot": tc.slot, "Practitioner": tc.practitioner, "Patient": tc.patient} {
			if got := allowed(s, typ); got != want {
				t.Errorf("%q allows %s on %s, want %s", tc.scope, got, typ, want)
			}
		}
	}
}

// TestRefusedScopes: requirement S37 and nhs-booking 7, requirement 120.
func TestRefusedScopes(t *testing.T) {
	types := []string{
		"Appointment", "Slot", "Schedule", "Location", "Organization", "HealthcareService", "Practitioner", "PractitionerRole", "Patient", "*",
		"appointment", "Äppointment", "Appointment2", "", "App*",
	}
	for _, scope := range refusedScopes {
		s := ParseScopes(scope)
		for _, typ := range types {
			if got := allowed(s, typ); got != nothing {
				t.Errorf("%q allows %s on %q, want nothing", scope, got, typ)
			}
		}
		if Known(scope) {
			t.Errorf("Known(%q) = true, want false", scope)
		}
	}
}

// TestSeedReadScopes: each of the first standard's read scopes is about one type.
func TestSeedReadScopes(t *testing.T) {
	for scope, typ := range map[string]string{
		"slot/*.read": "Slot", "schedule/*.read": "Schedule", "location/*.read": "Location",
		"organization/*.read": "Organization", "healthcareservice/*.read": "HealthcareService",
	} {
		s := ParseScopes(scope)
		for _, other := range slotSearchTypes {
			want := nothing
			if other == typ {
				want = seedRead
			}
			if got := allowed(s, other); got != want {
				t.Errorf("%s allows %s on %s, want %s", scope, got, other, want)
			}
		}
	}
}

// TestSlotSearchTypes: whoever may search slots under the booking standard may
// see what its six includes bring in, and no patient.
func TestSlotSearchTypes(t *testing.T) {
	seed := "slot/*.read schedule/*.read location/*.read organization/*.read healthcareservice/*.read"
	for _, scope := range []string{"organization/slot.read", seed, "system/*.rs", "system/*.read", "system/*.cruds"} {
		s := ParseScopes(scope)
		for _, typ := range []string{"Slot", "Schedule", "Practitioner", "PractitionerRole", "HealthcareService", "Organization", "Location"} {
			if got := s.Allows(SlotSearch, typ); got != Yes {
				t.Errorf("%s: Allows(slot-search, %s) = %v, want yes", scope, typ, got)
			}
		}
		for _, typ := range []string{"Patient", "Appointment", "*", ""} {
			if got := s.Allows(SlotSearch, typ); got != No {
				t.Errorf("%s: Allows(slot-search, %q) = %v, want no", scope, typ, got)
			}
		}
	}
}

// TestWholeSystem: * asks for every type at once, and only a scope for every type
// gives that.
func TestWholeSystem(t *testing.T) {
	tests := []struct {
		scope string
		want  Grant
	}{
		{"system/*.rs", Yes},
		{"system/Appointment.rs system/Slot.rs", No},
		{"slot/*.read schedule/*.read location/*.read organization/*.read healthcareservice/*.read", No},
		{"organization/slot.read", No},
	}
	for _, tc := range tests {
		if got := ParseScopes(tc.scope).Allows(Search, "*"); got != tc.want {
			t.Errorf("%s: Allows(search, *) = %v, want %v", tc.scope, got, tc.want)
		}
	}
	if got := ParseScopes("system/*.cruds").Allows(Read, ""); got != No {
		t.Errorf("Allows(read, no type) = %v, want no", got)
	}
	if got := ParseScopes("system/*.cruds").Allows(numActions, "Slot"); got != No {
		t.Errorf("Allows(no action, Slot) = %v, want no", got)
	}
}

// TestEveryScopeRowIsUsed: a row of the table that no case of these tests needs
// is a row nobody has checked.
func TestEveryScopeRowIsUsed(t *testing.T) {
	for i, row := range scopeTable {
		used := slices.ContainsFunc(scopeCases, func(tc struct {
			scope                                    string
			appointment, slot, practitioner, patient string
		},
		) bool {
			if len(row.scope) > 1 {
				return tc.scope == row.scope
			}
			return tc.scope == "system/*."+row.scope
		})
		_, ofAdmin := adminCases[row.scope]
		if !used && !ofAdmin {
			t.Errorf("row %d, %q, is in no case", i, row.scope)
		}
		if len(row.types) == 0 || len(row.acts) == 0 {
			t.Errorf("row %d, %q, allows nothing", i, row.scope)
		}
	}
	for act := range numActions {
		if actions[act].name == "" || actions[act].scope == "" || !slices.Contains(every, act) && !slices.Contains(administrators, act) {
			t.Errorf("action %d has no name, no scope or no test", act)
		}
	}
}

// TestCovers: requirement S52. Who is registered for scopes may ask for them and,
// with SMART's, for less.
func TestCovers(t *testing.T) {
	tests := []struct {
		registered, asked string
		want              bool
	}{
		{"system/*.rs", "system/*.rs", true},
		{"system/*.rs", "system/*.read", true},
		{"system/*.read", "system/*.rs", true},
		{"system/*.rs", "system/Appointment.rs", true},
		{"system/*.rs", "system/Appointment.r", true},
		{"system/*.rs", "system/Appointment.cruds", false},
		{"system/*.rs", "system/*.cruds", false},
		{"system/*.rs", "system/*.write", false},
		{"system/*.rs", "user/*.rs", false},
		{"system/*.rs", "patient/*.rs", false},
		{"system/*.rs", "system/*.sr", false},
		{"system/*.rs", "system/*.rs?x=y", false},
		{"system/*.rs", "slot/*.read", false},
		{"system/*.cruds", "appointment/*.write", false},
		{"system/*.cruds", "organization/slot.read", false},
		{"system/Appointment.rs", "system/*.rs", false},
		{"system/Appointment.rs", "system/Slot.rs", false},
		{"system/Slot.r system/Slot.s", "system/Slot.rs", true},
		{"system/Slot.r system/*.s", "system/Slot.rs", true},
		{"system/Slot.r system/*.s", "system/*.rs", false},
		{"slot/*.read", "slot/*.read", true},
		{"slot/*.read", "schedule/*.read", false},
		{"patient/appointment.write", "appointment/*.write", false},
		{"slot/*.read", "openid", false},
		{"", "system/*.r", false},
	}
	for _, tc := range tests {
		if got := ParseScopes(tc.registered).covers(tc.asked); got != tc.want {
			t.Errorf("registered for %q: covers(%q) = %t, want %t", tc.registered, tc.asked, got, tc.want)
		}
	}
}

// scopeWord draws a scope that is or looks like one of the table's.
func scopeWord() *rapid.Generator[string] {
	parts := []string{"system", "user", "patient", "organization", "appointment", "slot", "/", ".", "*", "Appointment", "Slot", "rs", "cruds", "read", "write", "c", "r", " ", "x"}
	known := []string{"appointment/*.write", "slot/*.read", "organization/slot.read", "patient/appointment.read", "system/*.rs", "system/Slot.cruds", "system/*.read"}
	return rapid.OneOf(rapid.SampledFrom(known), rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 6).Draw(t, "parts"), "")
	}))
}

// TestScopeLaws: more scopes never allow less, the order makes no difference, a
// limit never widens, and what is covered allows nothing beyond what covers it.
func TestScopeLaws(t *testing.T) {
	types := []string{"Appointment", "Slot", "Practitioner", "Patient", "*"}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(scopeWord()).Draw(t, "a"), rapid.SliceOf(scopeWord()).Draw(t, "b")
		sa, sb := ParseScopes(strings.Join(a, " ")), ParseScopes(strings.Join(b, " "))
		both, turned := ParseScopes(strings.Join(append(slices.Clone(a), b...), " ")), ParseScopes(strings.Join(append(slices.Clone(b), a...), " "))
		covered := !slices.ContainsFunc(sb.names, func(n string) bool { return !sa.covers(n) })
		for _, act := range every {
			for _, typ := range types {
				ga, gb := sa.Allows(act, typ), sb.Allows(act, typ)
				if got := both.Allows(act, typ); got < max(ga, gb) || got != turned.Allows(act, typ) {
					t.Fatalf("%v on %s: %v for both, %v and %v alone, %v turned round", act, typ, got, ga, gb, turned.Allows(act, typ))
				}
				if got := sa.Within(sb).Allows(act, typ); got != min(ga, gb) {
					t.Fatalf("%v on %s: %v within, want %v", act, typ, got, min(ga, gb))
				}
				if covered && gb > ga {
					t.Fatalf("%v on %s: %q is covered by %q and allows more", act, typ, sb, sa)
				}
			}
		}
	})
}
