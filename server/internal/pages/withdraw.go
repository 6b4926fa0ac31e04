package pages

import (
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/manage"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// withdraw asks whether the request is to be taken back.
func (s *Server) withdraw(w http.ResponseWriter, r *http.Request) error {
	v, b, ok, err := s.theirs(w, r, formWithdraw)
	if err != nil || !ok {
		return err
	}
	asked, open, err := s.openRequest(r.Context(), b)
	if err != nil {
		return err
	}
	if !open {
		return web.Away(w, r, manage.Path(b.patient, b.about.ID))
	}
	s.note(r, v.Person, actAsk, http.StatusOK, b)
	data := struct {
		View  view
		Asked askedView
	}{s.view(r.Context(), b), b.sayRequest(asked)}
	return s.show(w, &v, http.StatusOK, "withdraw", web.Layout{Title: "Withdraw your request", Data: data})
}

// withdrawn takes it back.
func (s *Server) withdrawn(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	v, b, ok, err := s.theirsInTime(w, r, formWithdraw, "", "")
	if err != nil || !ok {
		return err
	}
	asked, err := s.theirRequest(r, b)
	if err != nil {
		return err
	}
	_, err = s.Requests.Withdraw(s.acting(r, v.Person), asked.Key, store.Any, b.of())
	if fhir.KindOf(err) == fhir.Conflict {
		if asked, err = s.theirRequest(r, b); err == nil && asked.State != request.Withdrawn {
			s.tell(w, r, http.StatusConflict, message{
				Message: web.Message{Title: "Your request has been answered", Text: "The hospital answered your request before you withdrew it. Look at how your appointment is now."},
				To:      manage.Path(b.patient, b.about.ID), Link: "Go to the appointment",
			})
			return nil
		}
	}
	return s.did(w, r, b, tellWithdrawn, err)
}
