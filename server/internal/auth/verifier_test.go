package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// TestVerifyGivesThePrincipal checks every field against the token and the
// client's registration.
func TestVerifyGivesThePrincipal(t *testing.T) {
	v := testVerifier(t, newClock(), nil)
	for _, round := range []string{"first", "remembered"} {
		p, err := v.Verify(t.Context(), forge(claim("reason_for_request", "directcare"), claim("sub", "system-7"), claim("requesting_practitioner", map[string]any{"id": "u 7", "resourceType": "Practitioner"})))
		if err != nil {
			t.Fatalf("%s: Verify() = %v", round, err)
		}
		if got := p.Scopes.String(); got != "system/*.rs" {
			t.Errorf("%s: scopes = %q, want system/*.rs", round, got)
		}
		if p.Registered.Allows(Delete, "Slot") != Yes || p.Scopes.Allows(Delete, "Slot") != No {
			t.Errorf("%s: registered for %v", round, p.Registered)
		}
		p.Scopes, p.Registered = Scopes{}, Scopes{}
		want := Principal{
			Client: testClient, Organisation: "A81001", OrganisationName: "Test Practice", Subject: "system-7", Issuer: testIssuer,
			TokenID: canary, Reason: "directcare", Requesting: Requesting{Practitioner: []byte(`{"id":"u 7","resourceType":"Practitioner"}`)}, Claims: `{"requesting_practitioner":{"id":"u 7","resourceType":"Practitioner"},"reason_for_request":"directcare"}`, Customers: []string{"trustalias"}, UpdateAsCreate: true, Expires: testNow.Add(time.Hour).Local(),
		}
		if diff := cmp.Diff(want, p, cmp.AllowUnexported(Scopes{})); diff != "" {
			t.Errorf("%s: Verify() (-want +got):\n%s", round, diff)
		}
	}
}

// TestTokenNeverExceedsRegistration: what the issuer grants is limited to what
// the client is registered for.
func TestTokenNeverExceedsRegistration(t *testing.T) {
	v, err := NewVerifier(VerifierConfig{
		Issuers: []TrustedIssuer{{Issuer: testIssuer, Audience: []string{testAudience}, Keys: testKeys()}},
		Clients: testClients(t, Client{ID: "small", Scopes: []string{"system/Slot.rs", "patient/appointment.write"}}, Client{ID: "none"}),
		Now:     newClock().Now,
	})
	if err != nil {
		t.Fatalf("NewVerifier() = %v", err)
	}
	tests := []struct {
		client string
		act    Action
		typ    string
		want   Grant
	}{
		{"small", Read, "Slot", Yes},
		{"small", Update, "Slot", No},
		{"small", Read, "Patient", No},
		{"small", Read, "*", No},
		{"small", Read, "Appointment", Own},
		{"small", Create, "Appointment", Yes},
		{"small", Delete, "Appointment", No},
		{"none", Read, "Slot", No},
		{testClient, Delete, "Slot", Yes},
	}
	for _, tc := range tests {
		p, err := v.Verify(t.Context(), forge(claim("client_id", tc.client), claim("scope", "system/*.cruds")))
		if err != nil {
			t.Fatalf("Verify() = %v", err)
		}
		if got := p.Scopes.Allows(tc.act, tc.typ); got != tc.want {
			t.Errorf("%s with system/*.cruds: Allows(%v, %s) = %v, want %v", tc.client, tc.act, tc.typ, got, tc.want)
		}
	}
}

// TestDisabledClient: requirements S26 and S48. Disabling takes effect at the
// next request, also for a token that is remembered.
func TestDisabledClient(t *testing.T) {
	v := testVerifier(t, newClock(), nil)
	token := forge()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("before: Verify() = %v", err)
	}
	if err := v.clients.Replace([]Client{{ID: testClient, Disabled: true}}); err != nil {
		t.Fatalf("Replace() = %v", err)
	}
	_, err := v.Verify(t.Context(), token)
	refusedFor(t, err, "client")
	if v.verified.Len() != 0 {
		t.Errorf("%d tokens are remembered for a disabled client, want 0", v.verified.Len())
	}
}

// TestClientOfOneIssuer: requirement S14. A second trusted issuer cannot speak
// for a client that belongs to the first, nor does it share its keys.
func TestClientOfOneIssuer(t *testing.T) {
	const second = "https://second.example.test"
	v, err := NewVerifier(VerifierConfig{
		Issuers: []TrustedIssuer{
			{Issuer: testIssuer, Audience: []string{testAudience}, Keys: setOf(jwkOf("rsa-1", &rsaKey().PublicKey))},
			{Issuer: second, Audience: []string{testAudience}, Keys: setOf(jwkOf("rsa-1", &otherKey().PublicKey))},
		},
		Clients: testClients(t, Client{ID: "bound", Issuer: testIssuer}),
		Now:     newClock().Now,
	})
	if err != nil {
		t.Fatalf("NewVerifier() = %v", err)
	}
	bySecond := func(f *forged) { f.sign = rs256(otherKey()) }
	tests := []attack{
		row("first for its client", "", claim("client_id", "bound")),
		row("second for a client of anybody", "", claim("iss", second), bySecond),
		row("second for a client of the first", "client", claim("iss", second), claim("client_id", "bound"), bySecond),
		row("second's key for the first", "signature", bySecond),
		row("first's key for the second", "signature", claim("iss", second)),
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), forge(tc.edits...))
			if tc.check != "" {
				refusedFor(t, err, tc.check)
			} else if err != nil {
				t.Errorf("Verify() = %v, want a principal", err)
			}
		})
	}
}

// TestRememberedToken: requirement S26. A remembered token ends with its exp,
// apart from the leeway every token has.
func TestRememberedToken(t *testing.T) {
	clock := newClock()
	v := testVerifier(t, clock, nil)
	token := forge()
	steps := []struct {
		after time.Duration
		check string
	}{{0, ""}, {time.Hour - time.Second, ""}, {time.Second, ""}, {29 * time.Second, ""}, {time.Second, "expired"}, {time.Hour, "expired"}}
	for _, step := range steps {
		clock.Add(step.after)
		_, err := v.Verify(t.Context(), token)
		if step.check != "" {
			refusedFor(t, err, step.check)
		} else if err != nil {
			t.Fatalf("at %v: Verify() = %v", clock.Now(), err)
		}
	}
	if v.verified.Len() != 0 {
		t.Errorf("%d tokens are remembered after they expired, want 0", v.verified.Len())
	}
}

// TestRememberedTokensAreBounded: requirement S26.
func TestRememberedTokensAreBounded(t *testing.T) {
	v := testVerifier(t, newClock(), nil)
	for i := range maxVerified + 500 {
		v.verified.Add(sha256.Sum256(fmt.Append(nil, i)), &verified{})
	}
	if got := v.verified.Len(); got != maxVerified {
		t.Errorf("%d tokens are remembered, want %d", got, maxVerified)
	}
}

// TestKeyIDOptional: requirement S6.
func TestKeyIDOptional(t *testing.T) {
	one, two := jwkOf("rsa-1", &rsaKey().PublicKey), jwkOf("rsa-2", &otherKey().PublicKey)
	nameless := jwkOf("", &rsaKey().PublicKey)
	delete(nameless, "kid")
	tests := []struct {
		name     string
		optional bool
		keys     []byte
		edits    []edit
		check    string
	}{
		{"one key, allowed", true, setOf(one), []edit{head("kid", nil)}, ""},
		{"one key, not allowed", false, setOf(one), []edit{head("kid", nil)}, "key"},
		{"two keys", true, setOf(one, two), []edit{head("kid", nil)}, "key"},
		{"one key and one that was dropped", true, setOf(one, map[string]any{"kty": "oct", "k": "AAAA"}), []edit{head("kid", nil)}, "key"},
		{"one key, another kid", true, setOf(one), []edit{head("kid", "rsa-2")}, "key"},
		{"one key, empty kid", true, setOf(one), []edit{head("kid", "")}, "key"},
		{"key without kid", true, setOf(nameless), []edit{head("kid", nil)}, ""},
		{"key without kid, token with an empty one", true, setOf(nameless), []edit{head("kid", "")}, "key"},
		{"key without kid, token with one", true, setOf(nameless), nil, "key"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			v := testVerifier(t, newClock(), func(i *TrustedIssuer) { i.Keys, i.KeyIDOptional = tc.keys, tc.optional })
			_, err := v.Verify(t.Context(), forge(tc.edits...))
			if tc.check != "" {
				refusedFor(t, err, tc.check)
			} else if err != nil {
				t.Errorf("Verify() = %v, want a principal", err)
			}
		})
	}
}

// TestIssuerAlgorithms: requirement S2. The issuer's list narrows what its keys
// could do.
func TestIssuerAlgorithms(t *testing.T) {
	v := testVerifier(t, newClock(), func(i *TrustedIssuer) { i.Algorithms = []string{"ES256"} })
	if _, err := v.Verify(t.Context(), forge(signed("ES256", "ec-1", es256(ecKey())))); err != nil {
		t.Errorf("ES256: Verify() = %v, want a principal", err)
	}
	_, err := v.Verify(t.Context(), forge())
	refusedFor(t, err, "algorithm")
}

// TestSMARTProfile: fewer claims are required, the rest holds as ever.
func TestSMARTProfile(t *testing.T) {
	v := testVerifier(t, newClock(), func(i *TrustedIssuer) { i.Profile = SMART })
	tests := []attack{
		row("standard", ""),
		row("no jti", "", claim("jti", nil)),
		row("azp for client_id", "", claim("client_id", nil), claim("azp", testClient), claim("sub", nil)),
		row("sub for client_id", "", claim("client_id", nil)),
		row("client_id before sub", "client", claim("client_id", "stranger"), claim("sub", testClient)),
		row("no client", "claims", claim("client_id", nil), claim("sub", nil)),
		row("no iat", "claims", claim("iat", nil)),
		row("typ JWT", "type", head("typ", "JWT")),
		row("appid is not read", "claims", claim("client_id", nil), claim("sub", nil), claim("appid", testClient)),
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), forge(tc.edits...))
			if tc.check != "" {
				refusedFor(t, err, tc.check)
			} else if err != nil {
				t.Errorf("Verify() = %v, want a principal", err)
			}
		})
	}
}

// TestBoundToken: requirement S25. A token bound to a certificate works over the
// connection of its holder only, remembered or not.
func TestBoundToken(t *testing.T) {
	v := testVerifier(t, newClock(), nil)
	own, other := &x509.Certificate{Raw: []byte("own")}, &x509.Certificate{Raw: []byte("other")}
	sum := sha256.Sum256(own.Raw)
	token := forge(claim("cnf", map[string]any{"x5t#S256": b64(sum[:])}))
	for range 2 {
		if _, err := v.Verify(WithCertificate(t.Context(), own), token); err != nil {
			t.Errorf("holder: Verify() = %v, want a principal", err)
		}
		_, err := v.Verify(WithCertificate(t.Context(), other), token)
		refusedFor(t, err, "binding")
		_, err = v.Verify(t.Context(), token)
		refusedFor(t, err, "binding")
	}
	if _, err := v.Verify(WithCertificate(t.Context(), other), forge()); err != nil {
		t.Errorf("token that is not bound: Verify() = %v, want a principal", err)
	}
	_, err := v.Verify(WithCertificate(t.Context(), own), forge(claim("cnf", map[string]any{"x5t#S256": b64(sum[:]), "jkt": "x"})))
	refusedFor(t, err, "binding")
}

// TestVerifierConfig: each mistake is named, with what would be right.
func TestVerifierConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, testKeys(), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*TrustedIssuer)
		want   string // a part of the error; "" is none
	}{
		{"good", func(*TrustedIssuer) {}, ""},
		{"file", func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "file://"+file }, ""},
		{"https", func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "https://issuer.example.test/keys" }, ""},
		{"http on loopback, allowed", func(i *TrustedIssuer) {
			i.Keys, i.JWKS, i.AllowInsecureLoopback = nil, "http://127.0.0.1:1/keys", true
		}, ""},
		{"S13 http on loopback, not allowed", func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "http://127.0.0.1:1/keys" }, "allow_insecure_loopback"},
		{"S13 http elsewhere", func(i *TrustedIssuer) {
			i.Keys, i.JWKS, i.AllowInsecureLoopback = nil, "http://issuer.example.test/keys", true
		}, "https://"},
		{"S13 http at a name that begins like loopback", func(i *TrustedIssuer) {
			i.Keys, i.JWKS, i.AllowInsecureLoopback = nil, "http://127.0.0.1.example.test/keys", true
		}, "https://"},
		{"address with a password", func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "https://u:p@issuer.example.test/" }, "without user"},
		{"ftp", func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "ftp://issuer.example.test/" }, "https://"},
		{"no file", func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "file:///no/such/file" }, "no such file"},
		{"keys and address", func(i *TrustedIssuer) { i.JWKS = "file://" + file }, "either"},
		{"no keys", func(i *TrustedIssuer) { i.Keys = nil }, "either"},
		{"no usable key", func(i *TrustedIssuer) { i.Keys = setOf(map[string]any{"kty": "oct", "k": "AAAA"}) }, "secret part"},
		{"no issuer", func(i *TrustedIssuer) { i.Issuer = "" }, "issuer must be given"},
		{"no audience", func(i *TrustedIssuer) { i.Audience = nil }, "audience"},
		{"empty audience", func(i *TrustedIssuer) { i.Audience = []string{""} }, "audience"},
		{"S1 algorithm none", func(i *TrustedIssuer) { i.Algorithms = []string{"none"} }, "RS256"},
		{"S3 algorithm HS256", func(i *TrustedIssuer) { i.Algorithms = []string{"RS256", "HS256"} }, "RS256"},
		{"algorithm PS256, which is asked for", func(i *TrustedIssuer) { i.Algorithms = []string{"PS256"} }, ""},
		{"algorithm ES512", func(i *TrustedIssuer) { i.Algorithms = []string{"ES512"} }, "RS256"},
		{"discovery and an address", func(i *TrustedIssuer) { i.Keys, i.JWKS, i.Discovery = nil, "https://issuer.example.test/keys", true }, "either"},
		{"discovery", func(i *TrustedIssuer) { i.Keys, i.Discovery = nil, true }, ""},
		{"discovery of an issuer on http", func(i *TrustedIssuer) { i.Keys, i.Discovery, i.Issuer = nil, true, "http://issuer.example.test" }, "https://"},
		{"unsigned profile with keys", func(i *TrustedIssuer) { i.Profile = NHSUnsigned }, "nothing of issuers and keys"},
		{"unsigned profile without a proxy", func(i *TrustedIssuer) {
			*i = TrustedIssuer{Audience: i.Audience, Profile: NHSUnsigned, Client: testClient}
		}, "needs proxies"},
		{"unsigned profile without a client", func(i *TrustedIssuer) {
			*i = TrustedIssuer{Audience: i.Audience, Profile: NHSUnsigned, Proxy: func(*x509.Certificate) bool { return true }}
		}, "needs client"},
		{"unsigned profile", func(i *TrustedIssuer) {
			*i = TrustedIssuer{Audience: i.Audience, Profile: NHSUnsigned, Client: testClient, Proxy: func(*x509.Certificate) bool { return true }}
		}, ""},
		{"proxies outside the unsigned profile", func(i *TrustedIssuer) { i.Proxy = func(*x509.Certificate) bool { return true } }, "nhs-unsigned"},
		{"single use without a memory", func(i *TrustedIssuer) { i.SingleUse = true }, "memory"},
		{"no such profile", func(i *TrustedIssuer) { i.Profile = 99 }, "profile"},
		{"groups outside the legacy profile", func(i *TrustedIssuer) { i.Groups = map[string]string{"a": "b"} }, "nhs-legacy"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			issuer := TrustedIssuer{Issuer: testIssuer, Audience: []string{testAudience}, Keys: testKeys()}
			tc.change(&issuer)
			_, err := NewVerifier(VerifierConfig{Issuers: []TrustedIssuer{issuer}, Clients: testClients(t), Now: newClock().Now})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("NewVerifier() = %v, want an error with %q", err, tc.want)
			}
		})
	}
	twice := TrustedIssuer{Issuer: testIssuer, Audience: []string{testAudience}, Keys: testKeys()}
	if _, err := NewVerifier(VerifierConfig{Issuers: []TrustedIssuer{twice, twice}, Clients: testClients(t), Now: newClock().Now}); err == nil {
		t.Error("NewVerifier() accepts the same issuer twice")
	}
}

// TestProfileNames: the configuration's words.
func TestProfileNames(t *testing.T) {
	for p := range numProfiles {
		got, err := ParseProfile(p.String())
		if got != p || err != nil {
			t.Errorf("ParseProfile(%q) = %v, %v", p.String(), got, err)
		}
	}
	for _, bad := range []string{"", "Standard", "rfc9068", "none"} {
		if _, err := ParseProfile(bad); err == nil {
			t.Errorf("ParseProfile(%q) is accepted", bad)
		}
	}
}

// TestClientsConfig: mistakes in the register are named, and a bad list does not
// replace a good one.
func TestClientsConfig(t *testing.T) {
	tests := []struct {
		name string
		list []Client
		want string
	}{
		{"empty", nil, ""},
		{"no id", []Client{{}}, "printable"},
		{"id with a control character", []Client{{ID: "a\nb"}}, "printable"},
		{"twice", []Client{{ID: "a"}, {ID: "a"}}, "twice"},
		{"unknown scope", []Client{{ID: "a", Scopes: []string{"appointment.write"}}}, "allows nothing"},
		{"two scopes in one", []Client{{ID: "a", Scopes: []string{"slot/*.read schedule/*.read"}}}, "allows nothing"},
		{"scope for users", []Client{{ID: "a", Scopes: []string{"user/*.rs"}}}, "allows nothing"},
		{"plain secret", []Client{{ID: "a", SecretHash: "demo-secret"}}, "argon2id"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := NewClients(tc.list...)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("NewClients() = %v, want an error with %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "demo-secret") {
				t.Errorf("NewClients() = %v, which shows a secret", err)
			}
		})
	}
	c := testClients(t)
	if err := c.Replace([]Client{{ID: ""}}); err == nil {
		t.Error("Replace() accepts a client without id")
	}
	if _, ok := c.find(testClient); !ok {
		t.Error("a bad list replaced a good one")
	}
}

// TestPrincipalInLogs: a principal and a client show the client and lengths only.
func TestPrincipalInLogs(t *testing.T) {
	p := Principal{
		Client: "consumer-1", Organisation: canary, OrganisationName: canary, Subject: canary, Issuer: canary, TokenID: canary,
		Reason: canary, Scopes: ParseScopes("system/*.rs " + canary), Customers: []string{canary, canary},
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("call", "principal", p, "client", Client{ID: "consumer-1", SecretHash: canary, Organisation: canary})
	fmt.Fprintf(&out, "%v %s %+v", p, p, p)
	if got := out.String(); strings.Contains(got, canary) || !strings.Contains(got, `"principal":{"client":"consumer-1","scopes":2,"customers":2}`) {
		t.Errorf("logged %s", got)
	}
}

// TestDemand: requirement S32. Too little scope is Forbidden and names a scope
// that would do, which does.
func TestDemand(t *testing.T) {
	for act := range numActions {
		for _, typ := range []string{"Appointment", "Slot", "Patient"} {
			if !act.concerns(typ) {
				continue
			}
			_, err := Principal{}.Demand(act, typ)
			if e := fhir.AsError(err); e.Kind != fhir.Forbidden || e.Code != "insufficient_scope" {
				t.Fatalf("Demand(%v, %s) = %v, want Forbidden with insufficient_scope", act, typ, err)
			}
			need := act.Scope(typ)
			challenge := Challenge("slotway", err)
			if !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.HasSuffix(challenge, `scope="`+need+`"`) {
				t.Errorf("Challenge() = %s, want it to name %s", challenge, need)
			}
			if g, err := (Principal{Scopes: ParseScopes(need)}).Demand(act, typ); g == No || err != nil {
				t.Errorf("with %s: Demand(%v, %s) = %v, %v", need, act, typ, g, err)
			}
		}
	}
}

// TestReady: requirement S12. Keys that cannot be had are said by issuer.
func TestReady(t *testing.T) {
	clock := newClock()
	if err := testVerifier(t, clock, nil).Ready(t.Context()); err != nil {
		t.Errorf("Ready() = %v, want nil", err)
	}
	v := testVerifier(t, clock, func(i *TrustedIssuer) { i.Keys, i.JWKS, i.AllowInsecureLoopback = nil, "http://127.0.0.1:1/", true })
	err := v.Ready(t.Context())
	if fhir.KindOf(err) != fhir.Busy || !strings.Contains(err.Error(), testIssuer) {
		t.Errorf("Ready() = %v, want Busy naming the issuer", err)
	}
	_, err = v.Verify(context.Background(), forge())
	if e := fhir.AsError(err); e.Kind != fhir.Busy || strings.Contains(e.Text, "127.0.0.1") {
		t.Errorf("Verify() = %v, want Busy that shows no address (S35)", err)
	}
}
