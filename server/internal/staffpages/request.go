package staffpages

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// sheet is the page of one request.
type sheet struct {
	row
	Open     bool
	Progress string
	Why      string
	Before   string
	Changed  when
	Said     []said // the conversation
	Notes    []said
	People   []choice // who it can be given to
	Mine     bool
	Done     string // what was just done
	Problem  *web.Problem
	Form     string     // that was not carried out
	Filled   url.Values // what it was filled in with
}

// area is a field of several lines.
type area struct{ ID, Label, Hint, Text, Wrong string }

// Area gives that of a form, with what was written into it and what is wrong with it.
func (s sheet) Area(form, label, hint string) area {
	a := area{ID: form + "-text", Label: label, Hint: hint}
	if a.Wrong = s.Wrong(a.ID); s.Form == form {
		a.Text = s.Filled.Get("text")
	}
	return a
}

// Wrong gives what is wrong with a field; empty for nothing.
func (s sheet) Wrong(field string) string {
	if s.Problem == nil || s.Problem.Field != field {
		return ""
	}
	return s.Problem.Text
}

// Chose says whether a way to close the request was chosen that was not carried out.
func (s sheet) Chose(as string) bool { return s.Filled.Get("as") == as }

// said is a message or a note.
type said struct {
	By      string
	Patient bool
	At      when
	Text    string
}

// request is the page of one request.
func (s *Server) request(w http.ResponseWriter, r *http.Request, p Person) error {
	q, err := s.asked(r, p)
	if err != nil {
		return err
	}
	done, err := s.justDone(r)
	if err != nil {
		return err
	}
	return s.showRequest(w, r, p, q, http.StatusOK, sheet{Done: deeds[done]})
}

// asked gives the request of an address; what somebody may not see is not there.
func (s *Server) asked(r *http.Request, p Person) (request.Request, error) {
	key := store.Key{Customer: r.PathValue("customer"), Type: "Task", ID: r.PathValue("request")}
	if !fhir.ValidID(key.ID) || !p.See().Sees(key.Customer) {
		return request.Request{}, web.NoPage()
	}
	q, err := s.Requests.Read(r.Context(), store.Of(key.Customer), key)
	if missing(err) {
		err = web.NoPage()
	}
	return q, err
}

// showRequest fills the page in.
func (s *Server) showRequest(w http.ResponseWriter, r *http.Request, p Person, q request.Request, status int, data sheet) error {
	rows, err := s.rows(r.Context(), []request.Request{q})
	if err != nil {
		return err
	}
	zone := s.zone(q.Key.Customer)
	data.row, data.Open, data.Progress, data.Why = rows[0], q.State.Open(), q.Progress, q.Why
	data.Of.Status, data.Before = bookedAs[data.Of.Status].Text, bookedAs[q.Before].Text
	data.Changed = whenAt(q.Changed, zone)
	if data.Form == "note" {
		data.Progress = data.Filled.Get("progress")
	}
	for _, m := range q.Messages {
		data.Said = append(data.Said, s.saidBy(m, data.Patient.Name, zone))
	}
	for _, m := range q.Notes {
		data.Notes = append(data.Notes, s.saidBy(m, data.Patient.Name, zone))
	}
	own, err := s.party(r.Context(), p)
	if err != nil {
		return err
	}
	data.Mine = q.Owner.Number != 0 && q.Owner.Number == own.Number
	if data.People, err = s.assignable(r.Context(), q); err != nil {
		return err
	}
	if to := data.Filled.Get("text"); data.Form == "assign" {
		for i := range data.People {
			data.People[i].Chosen = data.People[i].Value == to
		}
	}
	e := s.event(r, p, "staff.requests.read", status)
	touched(&e, q)
	s.Audit.Add(&e)
	title := "Request to " + string(q.Kind) + " an appointment"
	return s.show(w, r, p, status, "request", web.Layout{Title: title, Error: data.Problem != nil, Data: data})
}

func (s *Server) saidBy(m request.Message, patient string, zone *time.Location) said {
	by := m.Author.Name
	if m.Patient {
		by = patient
	}
	return said{By: cmp.Or(by, "Staff"), Patient: m.Patient, At: whenAt(m.Time, zone), Text: m.Text}
}

// party gives somebody as one who works on requests.
func (s *Server) party(ctx context.Context, p Person) (request.Party, error) {
	n, err := s.Requests.NumberFor(ctx, request.Named{Type: request.Staff, ID: p.ID})
	return request.Party{Number: n, Name: p.Name}, err
}
