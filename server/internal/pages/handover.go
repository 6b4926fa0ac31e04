package pages

import (
	"net/http"

	"slotway/server/internal/manage"
	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// appointment is the page of one appointment; its address, with a proof, is also
// the callback.
func (s *Server) appointment(w http.ResponseWriter, r *http.Request) error {
	patient, appointment := r.PathValue("patient"), r.PathValue("appointment")
	came := r.URL.RawQuery != ""
	if !came && s.Callbacks.Plain() {
		var err error
		if _, came, err = s.Sessions.Handover(r.Context(), session.HandoverKey(patient, appointment)); err != nil {
			return err
		}
	}
	if came {
		return s.back(w, r, patient, appointment)
	}
	v, ok, err := s.signedIn(w, r, manage.Path(patient, appointment))
	if err != nil || !ok {
		return err
	}
	b, err := s.own(r.Context(), v.Person, patient, appointment)
	if err != nil {
		return err
	}
	return s.showAppointment(w, r, v, b, http.StatusOK, writing{})
}

// showOnce shows a page to somebody who is signed in, with the banner on the first
// after they came back.
func (s *Server) showOnce(w http.ResponseWriter, r *http.Request, v session.Session, status int, name string, l web.Layout) error {
	l.Tell = v.Tell
	if v.Tell != "" {
		if err := s.Sessions.Change(r.Context(), r, func(v *session.Session) { v.Tell = "" }); err != nil {
			return err
		}
	}
	return s.show(w, &v, status, name, l)
}

// handOver sends the patient to where the appointment is managed (seed 000, 2A and
// 2B), with an assertion of who they are, made now, where NHS login said so.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request) error {
	patient, appointment := r.PathValue("patient"), r.PathValue("appointment")
	v, ok, err := s.signedIn(w, r, s.target(manage.Path(patient, appointment)))
	if err != nil || !ok {
		return err
	}
	b, err := s.own(r.Context(), v.Person, patient, appointment)
	if err != nil {
		return err
	}
	to := s.managementURL(b)
	if to == "" {
		s.say(w, r, http.StatusConflict, web.Message{Title: "You cannot manage this appointment online", Text: "It may have been changed or cancelled a moment ago. Look at the appointment, or contact the hospital."})
		return nil
	}
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	if err := s.Sessions.BeginHandover(r.Context(), r, session.HandoverKey(patient, appointment), v.Person.NHSNumber, r.PostForm.Get("from") == "overview"); err != nil {
		return err
	}
	assertion, prompt := "", ""
	if v.Person.TokenID != "" {
		if assertion, err = s.NHSLogin.Assert(v.Person.TokenID); err != nil {
			return err
		}
		prompt = s.Prompt
	}
	s.note(r, v.Person, actHandOver, http.StatusSeeOther, b)
	w.Header().Set("Location", manage.Outbound(to, s.Callbacks.URL(patient, appointment), assertion, prompt))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// backToAppointment answers who opens the address of the form itself.
func (s *Server) backToAppointment(w http.ResponseWriter, r *http.Request) error {
	return web.Away(w, r, s.target(manage.Path(r.PathValue("patient"), r.PathValue("appointment"))))
}
