package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// rocaModulus makes a number of the shape of CVE-2017-15361: a power of 65537
// modulo a product of small primes.
func rocaModulus() *big.Int {
	m := big.NewInt(1)
	for _, p := range []int64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167} {
		m.Mul(m, big.NewInt(p))
	}
	n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(123456789), m)
	k := new(big.Int).Lsh(big.NewInt(1), uint(2048-m.BitLen()+1))
	return n.Add(n, k.Mul(k, m))
}

// TestKeyHygiene: requirement S9. A key that is weak, secret, meant for something
// else or ambiguous does not become usable.
func TestKeyHygiene(t *testing.T) {
	pub := &rsaKey().PublicKey
	ec := &ecKey().PublicKey
	small := mustKey(rsa.GenerateKey(rand.Reader, 1024)).PublicKey
	p521 := mustKey(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)).PublicKey
	even := new(big.Int).Lsh(big.NewInt(1), 2047)
	one := func(jwk map[string]any) []map[string]any { return []map[string]any{jwk} }
	tests := []struct {
		name string
		keys []map[string]any
		want string // a part of the reason; "" is a usable key
	}{
		{"RSA 2048", one(jwkOf("k", pub)), ""},
		{"RSA with alg and use", one(jwkOf("k", pub, "alg", "RS384", "use", "sig")), ""},
		{"P-256", one(jwkOf("k", ec)), ""},
		{"P-384", one(jwkOf("k", &ec384Key().PublicKey, "alg", "ES384")), ""},
		{"key_ops with verify", one(jwkOf("k", pub, "key_ops", []string{"sign", "verify"})), ""},
		{"e is 3", one(jwkOf("k", pub, "e", b64([]byte{3}))), ""},
		{"x5c beside the key is not looked at", one(jwkOf("k", pub, "x5c", []string{"x"}, "x5u", "http://127.0.0.1:1/")), ""},
		{"oct", one(map[string]any{"kid": "k", "kty": "oct", "k": "AAAA"}), "secret"},
		{"oct without k", one(map[string]any{"kid": "k", "kty": "oct"}), "kty"},
		{"OKP", one(map[string]any{"kid": "k", "kty": "OKP", "crv": "Ed25519", "x": "AAAA"}), "kty"},
		{"no kty", one(map[string]any{"kid": "k"}), "kty"},
		{"kty in small letters", one(jwkOf("k", pub, "kty", "rsa")), "kty"},
		{"private RSA", one(jwkOf("k", pub, "d", "AAAA")), "secret"},
		{"private EC", one(jwkOf("k", ec, "d", "AAAA")), "secret"},
		{"RSA with a prime", one(jwkOf("k", pub, "p", "AAAA")), "secret"},
		{"use=enc", one(jwkOf("k", pub, "use", "enc")), "use"},
		{"use empty", one(jwkOf("k", pub, "use", "")), "use"},
		{"use a list", one(jwkOf("k", pub, "use", []string{"sig"})), "use"},
		{"key_ops without verify", one(jwkOf("k", pub, "key_ops", []string{"encrypt"})), "key_ops"},
		{"key_ops empty", one(jwkOf("k", pub, "key_ops", []string{})), "key_ops"},
		{"key_ops a string", one(jwkOf("k", pub, "key_ops", "verify")), "key_ops"},
		{"RSA 1024", one(jwkOf("k", &small)), "2048"},
		{"RSA 16384", one(jwkOf("k", pub, "n", b64(append([]byte{0x80}, make([]byte, 2047)...)))), "8192"},
		{"RSA even", one(jwkOf("k", pub, "n", b64(even.Bytes()))), "even"},
		{"RSA n is 0", one(jwkOf("k", pub, "n", b64([]byte{0}))), "2048"},
		{"RSA n empty", one(jwkOf("k", pub, "n", "")), "n must be"},
		{"RSA n padded", one(jwkOf("k", pub, "n", b64(pub.N.Bytes())+"==")), "n must be"},
		{"RSA n a number", one(jwkOf("k", pub, "n", 5)), "n must be"},
		{"e is 1", one(jwkOf("k", pub, "e", b64([]byte{1}))), "e must be"},
		{"e is 2", one(jwkOf("k", pub, "e", b64([]byte{2}))), "e must be"},
		{"e is 0", one(jwkOf("k", pub, "e", b64([]byte{0}))), "e must be"},
		{"e of 32 bits", one(jwkOf("k", pub, "e", b64([]byte{0x80, 0, 0, 1}))), "e must be"},
		{"e of 512 bits", one(jwkOf("k", pub, "e", b64(append([]byte{1}, append(make([]byte, 62), 1)...)))), "e must be"},
		{"e with zeros before", one(jwkOf("k", pub, "e", b64([]byte{0, 1, 0, 1}))), ""},
		{"ROCA", one(jwkOf("k", pub, "n", b64(rocaModulus().Bytes()))), "CVE-2017-15361"},
		{"P-521", one(jwkOf("k", &p521)), "crv"},
		{"secp256k1", one(jwkOf("k", ec, "crv", "secp256k1")), "crv"},
		{"no crv", one(jwkOf("k", ec, "crv", "")), "crv"},
		{"P-256 key that says P-384", one(jwkOf("k", ec, "crv", "P-384")), "long"},
		{"point not on the curve", one(jwkOf("k", ec, "x", b64(make([]byte, 32)))), "point"},
		{"point at infinity", one(jwkOf("k", ec, "x", b64(make([]byte, 32)), "y", b64(make([]byte, 32)))), "point"},
		{"x too long", one(jwkOf("k", ec, "x", b64(make([]byte, 33)))), "long"},
		{"alg of another family", one(jwkOf("k", pub, "alg", "ES256")), "alg"},
		{"alg of another curve", one(jwkOf("k", ec, "alg", "ES384")), "alg"},
		{"alg HS256", one(jwkOf("k", pub, "alg", "HS256")), "alg"},
		{"alg none", one(jwkOf("k", pub, "alg", "none")), "alg"},
		{"alg RSA-OAEP", one(jwkOf("k", pub, "alg", "RSA-OAEP")), "alg"},
		{"kid a number", one(jwkOf("k", pub, "kid", 1)), "kid"},
		{"two with one kid", []map[string]any{jwkOf("k", pub), jwkOf("k", &otherKey().PublicKey)}, "same kid"},
		{"two with one kid, one of them bad", []map[string]any{jwkOf("k", pub), jwkOf("k", &small)}, "same kid"},
		{"S54 key of a development issuer", one(jwkOf("slotway-dev-1", pub)), "development"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			set, err := parseKeySet(setOf(tc.keys...), false)
			if err != nil {
				t.Fatalf("parseKeySet() = %v", err)
			}
			reasons := strings.Join(set.dropped, "; ")
			if tc.want == "" && (set.keys["k"] == nil || reasons != "") {
				t.Errorf("the key is not usable: %s", reasons)
			}
			if tc.want != "" && (len(set.keys) > 0 || !strings.Contains(reasons, tc.want)) {
				t.Errorf("%d usable keys, dropped %q, want none and the reason %q", len(set.keys), reasons, tc.want)
			}
		})
	}
}

// TestROCAOnGoodKeys: an ordinary key is not taken for one of the faulty generator.
func TestROCAOnGoodKeys(t *testing.T) {
	if isROCA(rsaKey().N) || isROCA(otherKey().N) {
		t.Error("isROCA() holds for an ordinary key")
	}
	if !isROCA(rocaModulus()) || rocaModulus().BitLen() < 2048 {
		t.Error("isROCA() does not hold for a number of that shape")
	}
}

// TestKeySetShape: requirements S9 and S13.
func TestKeySetShape(t *testing.T) {
	many := func(n int) (keys []map[string]any) {
		for i := range n {
			keys = append(keys, jwkOf(fmt.Sprint("k", i), &ecKey().PublicKey))
		}
		return keys
	}
	tests := []struct {
		name, set string
		keys      int
		want      string
	}{
		{"none", `{"keys":[]}`, 0, ""},
		{"32", string(setOf(many(32)...)), 32, ""},
		{"33", string(setOf(many(33)...)), 0, "33 keys"},
		{"not JSON", `keys`, 0, "not JSON"},
		{"empty", ``, 0, "not JSON"},
		{"a list", `[]`, 0, "is not a JSON object"},
		{"no keys", `{}`, 0, "no list"},
		{"keys an object", `{"keys":{}}`, 0, "no list"},
		{"keys with a string", `{"keys":["x"]}`, 0, "no list"},
		{"keys with null", `{"keys":[null]}`, 0, ""},
		{"keys twice", `{"keys":[],"keys":[]}`, 0, "twice"},
		{"kid twice in a key", `{"keys":[{"kid":"a","kid":"b"}]}`, 0, "twice"},
		{"too large", `{"keys":[],"x":"` + strings.Repeat("x", maxKeySet) + `"}`, 0, "64 KiB"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			set, err := parseKeySet([]byte(tc.set), false)
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("parseKeySet() = %v, want an error with %q", err, tc.want)
				}
				return
			}
			if err != nil || len(set.keys) != tc.keys {
				t.Errorf("parseKeySet() = %+v, %v, want %d keys", set, err, tc.keys)
			}
		})
	}
}
