package pages

import (
	"net"
	"net/http"

	"slotway/server/internal/audit"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
)

// What the audit calls that which a patient does.
const (
	actOverview    = "page.overview"
	actAppointment = "page.appointment"
	actHandOver    = "page.hand-over"
	actReturn      = "page.return"
	actSignIn      = "page.sign-in"
	actSignOut     = "page.sign-out"
)

// note leaves a record of what somebody did or was shown. They are known by the id
// that NHS login has for them here.
func (s *Server) note(r *http.Request, p session.Person, act string, status int, of ...booking) {
	e := audit.Event{Time: s.Now(), Act: act, Face: "pages", Status: status, Subject: p.Subject, Issuer: s.NHSLogin.Issuer, Address: r.RemoteAddr}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.Address = host
	}
	for _, b := range of {
		e.Touched = append(
			e.Touched, audit.Ref(b.stored.Key, b.stored.Version),
			audit.Ref(store.Key{Customer: b.customer.Alias, Type: "Patient", ID: b.patient}, 0),
		)
	}
	s.Audit.Add(&e)
}
