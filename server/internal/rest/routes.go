package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// Route is a row of the route table: a method on a pattern under a face's base,
// what it does, what it asks of the caller's scopes, and the function that does
// it. Which types have the interaction is said in fhir's type table; a test
// holds the two equal.
type Route struct {
	Method, Pattern string
	Interaction     fhir.Interaction
	Action          auth.Action
	Handle          func(*call) error
}

// routes is the route table, with those of the operations. It is filled in below, since one of its rows looks up
// the rows of what its entries ask for.
var routes []Route

func init() {
	routes = []Route{
		{http.MethodPost, "", fhir.Batch, auth.Create, (*call).bundle},
		{http.MethodPost, "", fhir.Transaction, auth.Create, (*call).bundle},
		{http.MethodPost, "/$process-message", fhir.ProcessMessage, auth.Book, (*call).processMessage},
		{http.MethodGet, "/:type", fhir.SearchType, auth.Search, (*call).search},
		{http.MethodPost, "/:type", fhir.Create, auth.Create, (*call).write},
		{http.MethodPut, "/:type", fhir.Update, auth.Update, (*call).write},
		{http.MethodPatch, "/:type", fhir.Patch, auth.Patch, (*call).write},
		{http.MethodDelete, "/:type", fhir.Delete, auth.Delete, (*call).write},
		{http.MethodPost, "/:type/_search", fhir.SearchType, auth.Search, (*call).search},
		{http.MethodGet, "/:type/:id", fhir.Read, auth.Read, (*call).read},
		{http.MethodPut, "/:type/:id", fhir.Update, auth.Update, (*call).write},
		{http.MethodPatch, "/:type/:id", fhir.Patch, auth.Patch, (*call).write},
		{http.MethodDelete, "/:type/:id", fhir.Delete, auth.Delete, (*call).write},
		{http.MethodGet, "/_history", fhir.HistorySystem, auth.History, (*call).history},
		{http.MethodGet, "/:type/_history", fhir.HistoryType, auth.History, (*call).history},
		{http.MethodGet, "/:type/:id/_history", fhir.HistoryInstance, auth.History, (*call).history},
		{http.MethodGet, "/:type/:id/_history/:vid", fhir.VRead, auth.VRead, (*call).vread},
	}
	routes = append(routes, operationRoutes()...)
}

// patterns gives the patterns of the table, each once, and the base.
func patterns() []string {
	all := []string{""}
	for _, r := range routes {
		if !slices.Contains(all, r.Pattern) {
			all = append(all, r.Pattern)
		}
	}
	return all
}

// faceRoutes registers the table for a face. Each pattern takes every method, so
// that one the table does not have is answered 405 with Allow, in FHIR.
func (s *Server) faceRoutes(e *gin.Engine, f *Face) {
	for _, o := range s.open(f) {
		s.take(e, f.Base+o.pattern, o.methods, func(c *gin.Context) {
			if err := o.answer(c); err != nil {
				s.fail(c, f, err)
			}
		})
	}
	for _, p := range patterns() {
		e.Any(f.Base+p, func(c *gin.Context) { s.serve(c, f, p) })
	}
	if f.FHIR == "4.0.1" {
		s.get(e, f.Base+"/.well-known/smart-configuration", s.smartConfiguration)
	}
}

var reading = []string{http.MethodGet, http.MethodHead}

// get registers what is read only.
func (s *Server) get(e *gin.Engine, path string, handle gin.HandlerFunc) {
	s.take(e, path, reading, handle)
}

// take registers what takes these methods, OPTIONS where the face has it, and 405
// for the rest.
func (s *Server) take(e *gin.Engine, path string, methods []string, handle gin.HandlerFunc) {
	f := s.faceOf(path)
	allow := slices.Clone(methods)
	if f.Options {
		allow = append(allow, http.MethodOptions)
	}
	e.Any(path, func(c *gin.Context) {
		switch m := c.Request.Method; {
		case slices.Contains(methods, m):
			handle(c)
		case m == http.MethodOptions && f.Options:
			c.Header("Allow", strings.Join(allow, ", "))
			c.Status(http.StatusNoContent)
		default:
			c.Header("Allow", strings.Join(allow, ", "))
			s.fail(c, f, notAllowed(allow))
		}
	})
}

func notAllowed(allow []string) error {
	return fhir.Errorf(fhir.MethodNotAllowed, "This address takes %s, and no other method.", strings.Join(allow, ", "))
}

// conditional says whether the row names the resource it changes by a search.
func (r *Route) conditional() bool {
	return r.Pattern == "/:type" && slices.Contains([]fhir.Interaction{fhir.Update, fhir.Patch, fhir.Delete}, r.Interaction)
}

// match gives the row for a request, or an error: fhir.NotFound for a type the
// face does not have, fhir.MethodNotAllowed with the methods it has. For OPTIONS,
// where the face answers it, there are the methods, and neither row nor error.
func (f *Face) match(method, pattern, typ string) (*Route, []string, error) {
	t, err := f.typeOf(pattern, typ)
	if err != nil {
		return nil, nil, err
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range routes {
		if r := &routes[i]; r.Method == method && f.does(r, pattern, t) {
			return r, nil, nil
		}
	}
	allow := f.allow(pattern, t)
	switch {
	case len(allow) == 0:
		return nil, nil, fhir.Errorf(fhir.NotFound, "There is nothing at this address.")
	case f.Options && method == http.MethodOptions:
		return nil, allow, nil
	}
	return nil, allow, notAllowed(allow)
}

// does says whether the face has a row at the addresses of a pattern and type.
func (f *Face) does(r *Route, pattern string, t fhir.Type) bool {
	return r.Pattern == pattern && f.Offers(t, r.Interaction) && (f.Conditional || !r.conditional())
}

// allow gives the methods of the addresses of a pattern and type; none where there
// is nothing. The base takes OPTIONS at least.
func (f *Face) allow(pattern string, t fhir.Type) (allow []string) {
	for i := range routes {
		r := &routes[i]
		if !f.does(r, pattern, t) || slices.Contains(allow, r.Method) {
			continue
		}
		allow = append(allow, r.Method)
		if r.Method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	if f.Options && (len(allow) > 0 || pattern == "") {
		allow = append(allow, http.MethodOptions)
	}
	return allow
}

// typeOf gives the type that an address under a pattern is about; the system for
// one that names none.
func (f *Face) typeOf(pattern, name string) (fhir.Type, error) {
	if !strings.HasPrefix(pattern, "/:type") {
		return fhir.System(), nil
	}
	t, ok := fhir.ServedType(name)
	if ok && f.hasType(t) {
		return t, nil
	}
	for _, t := range fhir.Types() {
		if strings.EqualFold(t.Name, name) && name != t.Name && f.hasType(t) {
			return t, fhir.Errorf(fhir.NotFound, "There is no resource type of this name; is %s meant? Case counts.", t.Name)
		}
	}
	return t, fhir.Errorf(fhir.NotFound, "There is no resource type %s here.", clip(name))
}

func (f *Face) hasType(t fhir.Type) bool {
	for _, r := range routes {
		if f.Offers(t, r.Interaction) {
			return true
		}
	}
	return false
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
