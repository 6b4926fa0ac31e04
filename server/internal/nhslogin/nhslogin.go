// Package nhslogin signs people in through NHS login, an OpenID Connect provider
// (its interface specification, sections 3 to 5): the authorisation code flow with
// state, nonce and PKCE, a client that proves itself by a key, and the single
// sign-on between two services by an asserted login identity.
package nhslogin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/openid"
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
	provider *openid.Client
}

// New makes a client. The provider is looked up when it is first needed.
func New(cfg Config) *Client {
	return &Client{cfg, openid.New(openid.Config{
		Name: "NHS login", Issuer: cfg.Issuer, ClientID: cfg.ClientID, Redirect: cfg.Redirect, Signer: cfg.Signer, Scopes: []string{"profile"},
		Algorithms: []string{"RS512"}, HTTP: cfg.HTTP, Now: cfg.Now, NewID: cfg.NewID,
	})}
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
	more := map[string]string{"vtr": trust}
	if ask.Prompt != "" {
		more["prompt"] = ask.Prompt
	}
	if ask.Assertion != "" {
		more["asserted_login_identity"] = ask.Assertion
	}
	return c.provider.URL(ctx, openid.Ask{State: ask.State, Nonce: ask.Nonce, Verifier: ask.Verifier, More: more})
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
	said, err := c.provider.Finish(ctx, code, nonce, verifier)
	if err != nil {
		return Identity{}, err
	}
	var who, more Identity
	if err := json.Unmarshal(said.Token, &who); err != nil || who.TokenID == "" {
		return Identity{}, openid.Refused("The ID token is not one of NHS login.", err)
	}
	if err := json.Unmarshal(said.Info, &more); err != nil {
		return Identity{}, openid.Refused("NHS login did not say who it is.", err)
	}
	if err := who.complete(more); err != nil {
		return Identity{}, err
	}
	return who, who.proven()
}

// complete adds what the UserInfo endpoint says.
func (i *Identity) complete(more Identity) error {
	for _, of := range []struct {
		own  *string
		more string
	}{
		{&i.NHSNumber, more.NHSNumber},
		{&i.BirthDate, more.BirthDate},
		{&i.FamilyName, more.FamilyName},
		{&i.GivenName, more.GivenName},
		{&i.Proof, more.Proof},
	} {
		if *of.own == "" {
			*of.own = of.more
		}
		if of.more != "" && *of.own != of.more {
			return openid.Refused("What NHS login says of the person does not agree with the ID token.", nil)
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
