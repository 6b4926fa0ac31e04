package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxKeySet = 64 << 10 // bytes of a key set
	maxKeys   = 32

	// devKeyPrefix starts the id of every key of a development issuer. No other
	// issuer's set may hold such a key.
	devKeyPrefix = "slotway-dev-"
)

// algorithm is a way of signing, and the keys that suit it.
type algorithm struct {
	method jwt.SigningMethod
	kty    string
	curve  elliptic.Curve // for EC
	asked  bool           // only for issuers whose configuration names it
}

// algorithms are all that are offered (RFC 7518 section 3.1). Shared secrets and
// none never are. PS256 and its kin are held to a salt as long as their hash,
// which the library by itself would not do.
var algorithms = map[string]algorithm{
	"RS256": {method: jwt.SigningMethodRS256, kty: "RSA"},
	"RS384": {method: jwt.SigningMethodRS384, kty: "RSA"},
	"RS512": {method: jwt.SigningMethodRS512, kty: "RSA"},
	"ES256": {method: jwt.SigningMethodES256, kty: "EC", curve: elliptic.P256()},
	"ES384": {method: jwt.SigningMethodES384, kty: "EC", curve: elliptic.P384()},
	"PS256": {method: salted(jwt.SigningMethodPS256), kty: "RSA", asked: true},
	"PS384": {method: salted(jwt.SigningMethodPS384), kty: "RSA", asked: true},
	"PS512": {method: salted(jwt.SigningMethodPS512), kty: "RSA", asked: true},
}

// salted gives an algorithm that verifies only what has a salt as long as its hash
// (RFC 7518 section 3.5).
func salted(m *jwt.SigningMethodRSAPSS) *jwt.SigningMethodRSAPSS {
	strict := *m
	strict.VerifyOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return &strict
}

// Algorithms names the signature algorithms that an issuer may be allowed.
func Algorithms() []string { return slices.Sorted(maps.Keys(algorithms)) }

// usualAlgorithms names those of an issuer whose configuration names none.
func usualAlgorithms() []string {
	return slices.DeleteFunc(Algorithms(), func(alg string) bool { return algorithms[alg].asked })
}

// publicKey is a usable key of an issuer.
type publicKey struct {
	id    string
	alg   string // the only algorithm it may be used with; "" is any that suits it
	kty   string
	curve elliptic.Curve
	key   crypto.PublicKey
	print [sha256.Size]byte // equal for equal keys, so that a withdrawn key is noticed
}

// suits says whether the key may verify signatures made with an algorithm.
func (k *publicKey) suits(alg string) bool {
	a, ok := algorithms[alg]
	return ok && (k.alg == "" || k.alg == alg) && k.kty == a.kty && k.curve == a.curve
}

// keySet is the usable keys of an issuer.
type keySet struct {
	keys    map[string]*publicKey // by id; "" for a key without one
	dropped []string              // what was not usable, and why, by position
}

// parseKeySet reads a JWK set (RFC 7517 section 5) and keeps what may verify.
// A fault of the set is an error; a key that may not be used is dropped.
func parseKeySet(raw []byte, development bool) (*keySet, error) {
	if len(raw) > maxKeySet {
		return nil, errors.New("the key set is larger than 64 KiB")
	}
	o, err := parseObject(raw)
	if err != nil {
		return nil, fmt.Errorf("the key set %w", err)
	}
	var written []json.RawMessage
	if err := json.Unmarshal(o.raw("keys"), &written); err != nil {
		return nil, errors.New("the key set has no list named keys")
	}
	list := make([]object, len(written))
	for i, text := range written {
		if text[0] != '{' && text[0] != 'n' {
			return nil, errors.New("the key set has no list named keys")
		}
		list[i], _ = parseObjectOf(text, 8) // it is an object, or null, which lacks all that a key has
	}
	if len(list) > maxKeys {
		return nil, fmt.Errorf("the key set has %d keys, and %d are the most that are read", len(list), maxKeys)
	}
	return usable(list, development), nil
}

// usable keeps the keys that may verify. Where several share an id, none is kept.
func usable(list []object, development bool) *keySet {
	set := &keySet{keys: map[string]*publicKey{}}
	times := map[string]int{}
	for _, jwk := range list {
		id, _ := jwk.text("kid")
		times[id]++
	}
	for i, jwk := range list {
		k, err := parseKey(jwk)
		switch {
		case err != nil:
		case times[k.id] > 1:
			err = errors.New("another key has the same kid, or none either")
		case strings.HasPrefix(k.id, devKeyPrefix) && !development:
			err = errors.New("it is the key of a development issuer")
		}
		if err != nil {
			set.dropped = append(set.dropped, fmt.Sprintf("key %d: %s", i+1, err))
			continue
		}
		set.keys[k.id] = k
	}
	return set
}

// secretMembers are the parts of a JWK that nobody publishes (RFC 7518 section 6).
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// parseKey reads one JWK, or says why it may not be used.
func parseKey(o object) (*publicKey, error) {
	var errs [4]error
	k := new(publicKey)
	var use string
	k.id, errs[0] = o.text("kid")
	k.alg, errs[1] = o.text("alg")
	k.kty, errs[2] = o.text("kty")
	use, errs[3] = o.text("use")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	ops, err := o.texts("key_ops")
	switch {
	case err != nil:
		return nil, err
	case slices.ContainsFunc(secretMembers, o.has):
		return nil, errors.New("it holds a secret part")
	case o.has("use") && use != "sig":
		return nil, errors.New("its use is not sig")
	case o.has("key_ops") && !slices.Contains(ops, "verify"):
		return nil, errors.New("its key_ops lack verify")
	}
	var material string
	switch k.kty {
	case "RSA":
		k.key, material, err = parseRSA(o)
	case "EC":
		k.key, k.curve, material, err = parseEC(o)
	default:
		return nil, errors.New("kty must be RSA or EC")
	}
	if err != nil {
		return nil, err
	}
	if k.alg != "" && !k.suits(k.alg) {
		return nil, errors.New("its alg is not one that is offered for such a key")
	}
	k.print = sha256.Sum256([]byte(k.kty + " " + k.alg + " " + material))
	return k, nil
}

// bytes gives a member that must be base64url.
func (o object) bytes(name string) ([]byte, error) {
	s, err := o.text(name)
	if err != nil {
		return nil, err
	}
	b, err := decodeBase64(s)
	if err != nil || len(b) == 0 {
		return nil, errors.New(name + " must be base64url")
	}
	return b, nil
}

// parseRSA reads an RSA key of 2048 to 8192 bits.
func parseRSA(o object) (*rsa.PublicKey, string, error) {
	nb, err := o.bytes("n")
	if err != nil {
		return nil, "", err
	}
	eb, err := o.bytes("e")
	if err != nil {
		return nil, "", err
	}
	n, e := new(big.Int).SetBytes(nb), new(big.Int).SetBytes(eb)
	switch {
	case n.BitLen() < 2048 || n.BitLen() > 8192:
		return nil, "", fmt.Errorf("an RSA key must have 2048 to 8192 bits, this one has %d", n.BitLen())
	case n.Bit(0) == 0:
		return nil, "", errors.New("n is even")
	case e.BitLen() > 31 || e.Int64() < 3 || e.Bit(0) == 0:
		return nil, "", errors.New("e must be odd, 3 or more, and of 31 bits at most")
	case isROCA(n):
		return nil, "", errors.New("it was made by a faulty generator (CVE-2017-15361)")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, n.Text(62) + " " + e.Text(62), nil
}

// parseEC reads a key on P-256 or P-384, which must be a point of the curve.
func parseEC(o object) (*ecdsa.PublicKey, elliptic.Curve, string, error) {
	crv, err := o.text("crv")
	if err != nil {
		return nil, nil, "", err
	}
	curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384()}[crv]
	if curve == nil {
		return nil, nil, "", errors.New("crv must be P-256 or P-384")
	}
	x, errX := o.bytes("x")
	y, errY := o.bytes("y")
	if err := errors.Join(errX, errY); err != nil {
		return nil, nil, "", err
	}
	size := curve.Params().BitSize / 8
	if len(x) != size || len(y) != size {
		return nil, nil, "", errors.New("x and y must be as long as the curve's field")
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, nil, "", errors.New("x and y are not a point of the curve")
	}
	return key, curve, fmt.Sprintf("%s %x %x", crv, x, y), nil
}

// rocaPrimes are the primes of the published test for keys of CVE-2017-15361.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// isROCA says whether a modulus is a power of 65537 modulo each of the primes,
// as those of the faulty generator are and one in many millions of others.
func isROCA(n *big.Int) bool {
	for _, p := range rocaPrimes {
		rest := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		power := int64(1)
		for range p - 1 {
			if power == rest {
				break
			}
			power = power * 65537 % p
		}
		if power != rest {
			return false
		}
	}
	return true
}
