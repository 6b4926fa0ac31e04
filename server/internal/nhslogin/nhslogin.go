// Package nhslogin signs people in through NHS login, an OpenID Connect provider
// (its interface specification, sections 3 to 5): the authorisation code flow with
// state, nonce and PKCE, a client that proves itself by a key, and the single
// sign-on between two services by an asserted login identity.
package nhslogin

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// Config is what a client is made from.
type Config struct {
	Issuer   string
	ClientID string
	Redirect string       // where the browser comes back to
	Signer   *auth.Signer // the client's key
	HTTP     *http.Client // nil: one with a timeout of its own
	Now      func() time.Time
	NewID    func() string
}

// Client is a service that is registered with NHS login.
type Client struct {
	Config
	mu       sync.Mutex
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
}

// New makes a client. The provider is looked up when it is first needed.
func New(cfg Config) *Client {
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	return &Client{Config: cfg}
}

// trust is the proof of identity that is asked for: checked against documents
// (P9), with the ways of signing in that NHS login offers for it (section 5.1).
const trust = `["P9.Cp.Cd","P9.Cp.Ck","P9.Cm"]`

// Ask is what one sign-in asks for.
type Ask struct {
	State, Nonce string
	Verifier     string // of PKCE
	Prompt       string // none: without asking the person; login: always asking; empty: as NHS login finds it
	Assertion    string // the asserted login identity; may be empty
}

// URL gives the address that begins a sign-in. fhir.Busy when NHS login cannot be reached.
func (c *Client) URL(ctx context.Context, ask Ask) (string, error) {
	cfg, _, err := c.endpoint(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(ask.Nonce), oauth2.S256ChallengeOption(ask.Verifier), oauth2.SetAuthURLParam("vtr", trust)}
	if ask.Prompt != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", ask.Prompt))
	}
	if ask.Assertion != "" {
		options = append(options, oauth2.SetAuthURLParam("asserted_login_identity", ask.Assertion))
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
			return oauth2.Config{}, nil, fhir.Errorf(fhir.Busy, "NHS login cannot be reached.").Because(err)
		}
		c.provider = provider
		c.verifier = provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), c.HTTP), &oidc.Config{
			ClientID: c.ClientID, SupportedSigningAlgs: []string{oidc.RS512}, Now: c.Now,
		})
	}
	endpoint := c.provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	return oauth2.Config{ClientID: c.ClientID, Endpoint: endpoint, RedirectURL: c.Redirect, Scopes: []string{oidc.ScopeOpenID, "profile"}}, c.verifier, nil
}

// Identity is who NHS login says somebody is.
type Identity struct {
	Subject    string `json:"sub"`
	NHSNumber  string `json:"nhs_number"`
	BirthDate  string `json:"birthdate"` // YYYY-MM-DD
	FamilyName string `json:"family_name"`
	GivenName  string `json:"given_name"`
	Proof      string `json:"identity_proofing_level"`
	Trust      string `json:"vot"`
	TokenID    string `json:"jti"` // of the ID token
}

// CodeNotProven is the code of the failure for somebody whose identity NHS login
// has not proven, so that it vouches for no NHS number.
const CodeNotProven = "not-proven"

// Finish trades the code that NHS login gave for who it is about. fhir.Busy when
// NHS login cannot be reached, fhir.Unauthenticated for what does not hold, and
// fhir.Forbidden, with CodeNotProven, for an identity that is not proven.
func (c *Client) Finish(ctx context.Context, code, nonce, verifier string) (Identity, error) {
	cfg, tokens, err := c.endpoint(ctx)
	if err != nil {
		return Identity{}, err
	}
	proof, err := c.prove(cfg.Endpoint.TokenURL)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, c.HTTP)
	token, err := cfg.Exchange(
		ctx, code, oauth2.VerifierOption(verifier),
		oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
		oauth2.SetAuthURLParam("client_assertion", proof),
	)
	if err != nil {
		return Identity{}, refused("NHS login did not take the code.", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := tokens.Verify(ctx, raw)
	if err != nil {
		return Identity{}, refused("The ID token does not hold.", err)
	}
	who, err := c.about(id, nonce)
	if err != nil {
		return Identity{}, err
	}
	if err := c.complete(ctx, &who, token); err != nil {
		return Identity{}, err
	}
	return who, who.proven()
}

// clockSkew is by how much NHS login's clock and ours may differ.
const clockSkew = 5 * time.Minute

// about gives whom an ID token of NHS login is about, if it was made now, for this
// sign-in and for nobody else (OpenID Connect Core 3.1.3.7: 3 to 5, 10 and 11).
func (c *Client) about(id *oidc.IDToken, nonce string) (who Identity, err error) {
	claims := struct {
		*Identity
		Party string `json:"azp"`
	}{Identity: &who}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, refused("The ID token is not one of NHS login.", err)
	}
	switch age := c.Now().Sub(id.IssuedAt); {
	case age > clockSkew || age < -clockSkew:
		return Identity{}, refused("The ID token was not made now.", nil)
	case len(id.Audience) != 1 || claims.Party != "" && claims.Party != c.ClientID:
		return Identity{}, refused("The ID token is for another, too.", nil)
	case id.Nonce != nonce || who.Subject == "" || who.TokenID == "":
		return Identity{}, refused("The ID token is not that of this sign-in.", nil)
	}
	return who, nil
}

// complete adds what the UserInfo endpoint says, which must not be about another.
func (c *Client) complete(ctx context.Context, who *Identity, token *oauth2.Token) error {
	info, err := c.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return refused("NHS login did not say who it is.", err)
	}
	var more Identity
	if err := info.Claims(&more); err != nil || info.Subject != who.Subject {
		return refused("What NHS login says of the person is about another.", err)
	}
	for _, of := range []struct {
		own  *string
		more string
	}{
		{&who.NHSNumber, more.NHSNumber},
		{&who.BirthDate, more.BirthDate},
		{&who.FamilyName, more.FamilyName},
		{&who.GivenName, more.GivenName},
		{&who.Proof, more.Proof},
	} {
		if *of.own == "" {
			*of.own = of.more
		}
		if of.more != "" && *of.own != of.more {
			return refused("What NHS login says of the person does not agree with the ID token.", nil)
		}
	}
	return nil
}

// proven says whether NHS login vouches for the NHS number (section 5.1.1).
func (i Identity) proven() error {
	if i.Proof == "P9" && strings.HasPrefix(i.Trust, "P9.") && fhir.ValidNHSNumber(i.NHSNumber) && i.BirthDate != "" {
		return nil
	}
	return fhir.Errorf(fhir.Forbidden, "NHS login has not proven the identity.").Coded(CodeNotProven)
}

func refused(text string, cause error) error {
	e := fhir.Errorf(fhir.Unauthenticated, "%s", text)
	if cause != nil {
		return e.Because(cause)
	}
	return e
}
