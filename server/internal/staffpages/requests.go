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

// boardSize is how many requests are on a page of the board.
const boardSize = 50

// board is the list of requests, the oldest first.
func (s *Server) board(w http.ResponseWriter, r *http.Request, p Person) error {
	data := struct {
		Filter      filter
		Picks       []pick
		Rows        []row
		Total, Last int
		First, Next string
		Narrowed    bool
		Customers   bool // there is a column for them
	}{Filter: filterOf(r.URL.Query()), Customers: len(p.Customers) > 1}
	data.Narrowed = data.Filter.narrowed()
	var err error
	if data.Picks, err = s.picks(r.Context(), p, data.Filter); err != nil {
		return err
	}
	query, possible, err := s.query(r.Context(), p, data.Filter)
	if err != nil {
		return err
	}
	var page request.Page
	if possible {
		page, err = s.Requests.Search(r.Context(), p.See(), request.Query{Params: query, After: data.Filter.After, Limit: boardSize})
		if err != nil {
			return err
		}
	}
	if data.Rows, err = s.rows(r.Context(), page.Requests); err != nil {
		return err
	}
	data.First, data.Total, data.Last = data.Filter.path("", 0), page.Total, data.Filter.From+len(data.Rows)-1
	if page.Next != "" {
		data.Next = data.Filter.path(page.Next, data.Last+1)
	}
	e := s.event(r, p, "staff.requests.list", http.StatusOK)
	for _, q := range page.Requests {
		touched(&e, q)
	}
	s.Audit.Add(&e)
	return s.show(w, r, p, http.StatusOK, "requests", web.Layout{Title: "Requests", Data: data})
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
