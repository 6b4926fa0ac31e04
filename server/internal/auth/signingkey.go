package auth

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// signingBits is the size of a signing key that is made to last.
const signingBits = 3072

// MakeSigningKey gives a new key to sign tokens with: RSA, as PEM of PKCS #8. It fails
// only when random does.
func MakeSigningKey(random io.Reader) ([]byte, error) {
	key, err := rsa.GenerateKey(random, signingBits)
	if err != nil {
		return nil, fmt.Errorf("making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ReadSigningKey reads a key that tokens are signed with: RSA of 2048 bits or more, as
// PEM of PKCS #8 or PKCS #1.
func ReadSigningKey(text []byte) (*rsa.PrivateKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		return nil, errors.New("it must hold one private key in PEM, and nothing else")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("it holds a %s in PEM, not a PRIVATE KEY", block.Type)
	}
	if err != nil {
		return nil, errors.New("its private key cannot be read")
	}
	own, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("its key is not one of RSA")
	}
	if own.N.BitLen() < 2048 || own.Validate() != nil {
		return nil, errors.New("its key must be of 2048 bits or more")
	}
	return own, nil
}

// signingKey is a key of an issuer: one that it signs with, or signed with before.
type signingKey struct {
	*rsa.PrivateKey
	id string
}

// lasting gives a key that lasts, under an id that follows from it (RFC 7638), so that
// it is the same in every process and after every start.
func lasting(key *rsa.PrivateKey) signingKey {
	jwk := jwkOfRSA(&key.PublicKey)
	sum := sha256.Sum256(mustJSON(jwk))
	return signingKey{key, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// jwkOfRSA gives the required members of a public key's JWK (RFC 7638 section 3.2).
func jwkOfRSA(key *rsa.PublicKey) map[string]string {
	enc := base64.RawURLEncoding
	return map[string]string{"kty": "RSA", "n": enc.EncodeToString(key.N.Bytes()), "e": enc.EncodeToString(big.NewInt(int64(key.E)).Bytes())}
}
