package staffpages

import (
	"context"
	"net/http"

	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// left gives how many seconds a session still has.
func (s *Server) left(v session.Session) int {
	return max(0, int(v.Ends().Sub(s.Now()).Seconds()))
}

// sessionLeft says how long the browser's session lasts, and does not prolong it.
func (s *Server) sessionLeft(w http.ResponseWriter, r *http.Request) error {
	return s.sayLeft(w, r, s.Sessions.Peek)
}

// sessionStay prolongs it.
func (s *Server) sessionStay(w http.ResponseWriter, r *http.Request) error {
	return s.sayLeft(w, r, s.Sessions.Get)
}

func (s *Server) sayLeft(w http.ResponseWriter, r *http.Request, get func(context.Context, *http.Request) (session.Session, bool, error)) error {
	v, ok, err := get(r.Context(), r)
	if err != nil {
		return err
	}
	if !ok {
		return web.SayLeft(w, 0)
	}
	return web.SayLeft(w, s.left(v))
}

// signedOut is the page after logging out, and after doing nothing for too long.
func (s *Server) signedOut(w http.ResponseWriter, r *http.Request) error {
	idle, title := r.URL.RawQuery == "idle", "You have signed out"
	if idle {
		title = "You have been signed out"
	}
	return s.show(w, r, Person{}, http.StatusOK, "signed-out", layout{Title: title, Data: idle})
}
