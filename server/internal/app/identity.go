package app

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"slotway/hl7bridge/mllp"
	"slotway/server/internal/auth"
)

// networks are addresses that somebody may come from; none means any.
type networks []netip.Prefix

// readNetworks reads addresses, such as 192.0.2.7, and networks, such as 10.1.0.0/16.
func readNetworks(list []string) (networks, error) {
	var out networks
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, errA := netip.ParseAddr(text)
			if errA != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is neither an address, such as 192.0.2.7, nor a network, such as 10.1.0.0/16", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: write an IPv4 address as one", text)
		}
		if p.Masked() != p {
			return nil, fmt.Errorf("%q has bits beyond its network; it would be %s", text, p.Masked())
		}
		out = append(out, p)
	}
	return out, nil
}

// allow says whether somebody may come from a host.
func (n networks) allow(host string) bool {
	if len(n) == 0 {
		return true
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	for _, p := range n {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// A certificate is known by a fingerprint, the SHA-256 of it, or by a subject
// alternative name. The subject's common name is not looked at (RFC 9525, section 2).
const (
	byFingerprint = "sha256:"
	byName        = "name:"
)

// certificateKey reads what a configuration says of a certificate: 64 hexadecimal
// digits with or without colons, as openssl x509 -fingerprint -sha256 prints them, or
// a name.
func certificateKey(text string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(text, byFingerprint), ":", ""))
	if b, err := hex.DecodeString(digits); err == nil && len(b) == sha256.Size {
		return byFingerprint + digits, nil
	}
	if text == "" || strings.HasPrefix(text, byFingerprint) || strings.ContainsAny(text, "* \t") {
		return "", fmt.Errorf("certificate %q: write its SHA-256 fingerprint, or one of its subject alternative names in full", text)
	}
	return nameKey(text), nil
}

// nameKey gives the key of a name. Only a URI's is told apart by letter case.
func nameKey(name string) string {
	if strings.Contains(name, "://") {
		return byName + name
	}
	return byName + strings.ToLower(strings.TrimSuffix(name, "."))
}

// namesOf gives the keys of a certificate's names.
func namesOf(c *x509.Certificate) (keys []string) {
	for _, n := range c.DNSNames {
		keys = append(keys, nameKey(n))
	}
	for _, n := range c.EmailAddresses {
		keys = append(keys, nameKey(n))
	}
	for _, n := range c.URIs {
		keys = append(keys, byName+n.String())
	}
	for _, n := range c.IPAddresses {
		keys = append(keys, nameKey(n.String()))
	}
	return keys
}

// byCertificate gives the partner of a certificate that was verified: by fingerprint,
// or else by name. Names of several partners are those of nobody. A certificate whose
// time is over is not known, though its connection may be older.
func (d *directory) byCertificate(c *x509.Certificate, now time.Time) (partner string, ok bool) {
	if now.After(c.NotAfter) || now.Before(c.NotBefore) {
		return "", false
	}
	if id, ok := d.certificates[fingerprintOf(c)]; ok {
		return id, true
	}
	for _, key := range namesOf(c) {
		if id, ok := d.certificates[key]; ok {
			if partner != "" && partner != id {
				return "", false
			}
			partner = id
		}
	}
	return partner, partner != ""
}

// fingerprintOf gives the key of a certificate itself.
func fingerprintOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return byFingerprint + hex.EncodeToString(sum[:])
}

// named says whether a certificate that was verified is one of a list, and its time
// is not over.
func named(c *x509.Certificate, list []string, now time.Time) bool {
	keys := append(namesOf(c), fingerprintOf(c))
	return !now.After(c.NotAfter) && !now.Before(c.NotBefore) && slices.ContainsFunc(list, func(text string) bool {
		key, err := certificateKey(text)
		return err == nil && slices.Contains(keys, key)
	})
}

// shown gives the client certificate of a connection, nil when none was verified, or
// when no listener trusts any more whom it was verified by.
func (a *App) shown(state *tls.ConnectionState) *x509.Certificate {
	if state == nil {
		return nil
	}
	for _, chain := range state.VerifiedChains {
		for _, t := range a.tls {
			if t.current.Load().anchors[string(chain[len(chain)-1].Raw)] {
				return state.PeerCertificates[0]
			}
		}
	}
	return nil
}

// identify gives the partner at the other end of an MLLP connection: the listener's,
// or the one whose certificate it shows.
func (a *App) identify(c mllp.Conn) (partner string, err error) {
	d := a.partners.now()
	partner = a.mllpPartners[c.Listener]
	if partner == "" {
		cert := a.shown(c.TLS)
		if cert == nil {
			return "", errors.New("it shows no certificate, or one of an authority that is not trusted any more")
		}
		var known bool
		if partner, known = d.byCertificate(cert, a.now()); !known {
			return "", errors.New("its certificate is of no partner")
		}
	}
	if _, known := d.partners[partner]; !known {
		return "", errors.New("its partner is not active")
	}
	if from, err := netip.ParseAddrPort(c.RemoteAddr.String()); err != nil || !d.addresses[partner].allow(from.Addr().String()) {
		return "", fmt.Errorf("its address is none of partner %s", partner)
	}
	return partner, nil
}

// checkIdentities checks how partners are recognised.
func (c *Config) checkIdentities() (errs []error) {
	seen, ids := map[string]string{}, map[string]bool{}
	for _, p := range c.Partners {
		if p.ID == "" || ids[p.ID] {
			errs = append(errs, fmt.Errorf("partner %q: each partner needs an id of its own", p.ID))
		}
		ids[p.ID] = true
		if p.PasswordHash != "" {
			if err := auth.CheckHash(p.PasswordHash); err != nil {
				errs = append(errs, fmt.Errorf("partner %s: password_hash: %w", p.ID, err))
			}
		}
		if _, err := readNetworks(p.Addresses); err != nil {
			errs = append(errs, fmt.Errorf("partner %s: addresses: %w", p.ID, err))
		}
		for _, text := range p.Certificates {
			key, err := certificateKey(text)
			switch other := seen[key]; {
			case err != nil:
				errs = append(errs, fmt.Errorf("partner %s: %w", p.ID, err))
			case other != "":
				errs = append(errs, fmt.Errorf("partner %s: the certificate %q is partner %s's", p.ID, text, other))
			}
			seen[key] = p.ID
		}
	}
	return errs
}

// ByCertificate gives the partner whose client certificate an HTTP connection shows.
func (a *App) ByCertificate(state *tls.ConnectionState) (partner string, known bool) {
	cert := a.shown(state)
	if cert == nil {
		return "", false
	}
	return a.partners.now().byCertificate(cert, a.now())
}

// MayComeFrom says whether a partner may come from a host.
func (a *App) MayComeFrom(partner, host string) bool {
	return a.partners.now().addresses[partner].allow(host)
}
