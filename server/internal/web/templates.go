package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"slotway/fhir"
)

//go:embed templates
var ours embed.FS

// parts is the file of what the pages of a site share, beside what all sites share.
const parts = "parts.html"

// functions are those that templates may call.
var functions = template.FuncMap{
	"field": func(id, text string) Problem { return Problem{id, text} },
	"list":  func(all ...Problem) []Problem { return all },
	"login": func(field, user, problem string) credentials { return credentials{field, user, problem} },
	"shown": Shown,
	"inc":   func(n int) int { return n + 1 },
}

// Problem is what is wrong with a form: the id of the field, and what to do.
type Problem struct{ Field, Text string }

// credentials are the fields for a user name and a password: the id of the first, and
// what was entered there. A problem is of both.
type credentials struct{ Field, User, Text string }

// Look is what the pages of a site have in common.
type Look struct {
	Service string // its name
	Home    string // the address of its first page; empty where it has none
	Files   string // path under which the files are that pages load, as Site.Assets
	Sheet   string // a stylesheet besides those of all sites; empty for none
	Wide    bool   // the pages are wider than a text, and divide their width themselves
	Support []Link // the links at the foot
}

// Link is one of the links that stand on every page.
type Link struct {
	Path, Title string
	Current     bool // the page is at its address, or below
}

// Layout is what a page is filled in with.
type Layout struct {
	Title      string
	Error      bool   // the title says so
	Tell       string // what happened just now, in the words of the site's template "tell"
	Who        string // the name of who is signed in; empty where nobody is
	Left       int    // seconds until that is over
	Navigation []Link
	Test       bool // the page says that nothing on it is real
	Data       any
}

// Templates are the pages of a site by name, each within the layout of all sites.
type Templates struct {
	look Look
	all  map[string]*template.Template
}

// MustTemplates reads the pages of a site from the folder templates: a file for each,
// with its template "content", and parts.html for what they share.
func MustTemplates(files fs.FS, look Look) Templates {
	look.Files += "/" + Version
	t := Templates{look, map[string]*template.Template{}}
	base := template.Must(template.New("").Funcs(functions).ParseFS(ours, "templates/*.html"))
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic("web: " + err.Error())
	}
	if _, err := fs.Stat(files, "templates/"+parts); err == nil {
		template.Must(base.ParseFS(files, "templates/"+parts))
	}
	for _, file := range names {
		if name := strings.TrimPrefix(file, "templates/"); name != parts {
			t.all[strings.TrimSuffix(name, ".html")] = template.Must(template.Must(base.Clone()).ParseFS(files, file))
		}
	}
	return t
}

// Show writes a page. It is made whole first, so that half a page is never sent.
func (t Templates) Show(w http.ResponseWriter, status int, name string, l Layout) error {
	var out bytes.Buffer
	page := struct {
		Look
		Layout
	}{t.look, l}
	if err := t.all[name].ExecuteTemplate(&out, "layout", page); err != nil {
		return fhir.Errorf(fhir.Internal, "making the page %s", name).Because(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader has gone
	return nil
}
