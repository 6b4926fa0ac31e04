package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"slotway/fhir"
)

// A caller who may see several customers can meet one id twice. So each customer
// has an address of its own on every face, base/~alias: the same interactions,
// on that customer's resources alone. A caller who may not see the customer
// finds nothing there.

// customerMark comes between a face's base and the alias.
const customerMark = "/~"

type customerKey struct{}

// customers takes the customer out of a request's path and hands the rest on.
func (s *Server) customers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, f := range s.Faces {
			rest, ok := strings.CutPrefix(r.URL.Path, f.Base+customerMark)
			alias, rest, whole := strings.Cut(rest, "/")
			if !ok || alias == "" {
				continue
			}
			inner := r.WithContext(context.WithValue(r.Context(), customerKey{}, alias))
			path := f.Base
			if whole {
				path += "/" + rest
			}
			inner.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
			next.ServeHTTP(w, inner)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// narrow leaves of what the caller may see the customer of the address, if there is one.
func (k *call) narrow() error {
	alias, ok := k.c.Request.Context().Value(customerKey{}).(string)
	if !ok {
		return nil
	}
	if !slices.Contains(k.see.Customers, alias) {
		return fhir.Errorf(fhir.NotFound, "There is nothing at this address.")
	}
	k.within = customerMark + url.PathEscape(alias)
	k.see.Customers, k.principal.Customers = []string{alias}, []string{alias}
	return nil
}

// url gives an absolute address on the face, in the customer of the request's own.
func (k *call) url(rest string) string { return k.s.url(k.face, k.within+rest) }
