package session

import "net/http"

// The names of the cookies. Over https they have the prefix __Host-, by which a
// browser takes them from this very host alone.
const (
	cookieSession = "slotway"
	cookieSignIn  = "slotway-sign-in"
)

func (s *Sessions) name(cookie string) string {
	if s.Kind == Staff {
		cookie += "-staff"
	}
	if s.Secure {
		return "__Host-" + cookie
	}
	return cookie
}

// cookie gives the browser's own id of a kind; empty when it shows none, or more
// than one.
func (s *Sessions) cookie(r *http.Request, name string) string {
	if found := r.CookiesNamed(s.name(name)); len(found) == 1 && len(found[0].Value) == 22 {
		return found[0].Value
	}
	return ""
}

// setCookie gives the browser an id, for so many seconds: 0 until it closes, and
// less than that takes it away.
func (s *Sessions) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.name(name), Value: value, Path: "/", MaxAge: seconds,
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Proof gives what shows that a form was made for the browser's session, which nobody
// else can know: not another site, and not this browser with another session. It is
// empty where there is none.
func (s *Sessions) Proof(r *http.Request, form string) string {
	id := s.cookie(r, cookieSession)
	if id == "" {
		return ""
	}
	return s.digest(form + "\x00" + id)
}
