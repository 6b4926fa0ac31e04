package web

import (
	"bytes"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"slotway/fhir"
)

// Templates are pages by name, each within the template "layout".
type Templates map[string]*template.Template

// shared are the templates that every page may use.
var shared = []string{"layout.html", "parts.html"}

// functions are those that templates may call.
var functions = template.FuncMap{
	"field": func(id, text string) Problem { return Problem{id, text} },
	"shown": Shown,
	"inc":   func(n int) int { return n + 1 },
}

// Problem is what is wrong with a form: the id of the field, and what to do.
type Problem struct{ Field, Text string }

// MustTemplates reads the templates of a folder: a file for each page, and those
// that all of them share, layout.html and parts.html.
func MustTemplates(files fs.FS, folder string) Templates {
	base := template.Must(template.New("").Funcs(functions).ParseFS(files, folder+"/"+shared[0], folder+"/"+shared[1]))
	all := Templates{}
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		panic("web: " + err.Error())
	}
	for _, e := range entries {
		if e.Name() != shared[0] && e.Name() != shared[1] {
			all[strings.TrimSuffix(e.Name(), ".html")] = template.Must(template.Must(base.Clone()).ParseFS(files, folder+"/"+e.Name()))
		}
	}
	return all
}

// Show writes a page. It is made whole first, so that half a page is never sent.
func (t Templates) Show(w http.ResponseWriter, status int, name string, layout any) error {
	var out bytes.Buffer
	if err := t[name].ExecuteTemplate(&out, "layout", layout); err != nil {
		return fhir.Errorf(fhir.Internal, "making the page %s", name).Because(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader has gone
	return nil
}
