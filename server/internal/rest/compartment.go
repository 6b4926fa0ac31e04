package rest

import (
	"net/http"
	"net/url"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
)

// compartments hands a search in a compartment, such as Patient/1/Appointment, on
// as the search that it stands for, Appointment?actor=Patient/1: its links are
// those, http://hl7.org/fhir/R4/http.html#vsearch.
func (s *Server) compartments(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, f := range s.Faces {
			if rest, ok := strings.CutPrefix(r.URL.Path, f.Base+"/"); ok && f.Compartments {
				if u := compartment(r.Method, rest, r.URL.RawQuery); u != nil {
					inner := *r
					u.Path = f.Base + "/" + u.Path
					inner.URL = u
					r = &inner
				}
				break
			}
		}
		next.ServeHTTP(w, r)
	})
}

// compartment gives the search that a path below the base stands for; nil for
// one that is no search in a compartment.
func compartment(method, path, query string) *url.URL {
	parts := strings.Split(path, "/")
	posted := len(parts) == 4 && parts[3] == "_search" && method == http.MethodPost
	if !posted && (len(parts) != 3 || method != http.MethodGet && method != http.MethodHead) {
		return nil
	}
	typ, id, holds := parts[0], parts[1], parts[2]
	param, ok := search.CompartmentOf(typ, holds)
	if !ok || !fhir.ValidID(id) {
		return nil
	}
	if posted {
		holds += "/_search"
	}
	return &url.URL{Path: holds, RawQuery: joined(param+"="+typ+"/"+id, query)}
}
