package pages

import (
	"embed"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

// layout is what a page is filled in with.
type layout struct {
	Title   string
	Error   bool // the title says so
	Version string
	Who     *session.Session // of who is signed in
	Left    int              // seconds until that is over
	Test    bool
	Tell    string // what happened, as session.Session.Tell
	Data    any
}

//go:embed templates
var files embed.FS

// templates are the pages by name, each within the layout.
var templates = web.MustTemplates(files, "templates")

// show writes a page.
func (s *Server) show(w http.ResponseWriter, status int, name string, l layout) error {
	l.Version, l.Test = web.Version, s.Test
	if l.Who != nil {
		l.Left = s.left(*l.Who)
	}
	return templates.Show(w, status, name, l)
}

// still gives a page that says the same to everybody.
func (s *Server) still(name, title string) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, ok, err := s.Sessions.Get(r.Context(), r)
		if err != nil {
			return err
		}
		l := layout{Title: title}
		if ok {
			l.Who = &v
		}
		return s.show(w, http.StatusOK, name, l)
	}
}

// message is what a page of one message says.
type message struct {
	web.Message
	To, Link string // where to go on; the page of all appointments where empty
	Wrote    string // what the person wrote, which is not sent
	SignIn   bool   // the link is to sign in
}

// failures say what went wrong, and what to do.
var failures = map[fhir.Kind]web.Message{
	fhir.NotFound:         {Title: "Page not found", Text: "If you typed a web address, check that it is right. The page may also belong to somebody else, or the appointment may have been taken away. If you were sending something, it has not been sent."},
	fhir.Forbidden:        {Title: "You cannot do this from there", Text: "The request came from another site, or from a page that was open for too long. Go to your appointments and try again."},
	fhir.MethodNotAllowed: {Title: "Page not found", Text: "This address cannot be opened in that way. Go to your appointments and try again."},
	fhir.TooLarge:         {Title: "That is too long", Text: "Go back in your browser, write less, and send it again. Nothing has been sent."},
	fhir.Busy:             {Title: "Sorry, the service is not available", Text: "Try again in a few minutes. Your appointments have not changed."},
	fhir.Internal:         {Title: "Sorry, there is a problem with the service", Text: "Try again later. Your appointments have not changed."},
}

// say shows a page of one message.
func (s *Server) say(w http.ResponseWriter, r *http.Request, status int, m web.Message) {
	s.tell(w, r, status, message{Message: m})
}

func (s *Server) tell(w http.ResponseWriter, r *http.Request, status int, m message) {
	if m.To == "" {
		m.To, m.Link = "/patient", "Go to your appointments"
	}
	l := layout{Title: m.Title, Error: true, Data: m}
	if v, ok, err := s.Sessions.Get(r.Context(), r); err == nil && ok {
		l.Who = &v
	}
	if err := s.show(w, status, "message", l); err != nil {
		http.Error(w, "Sorry, there is a problem with the service.", http.StatusInternalServerError)
	}
}
