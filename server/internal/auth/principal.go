package auth

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"slotway/fhir"
)

// Principal is a caller whose credential held: what the token said, limited to
// what the client is registered for. It lives for one request; its lists are the
// register's, and must not be changed.
type Principal struct {
	Client           string // client id
	Organisation     string // ODS code of the organisation the client acts for; of an unsigned token the one that asks
	OrganisationName string
	Subject          string     // sub of the token; the client id for a system
	Issuer           string     // iss of the token
	TokenID          string     // jti of the token; may be empty outside the standard profile
	Claims           string     // JSON object of the claims about the user, organisation and device behind it; may be empty
	Reason           string     // reason_for_request of the token, such as directcare; may be empty
	Requesting       Requesting // who asks, as an NHS token says it
	Scopes           Scopes     // of the token, as far as the client is registered for them
	Registered       Scopes     // all that the client may have in a token; of a caller without one its Scopes
	Customers        []string   // aliases of the customers it may see
	Labels           []string   // privacy labels it may see; empty means all
	UpdateAsCreate   bool       // a PUT may create a resource under the client's id
	Expires          time.Time
}

// Verifier turns an access token into a Principal. It fails with Unauthenticated
// (the token does not hold), or Busy (the issuer's keys cannot be had now).
type Verifier interface {
	Verify(ctx context.Context, token string) (Principal, error)
}

// Demand gives how far the principal may do a thing with a type of resource, Own
// or Yes. When it may not at all, the error is Forbidden, with the code
// insufficient_scope and a scope that would do (RFC 6750 section 3.1).
func (p Principal) Demand(act Action, resourceType string) (Grant, error) {
	if g := p.Scopes.Allows(act, resourceType); g != No {
		return g, nil
	}
	need := act.Scope(resourceType)
	return No, fhir.Errorf(fhir.Forbidden, "The access token does not allow this: it needs the scope %s, or one that includes it.", need).
		Coded(codeScope).Because(missingScope(need))
}

// missingScope is the cause of a refusal for want of a scope; Challenge names it.
type missingScope string

// Error says which scope was wanted.
func (s missingScope) Error() string { return "wanted the scope " + string(s) }

// LogValue shows the client and lengths only.
func (p Principal) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("client", p.Client),
		slog.Int("scopes", len(p.Scopes.names)),
		slog.Int("customers", len(p.Customers)),
	)
}

// String shows what LogValue shows.
func (p Principal) String() string {
	return fmt.Sprintf("client %s (%d scopes, %d customers)", p.Client, len(p.Scopes.names), len(p.Customers))
}
