package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"slotway/fhir"
	"slotway/server/internal/manage"
	"slotway/server/internal/nhslogin"
	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// replayTime is how long the id of an assertion is remembered; the assertion itself
// is good for a minute.
const replayTime = 5 * time.Minute

// back takes a patient who comes from a partner (seed 000, 3A and 3B). There is a
// way back only within the hand-over that led there: outside of one the address is
// that of the appointment's page and nothing more, and what it brings is dropped.
func (s *Server) back(w http.ResponseWriter, r *http.Request, patient, appointment string) error {
	query := r.URL.Query()
	page := s.target(manage.Path(patient, appointment))
	if !fhir.ValidID(patient) || !fhir.ValidID(appointment) {
		return web.NoPage()
	}
	if !s.Callbacks.Proven(patient, appointment, query) {
		return web.Away(w, r, page)
	}
	key := session.HandoverKey(patient, appointment)
	h, open, err := s.Sessions.Handover(r.Context(), key)
	if err != nil {
		return err
	}
	if !open {
		return web.Away(w, r, page)
	}
	// Whoever is signed in as somebody else did not begin it, and is not made into who did.
	if v, ok, err := s.Sessions.Get(r.Context(), r); err != nil || ok && v.Person.NHSNumber != h.NHSNumber {
		return cmp.Or(err, web.NoPage())
	}
	if ok, err := s.asserted(w, r, query, patient, appointment); err != nil || ok {
		return err
	}
	v, ok, err := s.signedIn(w, r, s.callback(patient, appointment))
	if err != nil || !ok {
		return err
	}
	b, err := s.own(r.Context(), v.Person, patient, appointment)
	if err != nil || h.NHSNumber != v.Person.NHSNumber {
		return cmp.Or(err, web.NoPage())
	}
	way, _, err := s.Sessions.EndHandover(r.Context(), r, key)
	if err != nil {
		return err
	}
	s.note(r, v.Person, actReturn, http.StatusSeeOther, b)
	if way.Overview {
		page = "/patient"
	}
	return web.Away(w, r, page)
}

// asserted begins to sign in who comes back with an assertion, without asking them.
// ok is false where there is none that has the form of one, or where it was used
// before: then it is as if there were none.
func (s *Server) asserted(w http.ResponseWriter, r *http.Request, query url.Values, patient, appointment string) (ok bool, err error) {
	given := query[manage.Identity]
	if len(given) != 1 {
		return false, nil
	}
	id, ok := nhslogin.AssertionID(given[0])
	if !ok {
		return false, nil
	}
	if first, err := s.Once(r.Context(), "sso\x00"+id, s.Now().Add(replayTime)); err != nil || !first {
		return false, err
	}
	prompt := "none"
	if query.Get(manage.Prompt) == "login" {
		prompt = "login"
	}
	v := s.Sessions.NewSignIn(s.callback(patient, appointment))
	v.Patient, v.About, v.Silent = patient, appointment, prompt == "none"
	err = s.begin(w, r, v, prompt, given[0])
	if fhir.KindOf(err) == fhir.Busy && err != nil {
		return false, nil // without NHS login, whoever is signed in here may go on
	}
	return err == nil, err
}
