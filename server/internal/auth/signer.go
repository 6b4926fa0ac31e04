package auth

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Signer signs JWTs with an RSA key by RS512, the one algorithm that NHS login
// takes and gives.
type Signer struct {
	key *rsa.PrivateKey
	kid string
}

// NewSigner makes a signer of a key of at least 2048 bits. An empty id of the key
// becomes its thumbprint (RFC 7638).
func NewSigner(key *rsa.PrivateKey, kid string) (*Signer, error) {
	if key.N.BitLen() < 2048 {
		return nil, errors.New("the RSA key must have at least 2048 bits")
	}
	s := &Signer{key, kid}
	if kid == "" {
		n, e := s.numbers()
		sum := sha256.Sum256(fmt.Appendf(nil, `{"e":"%s","kty":"RSA","n":"%s"}`, e, n))
		s.kid = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return s, nil
}

// ReadSigner makes a signer of a file of PEM that holds the key (PKCS #8 or
// PKCS #1), which others than its owner must not be able to read.
func ReadSigner(path, kid string) (*Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others: run chmod 600 on it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("key file %s holds no PEM: make a key with 'openssl genrsa 4096'", path)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return NewSigner(key, kid)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("key file %s holds no RSA private key", path)
	}
	return NewSigner(key, kid)
}

// Sign gives claims as a token in compact form.
func (s *Signer) Sign(claims any) (string, error) {
	head, err := json.Marshal(map[string]string{"alg": "RS512", "kid": s.kid, "typ": "JWT"})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(head) + "." + enc.EncodeToString(body)
	signature, err := jwt.SigningMethodRS512.Sign(text, s.key)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return text + "." + enc.EncodeToString(signature), nil
}

// Check reads into claims what this very signer signed; of times and audience it
// knows nothing. The error quotes nothing of the token.
func (s *Signer) Check(token string, claims any) error {
	t, err := parseToken(token)
	if err != nil || t.header.alg != "RS512" {
		return errors.New("it is no token signed by RS512")
	}
	if jwt.SigningMethodRS512.Verify(t.signed, t.signature, &s.key.PublicKey) != nil {
		return errors.New("its signature is not that of the key")
	}
	return Payload(token, claims)
}

// Payload reads the claims of a token into a struct, and proves nothing: it is for
// tokens that somebody else will prove.
func Payload(token string, claims any) error {
	if _, err := parseToken(token); err != nil {
		return err
	}
	payload, err := decodeBase64(strings.Split(token, ".")[1])
	if err != nil {
		return err
	}
	return json.Unmarshal(payload, claims)
}

// JWKS gives the public key as a JWK set (RFC 7517).
func (s *Signer) JWKS() []byte {
	n, e := s.numbers()
	return mustJSON(map[string]any{"keys": []map[string]string{{"kty": "RSA", "use": "sig", "alg": "RS512", "kid": s.kid, "n": n, "e": e}}})
}

func (s *Signer) numbers() (n, e string) {
	enc := base64.RawURLEncoding
	return enc.EncodeToString(s.key.N.Bytes()), enc.EncodeToString(big.NewInt(int64(s.key.E)).Bytes())
}
