package auth

import (
	"context"
	"time"
)

// Replays remembers what may be used once, for all processes alike: an
// assertion of a client (RFC 7523 section 3), and a token of an issuer whose
// tokens are for one request.
type Replays interface {
	// Once says whether this is the first use of a key, which it remembers until
	// then. An error is of a store that cannot tell, and is no permission.
	Once(ctx context.Context, key string, until time.Time) (first bool, err error)
}

// use takes the one use of a token that has no other.
func (v *TokenVerifier) use(ctx context.Context, c claims) error {
	if c.id == "" {
		return refuse("claims", "jti is missing")
	}
	first, err := v.replays.Once(ctx, "token\x00"+c.issuer+"\x00"+c.id, c.expires.Add(leeway))
	if err == nil && !first {
		err = refuse("replay", "its jti was used before, and a token of its issuer is good for one request")
	}
	return err
}
