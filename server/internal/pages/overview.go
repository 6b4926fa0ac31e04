package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"slotway/server/internal/web"
)

// overview is the page of the patient's appointments.
func (s *Server) overview(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := s.signedIn(w, r, "/patient")
	if err != nil || !ok {
		return err
	}
	coming, over, err := s.all(r.Context(), v.Person)
	if err != nil {
		return err
	}
	at := partOf(r, len(coming)+len(over))
	data := struct {
		Coming, Over []view
		Part         part
	}{Part: at}
	shown := append(coming, over...)[at.begin:at.end]
	for i, b := range shown {
		if at.begin+i < len(coming) {
			data.Coming = append(data.Coming, s.view(r.Context(), b))
		} else {
			data.Over = append(data.Over, s.view(r.Context(), b))
		}
	}
	s.note(r, v.Person, actOverview, http.StatusOK, shown...)
	if slices.ContainsFunc(data.Coming, view.leaves) || slices.ContainsFunc(data.Over, view.leaves) {
		web.MayLeave(w, s.Origin)
	}
	title := "Your appointments"
	if at.Of > 1 {
		title = fmt.Sprintf("%s (page %d of %d)", title, at.Number, at.Of)
	}
	return s.showOnce(w, r, v, http.StatusOK, "overview", web.Layout{Title: title, Data: data})
}

// part is a page of the overview.
type part struct {
	Number, Of int
	begin, end int
}

// shownAtOnce is how many appointments are on a page of the overview.
const shownAtOnce = 50

// partOf gives the page that is asked for of n appointments; the first for one that
// there is not.
func partOf(r *http.Request, n int) part {
	p := part{Number: 1, Of: max(1, (n+shownAtOnce-1)/shownAtOnce)}
	if asked, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && asked >= 1 && asked <= p.Of {
		p.Number = asked
	}
	p.begin = (p.Number - 1) * shownAtOnce
	p.end = min(n, p.begin+shownAtOnce)
	return p
}

// Before is the number of the page that it follows; 0 where there is none.
func (p part) Before() int { return p.Number - 1 }

// After is the number of the page that follows; 0 where there is none.
func (p part) After() int {
	if p.Number == p.Of {
		return 0
	}
	return p.Number + 1
}
