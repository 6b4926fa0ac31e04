package pages

import (
	"cmp"
	"embed"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/session"
	"slotway/server/internal/web"
)

//go:embed templates
var files embed.FS

// templates are the pages by name.
var templates = web.MustTemplates(files, web.Look{
	Service: "Slotway appointments", Home: home, Files: assetsPath,
	Support: []web.Link{{Path: home + "/accessibility", Title: "Accessibility statement"}, {Path: home + "/privacy", Title: "Privacy and cookies"}},
})

// show writes a page for who is signed in; nil for nobody.
func (s *Server) show(w http.ResponseWriter, who *session.Session, status int, name string, l web.Layout) error {
	l.Test = s.Test
	if who != nil {
		l.Who, l.Left = cmp.Or(who.Person.Name, "Signed in"), s.Sessions.Left(*who)
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
		return s.show(w, some(v, ok), http.StatusOK, name, web.Layout{Title: title})
	}
}

// some gives a session that there is, and nil for none.
func some(v session.Session, ok bool) *session.Session {
	if !ok {
		return nil
	}
	return &v
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
		m.To, m.Link = home, "Go to your appointments"
	}
	v, ok, err := s.Sessions.Get(r.Context(), r)
	if err := s.show(w, some(v, ok && err == nil), status, "message", web.Layout{Title: m.Title, Error: true, Data: m}); err != nil {
		http.Error(w, "Sorry, there is a problem with the service.", http.StatusInternalServerError)
	}
}
