package auth

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"slotway/fhir"
)

// tokenLife is how long a token of the issuer lives.
const tokenLife = time.Hour

// The error codes of RFC 6749 section 5.2.
const (
	codeClient   = "invalid_client"
	codeAskScope = "invalid_scope"
)

// IssuerConfig is what an issuer is made from.
type IssuerConfig struct {
	URL      string   // its name, as iss; where its paths are mounted
	Audience []string // the roots its tokens are good for, as aud
	Clients  *Clients
	Secrets  *Passwords // over Clients.SecretHash
	// Keys are those that tokens are signed with: by the first, while those that the
	// others signed hold too. Without any it is a development issuer.
	Keys    []*rsa.PrivateKey
	Random  io.Reader // safe for concurrent use
	Now     func() time.Time
	Address func(*http.Request) string // the caller's address, for throttling; nil takes the connection's
	Replays Replays                    // of client assertions; nil where they are not offered
	HTTP    http.RoundTripper          // for fetching clients' keys; nil is http.DefaultTransport
}

// Issuer gives access tokens to registered clients (RFC 6749 section 4.4,
// RFC 9068). One that is given no keys is for development and demonstrations: its key
// lives as long as the process, and its key ids are marked so that only a verifier that
// is told to trust this very issuer takes them.
type Issuer struct {
	IssuerConfig
	keys        []signingKey // the first signs
	development bool
	asserted    assertions
	// Grants answers the grant types that rest on somebody's consent; nil where there
	// are none. It is set before the issuer serves.
	Grants Grants
}

// Grants answers token requests that rest on somebody's consent, for clients that
// have proved who they are.
type Grants interface {
	// Grants names the grant types.
	Grants() []string
	// Token exchanges what a request brings for tokens; errors as the issuer's own.
	Token(ctx context.Context, client, grantType string, form url.Values) (Granted, error)
	// Revoke ends the grant that a token is of, when it is the client's.
	Revoke(ctx context.Context, client, token string) error
}

// Granted is a pair of tokens.
type Granted struct {
	Token, Refresh string
	Expires        time.Duration // of the access token
	Scope          string
}

// TokenURL is the address of its token endpoint, for which assertions are made.
func (i *Issuer) TokenURL() string { return strings.TrimSuffix(i.URL, "/") + "/oauth2/token" }

// Methods names the ways in which clients may prove who they are (RFC 8414).
func (i *Issuer) Methods() []string {
	methods := []string{"client_secret_basic", "client_secret_post"}
	if i.Replays != nil {
		methods = append(methods, "private_key_jwt")
	}
	return methods
}

// AssertionAlgorithms names those that an assertion may be signed with; nil where
// none is taken.
func (i *Issuer) AssertionAlgorithms() []string {
	if i.Replays == nil {
		return nil
	}
	return usualAlgorithms()
}

// NewIssuer makes an issuer: with the keys it is given, or for development with one
// of its own.
func NewIssuer(cfg IssuerConfig) (*Issuer, error) {
	if cfg.URL == "" || len(cfg.Audience) == 0 {
		return nil, errors.New("the issuer needs a URL and an audience")
	}
	i := &Issuer{IssuerConfig: cfg}
	for _, key := range cfg.Keys {
		own := lasting(key)
		if slices.ContainsFunc(i.keys, func(k signingKey) bool { return k.id == own.id }) {
			return nil, errors.New("one signing key is given twice")
		}
		i.keys = append(i.keys, own)
	}
	if len(i.keys) > 0 {
		return i, nil
	}
	i.development = true
	key, err := rsa.GenerateKey(cfg.Random, 2048)
	if err != nil {
		return nil, fmt.Errorf("making the development issuer's key: %w", err)
	}
	id, err := i.newID()
	i.keys = []signingKey{{key, devKeyPrefix + id}}
	return i, err
}

// newID gives an id that nobody can guess.
func (i *Issuer) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(i.Random, b[:]); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// accessToken is the claims of a token (RFC 9068 section 2.2).
type accessToken struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud"`
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
	Client   string   `json:"client_id"`
	Scope    string   `json:"scope"`
}

// Issue gives a token to a client that has proved who it is, for the scopes it
// asks for, or for all it is registered for when it asks for none. A scope beyond
// its registration is Invalid with the code invalid_scope.
func (i *Issuer) Issue(client, requested string) (token string, expiresIn time.Duration, granted string, err error) {
	c, ok := i.Clients.find(client)
	if !ok {
		return "", 0, "", invalidClient()
	}
	granted, err = grant(c.scopes, requested)
	if err != nil {
		return "", 0, "", err
	}
	id, err := i.newID()
	if err != nil {
		return "", 0, "", err
	}
	now := i.Now().Truncate(time.Second)
	token, err = i.sign(accessToken{
		Issuer: i.URL, Subject: c.ID, Audience: i.Audience, Client: c.ID, ID: id, Scope: granted,
		Issued: now.Unix(), Expires: now.Add(tokenLife).Unix(),
	})
	return token, tokenLife, granted, err
}

// grant gives the scopes that go into a token.
func grant(registered Scopes, requested string) (string, error) {
	asked := ParseScopes(requested)
	if len(asked.names) == 0 {
		own := slices.DeleteFunc(slices.Clone(registered.names), func(name string) bool { return name == Clinician })
		return strings.Join(own, " "), nil
	}
	for _, name := range asked.names {
		if name == Clinician {
			return "", fhir.Errorf(fhir.Invalid, "%s is granted by a clinician: ask for it with the grant type authorization_code.", Clinician).Coded(codeAskScope)
		}
		if !registered.covers(name) {
			return "", fhir.Errorf(fhir.Invalid, "The client may not have every scope it asks for; it may have: %s.", registered).Coded(codeAskScope)
		}
	}
	return asked.String(), nil
}

// invalidClient is the answer to a client that is not who it says it is.
func invalidClient() *fhir.Error {
	return fhir.Errorf(fhir.Unauthenticated, "The client is not known here or its secret is wrong.").Coded(codeClient)
}

// sign gives a token in compact form.
func (i *Issuer) sign(claims accessToken) (string, error) {
	head, err := json.Marshal(map[string]string{"alg": "RS256", "kid": i.keys[0].id, "typ": "at+jwt"})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(head) + "." + enc.EncodeToString(body)
	signature, err := jwt.SigningMethodRS256.Sign(text, i.keys[0].PrivateKey)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return text + "." + enc.EncodeToString(signature), nil
}

// JWKS gives the public keys as a JWK set (RFC 7517).
func (i *Issuer) JWKS() []byte {
	var keys []map[string]string
	for _, key := range i.keys {
		jwk := jwkOfRSA(&key.PublicKey)
		jwk["use"], jwk["alg"], jwk["kid"] = "sig", "RS256", key.id
		keys = append(keys, jwk)
	}
	return mustJSON(map[string]any{"keys": keys})
}

// Discovery gives the issuer's metadata (RFC 8414), with its paths under base.
func (i *Issuer) Discovery(base string) []byte {
	base = strings.TrimSuffix(base, "/")
	doc := map[string]any{
		"issuer":                                i.URL,
		"token_endpoint":                        base + "/oauth2/token",
		"jwks_uri":                              base + "/oauth2/jwks.json",
		"grant_types_supported":                 []string{"client_credentials"},
		"token_endpoint_auth_methods_supported": i.Methods(),
		"scopes_supported":                      i.Clients.Scopes(),
		"response_types_supported":              []string{},
	}
	if i.development {
		doc["slotway_development"] = true
	}
	if i.Grants != nil {
		doc["authorization_endpoint"] = base + "/oauth2/authorize"
		doc["revocation_endpoint"] = base + "/oauth2/revoke"
		doc["grant_types_supported"] = append([]string{"client_credentials"}, i.Grants.Grants()...)
		doc["response_types_supported"] = []string{"code"}
		doc["code_challenge_methods_supported"] = []string{"S256"}
	}
	if algs := i.AssertionAlgorithms(); algs != nil {
		doc["token_endpoint_auth_signing_alg_values_supported"] = algs
	}
	return mustJSON(doc)
}

// Trust gives the entry that lets a verifier in this program accept the issuer's
// tokens.
func (i *Issuer) Trust() TrustedIssuer {
	return TrustedIssuer{Issuer: i.URL, Audience: i.Audience, Keys: i.JWKS(), Algorithms: []string{"RS256"}, Development: i.development}
}
