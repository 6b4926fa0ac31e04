package nhslogin_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/nhslogin"
)

const (
	clientID = "slotway"
	keyID    = "k1"
	nonce    = "the-nonce-of-this-sign-in"
)

// now is when every sign-in of these tests happens.
var now = time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)

type claims map[string]any

// with gives claims with one changed, or taken away when its value is nil.
func (c claims) with(name string, value any) claims {
	c = maps.Clone(c)
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return c
}

// provider answers with whatever a test puts into it.
type provider struct {
	*httptest.Server
	t        *testing.T
	key      *rsa.PrivateKey
	header   claims
	token    claims
	info     claims
	status   int                            // of the UserInfo endpoint
	sign     func(signed []byte) []byte     // the signature over header and claims
	respond  func(idToken string) any       // the whole answer of the token endpoint
	requests map[string]map[string][]string // the last form or query, by path
}

// keys are NHS login's, and another's.
var keys = sync.OnceValue(func() (all [2]*rsa.PrivateKey) {
	for i := range all {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[i] = key
	}
	return all
})

// newProvider gives one that answers as NHS login does (interface specification,
// sections 3.5 and 3.6).
func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, key: keys()[0], status: http.StatusOK, requests: map[string]map[string][]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	p.header = claims{"alg": "RS512", "kid": keyID, "typ": "JWT"}
	p.info = claims{
		"sub": "subject-1", "nhs_number": "9990000018", "birthdate": "1980-02-29", "family_name": "Sample", "given_name": "Robin", "identity_proofing_level": "P9",
	}
	p.token = claims{
		"iss": p.URL, "sub": "subject-1", "aud": clientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "jti-1", "nonce": nonce,
		"vot": "P9.Cp.Cd", "vtm": p.URL + "/trustmark", "nhs_number": "9990000018", "birthdate": "1980-02-29", "family_name": "Sample", "identity_proofing_level": "P9",
	}
	p.sign = p.byRSA(p.key, crypto.SHA512)
	p.respond = func(idToken string) any {
		return claims{"access_token": "an-access-token", "token_type": "bearer", "expires_in": 3600, "id_token": idToken}
	}
	return p
}

func (p *provider) byRSA(key *rsa.PrivateKey, hash crypto.Hash) func([]byte) []byte {
	return func(signed []byte) []byte {
		sig, err := rsa.SignPKCS1v15(nil, key, hash, digest(hash, signed))
		if err != nil {
			p.t.Error(err)
		}
		return sig
	}
}

func digest(hash crypto.Hash, b []byte) []byte {
	if hash == crypto.SHA256 {
		sum := sha256.Sum256(b)
		return sum[:]
	}
	sum := sha512.Sum512(b)
	return sum[:]
}

func byPSS(key *rsa.PrivateKey) func([]byte) []byte {
	return func(signed []byte) []byte {
		sig, _ := rsa.SignPSS(rand.Reader, key, crypto.SHA512, digest(crypto.SHA512, signed), nil)
		return sig
	}
}

// byPublicKey signs with what everybody knows as if it were a shared secret.
func byPublicKey(key *rsa.PrivateKey) func([]byte) []byte {
	der, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return func(signed []byte) []byte {
		mac := hmac.New(sha512.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		mac.Write(signed)
		return mac.Sum(nil)
	}
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // the answer does not depend on it
	p.requests[r.URL.Path] = r.Form
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.write(w, http.StatusOK, claims{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "userinfo_endpoint": p.URL + "/userinfo",
			"jwks_uri": p.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"RS512", "RS256", "HS512", "none"},
		})
	case "/jwks":
		p.write(w, http.StatusOK, claims{"keys": []any{publicKey(p.key, keyID)}})
	case "/token":
		p.write(w, http.StatusOK, p.respond(p.idToken()))
	case "/userinfo":
		p.write(w, p.status, p.info)
	default:
		http.NotFound(w, r)
	}
}

func publicKey(key *rsa.PrivateKey, kid string) claims {
	enc := base64.RawURLEncoding
	return claims{"kty": "RSA", "use": "sig", "kid": kid, "n": enc.EncodeToString(key.N.Bytes()), "e": "AQAB"}
}

func (p *provider) idToken() string {
	enc := base64.RawURLEncoding
	head, _ := json.Marshal(p.header)
	body, _ := json.Marshal(p.token)
	signed := enc.EncodeToString(head) + "." + enc.EncodeToString(body)
	return signed + "." + enc.EncodeToString(p.sign([]byte(signed)))
}

func (p *provider) write(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

// client gives a client that is registered with the provider.
func (p *provider) client() *nhslogin.Client {
	p.t.Helper()
	signer, err := auth.NewSigner(p.key, "own")
	if err != nil {
		p.t.Fatal(err)
	}
	return nhslogin.New(nhslogin.Config{
		Issuer: p.URL, ClientID: clientID, Redirect: "https://here.example/patient/sign-in/return", Signer: signer,
		Now: func() time.Time { return now }, NewID: func() string { return "id-1" },
	})
}

func (p *provider) finish() (nhslogin.Identity, error) {
	return p.client().Finish(p.t.Context(), "a-code", nonce, "a-verifier-of-pkce")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
