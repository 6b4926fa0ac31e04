package staffpages

import (
	"context"
	"net/http"

	"slotway/server/internal/audit"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

const requestsPath = home + "/requests"

// requestPages are those of what patients ask.
func (s *Server) requestPages() map[string]act {
	const one = requestsPath + "/{customer}/{request}"
	return map[string]act{
		"GET " + requestsPath:      s.board,
		"GET " + one:               s.request,
		"POST " + one + "/claim":   s.acting("claim", s.claim),
		"POST " + one + "/assign":  s.acting("assign", s.assign),
		"POST " + one + "/reply":   s.acting("reply", s.reply),
		"POST " + one + "/note":    s.acting("note", s.addNote),
		"POST " + one + "/done":    s.acting("done", s.done),
		"GET " + one + "/{action}": s.backToRequest,
	}
}

// board is the list of requests, the oldest first.
func (s *Server) board(w http.ResponseWriter, r *http.Request, p Person) error {
	data := struct {
		Filter         filter
		Picks          []pick
		Rows           []row
		From, To       int // the numbers of the first and the last on the page
		Total          int
		Previous, Next *hop
		First          string // the address of the first page, from one further on than the second
		Narrowed       bool
		Customers      bool // there is a column for them
	}{Filter: filterOf(r.URL.Query()), Customers: len(p.Customers) > 1}
	f := data.Filter
	data.Narrowed = f.narrowed()
	var err error
	if data.Picks, err = s.picks(r.Context(), p, f); err != nil {
		return err
	}
	page, err := s.page(r.Context(), p, f)
	if err != nil {
		return err
	}
	if data.Rows, err = s.rows(r.Context(), page.requests); err != nil {
		return err
	}
	data.From, data.To, data.Total = page.from, page.from+len(page.requests)-1, page.total
	if page.from > 1 {
		data.Previous = &hop{f.path("", f.edge(page.requests[0])), max(1, page.from-boardSize), page.from - 1}
	}
	if page.from > 1+boardSize {
		data.First = f.path("", "")
	}
	if page.more {
		data.Next = &hop{f.path(f.edge(page.requests[len(page.requests)-1]), ""), data.To + 1, min(page.total, data.To+boardSize)}
	}
	e := s.event(r, p, "staff.requests.list", http.StatusOK)
	for _, q := range page.requests {
		touched(&e, q)
	}
	s.Audit.Add(&e)
	return s.show(w, r, p, http.StatusOK, "requests", web.Layout{Title: "Requests", Data: data})
}

// hop leads to another page of the board.
type hop struct {
	Path     string
	From, To int // the numbers of the first and the last on it
}

// touched notes a request and what it is about.
func touched(e *audit.Event, q request.Request) {
	e.Touched = append(e.Touched, audit.Ref(q.Key, q.Version), audit.Ref(q.Appointment, 0), audit.Ref(q.Patient, 0))
}

// found reads resources of a type, by key, with one search for each customer.
func (s *Server) found(ctx context.Context, typ string, keys []store.Key) (map[store.Key]store.Record, error) {
	byCustomer := map[string][]string{}
	for _, k := range keys {
		if k.Type == typ && k.ID != "" {
			byCustomer[k.Customer] = append(byCustomer[k.Customer], k.ID)
		}
	}
	all := map[store.Key]store.Record{}
	for customer, ids := range byCustomer {
		records, err := s.byID(ctx, customer, typ, ids)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			all[rec.Key] = rec
		}
	}
	return all, nil
}
