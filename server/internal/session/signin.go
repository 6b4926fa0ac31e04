package session

import (
	"context"
	"crypto/subtle"
	"net/http"
	"time"
)

// signInTime is how long somebody has to sign in.
const signInTime = 10 * time.Minute

// SignIn is a sign-in that is under way.
type SignIn struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
	To       string `json:"to"`       // the page to go to afterwards
	Silent   bool   `json:"silent"`   // nobody was asked: it may be tried once more, with asking
	Patient  string `json:"patient"`  // of a return: whose it must be
	About    string `json:"about"`    // of a return: the appointment
	Browser  string `json:"browser"`  // the digest of the browser's own id
}

// NewSignIn gives what a sign-in needs: a nonce and a verifier of PKCE.
func (s *Sessions) NewSignIn(to string) SignIn {
	return SignIn{Nonce: s.newID(), Verifier: s.newID() + s.newID(), To: to}
}

// BeginSignIn keeps a sign-in, for the browser that asks, and gives the state by
// which it will be known again.
func (s *Sessions) BeginSignIn(ctx context.Context, w http.ResponseWriter, r *http.Request, v SignIn) (state string, err error) {
	browser := s.cookie(r, cookieSignIn)
	if browser == "" {
		browser = s.newID()
	}
	state = s.newID()
	v.Browser = s.digest(browser)
	s.setCookie(w, cookieSignIn, browser, int(signInTime.Seconds()))
	return state, put(ctx, s, spaceSignIn, state, v, s.Now().Add(signInTime))
}

// EndSignIn gives the sign-in of a state, once, to the browser that began it. ok
// is false for any other, and after its time.
func (s *Sessions) EndSignIn(ctx context.Context, r *http.Request, state string) (v SignIn, ok bool, err error) {
	browser := s.cookie(r, cookieSignIn)
	if browser == "" || len(state) != 22 {
		return v, false, nil
	}
	begun, err := get[SignIn](ctx, s, spaceSignIn, state)
	if err != nil {
		return v, false, nothing(err)
	}
	if subtle.ConstantTimeCompare([]byte(begun.Browser), []byte(s.digest(browser))) != 1 {
		return v, false, nil
	}
	if _, err := take[SignIn](ctx, s, spaceSignIn, state); err != nil {
		return v, false, nothing(err)
	}
	return begun, true, nil
}
