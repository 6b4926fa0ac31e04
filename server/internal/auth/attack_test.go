package auth

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// attack is one row of the matrix: a token that differs from a good one by the
// edits, and the check that must refuse it. An accepted row has no check.
type attack struct {
	name  string
	edits []edit
	check string
}

// TestAttackMatrix holds that a token with any one fault is refused, for that
// fault, and that its good neighbours are accepted.
func TestAttackMatrix(t *testing.T) {
	v := testVerifier(t, newClock(), nil)
	rows := [][]attack{controls(), algorithmAttacks(), keyAttacks(), headerAttacks(), shapeAttacks(), claimAttacks(), timeAttacks(), signatureAttacks(), kindAttacks()}
	refused := 0
	for _, group := range rows {
		for _, tc := range group {
			t.Run(tc.name, func(t *testing.T) {
				p, err := v.Verify(t.Context(), forge(tc.edits...))
				if tc.check == "" {
					if err != nil || p.Client != testClient {
						t.Fatalf("Verify() = %v, %v, want client %s", p, err, testClient)
					}
					return
				}
				refusedFor(t, err, tc.check)
			})
			if tc.check != "" {
				refused++
			}
		}
	}
	if refused < 120 {
		t.Errorf("the matrix has %d attacks, want 120 or more", refused)
	}
	if v.verified.Len() == 0 || v.verified.Len() > len(controls())+40 {
		t.Errorf("%d tokens are remembered, want only those that held", v.verified.Len())
	}
}

func row(name, check string, edits ...edit) attack { return attack{name, edits, check} }

// controls are good tokens.
func controls() []attack {
	return []attack{
		row("good", ""),
		row("good typ with application/", "", head("typ", "application/at+jwt")),
		row("good typ in capitals", "", head("typ", "AT+JWT")),
		row("RS384 with a key of no alg", "", signed("RS384", "rsa-1", rs(jwt.SigningMethodRS384, rsaKey()))),
		row("RS512 with a key of no alg", "", signed("RS512", "rsa-1", rs(jwt.SigningMethodRS512, rsaKey()))),
		row("ES256", "", signed("ES256", "ec-1", es(jwt.SigningMethodES256, ecKey()))),
		row("ES384", "", signed("ES384", "ec-384", es(jwt.SigningMethodES384, ec384Key()))),
		row("aud as a list", "", claim("aud", []string{"https://elsewhere.example.test", testAudience})),
		row("aud with a slash at the end", "", claim("aud", testAudience+"/")),
		row("second audience", "", claim("aud", "https://facade.example.test/STU3/1/booking")),
		row("unknown claims", "", claim("ver", "1.0"), claim("roles", []any{1, nil, "x"}), claim("EXP", 1)),
		row("unknown header", "", head("x5t", "abc")),
		row("no scope", "", claim("scope", nil)),
		row("fraction of a second", "", claim("exp", raw("1792922400.75"))),
	}
}

// algorithmAttacks: requirements S1, S2, S3.
func algorithmAttacks() []attack {
	rows := []attack{
		row("S1 none", "algorithm", head("alg", "none")),
		row("S1 None", "algorithm", head("alg", "None")),
		row("S1 NONE", "algorithm", head("alg", "NONE")),
		row("S1 nOnE", "algorithm", head("alg", "nOnE")),
		row("S1 none with a blank", "algorithm", head("alg", "none ")),
		row("S1 none, no signature", "algorithm", head("alg", "none"), signature(nil)),
		row("S1 none, two parts", "shape", head("alg", "none"), finished(func(s string) string { return s[:strings.LastIndexByte(s, '.')] })),
		row("S1 empty alg", "algorithm", head("alg", "")),
		row("S1 no alg", "algorithm", head("alg", nil)),
		row("S1 alg is a number", "header", head("alg", 1)),
		row("S1 alg is a list", "header", head("alg", []string{"RS256"})),
		row("S1 alg is null", "header", head("alg", null)),
		row("S2 rs256 in small letters", "algorithm", head("alg", "rs256")),
		row("S2 RS256 with a NUL", "algorithm", head("alg", "RS256\x00")),
		row("S2 alg of another family than the key", "algorithm", signed("RS256", "ec-1", rs(jwt.SigningMethodRS256, rsaKey()))),
		row("S2 ES256 with an RSA key", "algorithm", signed("ES256", "rsa-1", es(jwt.SigningMethodES256, ecKey()))),
		row("S2 ES384 with a P-256 key", "algorithm", signed("ES384", "ec-1", es(jwt.SigningMethodES256, ecKey()))),
		row("S2 ES256 with a P-384 key", "algorithm", signed("ES256", "ec-384", es(jwt.SigningMethodES384, ec384Key()))),
		row("S2 RS512 with a key that says RS256", "algorithm", signed("RS512", "rsa-256", rs(jwt.SigningMethodRS512, otherKey()))),
		row("S2 PS256", "algorithm", head("alg", "PS256")),
		row("S2 ES512", "algorithm", head("alg", "ES512")),
		row("S2 ES256K", "algorithm", head("alg", "ES256K")),
		row("S2 EdDSA", "algorithm", head("alg", "EdDSA")),
		row("S2 header says RS384, signed RS256", "signature", head("alg", "RS384")),
		row("S3 HS256 without secret", "algorithm", signed("HS256", "rsa-1", hs(nil))),
		row("S3 HS384", "algorithm", head("alg", "HS384")),
		row("S3 HS512", "algorithm", head("alg", "HS512")),
	}
	for name, secret := range publicKeyForms() {
		rows = append(rows, row("S3 HS256 with the public key as "+name, "algorithm", signed("HS256", "rsa-1", hs(secret))))
		rows = append(rows, row("S3 RS256 named, HMAC with the public key as "+name, "signature", signed("RS256", "rsa-1", hs(secret))))
	}
	return rows
}

// publicKeyForms are the ways in which a verifier might hand a public key to HMAC.
func publicKeyForms() map[string][]byte {
	pub := &rsaKey().PublicKey
	pkix, pkcs1 := mustKey(x509.MarshalPKIXPublicKey(pub)), x509.MarshalPKCS1PublicKey(pub)
	pkixPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	return map[string][]byte{
		"PKIX DER": pkix, "PKCS1 DER": pkcs1, "PKIX PEM": pkixPEM,
		"PKIX PEM without the last line break": pkixPEM[:len(pkixPEM)-1],
		"PKCS1 PEM":                            pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"JWK":                                  mustKey(json.Marshal(jwkOf("rsa-1", pub))),
		"modulus":                              pub.N.Bytes(),
	}
}

// keyAttacks: requirements S4, S6, S7.
func keyAttacks() []attack {
	own := rs(jwt.SigningMethodRS256, otherKey())
	jwk := jwkOf("rsa-1", &otherKey().PublicKey)
	rows := []attack{
		row("S4 jwk in the header", "signature", head("jwk", jwk), func(f *forged) { f.sign = own }),
		row("S4 jwk in the header, its own kid", "key", head("jwk", jwk), signed("RS256", "mine", own)),
		row("S4 jku in the header", "signature", head("jku", "http://127.0.0.1:1/"+canary), func(f *forged) { f.sign = own }),
		row("S4 x5u in the header", "signature", head("x5u", "http://127.0.0.1:1/"+canary), func(f *forged) { f.sign = own }),
		row("S4 x5c in the header", "signature", head("x5c", []string{canary}), func(f *forged) { f.sign = own }),
		row("S6 no kid", "key", head("kid", nil)),
		row("S6 empty kid", "key", head("kid", "")),
		row("S6 kid is a number", "header", head("kid", 1)),
		row("S6 kid is an object", "header", head("kid", map[string]any{"$ne": ""})),
		row("kid of another key", "signature", head("kid", "rsa-256")),
		row("kid in other letters", "key", head("kid", "RSA-1")),
		row("kid with a blank", "key", head("kid", "rsa-1 ")),
	}
	for _, kid := range []string{
		"../../../../dev/null", "/dev/null", "file:///etc/passwd", "' OR 1=1 --", "rsa-1\x00", "rsa-1'; DROP TABLE keys", "`id`", "${jndi:x}",
		strings.Repeat("k", 8000), "\u202ersa-1", "__proto__",
	} {
		rows = append(rows, row("S7 kid "+kid[:min(len(kid), 12)], "key", head("kid", kid)))
	}
	return rows
}

// headerAttacks: requirements S5, S21.
func headerAttacks() []attack {
	return []attack{
		row("S5 unknown crit", "header", head("crit", []string{canary}), head(canary, true)),
		row("S5 crit of a known name", "header", head("crit", []string{"exp"}), head("exp", 1)),
		row("S5 empty crit", "header", head("crit", []string{})),
		row("S5 crit is null", "header", head("crit", null)),
		row("S5 b64 false", "header", head("b64", false), head("crit", []string{"b64"})),
		row("S5 b64 false without crit", "header", head("b64", false)),
		row("S5 zip", "header", head("zip", "DEF")),
		row("S23 enc", "header", head("enc", "A256GCM")),
		row("S21 alg twice", "header", headIs(`{"alg":"none",%}`)),
		row("S21 kid twice", "header", headIs(`{%,"kid":"rsa-1"}`)),
		row("S21 kid twice, once escaped", "header", headIs(`{%,"\u006bid":"rsa-1"}`)),
		row("S21 twice in an inner object", "header", headIs(`{%,"jwk":{"a":1,"a":2}}`)),
		row("S95 header is a list", "header", headIs(`["RS256"]`)),
		row("S95 header is null", "header", headIs(`null`)),
		row("S95 header is a string", "header", headIs(`"RS256"`)),
		row("S95 header is not JSON", "header", headIs(`{alg:RS256}`)),
		row("S95 header with bytes after it", "header", headIs(`{%}{}`)),
		row("S95 header with a comma too many", "header", headIs(`{%,}`)),
		row("S95 header not UTF-8", "header", headIs("{%,\"a\":\"\xff\"}")),
		row("S95 header nested deep", "header", headIs(`{%,"a":`+strings.Repeat("[", 5000))),
		row("S19 typ is a number", "header", head("typ", 1)),
	}
}

// shapeAttacks: requirements S22, S23, S95.
func shapeAttacks() []attack {
	part := func(i int, fn func(string) string) edit {
		return finished(func(s string) string {
			parts := strings.Split(s, ".")
			parts[i] = fn(parts[i])
			return strings.Join(parts, ".")
		})
	}
	add := func(suffix string) func(string) string { return func(s string) string { return s + suffix } }
	return []attack{
		row("S22 padding on the header", "shape", part(0, func(s string) string { return s + strings.Repeat("=", (4-len(s)%4)%4) + "=" })),
		row("S22 padding on the claims", "shape", part(1, add("="))),
		row("S22 padding on the signature", "shape", part(2, add("=="))),
		row("S22 plain base64 alphabet", "shape", signature([]byte{0xfb, 0xff, 0xfe}), finished(func(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) })),
		row("S22 stray bits", "shape", part(2, func(s string) string { return s[:len(s)-1] + string(nextBase64(s[len(s)-1])) })),
		row("S22 line break in the header", "shape", part(0, func(s string) string { return s[:4] + "\n" + s[4:] })),
		row("S22 line break in the claims", "shape", part(1, func(s string) string { return s[:4] + "\r\n" + s[4:] })),
		row("S22 line break at the end", "shape", finished(add("\n"))),
		row("S22 blank before", "shape", finished(func(s string) string { return " " + s })),
		row("S22 blank after", "shape", finished(add(" "))),
		row("S22 blank in the middle", "shape", part(1, func(s string) string { return s[:8] + " " + s[8:] })),
		row("S22 NUL", "shape", finished(add("\x00"))),
		row("S22 not ASCII", "shape", part(1, add("é"))),
		row("S22 base64 of impossible length", "shape", part(1, func(s string) string { return s[:len(s)/4*4-3] })),
		row("S23 empty", "shape", finished(func(string) string { return "" })),
		row("S23 one part", "shape", finished(func(string) string { return "e30" })),
		row("S23 four parts", "shape", finished(add(".e30"))),
		row("S23 five parts (JWE)", "shape", finished(func(string) string { return "e30.e30.e30.e30.e30" })),
		row("S23 JWE that asks for much work", "shape", finished(func(string) string {
			return b64([]byte(`{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":2147483648,"p2s":"AAAA"}`)) + ".e30.e30.e30.e30"
		})),
		row("S23 JSON form", "shape", finished(func(s string) string {
			p := strings.Split(s, ".")
			return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
		})),
		row("S23 only dots", "shape", finished(func(string) string { return ".." })),
		row("S95 a mebibyte of dots", "size", finished(func(string) string { return strings.Repeat(".", 1<<20) })),
		row("S95 one byte too long", "size", finished(func(string) string { return strings.Repeat("a", maxToken+1) })),
		row("S95 huge kid", "size", head("kid", strings.Repeat("k", 64<<10))),
		row("no claims part", "shape", part(1, func(string) string { return "" })),
		row("no header part", "shape", part(0, func(string) string { return "" })),
	}
}

// nextBase64 gives the base64url digit with the lowest bit turned round.
func nextBase64(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)^1]
}

// claimAttacks: requirements S14, S15, S16, S21, S48.
func claimAttacks() []attack {
	return []attack{
		row("S14 other issuer", "issuer", claim("iss", "https://evil.example.test")),
		row("S14 issuer with a slash", "issuer", claim("iss", testIssuer+"/")),
		row("S14 issuer in capitals", "issuer", claim("iss", strings.ToUpper(testIssuer))),
		row("S14 issuer with a blank", "issuer", claim("iss", " "+testIssuer)),
		row("S14 issuer percent-encoded", "issuer", claim("iss", strings.Replace(testIssuer, "o", "%6f", 1))),
		row("S14 no issuer", "issuer", claim("iss", nil)),
		row("S14 empty issuer", "issuer", claim("iss", "")),
		row("S14 issuer in a list", "issuer", claim("iss", []string{testIssuer})),
		row("S14 issuer null", "issuer", claim("iss", null)),
		row("S15 other audience", "audience", claim("aud", "https://elsewhere.example.test/R4")),
		row("S15 start of the audience", "audience", claim("aud", "https://facade.example.test")),
		row("S15 longer audience", "audience", claim("aud", testAudience+"/Patient")),
		row("S15 audience in capitals", "audience", claim("aud", strings.ToUpper(testAudience))),
		row("S15 two slashes", "audience", claim("aud", testAudience+"//")),
		row("S15 audiences in one string", "audience", claim("aud", "https://x.example.test "+testAudience)),
		row("S15 audience *", "audience", claim("aud", "*")),
		row("S15 empty list", "audience", claim("aud", []string{})),
		row("S15 empty string", "claims", claim("aud", "")),
		row("S15 no audience", "claims", claim("aud", nil)),
		row("S15 audience a number", "claims", claim("aud", 1)),
		row("S15 audience an object", "claims", claim("aud", map[string]any{testAudience: true})),
		row("S15 audience null", "claims", claim("aud", null)),
		row("S15 list with a number", "claims", claim("aud", []any{testAudience, 1})),
		row("S15 list with null", "claims", claim("aud", []any{testAudience, nil})),
		row("S15 list in a list", "claims", claim("aud", []any{[]string{testAudience}})),
		row("S16 no exp", "claims", claim("exp", nil)),
		row("S16 no iat", "claims", claim("iat", nil)),
		row("S16 no sub", "claims", claim("sub", nil)),
		row("S16 empty sub", "claims", claim("sub", "")),
		row("S16 no client_id", "claims", claim("client_id", nil)),
		row("S16 no jti", "claims", claim("jti", nil)),
		row("S16 sub a number", "claims", claim("sub", 1)),
		row("S16 client_id a list", "claims", claim("client_id", []string{testClient})),
		row("S16 jti null", "claims", claim("jti", null)),
		row("S16 scope a list", "claims", claim("scope", []string{"system/*.rs"})),
		row("S16 name in capitals is another", "claims", claim("exp", nil), claim("EXP", at(3600))),
		row("S21 exp twice", "claims", bodyIs(`{%,"exp":1792929600}`)),
		row("S21 client_id twice", "claims", bodyIs(`{"client_id":"admin",%}`)),
		row("S21 twice in an inner object", "claims", bodyIs(`{%,"x":[{"a":1,"a":1}]}`)),
		row("S95 claims are a list", "claims", bodyIs(`[{%}]`)),
		row("S95 claims are null", "claims", bodyIs(`null`)),
		row("S95 claims are not JSON", "claims", bodyIs(`{%`)),
		row("S95 claims not UTF-8", "claims", bodyIs("{%,\"a\":\"\xc3\x28\"}")),
		row("S95 two documents", "claims", bodyIs(`{%} {%}`)),
		row("S95 nested deep", "claims", bodyIs(`{%,"a":`+strings.Repeat(`[`, 4000)+strings.Repeat(`]`, 3999)+`}`)),
		row("S48 unknown client", "client", claim("client_id", canary)),
		row("S48 client in capitals", "client", claim("client_id", strings.ToUpper(testClient))),
		row("S25 bound to a certificate", "binding", claim("cnf", map[string]any{"x5t#S256": canary})),
		row("S25 bound to a key of DPoP", "binding", claim("cnf", map[string]any{"jkt": canary})),
		row("S25 cnf empty", "binding", claim("cnf", map[string]any{})),
		row("S25 cnf null", "binding", claim("cnf", null)),
	}
}

// timeAttacks: requirements S16, S17, S18, with a row on either side of each limit.
func timeAttacks() []attack {
	rows := []attack{
		row("S17 expired for 29 s", "", claim("iat", at(-3600)), claim("exp", at(-29))),
		row("S17 expired for 30 s", "expired", claim("iat", at(-3600)), claim("exp", at(-30))),
		row("expired long ago", "expired", claim("iat", 1), claim("exp", 2)),
		row("S17 iat 30 s ahead", "", claim("iat", at(30))),
		row("S17 iat 31 s ahead", "not yet valid", claim("iat", at(31))),
		row("S17 nbf 30 s ahead", "", claim("nbf", at(30))),
		row("S17 nbf 31 s ahead", "not yet valid", claim("nbf", at(31))),
		row("S18 lives 3900 s", "", claim("exp", at(3900))),
		row("S18 lives 3901 s", "lifetime", claim("exp", at(3901))),
		row("S18 lives for ever", "lifetime", claim("exp", 253402300799)),
		row("S18 exp at iat", "lifetime", claim("iat", at(10)), claim("exp", at(10))),
		row("S18 exp before iat", "lifetime", claim("iat", at(20)), claim("exp", at(10))),
	}
	for _, name := range []string{"exp", "iat", "nbf"} {
		for _, bad := range []string{
			`"1792922400"`, `1e400`, `-1`, `-1792922400`, `0`, `0.5`, `99999999999999999999`, `1.7929224e9`, `1792922400e0`,
			`1792922400.5e1`, `true`, `null`, `[1792922400]`, `{}`, `253402300800`, `9223372036854775808`,
		} {
			rows = append(rows, row("S16 "+name+" is "+bad, "claims", claim(name, raw(bad))))
		}
	}
	return rows
}

// signatureAttacks: requirement S24, and plain forgery.
func signatureAttacks() []attack {
	n := ecKey().Params().N
	pair := func(r, s *big.Int) []byte {
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
	good := func(f *forged) (r, s *big.Int) {
		sig := es(jwt.SigningMethodES256, ecKey())(b64([]byte(f.headText)) + "." + b64([]byte(f.bodyText)))
		return new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	}
	ec := func(fn func(r, s *big.Int) []byte) []edit {
		return []edit{signed("ES256", "ec-1", nil), headIs("{%}"), bodyIs("{%}"), func(f *forged) {
			f.sign = func(string) []byte { return fn(good(f)) }
		}}
	}
	zero, one := big.NewInt(0), big.NewInt(1)
	return []attack{
		{"control: the pair as it is", ec(func(r, s *big.Int) []byte { return pair(r, s) }), ""},
		{"S24 r and s 0", ec(func(r, s *big.Int) []byte { return pair(zero, zero) }), "signature"},
		{"S24 r 0", ec(func(r, s *big.Int) []byte { return pair(zero, s) }), "signature"},
		{"S24 s 0", ec(func(r, s *big.Int) []byte { return pair(r, zero) }), "signature"},
		{"S24 r = n", ec(func(r, s *big.Int) []byte { return pair(n, s) }), "signature"},
		{"S24 s = n", ec(func(r, s *big.Int) []byte { return pair(r, n) }), "signature"},
		{"S24 r and s 1", ec(func(r, s *big.Int) []byte { return pair(one, one) }), "signature"},
		{"S24 DER", ec(func(r, s *big.Int) []byte { return mustKey(asn1.Marshal([]*big.Int{r, s})) }), "signature"},
		{"S24 one byte more", ec(func(r, s *big.Int) []byte { return append(pair(r, s), 0) }), "signature"},
		{"S24 long form", ec(func(r, s *big.Int) []byte {
			return append(append(make([]byte, 32), pair(r, s)...), make([]byte, 32)...)
		}), "signature"},
		{"S24 half", ec(func(r, s *big.Int) []byte { return pair(r, s)[:32] }), "signature"},
		row("signed by another key", "signature", func(f *forged) { f.sign = rs(jwt.SigningMethodRS256, otherKey()) }),
		row("signature of zeros", "signature", signature(make([]byte, 256))),
		row("signature one byte short", "signature", func(f *forged) {
			f.sign = func(text string) []byte { return rs(jwt.SigningMethodRS256, rsaKey())(text)[:255] }
		}),
		row("signature one byte long", "signature", func(f *forged) {
			f.sign = func(text string) []byte { return append([]byte{0}, rs(jwt.SigningMethodRS256, rsaKey())(text)...) }
		}),
		row("claims changed after signing", "signature", finished(func(s string) string {
			p := strings.Split(s, ".")
			body := mustKey(base64.RawURLEncoding.DecodeString(p[1]))
			p[1] = b64([]byte(strings.Replace(string(body), "system/*.rs", "system/*.cruds", 1)))
			return strings.Join(p, ".")
		})),
		row("header changed after signing", "signature", finished(func(s string) string {
			p := strings.Split(s, ".")
			p[0] = b64([]byte(`{"alg":"RS256","kid":"rsa-1","typ":"at+jwt","x":1}`))
			return strings.Join(p, ".")
		})),
		row("PSS signature under RS256", "signature", func(f *forged) {
			f.sign = func(text string) []byte { return mustKey(jwt.SigningMethodPS256.Sign(text, rsaKey())) }
		}),
		row("random signature", "signature", func(f *forged) {
			f.sign = func(string) []byte { b := make([]byte, 256); _, _ = rand.Read(b); return b }
		}),
	}
}

// kindAttacks: requirements S19 and S20. Tokens made for another purpose.
func kindAttacks() []attack {
	rows := []attack{
		row("S19 no typ", "type", head("typ", nil)),
		row("S19 empty typ", "type", head("typ", "")),
		row("S20 ID token: nonce", "type", claim("nonce", canary)),
		row("S20 ID token: at_hash", "type", claim("at_hash", canary)),
		row("S20 ID token: c_hash", "type", claim("c_hash", canary)),
		row("S20 single sign-on assertion: code", "type", claim("code", canary)),
		row("S20 log-out token: events", "type", claim("events", map[string]any{})),
		row("S20 client assertion: iss is sub", "type", claim("sub", testIssuer)),
	}
	for _, typ := range []string{"JWT", "jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "id_token+jwt", "at", "at+jwt ", "xat+jwt", "application/jwt", "text/at+jwt"} {
		rows = append(rows, row("S19 typ "+typ, "type", head("typ", typ)))
	}
	return rows
}

// TestLegacyProfile: requirements S19, S20 and S27. The national tokens of
// 2018-19 carry typ JWT, appid and groups.
func TestLegacyProfile(t *testing.T) {
	const group = "9a1f0c52-6f0e-4a2b-8f4c-2f6f8b2f1d10"
	v := testVerifier(t, newClock(), func(i *TrustedIssuer) {
		i.Profile = NHSLegacy
		i.Groups = map[string]string{group: "organization/slot.read"}
	})
	legacy := []edit{
		head("typ", "JWT"), head("x5t", "abc"), claim("client_id", nil), claim("jti", nil), claim("scope", nil),
		claim("appid", testClient), claim("sub", "0f7c"), claim("exp", at(3900)), claim("groups", []string{"unknown", group}),
	}
	tests := []struct {
		name  string
		edits []edit
		check string
		slots Grant
	}{
		{"as issued", nil, "", Yes},
		{"without typ", []edit{head("typ", nil)}, "", Yes},
		{"at+jwt", []edit{head("typ", "at+jwt")}, "", Yes},
		{"S27 group that is not configured", []edit{claim("groups", []string{"urn:nhs:names:services:careconnect:fhir:rest:read:slot"})}, "", No},
		{"S27 group that spells a scope", []edit{claim("groups", []string{"organization/slot.read"})}, "", No},
		{"no groups", []edit{claim("groups", nil)}, "", No},
		{"client_id in place of appid", []edit{claim("appid", nil), claim("client_id", testClient)}, "", Yes},
		{"no iat, short life", []edit{claim("iat", nil), claim("exp", at(3000))}, "", Yes},
		{"no iat, long life", []edit{claim("iat", nil), claim("exp", at(4000))}, "lifetime", No},
		{"no client", []edit{claim("appid", nil)}, "claims", No},
		{"groups a string", []edit{claim("groups", group)}, "claims", No},
		{"S20 ID token", []edit{claim("nonce", "n")}, "type", No},
		{"S20 ID token of the hybrid flow", []edit{claim("at_hash", "n")}, "type", No},
		{"S20 client assertion", []edit{claim("sub", testIssuer)}, "type", No},
		{"S20 single sign-on assertion", []edit{claim("code", "n")}, "type", No},
		{"S19 logout+jwt", []edit{head("typ", "logout+jwt")}, "type", No},
		{"S19 dpop+jwt", []edit{head("typ", "dpop+jwt")}, "type", No},
		{"S19 secevent+jwt", []edit{head("typ", "secevent+jwt")}, "type", No},
		{"S1 none", []edit{head("alg", "none")}, "algorithm", No},
		{"unsigned, with the last dot kept", []edit{head("alg", "none"), signature(nil)}, "algorithm", No},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, err := v.Verify(t.Context(), forge(append(legacy[:len(legacy):len(legacy)], tc.edits...)...))
			if tc.check != "" {
				refusedFor(t, err, tc.check)
				return
			}
			if err != nil {
				t.Fatalf("Verify() = %v, want a principal", err)
			}
			if got := p.Scopes.Allows(SlotSearch, "Slot"); got != tc.slots {
				t.Errorf("Allows(slot-search, Slot) = %v, want %v", got, tc.slots)
			}
		})
	}
}

// TestHostileTokensAreCheap: requirements S23 and S95. What is refused before a
// key is used makes little work, whatever it claims.
func TestHostileTokensAreCheap(t *testing.T) {
	v := testVerifier(t, newClock(), nil)
	for _, token := range []string{
		strings.Repeat(".", 1<<20), strings.Repeat("a", 1<<20), strings.Repeat("[", 100_000),
		forge(head("kid", strings.Repeat("k", 64<<10))),
		b64([]byte(strings.Repeat("[", 11_000))) + ".e30.e30",
	} {
		allocated := testing.AllocsPerRun(1, func() { _, _ = v.Verify(t.Context(), token) })
		if allocated > 100 {
			t.Errorf("a token of %d bytes costs %v allocations, want 100 or fewer", len(token), allocated)
		}
	}
}
