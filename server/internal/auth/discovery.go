package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// wellKnown is where an issuer's metadata is, below its name (OpenID Connect
// Discovery 1.0 section 4).
const wellKnown = "/.well-known/openid-configuration"

// discover makes the source one that asks the issuer where its keys are, each time
// that it fetches them.
func (s *keySource) discover(t TrustedIssuer, cfg VerifierConfig) error {
	u, err := url.Parse(strings.TrimSuffix(t.Issuer, "/") + wellKnown)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("discovery needs an issuer that is a URL without a query")
	}
	if err := mayFetch(u, t.AllowInsecureLoopback); err != nil {
		return fmt.Errorf("discovery: %w", err)
	}
	s.fetch = func(ctx context.Context) ([]byte, time.Duration, error) {
		at, err := keysAt(ctx, u, t, cfg.HTTP)
		if err != nil {
			return nil, 0, err
		}
		return httpFetch(at, cfg.HTTP)(ctx)
	}
	return nil
}

// keysAt reads an issuer's metadata, which must be its own (section 4.3), for the
// address of its keys, which is held to what one in the configuration is held to.
func keysAt(ctx context.Context, u *url.URL, t TrustedIssuer, transport http.RoundTripper) (*url.URL, error) {
	raw, _, err := download(ctx, u, transport)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxKeySet {
		return nil, errors.New("the issuer's metadata is larger than 64 KiB")
	}
	o, err := parseObjectOf(raw, 32)
	if err != nil {
		return nil, fmt.Errorf("the issuer's metadata %w", err)
	}
	if name, err := o.text("issuer"); err != nil || name != t.Issuer {
		return nil, errors.New("the metadata is that of another issuer")
	}
	text, err := o.text("jwks_uri")
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(text)
	if err != nil || at.Scheme == "file" {
		return nil, errors.New("jwks_uri of the issuer's metadata must be an https:// URL")
	}
	return at, mayFetch(at, t.AllowInsecureLoopback)
}
