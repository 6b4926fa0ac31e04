// Package auth turns a credential into a Principal: who is calling, for which
// organisation and customers, and what they may do. It reads no resources and
// knows no routes.
//
//	Authorization header -> Bearer -> TokenVerifier.Verify -> Principal -> Demand
//	Authorization header -> Basic  -> Passwords.Check      -> partner id
//
// Access tokens are signed JWTs (RFC 7519, RFC 9068). The verifier, never the
// token, chooses algorithm and key (RFC 8725). A failure is a *fhir.Error whose
// Code is the error of RFC 6750 section 3.1 and whose Text names the check that
// failed; no text ever holds a part of the token.
//
// The package also has an issuer (RFC 6749 client credentials) for small sites, with
// signing keys that last, and for the demo, with one that does not: that one carries a
// mark that a verifier accepts only from the issuer running in the same program, so it
// cannot become a production key by accident.
//
// Where to look: header.go reads the request; verifier.go has the order of the
// checks, with token.go, claims.go, jwk.go and keysource.go one step each;
// scope.go is the one table of what a scope allows; client.go is who is
// registered; issuer.go, signingkey.go and endpoint.go are the issuer; hash.go and
// passwords.go are HTTP Basic.
package auth
