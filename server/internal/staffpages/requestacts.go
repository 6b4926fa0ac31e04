package staffpages

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// deeds say what was done, by the word that the session has for it.
var deeds = map[string]string{
	"claim": "You have claimed this request.", "assign": "The request was given to somebody else, or to nobody.", "reply": "Your reply was sent to the patient.",
	"note": "Your note was kept. The patient does not see it.", "done": "The request is closed.",
}

// order is one act on a request: who acts, on which version, with which form.
type order struct {
	key     store.Key
	version int64
	by      request.Party
	person  Person
	form    url.Values
}

// acting makes a page of what somebody does with a request: it is done, and the
// browser is led back to the request; or the request is shown as it is now, with what
// was written and why it was not done.
func (s *Server) acting(name string, do func(context.Context, order) error) act {
	return func(w http.ResponseWriter, r *http.Request, p Person) error {
		q, err := s.asked(r, p)
		if err != nil {
			return err
		}
		by, err := s.party(r.Context(), p)
		if err != nil {
			return err
		}
		version, err := strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
		if err != nil || version < 1 {
			return fhir.Errorf(fhir.Invalid, "The form does not say which version it is about.")
		}
		form := url.Values{}
		for field := range r.PostForm {
			form.Set(field, web.Written(r, field))
		}
		err = do(s.doing(r, p, "staff.requests."+name), order{q.Key, version, by, p, form})
		if err == nil {
			if err := s.Sessions.Change(r.Context(), r, func(v *session.Session) { v.Tell = tellDone + name }); err != nil {
				return err
			}
			return web.Away(w, r, requestPath(q.Key))
		}
		return s.notDone(w, r, p, name, err)
	}
}

// tellDone begins what a session tells of what was done with a request.
const tellDone = "request-"

// justDone gives what was done on the page before. It is told once, and by the session
// alone: an address could say it of anything.
func (s *Server) justDone(r *http.Request) (name string, err error) {
	v, ok, err := s.Sessions.Peek(r.Context(), r)
	if err != nil || !ok || !strings.HasPrefix(v.Tell, tellDone) {
		return "", err
	}
	return strings.TrimPrefix(v.Tell, tellDone), s.Sessions.Change(r.Context(), r, func(v *session.Session) { v.Tell = "" })
}

// notDone shows the request as it is now, with why something was not done.
func (s *Server) notDone(w http.ResponseWriter, r *http.Request, p Person, name string, why error) error {
	kind := fhir.KindOf(why)
	say := web.Problem{Field: name + "-text"}
	switch kind {
	case fhir.PreconditionFailed:
		say.Text, say.Field = "Somebody has worked on this request since you opened it, so nothing was done. Look at what it says now, and decide again.", ""
	case fhir.Conflict:
		say.Text, say.Field = "The request was closed since you opened it, so nothing was done.", ""
	case fhir.Unprocessable:
		say.Text = tooLong
		if name == "done" && r.PostForm.Get("as") == "" {
			say.Field = "as-completed"
		}
		if say.Field == "as-completed" || name == "assign" || strings.TrimSpace(r.PostForm.Get("text")) == "" {
			say.Text = empty[name]
		}
	case fhir.NotFound, fhir.Gone:
		return web.NoPage()
	default:
		return why
	}
	q, err := s.asked(r, p)
	if err != nil {
		return err
	}
	data := sheet{Problem: &say, Form: name, Filled: r.PostForm}
	return s.showRequest(w, r, p, q, kind.Status(fhir.StyleRFC6750), data)
}

// What is wrong with a text.
const tooLong = "What you write must be 4,000 characters or less"

var empty = map[string]string{"reply": "Write a reply", "note": "Write a note", "done": "Choose how the request ends", "assign": "Choose whom to give the request to"}

func (s *Server) claim(ctx context.Context, o order) error {
	_, err := s.Requests.Assign(ctx, o.key, o.version, o.by)
	return err
}

// assign gives the request to a colleague, to a team, or back to everybody.
func (s *Server) assign(ctx context.Context, o order) error {
	to := o.form.Get("text")
	party, ok, err := s.assignee(ctx, o.key.Customer, to)
	if err != nil {
		return err
	}
	if !ok {
		return fhir.Errorf(fhir.Unprocessable, "There is nobody like that to give it to.")
	}
	_, err = s.Requests.Assign(ctx, o.key, o.version, party)
	return err
}

func (s *Server) reply(ctx context.Context, o order) error {
	_, err := s.Requests.Reply(ctx, o.key, o.version, o.by, o.form.Get("text"))
	return err
}

func (s *Server) addNote(ctx context.Context, o order) error {
	_, err := s.Requests.Note(ctx, o.key, o.version, o.by, o.form.Get("text"), o.form.Get("progress"))
	return err
}

// done closes the request. Why is for the patient, too.
func (s *Server) done(ctx context.Context, o order) error {
	as := request.State(o.form.Get("as"))
	_, err := s.Requests.Done(ctx, o.key, o.version, as, o.form.Get("text"))
	return err
}

// backToRequest answers who opens the address of a form.
func (s *Server) backToRequest(w http.ResponseWriter, r *http.Request, p Person) error {
	q, err := s.asked(r, p)
	if err != nil {
		return err
	}
	return web.Away(w, r, requestPath(q.Key))
}
