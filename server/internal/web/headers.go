package web

import (
	"net/http"
	"strings"
)

// policy is the content security policy: nothing but what is served here, and no
// script or style within a page. Forms go nowhere else, but for those of the pages
// from which a patient is sent to a partner: browsers hold what a form's answer
// redirects to against it as well, and a partner may redirect further.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// headed puts on every answer what all of them have.
func headed(origin string, next http.Handler) http.Handler {
	secure := strings.HasPrefix(origin, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		// A page itself says same-origin, in its layout: a form of a page that says
		// no-referrer comes with the Origin "null" (Fetch, "append a request Origin
		// header"), and a browser without Sec-Fetch-Site could send none of ours.
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // frame-ancestors, to browsers that do not know it
		h.Del("Strict-Transport-Security")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// MayLeave lets the forms of a page of an origin lead to other sites.
func MayLeave(w http.ResponseWriter, origin string) {
	to := "https:"
	if !strings.HasPrefix(origin, "https://") {
		to += " http:" // the demo's own partner, on this machine
	}
	FormsTo(w, to)
}

// FormsTo lets the forms of a page lead to a source, as content security policies
// name one.
func FormsTo(w http.ResponseWriter, source string) {
	w.Header().Set("Content-Security-Policy", policy+" "+source)
}
