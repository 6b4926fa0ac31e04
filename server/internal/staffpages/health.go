package staffpages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"slotway/server/internal/audit"
	"slotway/server/internal/outbox"
	"slotway/server/internal/web"
)

const healthPath = home + "/health"

// healthPages are those of how the server is, and of what could not be sent.
func (s *Server) healthPages() map[string]act {
	return map[string]act{
		"GET /staff/health":                      s.health,
		"POST /staff/health/outbox/{id}/requeue": s.requeue,
		"GET /staff/health/outbox/{id}/drop":     s.askDrop,
		"POST /staff/health/outbox/{id}/drop":    s.drop,
	}
}

// State is how the server is.
type State struct {
	Reasons  []string      // why it cannot do its work; none: it can
	Software []web.Problem // what runs, and in which version
	Started  time.Time
	Audit    audit.Stats
}

// letter is a message that was given up.
type letter struct {
	outbox.Item
	Requeue, Drop, When string
}

// waiting is what waits for a partner.
type waiting struct {
	Partner, Count, Oldest string
}

// mostLetters is how many messages of the outbox are counted and shown.
const mostLetters = 500

// health is the page.
func (s *Server) health(w http.ResponseWriter, r *http.Request, p Person) error {
	state := s.State(r.Context())
	data := struct {
		State
		Up      string
		Rows    []web.Problem // of the audit
		Waiting []waiting
		Dead    []letter
		More    bool
	}{State: state, Up: since(s.Now().Sub(state.Started)), Rows: auditRows(state.Audit)}
	queued, err := s.Outbox.Items(r.Context(), p.caller(), outbox.Query{States: []outbox.State{outbox.Queued}, Limit: mostLetters})
	if err != nil {
		return err
	}
	data.Waiting = s.waiting(queued)
	dead, err := s.Outbox.Items(r.Context(), p.caller(), outbox.Query{States: []outbox.State{outbox.Dead}, Limit: mostLetters})
	if err != nil {
		return err
	}
	for _, it := range dead.Items {
		data.Dead = append(data.Dead, s.letter(it))
	}
	data.More = dead.Next != ""
	s.note(r, p, "staff.health.view", http.StatusOK)
	return s.show(w, r, p, http.StatusOK, "health", web.Layout{Title: "Health", Data: data})
}

func (s *Server) letter(it outbox.Item) letter {
	path := healthPath + "/outbox/" + url.PathEscape(it.ID)
	return letter{it, path + "/requeue", path + "/drop", it.Given.In(s.zone(it.Customer)).Format("2 Jan 2006 15:04 MST")}
}

// waiting counts what waits, by partner.
func (s *Server) waiting(page outbox.Page) (all []waiting) {
	counts, oldest := map[string]int{}, map[string]time.Time{}
	var partners []string
	for _, it := range page.Items {
		if counts[it.Partner]++; counts[it.Partner] == 1 {
			partners = append(partners, it.Partner)
		}
		if at := oldest[it.Partner]; at.IsZero() || it.Queued.Before(at) {
			oldest[it.Partner] = it.Queued
		}
	}
	for _, partner := range partners {
		count := strconv.Itoa(counts[partner])
		if page.Next != "" {
			count += " or more"
		}
		all = append(all, waiting{partner, count, since(s.Now().Sub(oldest[partner]))})
	}
	return all
}

func auditRows(st audit.Stats) []web.Problem {
	writing := "It is written."
	if st.Failing {
		writing = "It cannot be written. Nothing is answered until it can, unless audit_failure says otherwise."
	}
	return []web.Problem{
		{Field: "State", Text: writing},
		{Field: "Records since the start", Text: strconv.FormatInt(st.Written, 10)},
		{Field: "Lost", Text: strconv.FormatInt(st.Lost, 10)},
		{Field: "Waiting to be written", Text: strconv.FormatInt(st.Waiting, 10) + " bytes"},
		{Field: "Last seal", Text: strconv.FormatInt(st.Seals, 10)},
	}
}

// requeue sends a message again that was given up.
func (s *Server) requeue(w http.ResponseWriter, r *http.Request, p Person) error {
	if _, err := s.Outbox.Requeue(s.doing(r, p, "staff.health.requeue"), p.caller(), r.PathValue("id")); err != nil {
		return err
	}
	return web.Away(w, r, healthPath)
}

// askDrop asks whether a message is never to be sent.
func (s *Server) askDrop(w http.ResponseWriter, r *http.Request, p Person) error {
	page, err := s.Outbox.Items(r.Context(), p.caller(), outbox.Query{States: []outbox.State{outbox.Dead}, Limit: mostLetters})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(page.Items, func(it outbox.Item) bool { return it.ID == r.PathValue("id") })
	if i < 0 {
		return web.NoPage()
	}
	return s.show(w, r, p, http.StatusOK, "drop", web.Layout{Title: "Drop a message", Data: s.letter(page.Items[i])})
}

// drop takes it out.
func (s *Server) drop(w http.ResponseWriter, r *http.Request, p Person) error {
	if _, err := s.Outbox.Drop(s.doing(r, p, "staff.health.drop"), p.caller(), r.PathValue("id")); err != nil {
		return err
	}
	return web.Away(w, r, healthPath)
}
