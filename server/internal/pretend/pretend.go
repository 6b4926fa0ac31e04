// Package pretend stands in for the two sites that a patient meets on the way to
// managing an appointment: NHS login, and the site of an appointment partner. The
// demo and the tests run them; nothing else does. They keep to what is public of
// the real ones, so that what works with them has a reason to.
//
// They keep everything in memory, and nobody's password.
package pretend

import (
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
)

//go:embed *.html
var files embed.FS

var templates = template.Must(template.ParseFS(files, "*.html"))

// show writes one of the sites' pages.
func show(w http.ResponseWriter, status int, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, name, data) // the reader has gone
}

// away sends the browser on, so that no page's address goes along.
func away(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// newID gives an id that nobody can guess.
func newID() string { return rand.Text() }

// cookie gives the browser's id on a site; empty when it has none.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func setCookie(w http.ResponseWriter, r *http.Request, name, value, path string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
}
