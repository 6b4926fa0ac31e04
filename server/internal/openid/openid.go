// Package openid signs people in through an OpenID Connect provider: the
// authorisation code flow (OpenID Connect Core 1.0 section 3.1) with state, nonce
// and PKCE, for a client that proves itself by a key or by a secret. What a provider
// says of people it hands on as it was said; package nhslogin knows what NHS login
// means by it.
package openid

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// Config is what a client is made from.
type Config struct {
	Name       string // what failures call the provider
	Issuer     string
	ClientID   string
	Redirect   string       // where the browser comes back to
	Signer     *auth.Signer // the client's key; nil where it has a secret
	Secret     string
	Scopes     []string // beside openid
	Algorithms []string // in which its ID tokens may be signed
	HTTP       *http.Client
	Now        func() time.Time
	NewID      func() string
}

// Client is a service that is registered with a provider.
type Client struct {
	Config
	mu       sync.Mutex
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	style    oauth2.AuthStyle
}

// New makes a client. The provider is looked up when it is first needed.
func New(cfg Config) *Client {
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	return &Client{Config: cfg}
}

// Ask is what one sign-in asks for.
type Ask struct {
	State, Nonce string
	Verifier     string            // of PKCE
	More         map[string]string // parameters of the provider's own, and prompt
}

// URL gives the address that begins a sign-in. fhir.Busy when the provider cannot be
// reached.
func (c *Client) URL(ctx context.Context, ask Ask) (string, error) {
	cfg, _, err := c.endpoint(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(ask.Nonce), oauth2.S256ChallengeOption(ask.Verifier)}
	for name, value := range ask.More {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return cfg.AuthCodeURL(ask.State, options...), nil
}

// endpoint gives the provider's addresses and keys, looked up until that once
// succeeds.
func (c *Client) endpoint(ctx context.Context) (oauth2.Config, *oidc.IDTokenVerifier, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		provider, err := oidc.NewProvider(oidc.ClientContext(ctx, c.HTTP), c.Issuer)
		if err != nil {
			return oauth2.Config{}, nil, fhir.Errorf(fhir.Busy, "%s cannot be reached.", c.Name).Because(err)
		}
		c.provider, c.style = provider, c.styleOf(provider)
		c.verifier = provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), c.HTTP), &oidc.Config{
			ClientID: c.ClientID, SupportedSigningAlgs: c.Algorithms, Now: c.Now,
		})
	}
	endpoint := c.provider.Endpoint()
	endpoint.AuthStyle = c.style
	return oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.Secret, Endpoint: endpoint, RedirectURL: c.Redirect, Scopes: append([]string{oidc.ScopeOpenID}, c.Scopes...),
	}, c.verifier, nil
}

// styleOf says where the client's secret goes: into the header, unless the provider
// says that it takes it in the form only (OpenID Connect Discovery 1.0 section 3).
func (c *Client) styleOf(p *oidc.Provider) oauth2.AuthStyle {
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	err := p.Claims(&says)
	if c.Signer != nil || err == nil && len(says.Methods) > 0 && !slices.Contains(says.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// Answer is what a provider says of somebody.
type Answer struct {
	Subject string
	Token   json.RawMessage // the claims of the ID token
	Info    json.RawMessage // those of the UserInfo endpoint, about the same subject; empty where there is none
}

// Finish trades the code that the provider gave for who it is about. fhir.Busy when
// the provider cannot be reached, and fhir.Unauthenticated for what does not hold.
func (c *Client) Finish(ctx context.Context, code, nonce, verifier string) (a Answer, err error) {
	cfg, tokens, err := c.endpoint(ctx)
	if err != nil {
		return a, err
	}
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	if c.Signer != nil {
		proof, err := c.prove(cfg.Endpoint.TokenURL)
		if err != nil {
			return a, err
		}
		options = append(options, oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), oauth2.SetAuthURLParam("client_assertion", proof))
	}
	ctx = oidc.ClientContext(ctx, c.HTTP)
	token, err := cfg.Exchange(ctx, code, options...)
	if err != nil {
		return a, Refused(c.Name+" did not take the code.", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := tokens.Verify(ctx, raw)
	if err != nil {
		return a, Refused("The ID token does not hold.", err)
	}
	if a.Token, err = c.now(id, nonce); err != nil {
		return a, err
	}
	a.Subject = id.Subject
	a.Info, err = c.info(ctx, token, id.Subject)
	return a, err
}

// clockSkew is by how much a provider's clock and ours may differ.
const clockSkew = 5 * time.Minute

// now gives the claims of an ID token that was made now, for this sign-in and for
// nobody else (OpenID Connect Core 1.0 section 3.1.3.7: 3 to 5, 10 and 11).
func (c *Client) now(id *oidc.IDToken, nonce string) (claims json.RawMessage, err error) {
	var party struct {
		Azp string `json:"azp"`
	}
	if err := errors.Join(id.Claims(&claims), id.Claims(&party)); err != nil {
		return nil, Refused("The ID token is not one of "+c.Name+".", err)
	}
	switch age := c.Now().Sub(id.IssuedAt); {
	case age > clockSkew || age < -clockSkew:
		return nil, Refused("The ID token was not made now.", nil)
	case len(id.Audience) != 1 || party.Azp != "" && party.Azp != c.ClientID:
		return nil, Refused("The ID token is for another, too.", nil)
	case id.Nonce != nonce || id.Subject == "":
		return nil, Refused("The ID token is not that of this sign-in.", nil)
	}
	return claims, nil
}

// info asks the UserInfo endpoint, where there is one (OpenID Connect Core 1.0
// section 5.3).
func (c *Client) info(ctx context.Context, token *oauth2.Token, subject string) (claims json.RawMessage, err error) {
	if c.provider.UserInfoEndpoint() == "" {
		return nil, nil
	}
	info, err := c.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, Refused(c.Name+" did not say who it is.", err)
	}
	if err := info.Claims(&claims); err != nil || info.Subject != subject {
		return nil, Refused("What "+c.Name+" says of the person is about another.", err)
	}
	return claims, nil
}

// proofLife is how long the proof of a client holds.
const proofLife = time.Minute

// prove says to the provider which client it is (RFC 7523 section 2.2).
func (c *Client) prove(endpoint string) (string, error) {
	now := c.Now()
	return c.Signer.Sign(map[string]any{
		"iss": c.ClientID, "sub": c.ClientID, "aud": endpoint, "jti": c.NewID(),
		"iat": now.Unix(), "exp": now.Add(proofLife).Unix(),
	})
}

// Refused is the failure of what a provider said that does not hold.
func Refused(text string, cause error) error {
	e := fhir.Errorf(fhir.Unauthenticated, "%s", text)
	if cause != nil {
		return e.Because(cause)
	}
	return e
}
