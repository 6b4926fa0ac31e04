package nhslogin_test

import (
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/server/internal/nhslogin"
)

// What holds is accepted: without it the table of faults would say nothing.
func TestFinish(t *testing.T) {
	want := nhslogin.Identity{
		Subject: "subject-1", NHSNumber: "9990000018", BirthDate: "1980-02-29", FamilyName: "Sample", GivenName: "Robin", Proof: "P9", Trust: "P9.Cp.Cd", TokenID: "jti-1",
	}
	for _, tc := range []struct {
		name   string
		change func(p *provider)
	}{
		{"as NHS login does", func(*provider) {}},
		{"one audience in a list", func(p *provider) { p.token["aud"] = []string{clientID} }},
		{"authorised party is us", func(p *provider) { p.token["azp"] = clientID }},
		{"made a moment ahead of our clock", func(p *provider) { p.token["iat"] = now.Add(time.Minute).Unix() }},
		{"the person in UserInfo alone", func(p *provider) {
			for _, name := range []string{"nhs_number", "birthdate", "family_name", "identity_proofing_level"} {
				delete(p.token, name)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newProvider(t)
			tc.change(p)
			got, err := p.finish()
			if err != nil {
				t.Fatalf("Finish = %v, want it accepted", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("identity (-want +got):\n%s", diff)
			}
			asked := p.requests["/token"]
			if got := asked["client_assertion_type"]; len(got) != 1 || asked["client_secret"] != nil || len(asked["code_verifier"]) != 1 {
				t.Errorf("the token endpoint was asked with %v, want a proof by key and the verifier, no secret", sortedKeys(asked))
			}
		})
	}
}

// security-reliability S55, S67 and OpenID Connect Core 3.1.3.7: nobody is signed in
// by an ID token with a fault.
func TestFaultyIDTokens(t *testing.T) {
	header := func(name string, value any) func(*provider) {
		return func(p *provider) { p.header = p.header.with(name, value) }
	}
	claim := func(name string, value any) func(*provider) {
		return func(p *provider) { p.token = p.token.with(name, value) }
	}
	other := keys()[1]
	signed := func(alg string, sign func(p *provider) func([]byte) []byte) func(*provider) {
		return func(p *provider) { p.header["alg"], p.sign = alg, sign(p) }
	}
	answered := func(v any) func(*provider) {
		return func(p *provider) { p.respond = func(string) any { return v } }
	}
	altered := func(alter func(token string) string) func(*provider) {
		return func(p *provider) {
			whole := p.respond
			p.respond = func(token string) any { return whole(alter(token)) }
		}
	}
	for _, tc := range []struct {
		name  string
		fault func(p *provider)
	}{
		{"alg RS256", signed("RS256", func(p *provider) func([]byte) []byte { return p.byRSA(p.key, crypto.SHA256) })},
		{"alg PS512", signed("PS512", func(p *provider) func([]byte) []byte { return byPSS(p.key) })},
		{"alg HS512 by the public key", signed("HS512", func(p *provider) func([]byte) []byte { return byPublicKey(p.key) })},
		{"alg none", signed("none", func(*provider) func([]byte) []byte { return func([]byte) []byte { return nil } })},
		{"alg None", signed("None", func(*provider) func([]byte) []byte { return func([]byte) []byte { return nil } })},
		{"alg empty", header("alg", "")},
		{"alg missing", header("alg", nil)},
		{"RS512 by another key", signed("RS512", func(p *provider) func([]byte) []byte { return p.byRSA(other, crypto.SHA512) })},
		{"another key, brought along", func(p *provider) {
			p.header["jwk"], p.sign = publicKey(other, keyID), p.byRSA(other, crypto.SHA512)
		}},
		{"another key, at an address", func(p *provider) {
			p.header["jku"], p.sign = p.URL+"/others", p.byRSA(other, crypto.SHA512)
		}},
		{"kid of no key", header("kid", "k2")},
		{"kid is a path", header("kid", "../../dev/null")},
		{"crit of something unknown", header("crit", []string{"exp2"})},
		{"claims changed after signing", altered(func(token string) string {
			parts := strings.Split(token, ".")
			return parts[0] + "." + strings.Replace(parts[1], "e", "f", 1) + "." + parts[2]
		})},
		{"no signature", altered(func(token string) string { return token[:strings.LastIndex(token, ".")+1] })},
		{"two parts", altered(func(token string) string { return token[:strings.LastIndex(token, ".")] })},
		{"four parts", altered(func(token string) string { return token + ".x" })},
		{"empty", altered(func(string) string { return "" })},
		{"no ID token", answered(claims{"access_token": "x", "token_type": "bearer"})},
		{"an ID token that is no text", answered(claims{"access_token": "x", "token_type": "bearer", "id_token": 1})},
		{"no access token", answered(claims{"token_type": "bearer"})},
		{"no JSON object", answered("x")},

		{"iss of another", claim("iss", "https://auth.login.example")},
		{"iss with a slash more", func(p *provider) { p.token["iss"] = p.URL + "/" }},
		{"iss missing", claim("iss", nil)},
		{"aud of another", claim("aud", "another")},
		{"aud missing", claim("aud", nil)},
		{"aud in capitals", claim("aud", strings.ToUpper(clientID))},
		{"aud is ours and another's", claim("aud", []string{clientID, "another"})},
		{"azp of another", claim("azp", "another")},
		{"exp now", claim("exp", now.Add(-time.Second).Unix())},
		{"exp a year ago", claim("exp", now.AddDate(-1, 0, 0).Unix())},
		{"exp missing", claim("exp", nil)},
		{"exp is text", claim("exp", "later")},
		{"iat tomorrow", claim("iat", now.AddDate(0, 0, 1).Unix())},
		{"iat yesterday", claim("iat", now.AddDate(0, 0, -1).Unix())},
		{"iat missing", claim("iat", nil)},
		{"nbf tomorrow", claim("nbf", now.AddDate(0, 0, 1).Unix())},
		{"nonce of another sign-in", claim("nonce", "another")},
		{"nonce missing", claim("nonce", nil)},
		{"nonce empty", claim("nonce", "")},
		{"jti missing", claim("jti", nil)},
		{"jti empty", claim("jti", "")},
		{"sub missing", claim("sub", nil)},
		{"sub missing, and in UserInfo", func(p *provider) { p.token, p.info = p.token.with("sub", nil), p.info.with("sub", nil) }},
		{"claims of another form", claim("nhs_number", claims{"value": "9990000018"})},
	} {
		t.Run(tc.name, func(t *testing.T) { refuses(t, tc.fault, fhir.Unauthenticated) })
	}
}

// refuses checks that a sign-in with a fault signs nobody in, and says of nobody
// anything.
func refuses(t *testing.T, fault func(p *provider), want fhir.Kind) {
	t.Helper()
	p := newProvider(t)
	fault(p)
	who, err := p.finish()
	if fhir.KindOf(err) != want {
		t.Errorf("Finish = %+v, %v; want the kind %v", who, err, want)
	}
	if err != nil {
		for _, secret := range []string{"9990000018", "1980-02-29", "Sample", "subject-1", nonce, "an-access-token"} {
			if strings.Contains(fhir.AsError(err).Text, secret) {
				t.Errorf("the text of the error has %q: %v", secret, err)
			}
		}
	}
}

// security-reliability S67: UserInfo is about the person of the ID token.
func TestFaultyUserInfo(t *testing.T) {
	says := func(name string, value any) func(*provider) {
		return func(p *provider) { p.info = p.info.with(name, value) }
	}
	for _, tc := range []struct {
		name  string
		fault func(p *provider)
	}{
		{"of another", says("sub", "subject-2")},
		{"of nobody", says("sub", nil)},
		{"another NHS number", says("nhs_number", "9990000026")},
		{"another date of birth", says("birthdate", "1980-02-28")},
		{"another family name", says("family_name", "Example")},
		{"another proof", says("identity_proofing_level", "P5")},
		{"refused", func(p *provider) { p.status = http.StatusUnauthorized }},
		{"out of order", func(p *provider) { p.status = http.StatusInternalServerError }},
	} {
		t.Run(tc.name, func(t *testing.T) { refuses(t, tc.fault, fhir.Unauthenticated) })
	}
}

// security-reliability S67: only who is proven (P9, by a vector of trust of P9) and
// has an NHS number is signed in.
func TestNotProven(t *testing.T) {
	both := func(name string, value any) func(*provider) {
		return func(p *provider) { p.token, p.info = p.token.with(name, value), p.info.with(name, value) }
	}
	for _, tc := range []struct {
		name  string
		fault func(p *provider)
	}{
		{"P5", both("identity_proofing_level", "P5")},
		{"P0", both("identity_proofing_level", "P0")},
		{"P99", both("identity_proofing_level", "P99")},
		{"no level", both("identity_proofing_level", nil)},
		{"vot P5", func(p *provider) { p.token["vot"] = "P5.Cp.Cd" }},
		{"vot P90", func(p *provider) { p.token["vot"] = "P90.Cp" }},
		{"no vot", func(p *provider) { delete(p.token, "vot") }},
		{"vot in UserInfo alone", func(p *provider) { p.token, p.info["vot"] = p.token.with("vot", nil), "P9.Cp.Cd" }},
		{"no NHS number", both("nhs_number", nil)},
		{"an NHS number with a wrong check digit", both("nhs_number", "9990000017")},
		{"an NHS number in the writing of people", both("nhs_number", "999 000 0018")},
		{"no date of birth", both("birthdate", nil)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuses(t, tc.fault, fhir.Forbidden)
			p := newProvider(t)
			tc.fault(p)
			if _, err := p.finish(); err == nil || fhir.AsError(err).Code != nhslogin.CodeNotProven {
				t.Errorf("Finish = %v, want the code %s", err, nhslogin.CodeNotProven)
			}
		})
	}
}

// A key that NHS login has changed is looked up; one that is unreachable is no fault
// of the person.
func TestProviderComesAndGoes(t *testing.T) {
	p := newProvider(t)
	c := p.client()
	if _, err := c.Finish(t.Context(), "a-code", nonce, "v"); err != nil {
		t.Fatal(err)
	}
	p.key = keys()[1]
	p.sign = p.byRSA(p.key, crypto.SHA512)
	if _, err := c.Finish(t.Context(), "a-code", nonce, "v"); err != nil {
		t.Errorf("after a change of keys: %v", err)
	}
	p.Close()
	if _, err := p.client().Finish(t.Context(), "a-code", nonce, "v"); fhir.KindOf(err) != fhir.Busy {
		t.Errorf("unreachable: %v, want Busy", err)
	}
}
