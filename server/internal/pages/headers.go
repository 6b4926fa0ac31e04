package pages

import (
	"net/http"
	"strings"
)

// policy is the content security policy: nothing but what is served here, and no
// script or style within a page. Forms go nowhere else, but for those of the pages
// from which a patient is sent to a partner: browsers hold what a form's answer
// redirects to against it as well, and a partner may redirect further.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// headed puts on every answer what all of them have.
func (s *Server) headed(next http.Handler) http.Handler {
	secure := strings.HasPrefix(s.Origin, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Del("Strict-Transport-Security")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// mayLeave lets the forms of a page lead to other sites.
func (s *Server) mayLeave(w http.ResponseWriter) {
	to := " https:"
	if !strings.HasPrefix(s.Origin, "https://") {
		to += " http:" // the demo's own partner, on this machine
	}
	w.Header().Set("Content-Security-Policy", policy+to)
}
