package staffpages

import (
	"net/http"
	"net/url"
	"regexp"

	"slotway/fhir"
	"slotway/server/internal/web"
)

// ours has the form of the addresses that somebody may be led to after signing in:
// no query, and no way out of these pages.
var ours = regexp.MustCompile(`^/staff(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

// target gives the page of ours that a text names, and the first page for any other
// text: nobody is led elsewhere by it.
func target(text string) string {
	if len(text) > 512 || !ours.MatchString(text) {
		return home
	}
	return text
}

// signInPath is where somebody signs in who asked for a page.
func signInPath(r *http.Request) string {
	if r.Method != http.MethodGet || target(r.URL.Path) == home {
		return home + "/sign-in"
	}
	return home + "/sign-in?to=" + url.QueryEscape(r.URL.Path)
}

// entry is what the page has that asks who somebody is.
type entry struct {
	To, User, Problem   string
	Provider, Passwords bool // ways to come in
}

// signIn is the page that asks.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	to := target(r.URL.Query().Get("to"))
	if _, ok, err := s.person(r.Context(), r); err != nil || ok {
		if err != nil {
			return err
		}
		return web.Away(w, r, to)
	}
	return s.ask(w, r, http.StatusOK, entry{To: to})
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request, status int, e entry) error {
	e.Provider, e.Passwords = s.Login != nil, s.Passwords
	return s.show(w, r, Person{}, status, "sign-in", web.Layout{Title: "Sign in", Error: e.Problem != "", Data: e})
}

// takePassword signs somebody in by a password of ours.
func (s *Server) takePassword(w http.ResponseWriter, r *http.Request) error {
	if !s.Passwords {
		return web.NoPage()
	}
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	e := entry{To: target(r.PostForm.Get("to")), User: r.PostForm.Get("user")}
	p, err := s.People.SignIn(r.Context(), e.User, r.PostForm.Get("password"), address(r))
	if fhir.KindOf(err) == fhir.Busy && err != nil {
		s.SignIns.Observe(web.SignInSlowed)
	} else {
		s.SignIns.Observe(web.SignInBegun)
	}
	if err == nil {
		return s.start(w, r, p, e.To)
	}
	status := fhir.KindOf(err).Status(fhir.StyleRFC6750)
	switch fhir.KindOf(err) {
	case fhir.Unauthenticated:
		s.SignIns.Observe(web.SignInRefused)
		e.Problem = "The user name or the password is wrong"
	case fhir.Busy:
		status, e.Problem = http.StatusTooManyRequests, "You have tried too often. Wait a minute, and try again"
	default:
		s.SignIns.Observe(web.SignInFailed)
		return err
	}
	s.note(r, Person{ID: e.User[:min(len(e.User), maxUser)]}, actSignIn, status)
	return s.ask(w, r, status, e)
}

// maxUser is how much of a user name the audit keeps, in bytes.
const maxUser = 64

// start begins somebody's session, and leads on.
func (s *Server) start(w http.ResponseWriter, r *http.Request, p Person, to string) error {
	err := s.Sessions.Start(r.Context(), w, r, p.kept())
	if err == nil && p.Issuer != "" {
		err = s.Sessions.Remember(r.Context(), p.kept()) // for colleagues, who give them requests
	}
	if err != nil {
		s.SignIns.Observe(web.SignInFailed)
		return err
	}
	s.SignIns.Observe(web.SignInDone)
	s.note(r, p, actSignIn, http.StatusSeeOther)
	return web.Away(w, r, to)
}

// signOut ends the session.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	p, ok, err := s.person(r.Context(), r)
	if err == nil {
		err = s.Sessions.End(r.Context(), w, r)
	}
	if err != nil {
		return err
	}
	if ok {
		s.note(r, p, actSignOut, http.StatusSeeOther)
	}
	return web.Away(w, r, home+"/signed-out")
}
