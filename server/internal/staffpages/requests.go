package staffpages

import "net/http"

// requestPages are those of what patients ask.
func (s *Server) requestPages() map[string]act {
	return map[string]act{
		"GET /staff/requests": s.board,
	}
}

// board is the list of requests.
func (s *Server) board(w http.ResponseWriter, r *http.Request, p Person) error {
	return s.show(w, r, p, http.StatusOK, "requests", layout{Title: "Requests"})
}
