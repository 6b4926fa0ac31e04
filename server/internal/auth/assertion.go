package auth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	"slotway/fhir"
)

// assertionType says that client_assertion is a JWT (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLife is the longest that an assertion may live from now (SMART Backend
// Services).
const assertionLife = 5 * time.Minute

// assertionTypes are the typ that an assertion may have: none in particular, or
// its own. That of an access token is none of them, so that neither is taken for
// the other.
var assertionTypes = []string{"", "jwt", "client-authentication+jwt"}

// assertions judges the assertions of clients that prove who they are by a key
// (private_key_jwt, RFC 7523 section 3).
type assertions struct {
	mu   sync.Mutex
	keys map[string]*keySource // by address
}

// source gives the keys at a client's address.
func (a *assertions) source(c registered, cfg VerifierConfig) (*keySource, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.keys[c.JWKS]; s != nil {
		return s, nil
	}
	s, err := newKeySource(TrustedIssuer{JWKS: c.JWKS, AllowInsecureLoopback: c.AllowInsecureLoopback}, cfg)
	if err != nil {
		return nil, fhir.Errorf(fhir.Internal, "The client's keys cannot be read.").Because(err)
	}
	if a.keys == nil {
		a.keys = map[string]*keySource{}
	}
	a.keys[c.JWKS] = s
	return s, nil
}

// assertedClient gives the client whose assertion a token request has. Whatever is
// wrong with it is invalid_client, and says which check failed.
func (i *Issuer) assertedClient(ctx context.Context, form url.Values, addr string) (id string, err error) {
	if form.Get("client_assertion_type") != assertionType {
		return "", badRequest("client_assertion_type must be " + assertionType + ".")
	}
	if i.Replays == nil {
		return "", badRequest("Client assertions are not offered.")
	}
	id, err = i.readAssertion(ctx, form, addr)
	if err != nil && fhir.KindOf(err) == fhir.Unauthenticated {
		i.Secrets.failures.add(id, addr, i.Now())
		return "", fhir.Errorf(fhir.Unauthenticated, "The client assertion is refused: %s", fhir.AsError(err).Text).Coded(codeClient)
	}
	return id, err
}

// wrong says what is wrong with an assertion, in words that hold nothing of it.
func wrong(text string) error { return fhir.Errorf(fhir.Unauthenticated, "%s", text) }

func (i *Issuer) readAssertion(ctx context.Context, form url.Values, addr string) (id string, err error) {
	t, err := parseToken(form.Get("client_assertion"))
	if err != nil {
		return "", wrong("it must be a signed JWT.")
	}
	c, err := readAssertionClaims(t.claims)
	if err != nil {
		return "", err
	}
	if i.Secrets.failures.over(c.issuer, addr, i.Now()) {
		return c.issuer, throttled()
	}
	if form.Has("client_id") && form.Get("client_id") != c.issuer {
		return c.issuer, wrong("client_id must be the client that it names.")
	}
	client, known := i.Clients.find(c.issuer)
	if !known || client.JWKS == "" {
		return c.issuer, wrong("its client is not known here, or has no keys registered.")
	}
	if err := i.signedBy(ctx, t, client); err != nil {
		return c.issuer, err
	}
	if err := c.asAssertion(t.claims, i.TokenURL(), i.Now()); err != nil {
		return c.issuer, err
	}
	first, err := i.Replays.Once(ctx, "assertion\x00"+c.issuer+"\x00"+c.id, c.expires.Add(leeway))
	if err == nil && !first {
		err = wrong("its jti was used before.")
	}
	return c.issuer, err
}

// signedBy says whether one of the client's own keys signed it.
func (i *Issuer) signedBy(ctx context.Context, t token, client registered) error {
	if !slices.Contains(assertionTypes, t.header.typ) {
		return wrong("its typ must be JWT.")
	}
	keys, err := i.asserted.source(client, VerifierConfig{Now: i.Now, HTTP: i.HTTP})
	if err != nil {
		return err
	}
	by := &trusted{TrustedIssuer{Algorithms: usualAlgorithms()}, keys}
	key, err := by.keyFor(ctx, t.header)
	switch {
	case err != nil && fhir.KindOf(err) == fhir.Unauthenticated:
		return wrong("its kid must name a key of the client, and its alg suit that key.")
	case err != nil:
		return err
	}
	if algorithms[t.header.alg].method.Verify(t.signed, t.signature, key.key) != nil {
		return wrong("its signature does not match the client's key.")
	}
	return nil
}

// readAssertionClaims reads the claims of an assertion, which must be all there.
func readAssertionClaims(o object) (c claims, err error) {
	var errs [7]error
	c.issuer, errs[0] = o.text("iss")
	c.subject, errs[1] = o.text("sub")
	c.id, errs[2] = o.text("jti")
	c.audience, errs[3] = o.textOrTexts("aud")
	c.expires, errs[4] = o.instant("exp")
	c.issued, errs[5] = o.instant("iat")
	c.notBefore, errs[6] = o.instant("nbf")
	switch {
	case errors.Join(errs[:]...) != nil:
		return c, wrong("one of its claims iss, sub, aud, exp, iat, nbf and jti is of the wrong type.")
	case c.issuer == "" || c.issuer != c.subject:
		return c, wrong("iss and sub must both be the client's id.")
	case len(c.issuer) > maxUser:
		return c, wrong("iss is too long.")
	case c.id == "" || !o.has("exp") || !o.has("aud"):
		return c, wrong("it must have aud, exp and jti.")
	}
	return c, nil
}

// asAssertion says whether the claims are those of an assertion for this token
// endpoint, now. Its audience is the endpoint alone, so that nobody else to whom
// it was sent can use it here.
func (c claims) asAssertion(o object, endpoint string, now time.Time) error {
	switch {
	case len(c.audience) != 1 || c.audience[0] != endpoint:
		return wrong("aud must be this token endpoint's URL, " + endpoint + ", and nothing else.")
	case !now.Before(c.expires.Add(leeway)):
		return wrong("exp has passed.")
	case c.expires.After(now.Add(assertionLife + leeway)):
		return wrong("exp may be at most 5 minutes from now.")
	case c.issued.After(now.Add(leeway)) || c.notBefore.After(now.Add(leeway)):
		return wrong("iat and nbf must not be in the future.")
	case o.has("client_id") || o.has("scope") || o.has("nonce"):
		return wrong("it is another kind of token.")
	}
	return nil
}
