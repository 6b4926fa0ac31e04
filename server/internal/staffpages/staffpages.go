// Package staffpages is what an organisation's people see in a browser: what
// patients ask, how it goes on over time, and what else their roles open to them.
// Pages are made here whole, work without script, and ask nothing of any other host.
//
// Where to look: sections.go has the table of sections, which is the navigation;
// signin.go says who somebody is; role.go what they may do; colleagues.go who can be
// given a request. Each section is in files of its own. A page shows the data of the person's own customers; what belongs to
// another is answered as what is not there.
package staffpages

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/grant"
	"slotway/server/internal/intake"
	"slotway/server/internal/openid"
	"slotway/server/internal/outbox"
	"slotway/server/internal/request"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// Server holds what the pages need. Its fields are set before Handler is called.
type Server struct {
	Origin   string // scheme and authority that browsers see
	Store    store.Store
	Catalog  *search.Catalog
	Bases    []string // under which an absolute reference is to a resource here
	Sessions *session.Sessions
	People   People
	SignIns  web.SignIns
	Login    *openid.Client // of the trust's provider; nil where there is none
	// Passwords says that passwords of ours sign in: where there is no provider, or
	// beside it.
	Passwords bool
	Requests  *request.Service
	Intake    *intake.Service
	Grants    *grant.Service
	Outbox    *outbox.Service
	Directory func() Directory
	State     func(ctx context.Context) State
	// Customer gives a data controller by its alias.
	Customer func(alias string) Customer
	Now      func() time.Time
	Audit    *audit.Log
	Log      *slog.Logger
	Test     bool          // every page says that nothing on it is real
	counting chan struct{} // has one while a report is counted
}

// Customer is a data controller as staff know it.
type Customer struct {
	Name string
	Zone *time.Location
}

// Paths begin the addresses of the pages.
var Paths = []string{"/staff"}

// RedirectPath is where the provider sends the browser back to.
const RedirectPath = "/staff/sign-in/return"

// The addresses of the pages, and of what they load, begin with these. The first page
// is at home.
const (
	home       = "/staff"
	assetsPath = home + "/assets"
)

// Handler serves the pages, and nothing of any other address.
func (s *Server) Handler() http.Handler {
	s.counting = make(chan struct{}, 1)
	site := &web.Site{Origin: s.Origin, Assets: assetsPath, Failures: failures, Say: s.say, Audit: s.Audit, Log: s.Log}
	all := map[string]web.Page{
		"GET /staff":               s.signedIn("", s.first),
		"GET /staff/{$}":           s.signedIn("", s.first),
		"GET /staff/sign-in":       s.signIn,
		"POST /staff/sign-in":      s.takePassword,
		"GET /staff/sign-in/start": s.startSignIn,
		"GET " + RedirectPath:      s.endSignIn,
		"POST /staff/sign-out":     s.signOut,
		"GET /staff/signed-out":    s.signedOut,
		"GET /staff/session":       s.Sessions.SayLeft,
		"POST /staff/session":      s.Sessions.Stay,
		"GET /staff/help":          s.still("help", "Accessibility and privacy"),
	}
	for _, sec := range s.sections() {
		for pattern, do := range sec.pages {
			all[pattern] = s.signedIn(sec.role, do)
		}
	}
	return site.Handler(all)
}

// act is a page for somebody who is signed in.
type act func(w http.ResponseWriter, r *http.Request, p Person) error

// signedIn makes a page of an act, for those who have its role. Others do not learn
// whether there is anything at the address.
func (s *Server) signedIn(role Role, do act) web.Page {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, ok, err := s.person(r.Context(), r)
		if err != nil {
			return err
		}
		if !ok {
			return web.Away(w, r, signInPath(r))
		}
		if role != "" && !p.May(role) {
			s.note(r, p, "staff.refused", http.StatusNotFound)
			return web.NoPage()
		}
		if err := web.ReadForm(w, r); err != nil {
			return err
		}
		return do(w, r.WithContext(context.WithValue(r.Context(), personKey{}, p)), p)
	}
}

type personKey struct{}

// Who gives who is signed in with a browser; ok is false for nobody.
func (s *Server) Who(r *http.Request) (p Person, ok bool, err error) { return s.person(r.Context(), r) }

// person gives who is signed in with a browser, as they are now.
func (s *Server) person(ctx context.Context, r *http.Request) (p Person, ok bool, err error) {
	if p, ok := ctx.Value(personKey{}).(Person); ok {
		return p, true, nil
	}
	v, ok, err := s.Sessions.Get(ctx, r)
	if err != nil || !ok {
		return p, false, err
	}
	p, ok = s.People.Now(PersonOf(v.Person))
	return p, ok, nil
}

// first leads to the first section that is open to somebody.
func (s *Server) first(w http.ResponseWriter, r *http.Request, p Person) error {
	for _, sec := range s.sections() {
		if p.May(sec.role) {
			return web.Away(w, r, sec.path)
		}
	}
	s.say(w, r, http.StatusForbidden, web.Message{Title: "You have no role here", Text: "You are signed in, but nobody has given you a role in this service yet. Ask whoever looks after it."})
	return nil
}
