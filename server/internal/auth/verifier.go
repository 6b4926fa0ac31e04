package auth

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unsafe"

	lru "github.com/hashicorp/golang-lru/v2"

	"slotway/fhir"
)

// maxVerified is how many verified tokens are remembered.
const maxVerified = 10_000

// maxScopes is how many lists of scopes are remembered.
const maxScopes = 256

// TrustedIssuer is somebody whose access tokens are accepted.
type TrustedIssuer struct {
	Issuer     string   // compared with iss byte by byte
	Audience   []string // aud must name one of them
	JWKS       string   // address of its key set: https://… or file://…
	Keys       []byte   // or the key set itself
	Algorithms []string // allowed ones; empty means RS256 to RS512, ES256 and ES384
	Profile    Profile
	Groups     map[string]string // what a group id of an nhs-legacy token stands for, as scopes
	ScopeClaim string            // the claim that holds the scopes; empty means the profile's
	SingleUse  bool              // each token is good for one request, by its jti
	Discovery  bool              // its key set is where its own metadata says, in place of JWKS

	// Of profile nhs-unsigned: whose client certificate brings tokens, and the
	// registered client whose rights these have.
	Proxy  func(*x509.Certificate) bool
	Client string

	KeyIDOptional         bool // a token without kid is accepted while the issuer has exactly one key
	AllowInsecureLoopback bool // JWKS may be http:// on this machine
	Development           bool // it is the development issuer of this very program; never from configuration
}

// VerifierConfig is what a TokenVerifier is made from.
type VerifierConfig struct {
	Issuers []TrustedIssuer
	Clients *Clients
	Now     func() time.Time
	HTTP    http.RoundTripper // for fetching keys; nil is http.DefaultTransport
	Replays Replays           // remembers the tokens of single use; nil where there are none
}

// TokenVerifier verifies signed access tokens. It is safe for concurrent use.
type TokenVerifier struct {
	issuers  map[string]*trusted
	unsigned *trusted // nil where unsigned tokens are refused everywhere
	replays  Replays
	clients  *Clients
	now      func() time.Time
	verified *lru.Cache[[sha256.Size]byte, *verified]
	scopes   *lru.Cache[string, Scopes] // as read from tokens that held
}

// trusted is a trusted issuer at work.
type trusted struct {
	TrustedIssuer
	keys *keySource
}

// verified is a token whose signature and claims held when they were checked.
type verified struct {
	claims claims
	scopes Scopes
	from   *trusted
	kid    string
	print  [sha256.Size]byte // of the key that signed it
}

// NewVerifier makes a verifier, or says everything that is wrong with its
// configuration.
func NewVerifier(cfg VerifierConfig) (*TokenVerifier, error) {
	cache, err := lru.New[[sha256.Size]byte, *verified](maxVerified)
	if err != nil {
		return nil, err
	}
	scopes, err := lru.New[string, Scopes](maxScopes)
	if err != nil {
		return nil, err
	}
	v := &TokenVerifier{scopes: scopes, issuers: map[string]*trusted{}, clients: cfg.Clients, now: cfg.Now, verified: cache, replays: cfg.Replays}
	var errs []error
	for _, t := range cfg.Issuers {
		if err := v.trust(t, cfg); err != nil {
			errs = append(errs, fmt.Errorf("issuer %q: %w", t.Issuer, err))
		}
	}
	return v, errors.Join(errs...)
}

// trust adds an issuer.
func (v *TokenVerifier) trust(t TrustedIssuer, cfg VerifierConfig) error {
	if t.Profile == NHSUnsigned {
		return v.trustUnsigned(t)
	}
	switch {
	case t.Issuer == "" || v.issuers[t.Issuer] != nil:
		return errors.New("issuer must be given, and only once")
	case len(t.Audience) == 0 || slices.Contains(t.Audience, ""):
		return errNoAudience
	case t.Profile >= numProfiles:
		return errors.New("the profile is not known")
	case t.Proxy != nil || t.Client != "":
		return errors.New("proxies and client are for profile nhs-unsigned")
	case t.SingleUse && cfg.Replays == nil:
		return errors.New("single_use needs a memory of the tokens that were used")
	case len(t.Groups) > 0 && !profiles[t.Profile].groups:
		return errors.New("groups are only read in profile nhs-legacy")
	}
	for _, alg := range t.Algorithms {
		if _, ok := algorithms[alg]; !ok {
			return fmt.Errorf("algorithm %q is not offered: use %s", alg, strings.Join(Algorithms(), ", "))
		}
	}
	if len(t.Algorithms) == 0 {
		t.Algorithms = usualAlgorithms()
	}
	keys, err := newKeySource(t, cfg)
	if err != nil {
		return err
	}
	v.issuers[t.Issuer] = &trusted{t, keys}
	return nil
}

// Verify gives the caller that an access token stands for. The token is checked
// once and remembered until it expires or its key is withdrawn; the client is
// looked up every time.
func (v *TokenVerifier) Verify(ctx context.Context, raw string) (Principal, error) {
	if len(raw) > maxToken {
		_, err := parseToken(raw)
		return Principal{}, err
	}
	digest := sha256.Sum256(unsafe.Slice(unsafe.StringData(raw), len(raw))) // a copy would cost as much as all else of a remembered token
	known, ok := v.verified.Get(digest)
	if !ok || !v.holds(ctx, known) {
		var err error
		if known, err = v.check(ctx, raw); err != nil {
			v.verified.Remove(digest)
			return Principal{}, err
		}
		if known.remembered() {
			v.verified.Add(digest, known)
		}
	}
	p, err := v.principal(ctx, known)
	if err == nil && known.from.SingleUse {
		err = v.use(ctx, known.claims)
	}
	if err != nil {
		v.verified.Remove(digest)
		return Principal{}, err
	}
	return p, nil
}

// remembered says whether a token is checked once for all its time: one that may
// be used once is not, nor is one that counts only over the connection it came by.
func (k *verified) remembered() bool { return !k.from.SingleUse && k.from.Profile != NHSUnsigned }

// holds says whether a remembered token is still good.
func (v *TokenVerifier) holds(ctx context.Context, known *verified) bool {
	if !v.now().Before(known.claims.expires) {
		return false
	}
	set, err := known.from.keys.current(ctx, known.kid)
	return err == nil && set.keys[known.kid] != nil && set.keys[known.kid].print == known.print
}

// check verifies a token: first who says it and that they do, then what it says.
func (v *TokenVerifier) check(ctx context.Context, raw string) (*verified, error) {
	t, err := parseToken(raw)
	if err != nil {
		return nil, err
	}
	if t.header.isUnsigned() {
		return v.checkUnsigned(ctx, t)
	}
	iss, err := t.claims.text("iss")
	from := v.issuers[iss]
	if err != nil || from == nil {
		return nil, refuse("issuer", "iss is not an issuer trusted here")
	}
	key, err := from.keyFor(ctx, t.header)
	if err != nil {
		return nil, err
	}
	if err := algorithms[t.header.alg].method.Verify(t.signed, t.signature, key.key); err != nil {
		return nil, refuse("signature", "it does not match the issuer's key")
	}
	c, err := readClaims(t.claims, from.Profile, from.ScopeClaim)
	if err != nil {
		return nil, err
	}
	known, err := v.judged(ctx, t, c, from)
	if err == nil {
		known.kid, known.print = key.id, key.print
	}
	return known, err
}

// judged judges what a token says, once it is known who says it.
func (v *TokenVerifier) judged(ctx context.Context, t token, c claims, from *trusted) (*verified, error) {
	if err := isAccessToken(t.header, t.claims, c, from.Profile); err != nil {
		return nil, err
	}
	if err := c.isFor(from.Audience); err != nil {
		return nil, err
	}
	if err := c.inTime(v.now(), from.Profile); err != nil {
		return nil, err
	}
	return &verified{claims: c, scopes: v.scopesOf(from.scopes(c)), from: from}, nil
}

// scopesOf reads a list of scopes, once for all tokens that have it.
func (v *TokenVerifier) scopesOf(list string) Scopes {
	s, ok := v.scopes.Get(list)
	if !ok {
		s = ParseScopes(list)
		v.scopes.Add(list, s)
	}
	return s
}

// keyFor finds the key of the issuer that a header names, for the algorithm it
// names, which the issuer must be allowed.
func (t *trusted) keyFor(ctx context.Context, h header) (*publicKey, error) {
	if !slices.Contains(t.Algorithms, h.alg) {
		return nil, refuse("algorithm", "alg must be one of "+strings.Join(t.Algorithms, ", "))
	}
	if !h.hasKid && !t.KeyIDOptional {
		return nil, refuse("key", "the header must name the key, as kid")
	}
	set, err := t.keys.current(ctx, h.kid)
	if err != nil {
		return nil, err
	}
	key := set.keys[h.kid]
	if !h.hasKid {
		key = set.only()
	}
	if key == nil || h.hasKid && h.kid == "" {
		return nil, refuse("key", "kid does not name a key of the issuer")
	}
	if !key.suits(h.alg) {
		return nil, refuse("algorithm", "alg does not suit the issuer's key")
	}
	return key, nil
}

// only gives the key of a set that has exactly one.
func (k *keySet) only() *publicKey {
	if len(k.keys) != 1 || len(k.dropped) > 0 {
		return nil
	}
	for _, key := range k.keys {
		return key
	}
	return nil
}

// scopes gives the scopes of a token, as its scope claim says and as its groups
// are configured to stand for.
func (t *trusted) scopes(c claims) string {
	if len(c.groups) == 0 {
		return c.scope
	}
	list := []string{c.scope}
	for _, g := range c.groups {
		list = append(list, t.Groups[g])
	}
	return strings.Join(list, " ")
}

// principal makes the caller of a verified token, as its client is registered
// at this moment.
func (v *TokenVerifier) principal(ctx context.Context, known *verified) (Principal, error) {
	c := known.claims
	client, ok := v.clients.find(c.client)
	if !ok || client.Issuer != "" && client.Issuer != c.issuer {
		return Principal{}, refuse("client", "its client is not registered here, or is switched off")
	}
	if err := c.heldBy(ctx); err != nil {
		return Principal{}, err
	}
	code, name := c.actsFor(client)
	return Principal{
		Client: client.ID, Organisation: code, OrganisationName: name, Requesting: c.requesting,
		Subject: c.subject, Issuer: c.issuer, TokenID: c.id, Reason: c.reason, Claims: c.behind,
		Scopes: known.scopes.Within(client.scopes), Registered: client.scopes, Customers: client.Customers, Labels: client.Labels,
		UpdateAsCreate: client.UpdateAsCreate, Expires: c.expires,
	}, nil
}

// Ready says whether the keys of every issuer are at hand: nil, or a Busy that
// names the issuers whose keys are not.
func (v *TokenVerifier) Ready(ctx context.Context) error {
	var missing []string
	for name, t := range v.issuers {
		if _, err := t.keys.current(ctx, ""); err != nil {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	slices.Sort(missing)
	return fhir.Errorf(fhir.Busy, "No signing keys from %s.", strings.Join(missing, ", "))
}
