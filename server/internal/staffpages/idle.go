package staffpages

import (
	"net/http"

	"slotway/server/internal/web"
)

// signedOut is the page after logging out, and after doing nothing for too long.
func (s *Server) signedOut(w http.ResponseWriter, r *http.Request) error {
	idle, title := r.URL.RawQuery == "idle", "You have signed out"
	if idle {
		title = "You have been signed out"
	}
	return s.show(w, r, Person{}, http.StatusOK, "signed-out", web.Layout{Title: title, Data: idle})
}
