package pages

import (
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/manage"
	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// theirsInTime is theirs for a form that was sent, with what was written in it. ok is
// false, too, where the form came late and has been answered.
func (s *Server) theirsInTime(w http.ResponseWriter, r *http.Request, form, kind, text string) (v session.Session, b booking, ok bool, err error) {
	if late, err := s.late(w, r, form, kind, text); err != nil || late {
		return v, b, false, err
	}
	return s.theirs(w, r, form)
}

// late answers a form that came when the session was over, and says whether it did.
// What was written is not lost: where it is known whose session it was, it is kept for
// them, and is in the form again once they have signed in; and else it is shown on the
// page, once.
func (s *Server) late(w http.ResponseWriter, r *http.Request, form, kind, text string) (bool, error) {
	patient, appointment := r.PathValue("patient"), r.PathValue("appointment")
	v, ok, err := s.Sessions.Peek(r.Context(), r)
	if err != nil || ok || !fhir.ValidID(patient) || !fhir.ValidID(appointment) {
		return false, err
	}
	m := message{Message: web.Message{Title: "You have been signed out"}, To: signInPath(manage.Path(patient, appointment) + form), Link: "Sign in again", SignIn: true}
	const over = "For your safety you are signed out after 10 minutes without doing anything. Nothing has been sent. "
	switch known := v.Person.Subject != ""; {
	case form == formCheck && known: // it was kept before
		m.Text = over + "We have kept what you wrote: sign in to look at it and send it."
	case text == "":
		m.Text = over + "Sign in to go on."
	case known && !tooLong(text):
		d := session.Draft{Kind: kind, Text: text, Late: true}
		if err := s.Sessions.KeepDraft(r.Context(), draftKey(v, r, form), d); err != nil {
			return false, err
		}
		m.Text = over + "We have kept what you wrote: sign in, and it is in the form again."
	default:
		m.Text = "Nothing has been sent. Copy what you wrote, then sign in and send it."
		m.Wrote = text
	}
	s.tell(w, r, http.StatusForbidden, m)
	return true, nil
}
