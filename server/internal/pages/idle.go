package pages

import (
	"net/http"

	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// left gives how many seconds a session still has.
func (s *Server) left(v session.Session) int {
	return max(0, int(v.Ends().Sub(s.Now()).Seconds()))
}

// sessionLeft says how long the session lasts, and does not prolong it. Pages ask
// before they warn: another window may have been used.
func (s *Server) sessionLeft(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := s.Sessions.Peek(r.Context(), r)
	return s.sayLeft(w, v, ok, err)
}

// sessionStay prolongs it.
func (s *Server) sessionStay(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := s.Sessions.Get(r.Context(), r)
	return s.sayLeft(w, v, ok, err)
}

func (s *Server) sayLeft(w http.ResponseWriter, v session.Session, ok bool, err error) error {
	if err != nil {
		return err
	}
	left := 0
	if ok {
		left = s.left(v)
	}
	return web.SayLeft(w, left)
}

// signedOut is the page after logging out, and after doing nothing for too long.
func (s *Server) signedOut(w http.ResponseWriter, r *http.Request) error {
	idle, title := r.URL.RawQuery == "idle", "You have signed out"
	if idle {
		title = "You have been signed out"
	}
	l := layout{Title: title, Data: idle}
	if v, ok, err := s.Sessions.Peek(r.Context(), r); err != nil {
		return err
	} else if ok {
		l.Who = &v
	}
	return s.show(w, http.StatusOK, "signed-out", l)
}
