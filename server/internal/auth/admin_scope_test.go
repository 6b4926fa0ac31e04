package auth

import (
	"slices"
	"testing"
)

// administrators names the actions of administrators.
var administrators = []Action{SeeReview, Decide, SeeMessages, SeeUnclaimed, Resend, LookUp, SeeGrants, EndGrants}

// adminCases is the table of their scopes and what each allows.
var adminCases = map[string][]Action{
	"review/*.read":           {SeeReview},
	"review/*.write":          {SeeReview, Decide},
	"messages/*.read":         {SeeMessages},
	"messages/*.write":        {SeeMessages, Resend},
	"messages/unclaimed.read": {SeeMessages, SeeUnclaimed},
	Clinician:                 {LookUp},
	"grants/*.read":           {SeeGrants},
	"grants/*.write":          {SeeGrants, EndGrants},
	// What reads or changes every resource is no right to messages that are held.
	"system/*.cruds":            nil,
	"system/*.*":                nil,
	"system/ReviewItem.cruds":   nil,
	"system/JournalEntry.cruds": nil,
	"system/AccessGrant.cruds":  nil,
	"review/*.*":                nil,
	"messages/*.reads":          nil,
}

func TestAdminScopes(t *testing.T) {
	for scope, want := range adminCases {
		s := ParseScopes(scope)
		for _, act := range administrators {
			for _, typ := range []string{ReviewItem, JournalEntry, RequestMessage, AccessGrant, "Appointment", "*", ""} {
				expect := No
				if slices.Contains(want, act) && slices.Contains(actions[act].types, typ) {
					expect = Yes
				}
				if got := s.Allows(act, typ); got != expect {
					t.Errorf("%q: %v on %q = %v, want %v", scope, act, typ, got, expect)
				}
			}
		}
		for _, act := range every {
			if got := s.Allows(act, "Appointment"); got != No && len(want) > 0 {
				t.Errorf("%q allows %v on Appointment", scope, act)
			}
		}
	}
}

// TestAuditNeedsItsOwnScope: no scope for any type shows who looked at what, whether
// the token has it or the client's registration.
func TestAuditNeedsItsOwnScope(t *testing.T) {
	for _, tc := range []struct {
		token, registered string
		want              Grant
	}{
		{"system/AuditEvent.rs", "system/AuditEvent.rs", Yes},
		{"system/AuditEvent.rs", "system/*.rs system/AuditEvent.rs", Yes},
		{"system/*.cruds", "system/AuditEvent.rs", No},
		{"system/AuditEvent.rs", "system/*.cruds", No},
		{"system/*.cruds", "system/*.cruds", No},
		{"system/AuditEvent.s", "system/AuditEvent.rs", No},
	} {
		if got := ParseScopes(tc.token).Within(ParseScopes(tc.registered)).Allows(Read, AuditRecord); got != tc.want {
			t.Errorf("%q for a client of %q reads the audit: %v, want %v", tc.token, tc.registered, got, tc.want)
		}
	}
	if ParseScopes("system/*.cruds").covers("system/AuditEvent.rs") {
		t.Error("a client of system/*.cruds may ask for system/AuditEvent.rs")
	}
}
