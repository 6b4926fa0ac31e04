package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/manage"
	"slotway/server/internal/nhslogin"
	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// target gives the page of ours that a text names, and the page of all
// appointments for any other text: nobody is led elsewhere by it.
func (s *Server) target(text string) string {
	const overview = "/patient"
	path, rawQuery, _ := strings.Cut(text, "?")
	path, form := cutForm(path)
	parts := strings.Split(path, "/")
	if len(parts) != 5 || parts[0] != "" || parts[1] != "patient" || parts[3] != "appointment" || !fhir.ValidID(parts[2]) || !fhir.ValidID(parts[4]) {
		return overview
	}
	if query, err := url.ParseQuery(rawQuery); err == nil && form == "" && s.Callbacks.Proven(parts[2], parts[4], query) {
		return s.callback(parts[2], parts[4])
	}
	return manage.Path(parts[2], parts[4]) + form
}

// cutForm cuts off which form of an appointment a path names; where it names none,
// form is empty.
func cutForm(path string) (before, form string) {
	for _, form := range []string{formAsk, formCheck, formWithdraw} {
		if before, ok := strings.CutSuffix(path, form); ok {
			return before, form
		}
	}
	return path, ""
}

// callback is the address by which a partner sends a patient back, on this site.
func (s *Server) callback(patient, appointment string) string {
	return strings.TrimPrefix(s.Callbacks.URL(patient, appointment), strings.TrimSuffix(s.Origin, "/"))
}

// signedIn gives the browser's session. Where there is none it sends the browser to
// sign in, and then to a page, and ok is false.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request, to string) (v session.Session, ok bool, err error) {
	v, ok, err = s.Sessions.Get(r.Context(), r)
	if err == nil && !ok {
		err = web.Away(w, r, signInPath(to))
	}
	return v, ok, err
}

func signInPath(to string) string { return "/patient/sign-in?to=" + url.QueryEscape(to) }

// signIn is the page that asks.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	to := s.target(r.URL.Query().Get("to"))
	old, ok, err := s.Sessions.Peek(r.Context(), r)
	if err != nil {
		return err
	}
	if ok {
		return web.Away(w, r, to)
	}
	data := struct {
		Start string
		Idle  bool // the person was signed in, and did nothing for too long
	}{"/patient/sign-in/start?to=" + url.QueryEscape(to), old.Person.Subject != ""}
	return s.show(w, nil, http.StatusOK, "sign-in", web.Layout{Title: "Sign in", Data: data})
}

// startSignIn sends the browser to NHS login. It asks who it is in any case: the
// last to use the browser may have been another.
func (s *Server) startSignIn(w http.ResponseWriter, r *http.Request) error {
	return s.begin(w, r, s.Sessions.NewSignIn(s.target(r.URL.Query().Get("to"))), "login", "")
}

// begin sends the browser to NHS login, unless too many are sent there from its
// address.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, v session.SignIn, prompt, assertion string) error {
	if say, wait := s.SignIns.TooMany(w, r); wait {
		s.say(w, r, http.StatusTooManyRequests, say)
		return nil
	}
	state, err := s.Sessions.BeginSignIn(r.Context(), w, r, v)
	if err != nil {
		return err
	}
	to, err := s.NHSLogin.URL(r.Context(), nhslogin.Ask{State: state, Nonce: v.Nonce, Verifier: v.Verifier, Prompt: prompt, Assertion: assertion})
	if err != nil {
		return err
	}
	s.SignIns.Observe(web.SignInBegun)
	return web.Away(w, r, to)
}

// endSignIn takes the browser back from NHS login.
func (s *Server) endSignIn(w http.ResponseWriter, r *http.Request) error {
	outcome, err := s.cameBack(w, r)
	s.SignIns.Observe(outcome)
	return err
}

// cameBack says what has become of a sign-in. The state comes first: whatever else is
// said without it was said by somebody else.
func (s *Server) cameBack(w http.ResponseWriter, r *http.Request) (outcome string, err error) {
	q := r.URL.Query()
	begun, ok, err := s.Sessions.EndSignIn(r.Context(), r, q.Get("state"))
	if err != nil {
		return web.SignInFailed, err
	}
	if !ok {
		s.say(w, r, http.StatusBadRequest, web.Message{Title: "Sign in again", Text: "The page was open for too long, or was used before."})
		return web.SignInStray, nil
	}
	if q.Has("error") {
		return s.notSignedIn(w, r, begun, q.Get("error"))
	}
	who, err := s.NHSLogin.Finish(r.Context(), q.Get("code"), begun.Nonce, begun.Verifier)
	switch {
	case err != nil && fhir.AsError(err).Code == nhslogin.CodeNotProven:
		s.say(w, r, http.StatusForbidden, web.Message{Title: "Prove who you are", Text: "NHS login has not checked your identity yet. Go to your NHS login settings, prove who you are, and come back."})
		return web.SignInUnproven, nil
	case fhir.KindOf(err) == fhir.Unauthenticated:
		s.Log.Warn("a sign-in did not hold", "why", fhir.AsError(err).Text)
		s.say(w, r, http.StatusForbidden, web.Message{Title: "You could not be signed in", Text: "Something went wrong between NHS login and this service. Try again."})
		return web.SignInFailed, nil
	case err != nil:
		return web.SignInFailed, err
	}
	person := session.Person{
		Subject: who.Subject, Name: strings.TrimSpace(who.GivenName + " " + who.FamilyName),
		NHSNumber: who.NHSNumber, BirthDate: who.BirthDate, TokenID: who.TokenID,
	}
	if begun.Patient != "" {
		if _, err := s.own(r.Context(), person, begun.Patient, begun.About); err != nil {
			s.note(r, person, actSignIn, http.StatusNotFound)
			return web.SignInAnother, s.notTheirs(w, r, err)
		}
	}
	if err := s.Sessions.Start(r.Context(), w, r, person); err != nil {
		return web.SignInFailed, err
	}
	s.note(r, person, actSignIn, http.StatusSeeOther)
	return web.SignInDone, web.Away(w, r, begun.To)
}

// notTheirs ends the session of a browser with which somebody came back whose
// appointment it is not, and shows what anybody would see who asks for a page that
// is not there.
func (s *Server) notTheirs(w http.ResponseWriter, r *http.Request, why error) error {
	if err := s.Sessions.End(r.Context(), w, r); err != nil {
		return err
	}
	if fhir.KindOf(why) != fhir.NotFound {
		return why
	}
	r.Header.Del("Cookie") // the page is for nobody
	return why
}

// withAsking are the errors by which NHS login says that it would have to ask
// (OpenID Connect Core 3.1.2.6, and its own for asserted identities).
var withAsking = []string{"sso_login_required", "login_required", "interaction_required", "account_selection_required", "consent_required"}

// refusals say in words with which of its errors NHS login sent somebody back.
var refusals = map[string]struct {
	status      int
	title, text string
}{
	"access_denied":           {http.StatusForbidden, "You have not signed in", "You did not agree to share your NHS login details with this service, so it cannot show you your appointments."},
	"temporarily_unavailable": {http.StatusServiceUnavailable, "NHS login is not available", "Try again in a few minutes."},
	"server_error":            {http.StatusServiceUnavailable, "NHS login is not available", "Try again in a few minutes."},
}

// notSignedIn answers somebody whom NHS login did not sign in. What it would not do
// without asking is tried once more, with asking; a session that is there will do.
func (s *Server) notSignedIn(w http.ResponseWriter, r *http.Request, begun session.SignIn, code string) (outcome string, err error) {
	if begun.Silent {
		if v, ok, err := s.Sessions.Get(r.Context(), r); err != nil {
			return web.SignInFailed, err
		} else if ok {
			if _, err := s.own(r.Context(), v.Person, begun.Patient, begun.About); err == nil {
				return web.SignInRefused, web.Away(w, r, begun.To)
			}
		}
		if !slices.Contains(withAsking, code) {
			return web.SignInRefused, web.Away(w, r, signInPath(begun.To))
		}
		again := s.Sessions.NewSignIn(begun.To)
		again.Patient, again.About = begun.Patient, begun.About
		return web.SignInAgain, s.begin(w, r, again, "", "")
	}
	say, known := refusals[code]
	if !known {
		say.status, say.title, say.text = http.StatusForbidden, "You could not be signed in", "NHS login could not sign you in. Try again."
	}
	s.say(w, r, say.status, web.Message{Title: say.title, Text: say.text})
	return web.SignInRefused, nil
}

// signOut ends the session, and every way back that it had open.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := s.Sessions.Get(r.Context(), r)
	if err == nil {
		err = s.Sessions.End(r.Context(), w, r)
	}
	if err != nil {
		return err
	}
	if ok {
		s.note(r, v.Person, actSignOut, http.StatusSeeOther)
	}
	return web.Away(w, r, "/patient/signed-out")
}
