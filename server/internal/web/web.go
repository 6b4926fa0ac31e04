// Package web is what all pages share that people see in a browser, whoever they
// are for: the files that pages load, the headers of every answer, the refusal of
// what other sites send, templates, failures that become pages, and how times and
// names are worded.
//
// It knows nobody and stores nothing: who may see what is the business of packages
// pages (patients) and staffpages (an organisation's people).
package web

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/audit"
)

// Page answers a request; what it fails with becomes a page, too.
type Page func(w http.ResponseWriter, r *http.Request) error

// Site is pages that belong together. Its fields are set before Handler is called.
type Site struct {
	Origin string // scheme and authority that browsers see
	Assets string // path under which the files are that pages load
	// Failures say what went wrong; those of Internal and NotFound must be there.
	Failures map[fhir.Kind]Message
	// Say shows a page of one message.
	Say   func(w http.ResponseWriter, r *http.Request, status int, m Message)
	Audit *audit.Log // nothing is answered while it cannot be written
	Log   *slog.Logger
}

// Message is a page that says one thing.
type Message struct{ Title, Text string }

// Handler serves pages by the patterns of their addresses, and nothing of any other
// address.
func (s *Site) Handler(pages map[string]Page) http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range pages {
		mux.Handle(pattern, s.answer(do))
	}
	mux.Handle("GET "+s.Assets+"/{version}/{file}", s.answer(serveAsset))
	mux.Handle("/", s.answer(func(w http.ResponseWriter, r *http.Request) error {
		if methods := methodsOf(mux, r); len(methods) > 0 {
			w.Header().Set("Allow", strings.Join(methods, ", ")) // RFC 9110 section 15.5.6
			return fhir.Errorf(fhir.MethodNotAllowed, "This page cannot be used in that way.")
		}
		return NoPage()
	}))
	cross := http.NewCrossOriginProtection()
	_ = cross.AddTrustedOrigin(s.Origin) // behind a proxy that changes Host; the configuration's check read it
	cross.SetDenyHandler(s.answer(func(http.ResponseWriter, *http.Request) error {
		return fhir.Errorf(fhir.Forbidden, "The request came from another site.")
	}))
	return headed(s.Origin, packed(cross.Handler(mux)))
}

// methodsOf gives the methods that the address of a request takes; none where there
// is no page.
func methodsOf(mux *http.ServeMux, r *http.Request) (all []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		as := r.Clone(r.Context())
		as.Method = method
		if _, pattern := mux.Handler(as); pattern != "/" {
			all = append(all, method)
		}
	}
	return all
}

// answer makes a handler of a page.
func (s *Site) answer(do Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.Audit.Gate()
		if err == nil {
			err = s.contained(do, w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// contained makes a page. A panic becomes a failure like any other. What is logged of
// it is where it happened: its value may quote a record.
func (s *Site) contained(do Page, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		p := recover()
		if p == http.ErrAbortHandler {
			panic(p)
		}
		if p != nil {
			s.Log.Error("a page caused a panic", "stack", string(debug.Stack()))
			err = fhir.Errorf(fhir.Internal, "A page caused a panic.")
		}
	}()
	return do(w, r)
}

// fail shows what a page failed with, and nothing of why.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := fhir.KindOf(err)
	say, known := s.Failures[kind]
	if !known {
		kind, say = fhir.Internal, s.Failures[fhir.Internal]
	}
	if kind == fhir.Internal || kind == fhir.Busy {
		s.Log.Error("a page could not be made", "kind", kind.String(), "error", fhir.AsError(err).Text)
	}
	s.Say(w, r, kind.Status(fhir.StyleRFC6750), say)
}

// NoPage is the one answer for a page that is not there and for one that is not for
// whoever asks.
func NoPage() error { return fhir.Errorf(fhir.NotFound, "There is no such page.") }

// Away sends the browser on. The address of no page goes along.
func Away(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
