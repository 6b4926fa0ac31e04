package staffpages

import (
	"cmp"
	"context"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/openid"
	"slotway/server/internal/web"
)

// startSignIn sends the browser to the provider.
func (s *Server) startSignIn(w http.ResponseWriter, r *http.Request) error {
	return s.SignIn(w, r, target(r.URL.Query().Get("to")))
}

// SignIn sends the browser to the provider, and then to a page of this site, which
// nobody else may choose. The provider asks who it is in any case: the last to use the
// browser may have been another.
func (s *Server) SignIn(w http.ResponseWriter, r *http.Request, to string) error {
	if s.Login == nil {
		return web.NoPage()
	}
	if say, wait := s.SignIns.TooMany(w, r); wait {
		s.say(w, r, http.StatusTooManyRequests, say)
		return nil
	}
	v := s.Sessions.NewSignIn(to)
	state, err := s.Sessions.BeginSignIn(r.Context(), w, r, v)
	if err != nil {
		return err
	}
	provider, err := s.Login.URL(r.Context(), openid.Ask{State: state, Nonce: v.Nonce, Verifier: v.Verifier, More: map[string]string{"prompt": "login"}})
	if err != nil {
		return err
	}
	s.SignIns.Observe(web.SignInBegun)
	return web.Away(w, r, provider)
}

// endSignIn takes the browser back from the provider. The state comes first: whatever
// else is said without it was said by somebody else.
func (s *Server) endSignIn(w http.ResponseWriter, r *http.Request) error {
	if s.Login == nil {
		return web.NoPage()
	}
	q := r.URL.Query()
	begun, ok, err := s.Sessions.EndSignIn(r.Context(), r, q.Get("state"))
	if err != nil {
		s.SignIns.Observe(web.SignInFailed)
		return err
	}
	if !ok {
		s.SignIns.Observe(web.SignInStray)
		s.say(w, r, http.StatusBadRequest, web.Message{Title: "Sign in again", Text: "The page was open for too long, or was used before."})
		return nil
	}
	if q.Has("error") {
		s.SignIns.Observe(web.SignInRefused)
		s.Log.Info("the provider of staff did not sign somebody in")
		s.say(w, r, http.StatusForbidden, web.Message{Title: "You have not signed in", Text: "Your organisation's sign-in did not let you through. Try again, or ask whoever looks after it."})
		return nil
	}
	said, err := s.Login.Finish(r.Context(), q.Get("code"), begun.Nonce, begun.Verifier)
	var p Person
	if err == nil {
		p, err = s.arrived(r.Context(), said)
	}
	switch fhir.KindOf(err) {
	case fhir.Unauthenticated:
		s.SignIns.Observe(web.SignInFailed)
		s.Log.Warn("a sign-in of staff did not hold", "why", fhir.AsError(err).Text)
		s.say(w, r, http.StatusForbidden, web.Message{Title: "You could not be signed in", Text: "Something went wrong between your organisation's sign-in and this service. Try again."})
		return nil
	case fhir.Forbidden:
		s.SignIns.Observe(web.SignInUnknown)
		s.note(r, Person{ID: said.Subject, Issuer: s.Login.Issuer}, actSignIn, http.StatusForbidden)
		s.say(w, r, http.StatusForbidden, web.Message{Title: "You are not known here", Text: "Your organisation's sign-in knows you, but this service does not. Ask whoever looks after it."})
		return nil
	}
	if err != nil {
		s.SignIns.Observe(web.SignInFailed)
		return err
	}
	return s.start(w, r, p, begun.To)
}

// arrived gives the person whom the provider speaks of. Who may not come in any more
// is not remembered either.
func (s *Server) arrived(ctx context.Context, said openid.Answer) (Person, error) {
	p, err := s.People.Arrive(said)
	if fhir.KindOf(err) == fhir.Forbidden && err != nil && p.ID != "" {
		return p, cmp.Or(s.Sessions.Disown(ctx, p.Issuer, p.ID), err)
	}
	return p, err
}
