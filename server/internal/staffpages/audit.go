package staffpages

import (
	"context"
	"net"
	"net/http"

	"slotway/server/internal/audit"
	"slotway/server/internal/store"
)

// What the audit calls that which staff do is staff.SECTION.ACT; those of signing in
// are here.
const (
	actSignIn  = "staff.sign-in"
	actSignOut = "staff.sign-out"
)

// event begins the record of an act of somebody.
func (s *Server) event(r *http.Request, p Person, act string, status int) audit.Event {
	return audit.Event{
		Time: s.Now(), Act: act, Face: "staff", Status: status, Subject: p.ID, Issuer: p.Issuer, Address: address(r), Reach: p.Customers,
	}
}

// note leaves a record of what somebody did or was shown. Every page that shows
// anything of a patient calls it, with the resources that are on the page.
func (s *Server) note(r *http.Request, p Person, act string, status int, shown ...store.Record) {
	e := s.event(r, p, act, status)
	s.Audit.Add(&e, shown)
}

// doing gives the context in which somebody changes something: the record of it is
// in the change's own commit.
func (s *Server) doing(r *http.Request, p Person, act string) context.Context {
	e := s.event(r, p, act, 0)
	return audit.With(r.Context(), &e)
}

// address is where a request came from, without port.
func address(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
