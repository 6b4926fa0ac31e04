package pages

import (
	"bytes"
	"html/template"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/session"
)

// layout is what a page is filled in with.
type layout struct {
	Title   string
	Error   bool // the title says so
	Version string
	Person  *session.Person // who is signed in
	Test    bool
	Banner  bool
	Data    any
}

// templates are the pages by name, each within the layout.
var templates = loadTemplates()

func loadTemplates() map[string]*template.Template {
	base := template.Must(template.ParseFS(files, "templates/layout.html", "templates/parts.html"))
	all := map[string]*template.Template{}
	entries, err := files.ReadDir("templates")
	if err != nil {
		panic("pages: " + err.Error())
	}
	for _, e := range entries {
		if e.Name() != "layout.html" && e.Name() != "parts.html" {
			all[e.Name()] = template.Must(template.Must(base.Clone()).ParseFS(files, "templates/"+e.Name()))
		}
	}
	return all
}

// show writes a page. It is made whole first, so that half a page is never sent.
func (s *Server) show(w http.ResponseWriter, status int, name string, l layout) error {
	l.Version, l.Test = version, s.Test
	var out bytes.Buffer
	if err := templates[name+".html"].ExecuteTemplate(&out, "layout", l); err != nil {
		return fhir.Errorf(fhir.Internal, "making the page %s", name).Because(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader has gone
	return nil
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
			l.Person = &v.Person
		}
		return s.show(w, http.StatusOK, name, l)
	}
}

// failures say what went wrong, and what to do.
var failures = map[fhir.Kind]struct{ title, text string }{
	fhir.NotFound:         {"Page not found", "If you typed a web address, check that it is right. The page may also belong to somebody else, or the appointment may have been taken away."},
	fhir.Forbidden:        {"You cannot do this from there", "The request came from another site, or from a page that was open for too long. Go to your appointments and try again."},
	fhir.MethodNotAllowed: {"Page not found", "This address cannot be opened in that way. Go to your appointments and try again."},
	fhir.Busy:             {"Sorry, the service is not available", "Try again in a few minutes. Your appointments have not changed."},
	fhir.Internal:         {"Sorry, there is a problem with the service", "Try again later. Your appointments have not changed."},
}

// fail shows what a page failed with, and nothing of why.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := fhir.KindOf(err)
	say, known := failures[kind]
	if !known {
		kind, say = fhir.Internal, failures[fhir.Internal]
	}
	if kind == fhir.Internal || kind == fhir.Busy {
		s.Log.Error("a page could not be made", "kind", kind.String(), "error", fhir.AsError(err).Text)
	}
	s.say(w, r, kind.Status(fhir.StyleRFC6750), say.title, say.text)
}

// say shows a page of one message.
func (s *Server) say(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	l := layout{Title: title, Error: true, Data: text}
	if v, ok, err := s.Sessions.Get(r.Context(), r); err == nil && ok {
		l.Person = &v.Person
	}
	if err := s.show(w, status, "message", l); err != nil {
		http.Error(w, "Sorry, there is a problem with the service.", http.StatusInternalServerError)
	}
}
