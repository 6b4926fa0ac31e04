package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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
	NHSUnsigned                // the consumer's own tokens, without signature, behind the national proxy
	numProfiles
)

// profiles is the table of what each profile asks of a token. A typ of "" is an
// absent one. The client is named by the first of the client claims present, and
// what it may do by the first of the scope claims.
var profiles = [numProfiles]struct {
	name     string
	types    []string
	required []string
	client   []string
	scope    []string
	groups   bool // groups carry authority, as the issuer's configuration maps them
}{
	Standard:  {name: "standard", types: []string{"at+jwt"}, required: []string{"iat", "sub", "client_id", "jti"}, client: []string{"client_id"}, scope: []string{"scope"}},
	SMART:     {name: "smart", types: []string{"at+jwt"}, required: []string{"iat"}, client: []string{"client_id", "azp", "sub"}, scope: []string{"scope"}},
	NHSLegacy: {name: "nhs-legacy", types: []string{"at+jwt", "jwt", ""}, client: []string{"appid", "client_id"}, scope: []string{"scope", "requested_scope"}, groups: true},
	NHSUnsigned: {
		name: "nhs-unsigned", types: []string{"jwt"}, scope: []string{"requested_scope"},
		required: []string{"iss", "iat", "sub", "reason_for_request", "requested_scope", "requesting_device", "requesting_organization"},
	},
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
	leeway           = 30 * time.Second   // clocks may differ by so much
	maxLifetime      = 3900 * time.Second // an hour, and what issuers add to it
	unsignedLifetime = 300 * time.Second  // a consumer makes one for each request
)

// directCare is the only purpose that anything here is for.
const directCare = "directcare"

// claims is what a token says, of the right types and not yet judged.
type claims struct {
	issuer, subject, client, id, reason string
	behind                              string // see Principal.Claims
	audience                            []string
	scope                               string
	groups                              []string
	expires, issued, notBefore          time.Time
	bound                               bool   // the token is bound to a key of its bearer (cnf)
	certificate                         string // to this certificate: SHA-256, base64url (RFC 8705)
	requesting                          Requesting
	organisation, organisationName      string // that asks, of an unsigned token
}

// readClaims takes the claims out of an object, and says which required one is
// missing or of the wrong type. The scopes are in the claim named, or where none
// is in those of the profile.
func readClaims(o object, p Profile, scopeClaim string) (claims, error) {
	var c claims
	var first error
	text := func(name string) string {
		s, err := o.text(name)
		first = cmp.Or(first, err)
		return s
	}
	instant := func(name string) time.Time {
		t, err := o.instant(name)
		first = cmp.Or(first, err)
		return t
	}
	c.issuer, c.subject, c.id, c.reason = text("iss"), text("sub"), text("jti"), text("reason_for_request")
	c.expires, c.issued, c.notBefore = instant("exp"), instant("iat"), instant("nbf")
	for _, name := range profiles[p].client {
		c.client = cmp.Or(c.client, text(name))
	}
	var errs [4]error
	c.audience, errs[0] = o.textOrTexts("aud")
	if profiles[p].groups {
		c.groups, errs[1] = o.texts("groups")
	}
	c.scope, errs[2] = o.scopes(p, scopeClaim)
	c.requesting, errs[3] = o.requesting()
	if err := cmp.Or(first, cmp.Or(errs[:]...)); err != nil {
		return c, refuse("claims", err.Error())
	}
	c.bound, c.certificate = boundTo(o)
	c.behind = behind(o)
	return c, missing(o, c, p)
}

// scopes gives what a token allows: a list with blanks between, or, in a claim
// that the configuration names (such as scp or roles), a list of strings too.
func (o object) scopes(p Profile, named string) (string, error) {
	if named != "" {
		list, err := o.textOrTexts(named)
		return strings.Join(list, " "), err
	}
	for _, name := range profiles[p].scope {
		if o.has(name) {
			return o.text(name)
		}
	}
	return "", nil
}

// behindClaims are the claims that say for whom a client acts: those of the NHS's
// tokens, of the older ones too.
var behindClaims = []string{"requesting_practitioner", "requesting_organization", "requesting_device", "requesting_user", "requesting_system", "requesting_person", "reason_for_request", "fhirUser"}

// maxBehind bounds what is kept of them, in bytes.
const maxBehind = 4 << 10

// behind gives those claims as they stand in the token, as a JSON object, as many as
// there is room for.
func behind(o object) string {
	var out []byte
	for _, name := range behindClaims {
		var compact bytes.Buffer
		if !o.has(name) || json.Compact(&compact, o.raw(name)) != nil || len(out)+compact.Len() > maxBehind {
			continue
		}
		out = append(out, ",\""+name+"\":"...)
		out = append(out, compact.Bytes()...)
	}
	if out == nil {
		return ""
	}
	out[0] = '{'
	return string(append(out, '}'))
}

// always are the claims that every profile requires.
var always = []string{"exp", "aud"}

// missing says which claim the profile requires and the token lacks.
func missing(o object, c claims, p Profile) error {
	for _, list := range [][]string{always, profiles[p].required} {
		for _, name := range list {
			if !o.has(name) || string(o.raw(name)) == `""` {
				return refuse("claims", name+" is missing")
			}
		}
	}
	if c.client == "" && len(profiles[p].client) > 0 {
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
		return refuse("type", "typ must be "+cmp.Or(profiles[p].types[0], "absent"))
	}
	if slices.ContainsFunc(otherKinds, o.has) || c.issuer == c.subject {
		return refuse("type", "it is an ID token or an assertion, not an access token")
	}
	if o.has("reason_for_request") && c.reason != directCare {
		return refuse("reason", "reason_for_request must be directcare")
	}
	return nil
}

// inTime says whether now is within the time a token is for, and that no more
// than a profile allows.
func (c claims) inTime(now time.Time, p Profile) error {
	longest := maxLifetime
	if p == NHSUnsigned {
		longest = unsignedLifetime
	}
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
	case c.expires.Sub(start) > longest:
		return refuse("lifetime", "exp may be at most "+strconv.Itoa(int(longest.Seconds()))+" seconds after iat")
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
	if cnf, err := parseObject(o.raw("cnf")); err == nil && len(cnf) == 1 {
		certificate, _ = cnf.text("x5t#S256")
	}
	return true, certificate
}

// heldBy refuses a bound token unless it came over the connection of its holder.
func (c claims) heldBy(ctx context.Context) error {
	if !c.bound {
		return nil
	}
	if c.certificate == "" || subtle.ConstantTimeCompare([]byte(peerOf(ctx).digest()), []byte(c.certificate)) != 1 {
		return refuse("binding", "cnf binds it to a client certificate that this connection does not have")
	}
	return nil
}
