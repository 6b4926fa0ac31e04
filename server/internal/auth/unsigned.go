package auth

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
)

// The last generation of the NHS booking standard has the consumer itself make a
// token for each request, without a signature: {"alg":"none","typ":"JWT"}, the
// claims, and nothing behind the last dot. What vouches for it is the national
// proxy, by its client certificate. So such a token is looked at only where three
// things come together (design decision 14): an issuer of profile nhs-unsigned is
// configured, the request is to the booking face, and the connection shows the
// certificate of that issuer's proxy. Everywhere else it is refused like any token
// that is not signed. It is never remembered: the same token over another
// connection is another matter.

// Requesting is who asks, as NHS tokens say it, for the record: FHIR resources as
// they were sent, nil where there is none.
type Requesting struct {
	Device, Organization, Practitioner json.RawMessage
}

// requesting gives the claims of who asks, each of which must be the resource it
// should be.
func (o object) requesting() (r Requesting, err error) {
	for _, c := range []struct {
		claim, typ string
		into       *json.RawMessage
	}{
		{"requesting_device", "Device", &r.Device},
		{"requesting_organization", "Organization", &r.Organization},
		{"requesting_practitioner", "Practitioner", &r.Practitioner},
	} {
		if !o.has(c.claim) {
			continue
		}
		inner, err := parseObject(o.raw(c.claim))
		if err != nil {
			return r, errors.New(c.claim + " must be a " + c.typ)
		}
		if typ, err := inner.text("resourceType"); err != nil || typ != c.typ {
			return r, errors.New(c.claim + " must be a " + c.typ)
		}
		*c.into = o.raw(c.claim)
	}
	return r, nil
}

// odsSystem is the system of the codes of organisations.
const odsSystem = "https://fhir.nhs.uk/Id/ods-organization-code"

// readOrganisation takes the asking organisation's code and name out of its claim, by
// their exact names: what is kept of the claim for the audit is read so, too.
func (c *claims) readOrganisation() error {
	org, err := parseObject(c.requesting.Organization)
	var identifiers []json.RawMessage
	if err == nil && org.has("identifier") {
		err = json.Unmarshal(org.raw("identifier"), &identifiers)
	}
	name, nameErr := org.text("name")
	if err != nil || nameErr != nil {
		return refuse("claims", "requesting_organization must be an Organization")
	}
	for _, raw := range identifiers {
		id, err := parseObject(raw)
		system, systemErr := id.text("system")
		value, valueErr := id.text("value")
		if err == nil && systemErr == nil && valueErr == nil && system == odsSystem && OrganisationCode(value) {
			c.organisation, c.organisationName = value, name
			return nil
		}
	}
	return refuse("claims", "requesting_organization must have an identifier of "+odsSystem)
}

// OrganisationCode says whether a text can be the code of an organisation. Those that
// callers bring are kept in records and stand in reports.
func OrganisationCode(text string) bool {
	const most = 64
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// isUnsigned says whether a header is that of an unsigned token.
func (h header) isUnsigned() bool { return h.alg == "none" }

// checkUnsigned judges a token that has no signature.
func (v *TokenVerifier) checkUnsigned(ctx context.Context, t token) (*verified, error) {
	from := v.unsigned
	if from == nil || !peerOf(ctx).mayBringUnsigned(from.Proxy) {
		return nil, refuse("algorithm", "it must be signed")
	}
	if len(t.signature) > 0 {
		return nil, refuse("signature", "alg none has no signature, so nothing may follow the last dot")
	}
	c, err := readClaims(t.claims, NHSUnsigned, "")
	if err != nil {
		return nil, err
	}
	if err := c.readOrganisation(); err != nil {
		return nil, err
	}
	c.client = from.Client
	return v.judged(ctx, t, c, from)
}

// mayBringUnsigned says whether the peer is the proxy, at a place for what it brings.
func (p peer) mayBringUnsigned(proxy func(*x509.Certificate) bool) bool {
	return p.unsigned && p.cert != nil && proxy(p.cert)
}

// trustUnsigned sets who may bring unsigned tokens.
func (v *TokenVerifier) trustUnsigned(t TrustedIssuer) error {
	switch {
	case v.unsigned != nil:
		return errors.New("profile nhs-unsigned may be there once")
	case t.Issuer != "" || t.JWKS != "" || len(t.Keys) > 0 || t.Discovery || len(t.Algorithms) > 0 || len(t.Groups) > 0 || t.ScopeClaim != "" || t.SingleUse:
		return errors.New("profile nhs-unsigned takes audience, proxies and client, and nothing of issuers and keys: every consumer makes its own tokens")
	case len(t.Audience) == 0:
		return errNoAudience
	case t.Proxy == nil:
		return errors.New("profile nhs-unsigned needs proxies: the client certificates, by SHA-256 fingerprint or name, behind which tokens need no signature")
	case t.Client == "":
		return errors.New("profile nhs-unsigned needs client: the registered client whose rights these tokens have")
	}
	v.unsigned = &trusted{TrustedIssuer: t}
	return nil
}

// errNoAudience says what audience is for.
var errNoAudience = errors.New("audience must name this server's roots, as tokens carry them in aud")

// actsFor gives whom a caller acts for: as the client is registered,
// or of an unsigned token as it says itself.
func (c claims) actsFor(client registered) (code, name string) {
	if c.organisation != "" {
		return c.organisation, c.organisationName
	}
	return client.Organisation, client.OrganisationName
}
