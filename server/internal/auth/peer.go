package auth

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
)

// peerKey is the key of a connection's peer in a context.
type peerKey struct{}

// peer is what is known of the connection that a token came over.
type peer struct {
	cert     *x509.Certificate // that the caller showed; nil for none
	unsigned bool              // what is asked there may be asked with an unsigned token
}

// WithCertificate notes the client certificate of the connection a token came
// over, so that a token bound to a certificate can be checked (RFC 8705), and who
// brought an unsigned one. It must have been verified.
func WithCertificate(ctx context.Context, cert *x509.Certificate) context.Context {
	p := peerOf(ctx)
	p.cert = cert
	return context.WithValue(ctx, peerKey{}, p)
}

// WithUnsigned notes that a token came to a place where one without a signature
// may be enough: the booking face, and no other.
func WithUnsigned(ctx context.Context) context.Context {
	p := peerOf(ctx)
	p.unsigned = true
	return context.WithValue(ctx, peerKey{}, p)
}

func peerOf(ctx context.Context) peer {
	p, _ := ctx.Value(peerKey{}).(peer)
	return p
}

// digest gives the SHA-256 of the certificate as base64url, x5t#S256 of RFC 8705;
// empty for none.
func (p peer) digest() string {
	if p.cert == nil {
		return ""
	}
	sum := sha256.Sum256(p.cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
