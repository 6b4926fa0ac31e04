package pages

import (
	"net"
	"net/http"

	"slotway/server/internal/audit"
	"slotway/server/internal/session"
)

// What the audit calls that which a patient does.
const (
	actOverview    = "page.overview"
	actAppointment = "page.appointment"
	actHandOver    = "page.hand-over"
	actReturn      = "page.return"
	actAsk         = "page.ask" // the pages; what is sent is request.ask, request.reply and request.withdraw
	actSignIn      = "page.sign-in"
	actSignOut     = "page.sign-out"
)

// note leaves a record of what somebody did or was shown. They are known by the id
// that NHS login has for them here.
func (s *Server) note(r *http.Request, p session.Person, act string, status int, of ...booking) {
	e := s.event(r, p)
	e.Act, e.Status = act, status
	for _, b := range of {
		e.Touched = append(
			e.Touched, audit.Ref(b.stored.Key, b.stored.Version),
			audit.Ref(b.of(), 0),
		)
	}
	s.Audit.Add(&e)
}

// event begins a record of what somebody does.
func (s *Server) event(r *http.Request, p session.Person) audit.Event {
	e := audit.Event{Time: s.Now(), Face: "pages", Subject: p.Subject, Issuer: s.NHSLogin.Issuer, Address: r.RemoteAddr}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.Address = host
	}
	return e
}
