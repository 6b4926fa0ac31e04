package auth

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const tokenURL = testIssuer + "/oauth2/token"

// assertingIssuer is an issuer with a client that has keys, and one that has none.
func assertingIssuer(t testing.TB, replays Replays) (*Issuer, *fixedClock) {
	t.Helper()
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(testKeys()) }))
	t.Cleanup(served.Close)
	clients, err := NewClients(
		Client{ID: testClient, JWKS: served.URL, AllowInsecureLoopback: true, Scopes: []string{"system/*.rs"}},
		Client{ID: "by-secret", Scopes: []string{"system/*.rs"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	at := newClock()
	p, _ := testPasswords(t, at.Now)
	i, err := NewIssuer(IssuerConfig{URL: testIssuer, Audience: []string{testAudience}, Clients: clients, Secrets: p, Random: rand.Reader, Now: at.Now, Replays: replays})
	if err != nil {
		t.Fatal(err)
	}
	return i, at
}

// assertion is one as SMART Backend Services has it, and the edits.
func assertion(edits ...edit) string {
	all := []edit{func(f *forged) {
		f.head = map[string]any{"alg": "ES384", "typ": "JWT", "kid": "ec-384"}
		f.body = map[string]any{"iss": testClient, "sub": testClient, "aud": tokenURL, "jti": canary, "exp": at(300), "iat": at(0)}
		f.sign = es(jwt.SigningMethodES384, ec384Key())
	}}
	return forge(append(all, edits...)...)
}

// exchange asks for a token.
func exchange(t testing.TB, i *Issuer, form url.Values, header ...string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, tokenURL, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	i.TokenHandler().ServeHTTP(w, r)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
	return w.Code, doc
}

func asserting(text string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType}, "client_assertion": {text}}
}

// TestAssertions: requirements S49 to S51; RFC 7523, SMART Backend Services.
func TestAssertions(t *testing.T) {
	rows := []struct {
		name  string
		says  string // empty: a token is given
		edits []edit
	}{
		{"as it should be", "", nil},
		{"RS384", "", []edit{signed("RS384", "rsa-1", rs(jwt.SigningMethodRS384, rsaKey()))}},
		{"aud as a list of one", "", []edit{claim("aud", []string{tokenURL})}},
		{"without iat and typ", "", []edit{claim("iat", nil), head("typ", nil)}},
		{"its own typ", "", []edit{head("typ", "client-authentication+jwt")}},
		{"a jku that is not followed", "", []edit{head("jku", "http://127.0.0.1:1/"+canary)}},
		{"aud with a slash", "aud", []edit{claim("aud", tokenURL+"/")}},
		{"aud of the issuer", "aud", []edit{claim("aud", testIssuer)}},
		{"aud of the API", "aud", []edit{claim("aud", testAudience)}},
		{"aud of somebody too", "aud", []edit{claim("aud", []string{tokenURL, "https://elsewhere.example.test/token"})}},
		{"no aud", "aud", []edit{claim("aud", nil)}},
		{"sub is another", "iss and sub", []edit{claim("sub", "other")}},
		{"no iss", "iss and sub", []edit{claim("iss", nil)}},
		{"an unknown client", "not known", []edit{claim("iss", "stranger"), claim("sub", "stranger")}},
		{"a client without keys", "not known", []edit{claim("iss", "by-secret"), claim("sub", "by-secret")}},
		{"no jti", "jti", []edit{claim("jti", nil)}},
		{"jti a number", "type", []edit{claim("jti", 1)}},
		{"no exp", "exp", []edit{claim("exp", nil)}},
		{"expired", "exp", []edit{claim("exp", at(-60)), claim("iat", at(-300))}},
		{"more than five minutes", "5 minutes", []edit{claim("exp", at(400))}},
		{"exp as text", "type", []edit{claim("exp", "1792922700")}},
		{"issued in the future", "future", []edit{claim("iat", at(200))}},
		{"nbf in the future", "future", []edit{claim("nbf", at(200))}},
		{"no kid", "kid", []edit{head("kid", nil)}},
		{"an unknown kid", "kid", []edit{head("kid", "x")}},
		{"alg none", "kid", []edit{head("alg", "none")}},
		{"alg none and no signature", "kid", []edit{head("alg", "none"), signature(nil)}},
		{"HS256", "kid", []edit{signed("HS256", "rsa-1", hs([]byte("x")))}},
		{"another's signature", "signature", []edit{signed("RS256", "rsa-1", rs256(otherKey()))}},
		{"crit", "signed JWT", []edit{head("crit", []string{"x"})}},
		{"an access token", "typ", []edit{head("typ", "at+jwt")}},
		{"an access token without typ", "another kind", []edit{head("typ", nil), claim("client_id", testClient), claim("scope", "x")}},
		{"an ID token", "another kind", []edit{claim("nonce", "x")}},
		{"iss twice", "signed JWT", []edit{bodyIs(`{%,"iss":"` + testClient + `"}`)}},
	}
	memory := &used{}
	i, _ := assertingIssuer(t, memory)
	for _, tc := range rows {
		memory.keys = map[string]time.Time{}
		i.Secrets.failures.counts.Purge()
		text := assertion(tc.edits...)
		status, doc := exchange(t, i, asserting(text))
		if tc.says == "" {
			if status != 200 || doc["scope"] != "system/*.rs" {
				t.Errorf("%s: %d %v", tc.name, status, doc)
			}
			if status, doc = exchange(t, i, asserting(text)); status != 401 || !strings.Contains(doc["error_description"].(string), "jti") {
				t.Errorf("%s, again: %d %v", tc.name, status, doc)
			}
			continue
		}
		if said, _ := doc["error_description"].(string); status != 401 || doc["error"] != "invalid_client" || !strings.Contains(said, tc.says) || strings.Contains(said, canary) {
			t.Errorf("%s: %d %v, want what names %q", tc.name, status, doc, tc.says)
		}
	}
}

// TestAssertionRequests: one proof, of the right kind.
func TestAssertionRequests(t *testing.T) {
	i, clock := assertingIssuer(t, &used{keys: map[string]time.Time{}})
	with := func(more ...string) url.Values {
		form := asserting(assertion(claim("jti", strings.Join(more, "/"))))
		for n := 0; n+1 < len(more); n += 2 {
			form.Set(more[n], more[n+1])
		}
		return form
	}
	for _, tc := range []struct {
		name   string
		form   url.Values
		header []string
		status int
		code   string
	}{
		{"with its client_id", with("client_id", testClient), nil, 200, ""},
		{"with another's client_id", with("client_id", "by-secret"), nil, 401, "invalid_client"},
		{"S49 with a secret too", with("client_secret", "x"), nil, 400, "invalid_request"},
		{"S49 with a header too", with(), []string{"Authorization", "Basic YTpi"}, 400, "invalid_request"},
		{"S51 another type", with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), nil, 400, "invalid_request"},
		{"S51 another grant", with("grant_type", "password"), nil, 400, "unsupported_grant_type"},
		{"S52 too much", with("scope", "system/*.cruds"), nil, 400, "invalid_scope"},
		{"no assertion", url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType}}, nil, 401, "invalid_client"},
	} {
		status, doc := exchange(t, i, tc.form, tc.header...)
		if code, _ := doc["error"].(string); status != tc.status || code != tc.code {
			t.Errorf("%s: %d %v, want %d %s", tc.name, status, doc, tc.status, tc.code)
		}
	}
	clock.Add(time.Second)
	for range failuresByUser + 1 {
		exchange(t, i, asserting(assertion(signed("RS256", "rsa-1", rs256(otherKey())))))
	}
	if status, _ := exchange(t, i, asserting(assertion(claim("jti", "late")))); status != 429 {
		t.Errorf("after many that are wrong: %d, want 429", status)
	}
	off, _ := assertingIssuer(t, nil)
	if status, doc := exchange(t, off, asserting(assertion())); status != 400 || doc["error"] != "invalid_request" {
		t.Errorf("where they are not offered: %d %v", status, doc)
	}
}

// TestDiscovery: keys are where the issuer's own metadata says.
func TestDiscovery(t *testing.T) {
	var metadata, keysPath string
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/oauth/.well-known/openid-configuration":
			_, _ = w.Write([]byte(metadata))
		case "/keys":
			keysPath = r.URL.Path
			_, _ = w.Write(testKeys())
		}
	}))
	defer served.Close()
	issuer := served.URL + "/oauth"
	for _, tc := range []struct {
		name, metadata string
		good           bool
	}{
		{"its own", `{"issuer":"ISS","jwks_uri":"BASE/keys","x":[{}]}`, true},
		{"another's", `{"issuer":"ISS/","jwks_uri":"BASE/keys"}`, false},
		{"nobody's", `{"jwks_uri":"BASE/keys"}`, false},
		{"issuer twice", `{"issuer":"x","issuer":"ISS","jwks_uri":"BASE/keys"}`, false},
		{"keys in a file", `{"issuer":"ISS","jwks_uri":"file:///etc/passwd"}`, false},
		{"keys on plain http elsewhere", `{"issuer":"ISS","jwks_uri":"http://issuer.example.test/keys"}`, false},
		{"no keys", `{"issuer":"ISS"}`, false},
		{"keys a list", `{"issuer":"ISS","jwks_uri":["BASE/keys"]}`, false},
		{"not JSON", `<html>`, false},
		{"too large", `{"issuer":"ISS","jwks_uri":"BASE/keys","x":"` + strings.Repeat("x", maxKeySet) + `"}`, false},
	} {
		metadata, keysPath = strings.NewReplacer("ISS", issuer, "BASE", served.URL).Replace(tc.metadata), ""
		v := testVerifier(t, newClock(), func(i *TrustedIssuer) {
			i.Issuer, i.Keys, i.Discovery, i.AllowInsecureLoopback = issuer, nil, true, true
		})
		_, err := v.Verify(t.Context(), forge(claim("iss", issuer)))
		if (err == nil) != tc.good || (keysPath != "") != tc.good {
			t.Errorf("%s: %v, keys read at %q", tc.name, err, keysPath)
		}
	}
}

// TestSalts: PS256 and its kin are taken where the configuration names them, with a
// salt as long as the hash and with no other (RFC 7518 section 3.5).
func TestSalts(t *testing.T) {
	v := testVerifier(t, newClock(), func(i *TrustedIssuer) { i.Algorithms = []string{"PS256", "PS384", "PS512"} })
	for _, m := range []*jwt.SigningMethodRSAPSS{jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512} {
		for salt, good := range map[int]bool{m.Hash.Size(): true, 0: false, m.Hash.Size() - 1: false, m.Hash.Size() + 1: false} {
			odd := *m
			opts := *m.Options
			if opts.SaltLength = salt; salt == 0 {
				opts.SaltLength = 1
			}
			odd.Options = &opts
			token := forge(signed(m.Name, "rsa-1", func(text string) []byte { return mustKey(odd.Sign(text, rsaKey())) }))
			if _, err := v.Verify(t.Context(), token); (err == nil) != good {
				t.Errorf("%s with a salt of %d bytes: %v", m.Name, salt, err)
			}
		}
	}
	_, err := v.Verify(t.Context(), forge())
	refusedFor(t, err, "algorithm")
}
