// Package pages is what people see in a browser: a patient's appointments, the way
// to a partner who manages them, and the way back. Pages are made here whole, work
// without script, and ask nothing of any other host.
//
// Where to look: pages.go has the table of addresses; signin.go is NHS login;
// handover.go and back.go are the way to a partner and back (seed 000); record.go
// finds what is a patient's own; view.go says it in words; ask.go is what a patient asks
// of the hospital, and conversation.go what is said about it; late.go keeps what was
// written when the session is over; render.go and templates make HTML of it.
package pages

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/manage"
	"slotway/server/internal/nhslogin"
	"slotway/server/internal/request"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// Server holds what the pages need. Its fields are set before Handler is called.
type Server struct {
	Origin    string // scheme and authority that browsers see
	Store     store.Store
	Catalog   *search.Catalog
	Bases     []string // under which an absolute reference is to a resource here
	Customers func() []Customer
	Sessions  *session.Sessions
	Requests  *request.Service
	NHSLogin  *nhslogin.Client
	Prompt    string // what goes with an assertion to a partner: none, login, or empty for nothing
	Callbacks manage.Callbacks
	// Allowed says whether patients of a customer may be sent to a management URL.
	Allowed func(customer, url string) error
	// Once says whether this is the first use of a key, which it remembers until then.
	Once    func(ctx context.Context, key string, until time.Time) (first bool, err error)
	SignIns web.SignIns

	Now   func() time.Time
	NewID func() string
	Audit *audit.Log
	Log   *slog.Logger
	Test  bool // every page says that nothing on it is real
}

// Customer is a data controller as patients know it.
type Customer struct {
	Alias, Name string
	Phone       string // to ring; empty where none is known
	Zone        *time.Location
}

// The addresses of the pages, and of what they load, begin with these.
const (
	home       = "/patient"
	assetsPath = "/assets"
)

// Paths begin the addresses of the pages.
var Paths = []string{home, assetsPath}

// RedirectPath is where NHS login sends the browser back to.
const RedirectPath = "/patient/sign-in/return"

// page answers a request; what it fails with becomes a page, too.
type page = web.Page

// routes are the pages by method and address.
func (s *Server) routes() map[string]page {
	const one = "/patient/{patient}/appointment/{appointment}"
	return map[string]page{
		"GET /patient":               s.overview,
		"GET /patient/{$}":           s.overview,
		"GET /patient/sign-in":       s.signIn,
		"GET /patient/sign-in/start": s.startSignIn,
		"GET " + RedirectPath:        s.endSignIn,
		"POST /patient/sign-out":     s.signOut,
		"GET /patient/signed-out":    s.signedOut,
		"GET /patient/session":       s.Sessions.SayLeft,
		"POST /patient/session":      s.Sessions.Stay,
		"GET /patient/accessibility": s.still("accessibility", "Accessibility statement"),
		"GET /patient/privacy":       s.still("privacy", "Privacy and cookies"),
		"GET " + one:                 s.appointment,
		"POST " + one + "/manage":    s.handOver,
		"GET " + one + "/manage":     s.backToAppointment,
		"GET " + one + "/ask":        s.ask,
		"POST " + one + "/ask":       s.asked,
		"GET " + one + "/ask/check":  s.check,
		"POST " + one + "/ask/check": s.send,
		"GET " + one + "/ask/sent":   s.sent,
		"POST " + one + "/reply":     s.reply,
		"GET " + one + "/reply":      s.backToAppointment,
		"GET " + one + "/withdraw":   s.withdraw,
		"POST " + one + "/withdraw":  s.withdrawn,
	}
}

// Handler serves the pages, and nothing of any other address.
func (s *Server) Handler() http.Handler {
	site := &web.Site{Origin: s.Origin, Assets: assetsPath, Failures: failures, Say: s.say, Audit: s.Audit, Log: s.Log}
	return site.Handler(s.routes())
}
