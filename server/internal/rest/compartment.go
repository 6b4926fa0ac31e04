package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
)

// compartments hands a search in a compartment, such as Patient/1/Appointment, on
// as the search that it stands for, Appointment?actor=Patient/1: its links are
// those, http://hl7.org/fhir/R4/http.html#vsearch. What is asked there beside a
// search finds no route; see notFound.
func (s *Server) compartments(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, p := s.place(r.URL.Path); p != nil && slices.Contains(p.methods(), r.Method) {
			inner := *r
			inner.URL = p.search(f.Base, r.URL.RawQuery)
			r = &inner
		}
		next.ServeHTTP(w, r)
	})
}

// place is the address of a search in a compartment: what a resource of a type
// with an id holds of another type, by a parameter.
type place struct {
	typ, id, holds, param string
	form                  bool // the search is posted
}

// place gives the place that a path is, with the face it is of; nil for none.
func (s *Server) place(path string) (*Face, *place) {
	f := s.faceOf(path)
	if !f.Compartments {
		return f, nil
	}
	parts := strings.Split(strings.TrimPrefix(path, f.Base+"/"), "/")
	form := len(parts) == 4 && parts[3] == "_search"
	if !form && len(parts) != 3 {
		return f, nil
	}
	param, ok := search.CompartmentOf(parts[0], parts[2])
	if !ok || !fhir.ValidID(parts[1]) {
		return f, nil
	}
	return f, &place{typ: parts[0], id: parts[1], holds: parts[2], param: param, form: form}
}

// methods gives the methods that search there.
func (p *place) methods() []string {
	if p.form {
		return []string{http.MethodPost}
	}
	return []string{http.MethodGet, http.MethodHead}
}

// search gives the search that the place stands for, below a base.
func (p *place) search(base, query string) *url.URL {
	path := base + "/" + p.holds
	if p.form {
		path += "/_search"
	}
	return &url.URL{Path: path, RawQuery: joined(p.param+"="+p.typ+"/"+p.id, query)}
}
