package auth

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
)

var (
	proxyCert = &x509.Certificate{Raw: []byte("the proxy's")}
	otherCert = &x509.Certificate{Raw: []byte("somebody else's")}
)

// unsignedVerifier trusts the test issuer and, of unsigned tokens, the proxy.
func unsignedVerifier(t testing.TB) *TokenVerifier {
	t.Helper()
	const booking = "https://facade.example.test/STU3/1/booking"
	v, err := NewVerifier(VerifierConfig{
		Issuers: []TrustedIssuer{
			{Issuer: testIssuer, Audience: []string{testAudience, booking}, Keys: testKeys()},
			{Profile: NHSUnsigned, Audience: []string{booking}, Client: testClient, Proxy: func(c *x509.Certificate) bool { return c == proxyCert }},
		},
		Clients: testClients(t), Now: newClock().Now,
	})
	if err != nil {
		t.Fatalf("NewVerifier() = %v", err)
	}
	return v
}

// atProxy is a request on the booking face that the proxy brought.
func atProxy(t testing.TB) context.Context {
	return WithUnsigned(WithCertificate(t.Context(), proxyCert))
}

func resource(typ string, more ...any) map[string]any {
	r := map[string]any{"resourceType": typ}
	for i := 0; i < len(more); i += 2 {
		r[more[i].(string)] = more[i+1]
	}
	return r
}

func ods(system, value string) map[string]any {
	return resource("Organization", "name", "Example 111", "identifier", []any{
		map[string]any{"system": "https://consumer.example/Id/local", "value": "7"}, map[string]any{"system": system, "value": value},
	})
}

// unsignedToken is the token of spec nhs-booking 2.13, and the edits.
func unsignedToken(edits ...edit) string {
	all := []edit{
		func(f *forged) {
			f.head = map[string]any{"alg": "none", "typ": "JWT"}
			f.body = map[string]any{
				"iss": "https://consumer.example/", "sub": "u-1", "aud": "https://facade.example.test/STU3/1/booking",
				"iat": at(0), "exp": at(300), "reason_for_request": "directcare", "requested_scope": "patient/appointment.write",
				"requesting_device":       resource("Device", "identifier", []any{map[string]any{"system": "https://consumer.example/Id/device", "value": "D1"}}, "model", "M", "version", "1"),
				"requesting_organization": ods(odsSystem, "X0001"),
				"requesting_practitioner": resource("Practitioner", "id", "u-1"),
			}
			f.sign = func(string) []byte { return nil }
		},
	}
	return forge(append(all, edits...)...)
}

// TestUnsigned: spec nhs-booking 3.2 and 3.3, requirements 115 to 120.
func TestUnsigned(t *testing.T) {
	v := unsignedVerifier(t)
	rows := append(unsignedRows(), unsignedClaimRows()...)
	for _, tc := range rows {
		t.Run(tc.name, func(t *testing.T) {
			p, err := v.Verify(atProxy(t), unsignedToken(tc.edits...))
			if tc.check != "" {
				refusedFor(t, err, tc.check)
				return
			}
			if err != nil || p.Client != testClient || p.Organisation != "X0001" || p.OrganisationName != "Example 111" || p.Issuer != "https://consumer.example/" {
				t.Fatalf("Verify() = %+v, %v", p, err)
			}
			if !json.Valid(p.Requesting.Organization) || !json.Valid(p.Requesting.Device) {
				t.Errorf("who asks: %+v", p.Requesting)
			}
		})
	}
	if v.verified.Len() != 0 {
		t.Errorf("%d unsigned tokens are remembered", v.verified.Len())
	}
}

func unsignedRows() []attack {
	return []attack{
		row("as the standard prints it", ""),
		row("without a practitioner", "", claim("requesting_practitioner", nil)),
		row("a practitioner with UNK", "", claim("requesting_practitioner", resource("Practitioner", "id", "u-1", "identifier", []any{map[string]any{"system": "https://fhir.nhs.uk/sds-user-id", "value": "UNK"}}))),
		row("issued 5 seconds from now", "", claim("iat", at(5)), claim("exp", at(305))),
		row("a shorter life", "", claim("exp", at(60))),
		row("aud as a list", "", claim("aud", []string{"https://facade.example.test/STU3/1/booking"})),
		row("aud with a slash at the end", "", claim("aud", "https://facade.example.test/STU3/1/booking/")),
		row("a key id", "", head("kid", "rsa-1")),
		row("claims nobody knows", "", claim("cdsh", "x")),
		row("119 a signature", "signature", signature([]byte("x"))),
		row("119 a good signature", "signature", func(f *forged) { f.sign = rs256(rsaKey()) }),
		row("the last dot is missing", "shape", finished(func(s string) string { return strings.TrimSuffix(s, ".") })),
		row("one dot too many", "shape", finished(func(s string) string { return s + "." })),
		row("alg None", "shape", head("alg", "None")),
		row("alg NONE", "shape", head("alg", "NONE")),
		row("no alg", "shape", head("alg", nil)),
		row("alg empty", "shape", head("alg", "")),
		row("RS256 named, no signature", "shape", head("alg", "RS256"), head("kid", "rsa-1")),
		row("alg twice", "header", headIs(`{"alg":"none","alg":"none","typ":"JWT"}`)),
		row("crit", "header", head("crit", []string{"exp"})),
		row("b64", "header", head("b64", false)),
		row("zip", "header", head("zip", "DEF")),
		row("typ at+jwt", "type", head("typ", "at+jwt")),
		row("no typ", "type", head("typ", nil)),
		row("claims that are padded", "shape", finished(func(s string) string { return s[:len(s)-1] + "=." })),
		row("claims twice", "claims", bodyIs(`{%,"aud":"x"}`)),
		row("an ID token", "type", claim("nonce", "n")),
	}
}

func unsignedClaimRows() []attack {
	var rows []attack
	for _, name := range []string{"iss", "sub", "aud", "iat", "exp", "reason_for_request", "requested_scope", "requesting_device", "requesting_organization"} {
		rows = append(rows, row("no "+name, "claims", claim(name, nil)), row(name+" is null", "claims", claim(name, null)), row(name+" is a list of numbers", "claims", claim(name, []int{1})))
	}
	for _, bad := range []any{"D1", 1, []any{}, map[string]any{}, resource("Practitioner"), resource("device"), raw(`{"resourceType":"Device","resourceType":"Device"}`)} {
		rows = append(rows, row("a device that is none: "+string(mustKey(json.Marshal(bad))), "claims", claim("requesting_device", bad)))
	}
	return append(rows,
		row("an organisation without a code", "claims", claim("requesting_organization", resource("Organization", "name", "x"))),
		row("an organisation with a code of another system", "claims", claim("requesting_organization", ods("https://fhir.nhs.uk/Id/other", "X0001"))),
		row("an organisation whose code is in another case", "claims", claim("requesting_organization", raw(`{"resourceType":"Organization","name":"x","Identifier":[{"system":"`+odsSystem+`","value":"X0001"}]}`))),
		row("an organisation whose code's value is in another case", "claims", claim("requesting_organization", raw(`{"resourceType":"Organization","name":"x","identifier":[{"system":"`+odsSystem+`","VALUE":"X0001"}]}`))),
		row("an organisation with a code of another case beside it", "", claim("requesting_organization", raw(`{"resourceType":"Organization","name":"Example 111","Name":"Other","identifier":[{"system":"`+odsSystem+`","value":"X0001","Value":"Y9999"}],"IDENTIFIER":[{"system":"`+odsSystem+`","value":"Y9999"}]}`))),
		row("an organisation with an empty code", "claims", claim("requesting_organization", ods(odsSystem, ""))),
		row("an organisation whose identifiers are none", "claims", claim("requesting_organization", resource("Organization", "identifier", "X"))),
		row("a practitioner that is none", "claims", claim("requesting_practitioner", resource("Patient"))),
		row("117 another reason", "reason", claim("reason_for_request", "secondaryuses")),
		row("117 the reason in capitals", "reason", claim("reason_for_request", "DirectCare")),
		row("another audience", "audience", claim("aud", "https://facade.example.test/notanendpoint")),
		row("the audience of the other face", "audience", claim("aud", testAudience)),
		row("116 expired", "expired", claim("iat", at(-400)), claim("exp", at(-100))),
		row("116 expired within the leeway", "", claim("iat", at(-320)), claim("exp", at(-20))),
		row("issued in the future", "not yet valid", claim("iat", at(100)), claim("exp", at(400))),
		row("longer than 300 seconds", "lifetime", claim("exp", at(301))),
		row("exp before iat", "lifetime", claim("iat", at(20)), claim("exp", at(10))),
		row("exp as text", "claims", claim("exp", "1792922700")),
		row("bound to another certificate", "binding", claim("cnf", map[string]any{"x5t#S256": "abc"})),
	)
}

// TestUnsignedElsewhere: design decision 14. The same token is worth nothing where
// any one of the three conditions is missing, before and after it was good.
func TestUnsignedElsewhere(t *testing.T) {
	v, off := unsignedVerifier(t), testVerifier(t, newClock(), nil)
	token := unsignedToken()
	for round := range 2 {
		for name, ctx := range map[string]context.Context{
			"on another face":                 WithCertificate(t.Context(), proxyCert),
			"without a certificate":           WithUnsigned(t.Context()),
			"with somebody's certificate":     WithUnsigned(WithCertificate(t.Context(), otherCert)),
			"from anywhere":                   t.Context(),
			"with somebody's, on either face": WithCertificate(t.Context(), otherCert),
		} {
			if _, err := v.Verify(ctx, token); err == nil {
				t.Errorf("round %d: accepted %s", round, name)
			} else {
				refusedFor(t, err, "algorithm")
			}
		}
		_, err := off.Verify(atProxy(t), token)
		refusedFor(t, err, "algorithm")
		if _, err := v.Verify(atProxy(t), token); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if _, err := v.Verify(atProxy(t), forge()); err != nil {
			t.Errorf("round %d: a signed token at the proxy's: %v", round, err)
		}
	}
}

// TestUnsignedScopes: requirement 120. Scopes are whole words of a list, never
// more than the client has.
func TestUnsignedScopes(t *testing.T) {
	v := unsignedVerifier(t)
	for scope, want := range map[string][3]Grant{ // book, slot search, delete
		"patient/appointment.write":                         {Yes, No, No},
		"organization/slot.read":                            {No, Yes, No},
		"organization/slot.read patient/appointment.write":  {Yes, Yes, No},
		"organization/slot.reader":                          {No, No, No},
		"xorganization/slot.read":                           {No, No, No},
		"organization/*.read":                               {No, No, No},
		"patient/appointment.write2":                        {No, No, No},
		"patient/appointment.write,organization/slot.read":  {No, No, No},
		"Patient/Appointment.write":                         {No, No, No},
		"patient/Appointment.write":                         {No, No, No},
		"patient/*.write":                                   {No, No, No},
		"organization/slot.read\tpatient/appointment.write": {No, No, No},
		"system/Appointment.d":                              {No, No, Yes}, // as far as the client is registered for it
	} {
		p, err := v.Verify(atProxy(t), unsignedToken(claim("requested_scope", scope)))
		if err != nil {
			t.Errorf("%q: %v", scope, err)
			continue
		}
		if got := [3]Grant{p.Scopes.Allows(Book, "Appointment"), p.Scopes.Allows(SlotSearch, "Slot"), p.Scopes.Allows(Delete, "Appointment")}; got != want {
			t.Errorf("%q allows %v, want %v", scope, got, want)
		}
	}
}

// used is a memory of what was used.
type used struct {
	keys map[string]time.Time
	err  error
}

func (u *used) Once(_ context.Context, key string, until time.Time) (bool, error) {
	if u.err != nil {
		return false, u.err
	}
	_, was := u.keys[key]
	u.keys[key] = until
	return !was, nil
}

// TestSingleUse: a token of an issuer whose tokens are for one request is good
// once, and not at all while nobody can tell.
func TestSingleUse(t *testing.T) {
	memory := &used{keys: map[string]time.Time{}}
	issuer := TrustedIssuer{Issuer: testIssuer, Audience: []string{testAudience}, Keys: testKeys(), SingleUse: true, Profile: SMART}
	v, err := NewVerifier(VerifierConfig{Issuers: []TrustedIssuer{issuer}, Clients: testClients(t), Now: newClock().Now, Replays: memory})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), forge()); err != nil {
		t.Errorf("first use: %v", err)
	}
	for range 2 {
		_, err = v.Verify(t.Context(), forge())
		refusedFor(t, err, "replay")
	}
	_, err = v.Verify(t.Context(), forge(claim("jti", nil)))
	refusedFor(t, err, "claims")
	if _, err := v.Verify(t.Context(), forge(claim("aud", "elsewhere"), claim("jti", "next"))); err == nil {
		t.Error("a token for somebody else is accepted")
	}
	if _, err := v.Verify(t.Context(), forge(claim("jti", "next"))); err != nil {
		t.Errorf("a jti that a refused token had: %v", err)
	}
	for key, until := range memory.keys {
		if !until.Equal(testNow.Add(time.Hour + leeway)) {
			t.Errorf("%q is remembered until %v", key, until)
		}
	}
	memory.err = fhir.Errorf(fhir.Busy, "The store cannot write.")
	if _, err := v.Verify(t.Context(), forge(claim("jti", "third"))); !errors.Is(err, fhir.Busy) {
		t.Errorf("without memory: %v, want Busy", err)
	}
}

// TestScopeClaims: the scopes are where the profile or the configuration says.
func TestScopeClaims(t *testing.T) {
	tests := []struct {
		name    string
		profile Profile
		named   string
		edits   []edit
		want    string
	}{
		{"scope", Standard, "", nil, "system/*.rs"},
		{"scp as a list", Standard, "scp", []edit{claim("scp", []string{"system/Slot.r", "x"})}, "system/Slot.r x"},
		{"roles as text", Standard, "roles", []edit{claim("roles", "system/Slot.r")}, "system/Slot.r"},
		{"a claim that is not there", Standard, "scp", nil, ""},
		{"requested_scope is not the standard's", Standard, "", []edit{claim("scope", nil), claim("requested_scope", "system/*.cruds")}, ""},
		{"requested_scope of a national token", NHSLegacy, "", []edit{claim("scope", nil), claim("requested_scope", "organization/slot.read")}, "organization/slot.read"},
		{"scope goes before it", NHSLegacy, "", []edit{claim("scope", "system/Slot.r"), claim("requested_scope", "organization/slot.read")}, "system/Slot.r"},
	}
	for _, tc := range tests {
		v := testVerifier(t, newClock(), func(i *TrustedIssuer) { i.Profile, i.ScopeClaim = tc.profile, tc.named })
		p, err := v.Verify(t.Context(), forge(tc.edits...))
		if err != nil || strings.TrimSpace(p.Scopes.String()) != tc.want {
			t.Errorf("%s: scopes %q, %v, want %q", tc.name, p.Scopes.String(), err, tc.want)
		}
	}
}
