package web

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// SignIns counts those who sign in to a site, and keeps them from being too many.
type SignIns struct {
	// Slow takes note that an address begins to sign in, and says how long it must wait
	// when it does so too often.
	Slow func(remote string) time.Duration
	// Observe is told how each sign-in began and ended.
	Observe func(outcome string)
}

// The outcomes of sign-ins. Each that was begun has at most one of the others, but
// for those that were not begun here.
const (
	SignInBegun    = "begun"
	SignInDone     = "done"
	SignInRefused  = "refused"  // the provider sent the person back with an error, or the password is wrong
	SignInAgain    = "again"    // and another was begun, with asking
	SignInUnproven = "unproven" // the identity is not proven
	SignInAnother  = "another"  // it is not theirs what they came back to
	SignInUnknown  = "unknown"  // of staff: the provider knows them, and nobody has let them in
	SignInFailed   = "failed"   // what the provider said did not hold, or could not be had
	SignInStray    = "stray"    // an answer that nobody waits for; none was begun
	SignInSlowed   = "slowed"   // none was begun, because there were too many
)

// TooMany says whether so many begin to sign in from the address of a request that
// this one must wait, and what to show then.
func (s SignIns) TooMany(w http.ResponseWriter, r *http.Request) (m Message, wait bool) {
	d := s.Slow(r.RemoteAddr)
	if d <= 0 {
		return m, false
	}
	s.Observe(SignInSlowed)
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	return Message{Title: "Too many people are signing in", Text: "Wait a minute, and try again."}, true
}
