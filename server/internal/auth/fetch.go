package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// newKeySource makes the source of a trusted issuer's keys. Keys given as they
// stand and keys in a file must be good now; those at an address may come later.
func newKeySource(t TrustedIssuer, cfg VerifierConfig) (*keySource, error) {
	s := &keySource{development: t.Development, now: cfg.Now}
	if named := []bool{len(t.Keys) > 0, t.JWKS != "", t.Discovery}; strings.Count(fmt.Sprint(named), "true") != 1 {
		return nil, errors.New("name either jwks, or discovery: true, or the keys themselves")
	}
	if len(t.Keys) > 0 {
		return s, s.start(t.Keys, refreshDefault)
	}
	if t.Discovery {
		return s, s.discover(t, cfg)
	}
	u, err := url.Parse(t.JWKS)
	if err != nil {
		return nil, errors.New("jwks is not a URL")
	}
	if u.Scheme == "file" {
		s.fetch = fileFetch(u.Path)
		raw, keep, err := s.fetch(context.Background())
		if err != nil {
			return nil, err
		}
		return s, s.start(raw, keep)
	}
	if err := mayFetch(u, t.AllowInsecureLoopback); err != nil {
		return nil, err
	}
	s.fetch = httpFetch(u, cfg.HTTP)
	return s, nil
}

// start puts a first set in force, which must have a usable key.
func (s *keySource) start(raw []byte, keep time.Duration) error {
	set, err := parseKeySet(raw, s.development)
	if err != nil {
		return err
	}
	if len(set.keys) == 0 {
		return fmt.Errorf("the key set has no usable key: %s", strings.Join(append(set.dropped, "2048-bit RSA, P-256 and P-384 are"), "; "))
	}
	s.set, s.fetched = set, s.now()
	s.due = s.fetched.Add(keep)
	return nil
}

// mayFetch says whether keys may be fetched from an address: https, or http on
// this machine when that is allowed.
func mayFetch(u *url.URL, insecureLoopback bool) error {
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.Host == "" || u.User != nil:
		return errors.New("jwks must be an https:// or file:// URL, without user")
	case u.Scheme == "https" || u.Scheme == "http" && loopback && insecureLoopback:
		return nil
	}
	return errors.New("jwks must be an https:// or file:// URL; http:// is for loopback with allow_insecure_loopback: true")
}

// checkAddress says what is wrong with where keys are to be; empty is nowhere.
func checkAddress(text string, insecureLoopback bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("jwks is not a URL")
	case text == "" || u.Scheme == "file":
		return nil
	}
	return mayFetch(u, insecureLoopback)
}

// fileFetch reads keys from a file.
func fileFetch(path string) fetchFunc {
	return func(context.Context) ([]byte, time.Duration, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, fmt.Errorf("reading jwks: %w", err)
		}
		defer func() { _ = f.Close() }() // it was only read
		raw, err := readSet(f)
		return raw, refreshDefault, err
	}
}

// httpFetch reads keys from an address.
func httpFetch(u *url.URL, transport http.RoundTripper) fetchFunc {
	return func(ctx context.Context) ([]byte, time.Duration, error) {
		raw, header, err := download(ctx, u, transport)
		return raw, keepFor(header), err
	}
}

// download reads a document of at most maxKeySet bytes, and one more. A redirect
// may not lead to another host.
func download(ctx context.Context, u *url.URL, transport http.RoundTripper) ([]byte, http.Header, error) {
	client := &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != u.Scheme || r.URL.Host != u.Host || len(via) > 3 {
			return errors.New("a redirect to another host")
		}
		return nil
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("fetching jwks: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if res.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("fetching jwks: status %d", res.StatusCode)
	}
	raw, err := readSet(res.Body)
	return raw, res.Header, err
}

// readSet reads a key set, and one byte more than it may have.
func readSet(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("reading jwks: %w", err)
	}
	return raw, nil
}

// keepFor says how long an answer may be kept: what Cache-Control says, within
// bounds.
func keepFor(h http.Header) time.Duration {
	keep := refreshDefault
	for d := range strings.SplitSeq(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		switch name {
		case "no-store", "no-cache":
			return refreshLeast
		case "max-age":
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				keep = time.Duration(n) * time.Second
			}
		}
	}
	return min(max(keep, refreshLeast), refreshMost)
}
