package app

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/rest"
)

// issuers gives whose access tokens are accepted.
func (c Config) issuers(now func() time.Time) ([]auth.TrustedIssuer, error) {
	var out []auth.TrustedIssuer
	for _, i := range c.Issuers {
		profile, err := auth.ParseProfile(cmp.Or(i.Profile, "standard"))
		if err != nil {
			return nil, fmt.Errorf("issuer %s: %w", i.Issuer, err)
		}
		t := auth.TrustedIssuer{
			Issuer: i.Issuer, Audience: i.Audience, JWKS: i.JWKS, Algorithms: i.Algorithms, Profile: profile,
			Groups: i.Groups, KeyIDOptional: i.KeyIDOptional, AllowInsecureLoopback: i.InsecureLoop,
			ScopeClaim: i.ScopeClaim, SingleUse: i.SingleUse, Discovery: i.Discovery, Client: i.Client,
		}
		if len(i.Proxies) > 0 {
			keys, err := certificateKeys(i.Proxies)
			if err != nil {
				return nil, fmt.Errorf("issuer of profile %s: proxies: %w", profile, err)
			}
			t.Proxy = func(cert *x509.Certificate) bool { return shows(cert, keys, now()) }
		}
		out = append(out, t)
	}
	return out, nil
}

// certificateKeys reads what a configuration says of several certificates.
func certificateKeys(list []string) (keys []string, err error) {
	for _, text := range list {
		key, err := certificateKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// shows says whether a certificate is one of those meant, and its time not over.
func shows(c *x509.Certificate, keys []string, now time.Time) bool {
	if now.After(c.NotAfter) || now.Before(c.NotBefore) {
		return false
	}
	sum := sha256.Sum256(c.Raw)
	own := append(namesOf(c), byFingerprint+hex.EncodeToString(sum[:]))
	return slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(own, key) })
}

// checkIssuers checks what of the issuers depends on the rest of the configuration.
func (c *Config) checkIssuers() (errs []error) {
	for _, i := range c.Issuers {
		if i.Profile != auth.NHSUnsigned.String() {
			continue
		}
		if !slices.ContainsFunc(c.Listeners, func(l ListenerConfig) bool {
			return l.TLS.ClientCA != "" && slices.Contains(l.Serves, rest.PartBooking)
		}) {
			errs = append(errs, errors.New("issuers: profile nhs-unsigned needs a listener that serves booking and has tls.client_ca: tokens without a signature are taken only from the proxy, which is known by its client certificate"))
		}
		if !slices.ContainsFunc(c.Clients, func(cl ClientConfig) bool { return cl.ID == i.Client }) {
			errs = append(errs, fmt.Errorf("issuers: profile nhs-unsigned names the client %q, which is not listed under clients", i.Client))
		}
	}
	return errs
}
