package staffpages

import (
	"cmp"
	"embed"
	"net/http"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/web"
)

//go:embed templates
var files embed.FS

// templates are the pages by name.
var templates = web.MustTemplates(files, web.Look{
	Service: "Slotway for staff", Home: home, Files: assetsPath, Sheet: "staff.css", Wide: true,
	Support: []web.Link{{Path: home + "/help", Title: "Accessibility and privacy"}},
})

// show writes a page for somebody who is signed in, or with the zero Person for
// anybody.
func (s *Server) show(w http.ResponseWriter, r *http.Request, p Person, status int, name string, l web.Layout) error {
	l.Test = s.Test
	if p.ID != "" {
		v, ok, err := s.Sessions.Peek(r.Context(), r)
		if err != nil {
			return err
		}
		if l.Who = cmp.Or(p.Name, p.ID); ok {
			l.Left = s.Sessions.Left(v)
		}
		for _, sec := range s.sections() {
			if p.May(sec.role) {
				l.Navigation = append(l.Navigation, web.Link{Path: sec.path, Title: sec.title, Current: r.URL.Path == sec.path || strings.HasPrefix(r.URL.Path, sec.path+"/")})
			}
		}
	}
	return templates.Show(w, status, name, l)
}

// still gives a page that says the same to everybody.
func (s *Server) still(name, title string) web.Page {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, _, err := s.person(r.Context(), r)
		if err != nil {
			return err
		}
		return s.show(w, r, p, http.StatusOK, name, web.Layout{Title: title})
	}
}

// failures say what went wrong, and what to do.
var failures = map[fhir.Kind]web.Message{
	fhir.NotFound:           {Title: "Page not found", Text: "If you typed a web address, check that it is right. What you look for may have been taken away, or may not be for you to see."},
	fhir.Forbidden:          {Title: "You cannot do this from there", Text: "The request came from another site, or from a page that was open for too long. Go back to the page and try again."},
	fhir.MethodNotAllowed:   {Title: "Page not found", Text: "This address cannot be opened in that way."},
	fhir.Invalid:            {Title: "Page not found", Text: "The address says something that cannot be read."},
	fhir.PreconditionFailed: {Title: "Somebody else was quicker", Text: "Somebody has worked on this since you opened the page, so nothing of what you sent was done. Go back, look at what it says now, and decide again."},
	fhir.Conflict:           {Title: "This cannot be done any more", Text: "It was closed since you opened the page. Nothing was changed."},
	fhir.TooLarge:           {Title: "That is too long", Text: "Go back in your browser, write less, and send it again. Nothing was changed."},
	fhir.Busy:               {Title: "Sorry, the service is not available", Text: "Try again in a few minutes. Nothing was changed."},
	fhir.Internal:           {Title: "Sorry, there is a problem with the service", Text: "Try again later. Nothing was changed."},
}

// say shows a page of one message.
func (s *Server) say(w http.ResponseWriter, r *http.Request, status int, m web.Message) {
	p, _, _ := s.person(r.Context(), r) // without it the page is for anybody
	if err := s.show(w, r, p, status, "message", web.Layout{Title: m.Title, Error: true, Data: m.Text}); err != nil {
		http.Error(w, "Sorry, there is a problem with the service.", http.StatusInternalServerError)
	}
}
