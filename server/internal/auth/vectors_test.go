package auth

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"slotway/fhir"
)

// TestVectors makes the families of signatures and texts that public collections of
// test vectors have for JWS, for our own keys, and judges each under every profile
// and in every style: a signature that is not exactly one of the issuer's is
// refused, whatever part of it is, and one that is is accepted.
func TestVectors(t *testing.T) {
	profiled := map[Profile][]edit{
		Standard:  nil,
		SMART:     {claim("jti", nil), claim("client_id", nil), claim("sub", testClient)},
		NHSLegacy: {head("typ", "JWT"), claim("client_id", nil), claim("appid", testClient), claim("jti", nil)},
	}
	total, accepted := 0, 0
	for profile, base := range profiled {
		v := testVerifier(t, newClock(), func(i *TrustedIssuer) { i.Profile = profile })
		for _, tc := range vectors() {
			token := forge(append(slices.Clone(base), tc.edits...)...)
			_, err := v.Verify(t.Context(), token)
			total++
			if tc.check == "" {
				if accepted++; err != nil {
					t.Errorf("%v: %s: %v, want it accepted", profile, tc.name, err)
				}
				continue
			}
			e := fhir.AsError(err)
			if err == nil || e.Kind != fhir.Unauthenticated || e.Code != codeToken {
				t.Errorf("%v: %s: %v, want it refused", profile, tc.name, err)
				continue
			}
			for style, want := range map[fhir.Style]int{fhir.StyleRFC6750: 401, fhir.StyleNHSBooking: 403} {
				if got := e.Kind.Status(style); got != want {
					t.Errorf("%v: %s is answered %d in style %v, want %d", profile, tc.name, got, style, want)
				}
			}
			if c := Challenge("r", err); !strings.Contains(c, `error="invalid_token"`) || strings.Contains(c, canary) {
				t.Errorf("%s: the challenge is %q", tc.name, c)
			}
		}
	}
	if total < 900 || accepted < 30 {
		t.Errorf("only %d vectors, %d of them good", total, accepted)
	}
}

func vectors() (all []attack) {
	all = append(all, rsaVectors()...)
	all = append(all, ecVectors("ES256", "ec-1", ecKey(), jwt.SigningMethodES256)...)
	all = append(all, ecVectors("ES384", "ec-384", ec384Key(), jwt.SigningMethodES384)...)
	return append(all, textVectors()...)
}

// raw RSA: the encoded message to the power of the secret exponent.
func rsaRaw(em []byte) []byte {
	k := rsaKey()
	return new(big.Int).Exp(new(big.Int).SetBytes(em), k.D, k.N).FillBytes(make([]byte, 256))
}

var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// padded is PKCS #1 v1.5's encoding of what is signed: 00 type FF… 00 tail.
func padded(kind, fill byte, tail []byte) []byte {
	em := make([]byte, 256-len(tail))
	for i := range em {
		em[i] = fill
	}
	em[0], em[1], em[len(em)-1] = 0, kind, 0
	return append(em, tail...)
}

func rsaVectors() (all []attack) {
	sum := func(text string) []byte { s := sha256.Sum256([]byte(text)); return s[:] }
	of := func(make func(text string) []byte) edit { return func(f *forged) { f.sign = make } }
	good := func(text string) []byte { return mustKey(jwt.SigningMethodRS256.Sign(text, rsaKey())) }
	info := func(prefix []byte, text string) []byte { return append(slices.Clone(prefix), sum(text)...) }
	noNull := append([]byte{0x30, 0x2f, 0x30, 0x0b}, append(slices.Clone(digestInfo[4:15]), 0x04, 0x20)...)
	longLength := append([]byte{0x30, 0x81, 0x31}, digestInfo[2:]...)
	otherHash := slices.Clone(digestInfo)
	otherHash[14] = 2
	short := func(text string) []byte {
		em := padded(1, 0xff, append(info(digestInfo, text), make([]byte, 100)...))
		return rsaRaw(em)
	}
	return []attack{
		row("RS256", "", of(good)),
		row("RS256 by hand", "", of(func(s string) []byte { return rsaRaw(padded(1, 0xff, info(digestInfo, s))) })),
		row("padding of type 2", "signature", of(func(s string) []byte { return rsaRaw(padded(2, 0xff, info(digestInfo, s))) })),
		row("padding of type 0", "signature", of(func(s string) []byte { return rsaRaw(padded(0, 0, info(digestInfo, s))) })),
		row("padding of other bytes", "signature", of(func(s string) []byte { return rsaRaw(padded(1, 0xfe, info(digestInfo, s))) })),
		row("short padding, bytes behind the hash", "signature", of(short)),
		row("no digest info", "signature", of(func(s string) []byte { return rsaRaw(padded(1, 0xff, sum(s))) })),
		row("digest info without NULL", "signature", of(func(s string) []byte { return rsaRaw(padded(1, 0xff, info(noNull, s))) })),
		row("digest info with a long length", "signature", of(func(s string) []byte { return rsaRaw(padded(1, 0xff, info(longLength, s))) })),
		row("digest info of another hash", "signature", of(func(s string) []byte { return rsaRaw(padded(1, 0xff, info(otherHash, s))) })),
		row("the hash alone", "signature", of(func(s string) []byte { return rsaRaw(sum(s)) })),
		row("zero", "signature", signature(make([]byte, 256))),
		row("one", "signature", signature(append(make([]byte, 255), 1))),
		row("the modulus", "signature", signature(rsaKey().N.Bytes())),
		row("the modulus less one", "signature", signature(new(big.Int).Sub(rsaKey().N, big.NewInt(1)).Bytes())),
		row("all ones", "signature", signature([]byte(strings.Repeat("\xff", 256)))),
		row("one byte", "signature", signature([]byte{1})),
		row("a zero before it", "signature", of(func(s string) []byte { return append([]byte{0}, good(s)...) })),
		row("a zero behind it", "signature", of(func(s string) []byte { return append(good(s), 0) })),
		row("twice", "signature", of(func(s string) []byte { return append(good(s), good(s)...) })),
		row("without its first byte", "signature", of(func(s string) []byte { return good(s)[1:] })),
		row("without its last byte", "signature", of(func(s string) []byte { return good(s)[:255] })),
		row("and the modulus", "signature", of(func(s string) []byte {
			return new(big.Int).Add(new(big.Int).SetBytes(good(s)), rsaKey().N).Bytes()
		})),
		row("backwards", "signature", of(func(s string) []byte { b := good(s); slices.Reverse(b); return b })),
		row("PSS", "signature", of(func(s string) []byte { return mustKey(jwt.SigningMethodPS256.Sign(s, rsaKey())) })),
		row("RS384 under RS256", "signature", of(func(s string) []byte { return mustKey(jwt.SigningMethodRS384.Sign(s, rsaKey())) })),
		row("of another text", "signature", of(func(s string) []byte { return good(s + "x") })),
		row("of the claims alone", "signature", of(func(s string) []byte { _, c, _ := strings.Cut(s, "."); return good(c) })),
	}
}

func ecVectors(alg, kid string, key *ecdsa.PrivateKey, m *jwt.SigningMethodECDSA) (all []attack) {
	n, size := key.Params().N, m.KeySize
	good := func(text string) (r, s *big.Int) {
		b := mustKey(m.Sign(text, key))
		return new(big.Int).SetBytes(b[:size]), new(big.Int).SetBytes(b[size:])
	}
	add := func(name, check string, make func(r, s *big.Int) []byte) {
		all = append(all, row(alg+" "+name, check, signed(alg, kid, func(text string) []byte { return make(good(text)) })))
	}
	join := func(r, s *big.Int) []byte {
		return append(new(big.Int).Mod(r, max256(size)).FillBytes(make([]byte, size)), new(big.Int).Mod(s, max256(size)).FillBytes(make([]byte, size))...)
	}
	zero, one := new(big.Int), big.NewInt(1)
	less := func(x *big.Int) *big.Int { return new(big.Int).Sub(n, x) }
	add("as made", "", join)
	add("with the other s", "", func(r, s *big.Int) []byte { return join(r, less(s)) }) // both are of the key
	for a, x := range map[string]*big.Int{"0": zero, "1": one, "n": n, "n-1": less(one), "n+1": new(big.Int).Add(n, one), "p": key.Params().P} {
		add("r = "+a, "signature", func(_, s *big.Int) []byte { return join(x, s) })
		add("s = "+a, "signature", func(r, _ *big.Int) []byte { return join(r, x) })
		for b, y := range map[string]*big.Int{"0": zero, "1": one, "n": n} {
			add("r = "+a+", s = "+b, "signature", func(_, _ *big.Int) []byte { return join(x, y) })
		}
	}
	add("swapped", "signature", func(r, s *big.Int) []byte { return join(s, r) })
	add("-r", "signature", func(r, s *big.Int) []byte { return join(less(r), s) })
	add("DER", "signature", func(r, s *big.Int) []byte { return mustKey(asn1.Marshal(struct{ R, S *big.Int }{r, s})) })
	add("zeros before", "signature", func(r, s *big.Int) []byte { return append(make([]byte, 2), join(r, s)...) })
	add("zeros behind", "signature", func(r, s *big.Int) []byte { return append(join(r, s), 0, 0) })
	add("longer halves", "signature", func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, size+2)), s.FillBytes(make([]byte, size+2))...)
	})
	add("r alone", "signature", func(r, s *big.Int) []byte { return join(r, s)[:size] })
	add("one byte less", "signature", func(r, s *big.Int) []byte { return join(r, s)[:2*size-1] })
	add("one byte more", "signature", func(r, s *big.Int) []byte { return append(join(r, s), 1) })
	add("twice", "signature", func(r, s *big.Int) []byte { return append(join(r, s), join(r, s)...) })
	add("zero", "signature", func(_, _ *big.Int) []byte { return make([]byte, 2*size) })
	add("as text", "signature", func(r, s *big.Int) []byte { return fmt.Appendf(nil, "%x%x", r, s) })
	return all
}

// max256 is 256 to the power of a size.
func max256(size int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(8*size)) }

// textVectors change single characters, and cut and join tokens.
func textVectors() (all []attack) {
	for n := range 60 { // one character of header, claims or signature is another
		all = append(all, row(fmt.Sprint("one character changed ", n), "any", finished(func(s string) string {
			at := (n*len(s)/60 + n) % len(s)
			if s[at] == '.' {
				at++
			}
			if at == len(s)-1 {
				at--
			}
			return s[:at] + string(rotated(s[at])) + s[at+1:]
		})))
	}
	for n := range 40 {
		all = append(all, row(fmt.Sprint("cut short ", n), "any", finished(func(s string) string { return s[:n*len(s)/40] })))
	}
	for _, insert := range []string{"\n", "\r", "\t", " ", "\x00", "=", "+", "/", "%2E", "..", ".", ",", "\u00a0", "\ufeff", "é", "\\", "\"", "a"} {
		for part := range 3 {
			all = append(all, row(fmt.Sprintf("%q in part %d", insert, part), "any", finished(func(s string) string {
				parts := strings.Split(s, ".")
				middle := len(parts[part]) / 2
				parts[part] = parts[part][:middle] + insert + parts[part][middle:]
				return strings.Join(parts, ".")
			})))
		}
	}
	for n, alg := range []string{"none", "HS256", "HS384", "HS512", "PS256", "ES256", "ES512", "EdDSA", "RSA1_5", "dir", "A128KW", "RSA-OAEP", "", "RS1", "RS256 ", "rs256"} {
		all = append(all, row(fmt.Sprint("algorithm ", n, alg), "any", head("alg", alg)))
		all = append(all, row(fmt.Sprint("algorithm and no signature ", n, alg), "any", head("alg", alg), signature(nil)))
	}
	for _, ok := range []edit{head("x5t", "x"), head("cty", "JSON"), head("jwk", map[string]any{"kty": "RSA"}), head("jku", "https://elsewhere.example.test"), claim("roles", []string{"x"}), claim("exp", at(3599)), claim("nbf", at(-10)), claim("iat", at(20)), claim("aud", []string{"x", testAudience})} {
		all = append(all, row("a good token with more", "", ok))
	}
	return all
}

// rotated gives another digit of base64url that differs in its first bits.
func rotated(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[(strings.IndexByte(digits, c)+32)%64]
}
