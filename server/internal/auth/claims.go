package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Profile is a way of writing access tokens, which an issuer keeps to.
type Profile uint8

// The profiles.
const (
	Standard    Profile = iota // RFC 9068
	SMART                      // SMART App Launch: as RFC 9068, but fewer claims are required
	NHSLegacy                  // the national token service of 2018-19: typ JWT, appid, groups
	NHSUnsigned                // tokens without signature behind the national proxy; not offered yet
	numProfiles
)

// profiles is the table of what each profile asks of a token. A typ of "" is an
// absent one. The client is named by the first of the client claims present.
var profiles = [numProfiles]struct {
	name     string
	types    []string
	required []string
	client   []string
	groups   bool // groups carry authority, as the issuer's configuration maps them
}{
	Standard:    {"standard", []string{"at+jwt"}, []string{"iat", "sub", "client_id", "jti"}, []string{"client_id"}, false},
	SMART:       {"smart", []string{"at+jwt"}, []string{"iat"}, []string{"client_id", "azp", "sub"}, false},
	NHSLegacy:   {"nhs-legacy", []string{"at+jwt", "jwt", ""}, nil, []string{"appid", "client_id"}, true},
	NHSUnsigned: {name: "nhs-unsigned"},
}

// String gives the name the configuration uses.
func (p Profile) String() string { return profiles[p].name }

// ParseProfile gives the profile of a name.
func ParseProfile(name string) (Profile, error) {
	for p := range profiles {
		if profiles[p].name == name {
			return Profile(p), nil
		}
	}
	return 0, fmt.Errorf("profile %q is not known: use standard, smart, nhs-legacy or nhs-unsigned", name)
}

const (
	leeway      = 30 * time.Second   // clocks may differ by so much
	maxLifetime = 3900 * time.Second // an hour, and what issuers add to it
)

// claims is what a token says, of the right types and not yet judged.
type claims struct {
	issuer, subject, client, id, reason string
	audience                            []string
	scope                               string
	groups                              []string
	expires, issued, notBefore          time.Time
	bound                               bool   // the token is bound to a key of its bearer (cnf)
	certificate                         string // to this certificate: SHA-256, base64url (RFC 8705)
}

// readClaims takes the claims out of an object, and says which required one is
// missing or of the wrong type.
func readClaims(o object, p Profile) (claims, error) {
	var c claims
	var errs []error
	text := func(name string) string {
		s, err := o.text(name)
		errs = append(errs, err)
		return s
	}
	instant := func(name string) time.Time {
		t, err := o.instant(name)
		errs = append(errs, err)
		return t
	}
	c.issuer, c.subject, c.id, c.reason, c.scope = text("iss"), text("sub"), text("jti"), text("reason_for_request"), text("scope")
	c.expires, c.issued, c.notBefore = instant("exp"), instant("iat"), instant("nbf")
	for _, name := range profiles[p].client {
		if id := text(name); c.client == "" {
			c.client = id
		}
	}
	var audErr, groupErr error
	c.audience, audErr = o.textOrTexts("aud")
	if profiles[p].groups {
		c.groups, groupErr = o.texts("groups")
	}
	if err := errors.Join(append(errs, audErr, groupErr)...); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return c, refuse("claims", first)
	}
	c.bound, c.certificate = boundTo(o)
	return c, missing(o, c, p)
}

// missing says which claim the profile requires and the token lacks.
func missing(o object, c claims, p Profile) error {
	for _, name := range append([]string{"exp", "aud"}, profiles[p].required...) {
		if !o.has(name) || string(o[name]) == `""` {
			return refuse("claims", name+" is missing")
		}
	}
	if c.client == "" {
		return refuse("claims", profiles[p].client[0]+" is missing")
	}
	return nil
}

// otherKinds are claims that an access token does not have, and that ID tokens
// (OpenID Connect), log-out and event tokens (RFC 8417) and single sign-on
// assertions do.
var otherKinds = []string{"nonce", "at_hash", "c_hash", "s_hash", "code", "events"}

// isAccessToken refuses tokens made for another purpose. Their iss, aud and key
// may be good, so only their shape gives them away (RFC 8725 section 3.12).
func isAccessToken(h header, o object, c claims, p Profile) error {
	if !slices.Contains(profiles[p].types, h.typ) {
		return refuse("type", "typ must be at+jwt")
	}
	if slices.ContainsFunc(otherKinds, o.has) || c.issuer == c.subject {
		return refuse("type", "it is an ID token or an assertion, not an access token")
	}
	return nil
}

// inTime says whether now is within the time a token is for.
func (c claims) inTime(now time.Time) error {
	start := c.issued
	if start.IsZero() {
		start = now
	}
	switch {
	case !now.Before(c.expires.Add(leeway)):
		return refuse("expired", "exp has passed, ask for a new token")
	case c.notBefore.After(now.Add(leeway)):
		return refuse("not yet valid", "nbf is in the future")
	case c.issued.After(now.Add(leeway)):
		return refuse("not yet valid", "iat is in the future")
	case !c.expires.After(c.issued):
		return refuse("lifetime", "exp must be after iat")
	case c.expires.Sub(start) > maxLifetime:
		return refuse("lifetime", "exp may be at most 3900 seconds after iat")
	}
	return nil
}

// isFor says whether a token is meant for one of the audiences. A slash at the
// end makes no difference.
func (c claims) isFor(audiences []string) error {
	for _, a := range c.audience {
		for _, own := range audiences {
			if strings.TrimSuffix(a, "/") == strings.TrimSuffix(own, "/") {
				return nil
			}
		}
	}
	return refuse("audience", "aud does not name this server")
}

// boundTo says whether a token may only be used by the holder of a key, and the
// digest of the certificate where that is what it is bound to.
func boundTo(o object) (bound bool, certificate string) {
	if !o.has("cnf") {
		return false, ""
	}
	if cnf, err := parseObject(o["cnf"]); err == nil && len(cnf) == 1 {
		certificate, _ = cnf.text("x5t#S256")
	}
	return true, certificate
}

// peerKey is the key of the caller's certificate digest in a context.
type peerKey struct{}

// WithCertificate notes the client certificate of the connection a token came
// over, so that a token bound to a certificate can be checked (RFC 8705).
func WithCertificate(ctx context.Context, cert *x509.Certificate) context.Context {
	sum := sha256.Sum256(cert.Raw)
	return context.WithValue(ctx, peerKey{}, base64.RawURLEncoding.EncodeToString(sum[:]))
}

// heldBy refuses a bound token unless it came over the connection of its holder.
func (c claims) heldBy(ctx context.Context) error {
	if !c.bound {
		return nil
	}
	peer, _ := ctx.Value(peerKey{}).(string)
	if c.certificate == "" || subtle.ConstantTimeCompare([]byte(peer), []byte(c.certificate)) != 1 {
		return refuse("binding", "cnf binds it to a client certificate that this connection does not have")
	}
	return nil
}
