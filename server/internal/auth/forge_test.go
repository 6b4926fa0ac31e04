package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"slotway/fhir"
)

// The fixed points of the tests: a moment, an issuer, and our own root.
var testNow = time.Date(2026, 10, 25, 9, 0, 0, 0, time.UTC)

const (
	testIssuer   = "https://issuer.example.test/oauth"
	testAudience = "https://facade.example.test/R4"
	testClient   = "consumer-1"

	// canary stands in every forged token where a caller's text may go. It must
	// never come back in an error.
	canary = "CANARY7319"
)

// fixedClock is a clock that tests set.
type fixedClock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *fixedClock { return &fixedClock{at: testNow} }

func (c *fixedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fixedClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Keys are slow to make, so each is made once.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return mustKey(rsa.GenerateKey(rand.Reader, 2048)) })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return mustKey(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return mustKey(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	ec384Key = sync.OnceValue(func() *ecdsa.PrivateKey { return mustKey(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
)

func mustKey[K any](k K, err error) K {
	if err != nil {
		panic(err)
	}
	return k
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwkOf writes a public key as a JWK, with members added or changed.
func jwkOf(kid string, key crypto.PublicKey, more ...any) map[string]any {
	jwk := map[string]any{"kid": kid}
	switch k := key.(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		point := mustKey(k.Bytes())[1:]
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", k.Params().Name, b64(point[:len(point)/2]), b64(point[len(point)/2:])
	}
	for i := 0; i < len(more); i += 2 {
		jwk[more[i].(string)] = more[i+1]
	}
	return jwk
}

// setOf writes a JWK set.
func setOf(keys ...map[string]any) []byte {
	return mustKey(json.Marshal(map[string]any{"keys": keys}))
}

// testKeys is the key set of the test issuer.
func testKeys() []byte {
	return setOf(
		jwkOf("rsa-1", &rsaKey().PublicKey),
		jwkOf("rsa-256", &otherKey().PublicKey, "alg", "RS256", "use", "sig"),
		jwkOf("ec-1", &ecKey().PublicKey, "alg", "ES256", "key_ops", []string{"verify"}),
		jwkOf("ec-384", &ec384Key().PublicKey),
	)
}

// forged is a token in the making. The texts, when not empty, go in as they are.
type forged struct {
	head, body         map[string]any
	headText, bodyText string
	sign               func(text string) []byte
	finish             func(token string) string
}

// edit changes a forged token.
type edit func(*forged)

// forge makes a token: a good one of the standard profile, and then the edits.
func forge(edits ...edit) string {
	f := &forged{
		head: map[string]any{"alg": "RS256", "typ": "at+jwt", "kid": "rsa-1"},
		body: map[string]any{
			"iss": testIssuer, "aud": testAudience, "sub": testClient, "client_id": testClient, "jti": canary,
			"iat": testNow.Unix(), "exp": testNow.Add(time.Hour).Unix(), "scope": "system/*.rs",
		},
		sign:   rs(jwt.SigningMethodRS256, rsaKey()),
		finish: func(s string) string { return s },
	}
	for _, e := range edits {
		e(f)
	}
	if f.headText == "" {
		f.headText = string(mustKey(json.Marshal(f.head)))
	}
	if f.bodyText == "" {
		f.bodyText = string(mustKey(json.Marshal(f.body)))
	}
	text := b64([]byte(f.headText)) + "." + b64([]byte(f.bodyText))
	return f.finish(text + "." + b64(f.sign(text)))
}

// rs and es sign as an algorithm says, hs with a shared secret.
func rs(m *jwt.SigningMethodRSA, k *rsa.PrivateKey) func(string) []byte {
	return func(text string) []byte { return mustKey(m.Sign(text, k)) }
}

func es(m *jwt.SigningMethodECDSA, k *ecdsa.PrivateKey) func(string) []byte {
	return func(text string) []byte { return mustKey(m.Sign(text, k)) }
}

func hs(secret []byte) func(string) []byte {
	return func(text string) []byte { return mustKey(jwt.SigningMethodHS256.Sign(text, secret)) }
}

// head and claim set a member of the header or the claims; a nil value takes it out.
func head(name string, value any) edit {
	return func(f *forged) { set(f.head, name, value) }
}

func claim(name string, value any) edit {
	return func(f *forged) { set(f.body, name, value) }
}

func set(m map[string]any, name string, value any) {
	if value == nil {
		delete(m, name)
		return
	}
	m[name] = value
}

// null is JSON's null, and raw JSON as it is written.
var null = json.RawMessage("null")

func raw(s string) json.RawMessage { return json.RawMessage(s) }

// signed sets who signs, algorithm and key id.
func signed(alg, kid string, sign func(string) []byte) edit {
	return func(f *forged) { f.head["alg"], f.head["kid"], f.sign = alg, kid, sign }
}

// headIs and bodyIs set the text of header or claims; a % in it stands for the
// members of the good one.
func headIs(text string) edit {
	return func(f *forged) { f.headText = strings.Replace(text, "%", members(f.head), 1) }
}

func bodyIs(text string) edit {
	return func(f *forged) { f.bodyText = strings.Replace(text, "%", members(f.body), 1) }
}

func members(m map[string]any) string {
	s := string(mustKey(json.Marshal(m)))
	return s[1 : len(s)-1]
}

// signature replaces the signature.
func signature(sig []byte) edit {
	return func(f *forged) { f.sign = func(string) []byte { return sig } }
}

// finished changes the token as text.
func finished(fn func(string) string) edit { return func(f *forged) { f.finish = fn } }

// at gives seconds from the tests' moment as a claim.
func at(seconds int) int64 { return testNow.Add(time.Duration(seconds) * time.Second).Unix() }

// testClients is a register with one client that may do much.
func testClients(t testing.TB, more ...Client) *Clients {
	t.Helper()
	c, err := NewClients(append([]Client{{
		ID: testClient, Scopes: []string{"system/*.cruds", "appointment/*.write", "organization/slot.read"},
		Customers: []string{"trustalias"}, Organisation: "A81001", OrganisationName: "Test Practice", UpdateAsCreate: true,
	}}, more...)...)
	if err != nil {
		t.Fatalf("NewClients() = %v", err)
	}
	return c
}

// testVerifier makes a verifier of the test issuer, with changes.
func testVerifier(t testing.TB, clock *fixedClock, change func(*TrustedIssuer)) *TokenVerifier {
	t.Helper()
	issuer := TrustedIssuer{Issuer: testIssuer, Audience: []string{testAudience, "https://facade.example.test/STU3/1/booking"}, Keys: testKeys()}
	if change != nil {
		change(&issuer)
	}
	v, err := NewVerifier(VerifierConfig{Issuers: []TrustedIssuer{issuer}, Clients: testClients(t), Now: clock.Now})
	if err != nil {
		t.Fatalf("NewVerifier() = %v", err)
	}
	return v
}

// refusedFor checks that an error is the refusal of a token for a failed check,
// and that it shows nothing of the token (requirements S32 and S34).
func refusedFor(t testing.TB, err error, check string) {
	t.Helper()
	e := fhir.AsError(err)
	if err == nil || e.Kind != fhir.Unauthenticated || e.Code != "invalid_token" {
		t.Fatalf("error = %v, want an Unauthenticated with code invalid_token", err)
	}
	if !strings.Contains(e.Text, "("+check+")") {
		t.Errorf("text = %q, want it to name the check %q", e.Text, check)
	}
	if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), testClient) {
		t.Errorf("error %q shows a part of the token", err)
	}
}

// rs256 and es256 sign with a key.
func rs256(k *rsa.PrivateKey) func(string) []byte { return rs(jwt.SigningMethodRS256, k) }

func es256(k *ecdsa.PrivateKey) func(string) []byte { return es(jwt.SigningMethodES256, k) }
