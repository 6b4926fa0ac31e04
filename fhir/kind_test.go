package fhir

import "testing"

// TestKindsHaveNoHoles holds the kinds table to its promise: each kind has a
// name of its own, an issue type that FHIR has and a status in each style.
func TestKindsHaveNoHoles(t *testing.T) {
	issueTypes := map[string]bool{} // http://hl7.org/fhir/R4/valueset-issue-type.html
	for _, code := range []string{
		"invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden", "suppressed",
		"processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension",
		"too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled", "informational",
	} {
		issueTypes[code] = true
	}
	names := map[string]bool{}
	for k := range numKinds {
		if k.String() == "" || names[k.String()] {
			t.Errorf("kind %d has no name of its own: %q", k, k)
		}
		names[k.String()] = true
		if k.Error() != k.String() {
			t.Errorf("%v as an error is %q", k, k.Error())
		}
		if !issueTypes[k.Issue()] {
			t.Errorf("%v has the issue type %q, which FHIR does not have", k, k.Issue())
		}
		for s := range numStyles {
			if status := k.Status(s); status < 400 || status > 599 {
				t.Errorf("%v in style %v has status %d", k, s, status)
			}
		}
	}
}

// TestKindStatus pins the statuses that documents name: design 2.8 and
// nhs-booking 0.1 (X1, X2) and 4.2 (E4, E17, E18, E21, E22).
func TestKindStatus(t *testing.T) {
	tests := []struct {
		kind                Kind
		rfc6750, nhsBooking int
		why                 string
	}{
		{kind: SlotTaken, rfc6750: 409, nhsBooking: 422, why: "E17"},
		{kind: Duplicate, rfc6750: 409, nhsBooking: 409, why: "E18"},
		{kind: VersionMissing, rfc6750: 412, nhsBooking: 412, why: "E21"},
		{kind: PreconditionFailed, rfc6750: 412, nhsBooking: 409, why: "E22"},
		{kind: Unauthenticated, rfc6750: 401, nhsBooking: 403, why: "E4"},
		{kind: Forbidden, rfc6750: 403, nhsBooking: 403, why: "E5"},
		{kind: Invalid, rfc6750: 400, nhsBooking: 400, why: "E1"},
		{kind: Unprocessable, rfc6750: 422, nhsBooking: 422, why: "E14"},
		{kind: NotFound, rfc6750: 404, nhsBooking: 404, why: "E19"},
		{kind: Gone, rfc6750: 410, nhsBooking: 410, why: "E20"},
		{kind: MethodNotAllowed, rfc6750: 405, nhsBooking: 405, why: "E10"},
		{kind: Unsupported, rfc6750: 415, nhsBooking: 415, why: "E11"},
		{kind: Internal, rfc6750: 500, nhsBooking: 500, why: "E27"},
	}
	for _, tc := range tests {
		if got := tc.kind.Status(StyleRFC6750); got != tc.rfc6750 {
			t.Errorf("%v in rfc6750 = %d, want %d (%s)", tc.kind, got, tc.rfc6750, tc.why)
		}
		if got := tc.kind.Status(StyleNHSBooking); got != tc.nhsBooking {
			t.Errorf("%v in nhs-booking = %d, want %d (%s)", tc.kind, got, tc.nhsBooking, tc.why)
		}
	}
	for _, s := range []Style{StyleUEC, StyleBaRS} {
		if got := SlotTaken.Status(s); got != 409 {
			t.Errorf("SlotTaken in %v = %d, want 409 (X1)", s, got)
		}
	}
}

func TestParseStyle(t *testing.T) {
	for s := range numStyles {
		if got, ok := ParseStyle(s.String()); !ok || got != s || s.String() == "" {
			t.Errorf("ParseStyle(%q) = %v, %v", s, got, ok)
		}
	}
	if _, ok := ParseStyle("NHS"); ok {
		t.Error("a style nobody knows was found")
	}
}
