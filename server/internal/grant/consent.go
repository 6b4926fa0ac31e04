package grant

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/manage"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// maxForm is the longest body of the consent page's form, in bytes.
const maxForm = 16 << 10

// asked is a request for a grant (RFC 6749 section 4.1.1).
type asked struct {
	Client    auth.Client
	Redirect  string
	State     string
	Challenge string
}

// parameters are those of a request for a grant, which the consent page sends again.
var parameters = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}

// Pages is what the consent page needs beside the service.
type Pages struct {
	Origin  string                     // scheme and authority that browsers see
	Address func(*http.Request) string // a request's address without port, for throttling
	Audit   *audit.Log
	Log     *slog.Logger
	Test    bool // the page says that nothing on it is real
	Staff   Staff
	// Passwords says whether anybody has a password of ours.
	Passwords func() bool
}

// Staff is how staff sign in by a provider of their organisation's.
type Staff interface {
	// Provider says whether there is one.
	Provider() bool
	// SignedIn gives who is signed in with a browser, and what a form says to show that
	// it was made for them; ok is false for nobody.
	SignedIn(r *http.Request) (p Person, proof string, ok bool, err error)
	// SignIn sends the browser to the provider, and then to a page of this site.
	SignIn(w http.ResponseWriter, r *http.Request, to string) error
}

// The addresses of the consent page, and of what it loads.
const (
	pagePath   = "/oauth2/authorize"
	signInPath = pagePath + "/sign-in"
	assetsPath = "/oauth2/assets"
)

// consent is the consent page.
type consent struct {
	*Service
	Pages
}

// Handler shows the consent page, and carries out what is decided on it.
func (s *Service) Handler(p Pages) http.Handler {
	c := &consent{s, p}
	site := &web.Site{Origin: p.Origin, Assets: assetsPath, Failures: failures, Say: c.say, Audit: p.Audit, Log: p.Log}
	return site.Handler(map[string]web.Page{"GET " + pagePath: c.page, "POST " + pagePath: c.page, "GET " + signInPath: c.signIn})
}

// page answers a request for a grant, and the form of the page itself.
func (c *consent) page(w http.ResponseWriter, r *http.Request) error {
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return c.fail(w, r, fhir.Errorf(fhir.Invalid, "The form could not be read."))
		}
		form = r.PostForm
	}
	a, err := c.ask(form)
	if err != nil {
		return c.fail(w, r, err)
	}
	if err := a.complete(form); err != nil {
		e := fhir.AsError(err)
		return a.back(w, r, manage.Parameter{Name: "error", Value: e.Code}, manage.Parameter{Name: "error_description", Value: e.Text})
	}
	if r.Method != http.MethodPost {
		return c.show(w, r, a, http.StatusOK, form, "")
	}
	return c.decide(w, r, a, form)
}

// maxQuery is how long a request for a grant may be that is kept while somebody signs
// in, in bytes.
const maxQuery = 8 << 10

// signIn has somebody sign in, and come back to the page with the request as it was.
// Only one that is right is kept, so that nobody is led anywhere by it.
func (c *consent) signIn(w http.ResponseWriter, r *http.Request) error {
	form := r.URL.Query()
	a, err := c.ask(form)
	if err == nil {
		err = a.complete(form)
	}
	if err == nil && len(r.URL.RawQuery) > maxQuery {
		err = fhir.Errorf(fhir.Invalid, "The request is too long.")
	}
	if err != nil {
		return c.fail(w, r, err)
	}
	if !c.Staff.Provider() {
		return web.NoPage()
	}
	return c.Staff.SignIn(w, r, pagePath+"?"+r.URL.RawQuery)
}

// ask reads whom a request is from, and where the answer goes. Unless both are
// right nothing is sent anywhere.
func (s *Service) ask(form url.Values) (a asked, err error) {
	for _, name := range parameters {
		if len(form[name]) > 1 {
			return a, fhir.Errorf(fhir.Invalid, "Each parameter may be given once; %s is given twice.", name)
		}
	}
	client, ok := s.Client(form.Get("client_id"))
	if !ok {
		return a, fhir.Errorf(fhir.Invalid, "client_id does not name a client that may ask for access.")
	}
	a = asked{Client: client, Redirect: form.Get("redirect_uri"), State: form.Get("state"), Challenge: form.Get("code_challenge")}
	if !slices.Contains(client.Redirects, a.Redirect) {
		return a, fhir.Errorf(fhir.Invalid, "redirect_uri must be, letter by letter, one that is registered for the client.")
	}
	return a, nil
}

// complete checks the rest, which the client is told about.
func (a asked) complete(form url.Values) error {
	switch {
	case form.Get("response_type") != "code":
		return fhir.Errorf(fhir.Invalid, "response_type must be code").Coded("unsupported_response_type")
	case form.Get("scope") != Scope:
		return fhir.Errorf(fhir.Invalid, "scope must be %s", Scope).Coded("invalid_scope")
	case form.Get("code_challenge_method") != "S256" || !challengeForm.MatchString(a.Challenge):
		return fhir.Errorf(fhir.Invalid, "code_challenge must be given, with the code_challenge_method S256").Coded("invalid_request")
	case len(a.State) > 2048:
		return fhir.Errorf(fhir.Invalid, "state is too long").Coded("invalid_request")
	}
	return nil
}

// back sends the browser to the client, with state as it was sent. What is registered
// stays byte for byte (RFC 6749 section 3.1.2).
func (a asked) back(w http.ResponseWriter, r *http.Request, say ...manage.Parameter) error {
	return web.Away(w, r, manage.Append(a.Redirect, append(say, manage.Parameter{Name: "state", Value: a.State})...))
}

// decide carries out what was chosen on the page.
func (c *consent) decide(w http.ResponseWriter, r *http.Request, a asked, form url.Values) error {
	if form.Get("decision") != "allow" {
		return a.back(w, r, manage.Parameter{Name: "error", Value: "access_denied"}, manage.Parameter{Name: "error_description", Value: "access was not granted"})
	}
	person, err := c.who(r, form)
	if err == nil {
		err = a.mayBeGrantedBy(person)
	}
	if err != nil {
		return c.refuse(w, r, a, form, err)
	}
	code, err := c.give(r.Context(), a, person)
	if err != nil {
		return err
	}
	return a.back(w, r, manage.Parameter{Name: "code", Value: code})
}

// codeAway is the code of the failure that the session is over for which the form was
// made.
const codeAway = "session-over"

// who gives who decides: whoever is signed in, where the form was made for them, or
// whose password it is.
func (c *consent) who(r *http.Request, form url.Values) (Person, error) {
	if !form.Has("proof") {
		return c.People.SignIn(r.Context(), form.Get("username"), form.Get("password"), c.Address(r))
	}
	p, proof, ok, err := c.Staff.SignedIn(r)
	if err == nil && (!ok || subtle.ConstantTimeCompare([]byte(proof), []byte(form.Get("proof"))) != 1) {
		err = fhir.Errorf(fhir.Unauthenticated, "You were signed out, or somebody else has signed in, since you opened this page. Nobody was granted access").Coded(codeAway)
	}
	return p, err
}

// mayBeGrantedBy says why somebody may not grant what is asked for; nil where they may.
func (a asked) mayBeGrantedBy(p Person) error {
	if !p.Sees {
		return fhir.Errorf(fhir.Forbidden, "You do not see what patients ask, so you cannot let a program see it")
	}
	if len(both(p.Customers, a.Client.Customers)) == 0 {
		return fhir.Errorf(fhir.Forbidden, "The client acts for no organisation that you work for")
	}
	return nil
}

// refuse shows the page again to somebody who may not grant access, and records that
// they tried.
func (c *consent) refuse(w http.ResponseWriter, r *http.Request, a asked, form url.Values, why error) error {
	kind, problem := fhir.KindOf(why), fhir.AsError(why).Text
	status := kind.Status(fhir.StyleRFC6750)
	switch kind {
	case fhir.Unauthenticated:
		if fhir.AsError(why).Code != codeAway {
			problem = "The user name or the password is wrong"
		}
	case fhir.Busy:
		if fhir.AsError(why).Code != auth.CodeThrottled {
			return why
		}
		status, problem = http.StatusTooManyRequests, "You have tried too often. Wait a minute, and try again"
	case fhir.Forbidden:
	default:
		return why
	}
	user := form.Get("username")
	if p, _, ok, err := c.Staff.SignedIn(r); form.Has("proof") && ok && err == nil {
		user = p.ID
	}
	c.Audit.Add(&audit.Event{
		Time: c.Now(), Act: "grant.refused", Face: "issuer", Status: status, Client: a.Client.ID, Subject: user[:min(len(user), maxUser)], Address: c.Address(r),
	})
	return c.show(w, r, a, status, form, problem)
}

// maxUser is how much of a user name the audit keeps, in bytes.
const maxUser = 64

// give makes a code.
func (s *Service) give(ctx context.Context, a asked, p Person) (code string, err error) {
	if code, err = s.secret(32); err != nil {
		return "", err
	}
	id, err := s.name()
	if err != nil {
		return "", err
	}
	return code, s.Store.Update(ctx, func(tx store.Tx) error {
		audit.Note(tx, func(e *audit.Event) {
			e.Act, e.Client, e.Subject, e.Reach = "grant.allow", a.Client.ID, p.ID, both(a.Client.Customers, p.Customers)
			e.Of = append(e.Of, id)
		})
		return keep(ctx, tx, codeSpace, code, ticket{
			Family: id, Expires: s.Now().UTC().Add(codeLife), Client: a.Client.ID, Person: p.ID, Redirect: a.Redirect, Challenge: a.Challenge,
		})
	})
}
