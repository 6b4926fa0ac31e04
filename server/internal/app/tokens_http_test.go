package app

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

const tokensConfig = `
base_url: BASE
allow_insecure_loopback: true
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}}
listeners: [{address: "ADDR", serves: [r4, booking, bars]}]
issuers: [{issuer: "https://identity.example.nhs.uk", audience: ["BASE/STU3/1/booking", "BASE/R4"], jwks: "file://DIR/jwks.json", algorithms: [RS256]}]
clients:
  - {id: urgent-care, scopes: ["system/*.rs", organization/slot.read], customers: [trust]}
  - {id: gone, scopes: ["system/*.rs"], customers: [trust], disabled: true}
customers: [{alias: trust, name: Trust}]
errors: {r4: STYLE}
`

// gate is a server whose tokens come from outside.
type gate struct {
	t      *testing.T
	base   string
	issuer *outsideIssuer
}

func startGate(t *testing.T, style string) gate {
	t.Helper()
	addr, err := freePort("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + addr
	file := writeConfig(t, strings.NewReplacer("BASE", base, "ADDR", addr, "STYLE", style).Replace(tokensConfig))
	g := gate{t, base, newOutsideIssuer(t, filepath.Dir(file))}
	t.Cleanup(serveConfig(t, file, base))
	return g
}

// canaryToken stands in tokens where a caller's text may go, and never comes back.
const canaryToken = "CANARY7319"

// token signs header and claims, changed.
func (g gate) token(header, claims doc) string {
	now := time.Now().Unix()
	h := doc{"alg": "RS256", "typ": "at+jwt", "kid": "k1"}
	c := doc{
		"iss": "https://identity.example.nhs.uk", "sub": "urgent-care", "client_id": "urgent-care", "aud": g.base + "/R4",
		"iat": now, "exp": now + 300, "jti": canaryToken, "scope": "system/*.rs organization/slot.read",
	}
	for _, m := range []struct{ into, from doc }{{h, header}, {c, claims}} {
		maps.Copy(m.into, m.from)
		maps.DeleteFunc(m.into, func(_ string, v any) bool { return v == nil })
	}
	return g.sign(jsonOf(h), jsonOf(c))
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of plain values
	}
	return string(b)
}

func rawB64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (g gate) sign(header, claims string) string {
	text := rawB64(header) + "." + rawB64(claims)
	sig, err := jwt.SigningMethodRS256.Sign(text, g.issuer.key)
	if err != nil {
		g.t.Fatal(err)
	}
	return text + "." + rawB64(string(sig))
}

// hmacOf signs with a shared secret.
func hmacOf(header, claims string, secret []byte) string {
	text := rawB64(header) + "." + rawB64(claims)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(text))
	return text + "." + rawB64(string(h.Sum(nil)))
}

// get asks a face, with whatever lines of Authorization.
func (g gate) get(path string, lines ...string) (*http.Response, fhir.Resource) {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.base+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	if lines != nil {
		req.Header["Authorization"] = lines
	}
	resp, err := plainTransport.RoundTrip(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if strings.Contains(string(b), canaryToken) || strings.Contains(resp.Header.Get("WWW-Authenticate"), canaryToken) {
		g.t.Errorf("%s: the answer shows what the token says: %s %s", path, resp.Header.Get("WWW-Authenticate"), b)
	}
	if len(b) == 0 {
		return resp, fhir.Resource{}
	}
	return resp, fhirtest.Parse(g.t, string(b))
}

// hostile are tokens that must not be taken, by what is wrong with them.
func (g gate) hostile() map[string]string {
	claims := func(changes ...any) string {
		c := doc{}
		for i := 0; i < len(changes); i += 2 {
			c[changes[i].(string)] = changes[i+1]
		}
		return g.token(nil, c)
	}
	header := func(changes ...any) string {
		h := doc{}
		for i := 0; i < len(changes); i += 2 {
			h[changes[i].(string)] = changes[i+1]
		}
		return g.token(h, nil)
	}
	now := time.Now().Unix()
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	good := g.token(nil, nil)
	parts := strings.Split(good, ".")
	head, body := `{"alg":"RS256","typ":"at+jwt","kid":"k1"}`, jsonOf(doc{
		"iss": "https://identity.example.nhs.uk", "sub": "urgent-care", "client_id": "urgent-care", "aud": g.base + "/R4", "iat": now, "exp": now + 300, "jti": canaryToken, "scope": "system/*.rs",
	})
	hs := strings.Replace(head, "RS256", "HS256", 1)
	public := &g.issuer.key.PublicKey
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		g.t.Fatal(err)
	}
	stranger := gate{g.t, g.base, &outsideIssuer{key: own}}
	jwk := doc{"kty": "RSA", "kid": "k1", "n": base64.RawURLEncoding.EncodeToString(own.N.Bytes()), "e": "AQAB"}
	out := map[string]string{
		"S1 none": rawB64(`{"alg":"none","typ":"at+jwt"}`) + "." + parts[1] + ".", "S1 none, signed": header("alg", "none"), "S1 None": header("alg", "None"), "S1 nOnE": header("alg", "nOnE"), "S1 empty": header("alg", ""),
		"S1 no alg": header("alg", nil), "S1 a list": header("alg", []string{"RS256"}),
		"S2 RS384": header("alg", "RS384"), "S2 PS256": header("alg", "PS256"), "S2 ES256": header("alg", "ES256"), "S2 rs256": header("alg", "rs256"), "S2 EdDSA": header("alg", "EdDSA"),
		"S3 modulus": hmacOf(hs, body, public.N.Bytes()), "S3 DER": hmacOf(hs, body, pkcs1), "S3 PEM": hmacOf(hs, body, pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1})),
		"S3 nothing": hmacOf(hs, body, nil), "S3 RS256 by HMAC": hmacOf(head, body, pkcs1),
		"S4 jwk": stranger.token(doc{"jwk": jwk}, nil), "S4 jku": stranger.token(doc{"jku": "http://127.0.0.1:1/" + canaryToken}, nil), "S4 x5u": stranger.token(doc{"x5u": "http://127.0.0.1:1/"}, nil), "S4 x5c": stranger.token(doc{"x5c": []string{canaryToken}}, nil),
		"S5 crit": header("crit", []string{"exp"}), "S5 b64": header("b64", false, "crit", []string{"b64"}), "S5 zip": header("zip", "DEF"),
		"S6 no kid": header("kid", nil), "S6 empty kid": header("kid", ""), "S7 kid is a path": header("kid", "../../../../etc/passwd"), "S7 kid is SQL": header("kid", "k1' OR '1'='1"), "S7 kid with NUL": header("kid", "k1\x00"),
		"S7 kid is a number": header("kid", 1), "S7 long kid": header("kid", strings.Repeat("k", 8000)),
		"S14 another issuer": claims("iss", "https://identity.example"), "S14 a slash": claims("iss", "https://identity.example.nhs.uk/"), "S14 other letters": claims("iss", "https://Identity.example.nhs.uk"), "S14 a list": claims("iss", []string{"https://identity.example.nhs.uk"}),
		"S15 another audience": claims("aud", "https://elsewhere.example"), "S15 a prefix": claims("aud", g.base), "S15 longer": claims("aud", g.base+"/R4/x"), "S15 other letters": claims("aud", g.base+"/r4"), "S15 a number": claims("aud", 1), "S15 an object": claims("aud", doc{"x": g.base + "/R4"}), "S15 none": claims("aud", nil), "S15 empty": claims("aud", []string{}),
		"S16 no exp": claims("exp", nil), "S16 exp as text": claims("exp", "9999999999"), "S16 exp 0": claims("exp", 0), "S16 negative": claims("exp", -1), "S16 1e400": claims("exp", raw("1e400")), "S16 20 digits": claims("exp", raw("99999999999999999999")), "S16 null": claims("exp", raw("null")),
		"S16 no iat": claims("iat", nil), "S16 no sub": claims("sub", nil), "S16 no client": claims("client_id", nil), "S16 no jti": claims("jti", nil), "S16 client is a list": claims("client_id", []string{"urgent-care"}),
		"S17 P2 expired": claims("iat", now-600, "exp", now-60), "S17 P2 nbf": claims("nbf", now+600), "S17 P2 iat": claims("iat", now+600, "exp", now+900), "S18 a day": claims("exp", now+86400),
		"S19 JWT": header("typ", "JWT"), "S19 none": header("typ", nil), "S19 log-out": header("typ", "logout+jwt"), "S19 DPoP": header("typ", "dpop+jwt"), "S19 event": header("typ", "secevent+jwt"), "S20 nonce": claims("nonce", "x"), "S20 at_hash": claims("at_hash", "x"), "S20 assertion": claims("sub", "https://identity.example.nhs.uk"),
		"S21 alg twice": g.sign(`{"alg":"RS256","alg":"none","typ":"at+jwt","kid":"k1"}`, body), "S21 scope twice": g.sign(head, strings.Replace(body, `"scope"`, `"scope":"system/*.cruds","scope"`, 1)), "S21 escaped": g.sign(head, strings.Replace(body, `"iss"`, `"\u0069ss":"x","iss"`, 1)),
		"S22 padding": parts[0] + "=." + parts[1] + "." + parts[2], "S22 plus": parts[0] + "." + parts[1] + "." + "+" + parts[2][1:], "S22 a blank": parts[0] + ". " + parts[1] + "." + parts[2], "S22 spare bits": good[:len(good)-1] + spare(good[len(good)-1]),
		"S23 one part": parts[0], "S23 two parts": parts[0] + "." + parts[1], "S23 four parts": good + ".x", "S23 five parts": good + ".x.y", "S23 JSON": `{"payload":"` + parts[1] + `"}`, "S23 PBES2": rawB64(`{"alg":"PBES2-HS512+A256KW","enc":"A128GCM","p2c":2147483647}`) + ".a.b.c.d", "S23 nothing": "..", "S23 dots": strings.Repeat(".", 10_000),
		"S25 bound": claims("cnf", doc{"x5t#S256": canaryToken}), "S48 unknown client": claims("client_id", "stranger", "sub", "stranger"), "S48 switched off": claims("client_id", "gone", "sub", "gone"),
		"another key": stranger.token(nil, nil), "no signature": parts[0] + "." + parts[1] + ".", "half a signature": good[:len(good)-100], "another token's signature": parts[0] + "." + parts[1] + "." + strings.Split(claims("jti", "x"), ".")[2],
		"deep": g.sign(head, strings.Replace(body, `"scope"`, `"x":`+strings.Repeat("[", 3000)+strings.Repeat("]", 3000)+`,"scope"`, 1)), "no object": g.sign(head, `[]`), "no JSON": g.sign(head, `{`), "claims within text": g.sign(head, jsonOf(body)), "another reason": claims("reason_for_request", "secondaryuses"),
	}
	return out
}

// spare gives the letter of base64 that differs from one in the bits that say nothing,
// which a signature of 256 bytes has.
func spare(c byte) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(letters[strings.IndexByte(letters, c)^1])
}

// The ways in which the faces refuse a token, by default.
var gates = []struct {
	name, path  string
	status      int
	issue, code string
}{
	{"R4", "/R4/Slot", 401, "login", "invalid_token"},
	{"STU3", "/STU3/1/booking/Slot?schedule.actor:healthcareservice=1&status=free", 403, "forbidden", "ACCESS DENIED"},
	{"BaRS", "/R4/bars/Slot", 401, "security", "REC_UNAUTHORIZED"},
}

// TestHostileTokensOverHTTP is security S1 to S25 and S32 to S36 over the listener, in
// each face: none is taken, and each is answered in the face's style, with nothing of
// what it says.
func TestHostileTokensOverHTTP(t *testing.T) {
	g := startGate(t, "rfc6750")
	tokens := g.hostile()
	if len(tokens) < 80 {
		t.Errorf("%d tokens, want 80 or more", len(tokens))
	}
	good := g.token(nil, nil)
	for _, f := range gates {
		for name, token := range tokens {
			resp, r := g.get(f.path, "Bearer "+token)
			issue := r.Root().Get("issue").First()
			challenge := resp.Header.Get("WWW-Authenticate")
			if resp.StatusCode != f.status || r.Type() != "OperationOutcome" || issue.Get("severity").Text() != "error" || issue.Get("code").Text() != f.issue || issue.Find("details", "coding").First().Get("code").Text() != f.code {
				t.Errorf("%s, %s: %d %s", f.name, name, resp.StatusCode, r.Raw())
			}
			if !strings.HasPrefix(challenge, `Bearer realm="slotway", error="invalid_token", error_description="`) {
				t.Errorf("%s, %s: WWW-Authenticate %s", f.name, name, challenge)
			}
			if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: header %v", f.name, name, resp.Header)
			}
		}
		if resp, _ := g.get(f.path, "Bearer "+good); resp.StatusCode == f.status {
			t.Errorf("%s: a good token: %d", f.name, resp.StatusCode)
		}
	}
}

// TestTokenFaults is security S33, and lines P1 to P4 of the provider assurance list:
// sixteen faults of a request's token, in each of the four styles.
func TestTokenFaults(t *testing.T) {
	now := time.Now().Unix()
	type want struct {
		status int
		issue  string
	}
	// What each style answers where no token held, and where one did not reach.
	styles := map[string]struct {
		refused, short want
		code           string // of the NHS; without one it is that of RFC 6750
	}{
		"rfc6750":     {want{401, "login"}, want{403, "forbidden"}, ""},
		"nhs-booking": {want{403, "forbidden"}, want{403, "forbidden"}, "ACCESS DENIED"},
		"uec":         {want{401, "login"}, want{403, "forbidden"}, ""},
		"bars":        {want{401, "security"}, want{401, "forbidden"}, "REC_UNAUTHORIZED"},
	}
	for style, says := range styles {
		t.Run(style, func(t *testing.T) {
			g := startGate(t, style)
			bearer := func(header, claims doc) []string { return []string{"Bearer " + g.token(header, claims)} }
			good := bearer(nil, nil)[0]
			for _, tc := range []struct {
				name  string
				lines []string
				error string // of RFC 6750
			}{
				{"P1 no header", nil, ""},
				{"P1 another scheme", []string{"Basic eDp5"}, ""},
				{"P1 malformed", []string{"Bearer a.b"}, "invalid_token"},
				{"P1 no token", []string{"Bearer "}, "invalid_token"},
				{"two headers", []string{good, good}, "invalid_request"},
				{"signature", []string{good[:len(good)-4] + "AAAA"}, "invalid_token"},
				{"unknown key", bearer(doc{"kid": "k2"}, nil), "invalid_token"},
				{"unsigned", bearer(doc{"alg": "none"}, nil), "invalid_token"},
				{"P2 expired", bearer(nil, doc{"iat": now - 400, "exp": now - 100}), "invalid_token"},
				{"P2 not yet valid", bearer(nil, doc{"nbf": now + 200}), "invalid_token"},
				{"P2 issued in the future", bearer(nil, doc{"iat": now + 200}), "invalid_token"},
				{"P3 another audience", bearer(nil, doc{"aud": g.base + "/notanendpoint"}), "invalid_token"},
				{"another issuer", bearer(nil, doc{"iss": "https://identity.example"}), "invalid_token"},
				{"another purpose", bearer(nil, doc{"reason_for_request": "secondaryuses"}), "invalid_token"},
				{"unknown client", bearer(nil, doc{"client_id": "stranger"}), "invalid_token"},
				{"P4 another scope", bearer(nil, doc{"scope": "system/Patient.rs"}), "insufficient_scope"},
			} {
				resp, r := g.get("/R4/Slot", tc.lines...)
				expect, code := says.refused, cmp.Or(says.code, tc.error)
				switch tc.error {
				case "insufficient_scope":
					expect = says.short
				case "invalid_request":
					expect, code = want{400, "invalid"}, cmp.Or(map[string]string{"nhs-booking": "BAD_REQUEST", "bars": "REC_BAD_REQUEST"}[style], tc.error)
				}
				issue := r.Root().Get("issue").First()
				if resp.StatusCode != expect.status || issue.Get("severity").Text() != "error" || issue.Get("code").Text() != expect.issue || issue.Get("diagnostics").Text() == "" || issue.Find("details", "coding").First().Get("code").Text() != code {
					t.Errorf("%s: %d %s, want %+v %s", tc.name, resp.StatusCode, r.Raw(), expect, code)
				}
				challenge := resp.Header.Get("WWW-Authenticate")
				switch {
				case tc.error == "invalid_request":
				case !strings.HasPrefix(challenge, `Bearer realm="slotway"`), tc.error == "" == strings.Contains(challenge, "error="), tc.error != "" && !strings.Contains(challenge, `error="`+tc.error+`"`):
					t.Errorf("%s: WWW-Authenticate %s", tc.name, challenge)
				case tc.error == "insufficient_scope" && !strings.Contains(challenge, `scope="`):
					t.Errorf("%s: no scope in %s", tc.name, challenge)
				}
			}
			if resp, r := g.get("/R4/Slot", good); resp.StatusCode != 200 {
				t.Errorf("a good token: %d %s", resp.StatusCode, r.Raw())
			}
			if resp, r := g.get("/R4/Slot", bearer(nil, doc{"iat": now - 100, "exp": now - 5})...); resp.StatusCode != 200 {
				t.Errorf("expired within the leeway: %d %s", resp.StatusCode, r.Raw())
			}
		})
	}
}
