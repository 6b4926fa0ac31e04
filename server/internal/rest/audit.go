package rest

import (
	"cmp"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Each call leaves a record (nhs-booking 7, requirement 123). What writes has it
// in its commit, by the context that acting gives; anything else is told here,
// once its answer is known.

// event begins the record of a request.
func (s *Server) event(c *gin.Context, face string) audit.Event {
	h := c.Request.Header
	return audit.Event{
		Time: s.Now(), Face: face, Request: c.GetString(requestKey), Address: host(c.Request.RemoteAddr),
		Sent: sentID(h, "X-Request-Id"), Correlation: sentID(h, "X-Correlation-Id"), Trace: sentID(h, "Ssp-Traceid"), ASID: sentID(h, "Ssp-From"),
	}
}

// sentID gives an id of a header under its canonical name, as much as is kept of it.
func sentID(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0][:min(len(v[0]), maxID)]
	}
	return ""
}

func host(address string) string {
	if h, _, err := net.SplitHostPort(address); err == nil {
		return h
	}
	return address
}

// event begins the record of a call.
func (k *call) event() audit.Event {
	e := k.s.event(k.c, k.face.Name)
	e.By(k.principal)
	e.Act, e.Type, e.ID, e.Reach = "none", k.c.Param("type"), k.id, k.see.Customers
	if k.route != nil {
		e.Act = string(k.route.Interaction)
	}
	if e.Query = k.asked; e.Query == "" {
		e.Query = k.c.Request.URL.RawQuery
	}
	if e.Query == "" {
		e.Query = k.c.Request.Header.Get("If-None-Exist")
	}
	if inAddress(e.Query) { // a token is not kept, not even one that is refused
		e.Query = ""
	}
	return e
}

// changing says whether a call may write.
func (r *Route) changing() bool {
	if o, ok := fhir.OperationOf(r.Interaction); ok {
		return o.Affects
	}
	return !slices.Contains([]auth.Action{auth.Read, auth.VRead, auth.History, auth.Search}, r.Action)
}

// acting makes what the call commits part of its record.
func (k *call) acting() {
	if k.s.Audit == nil || !k.route.changing() {
		return
	}
	e := k.event()
	k.act = &e
	k.c.Request = k.c.Request.WithContext(audit.With(k.c.Request.Context(), k.act))
}

// touch notes what the answer shows. The records must not change before it is sent.
func (k *call) touch(records []store.Record) {
	if len(records) > 0 {
		if k.showing == nil {
			k.showing = k.shows[:0]
		}
		k.showing = append(k.showing, records)
	}
}

// touchOne notes that the answer shows a version.
func (k *call) touchOne(rec store.Record) {
	k.one[0] = rec
	k.touch(k.one[:])
}

// told leaves the record of a call that has none in a commit of its own.
func (k *call) told(err error) {
	if k.s.Audit == nil || k.silent || k.act != nil && audit.Committed(k.c.Request.Context()) {
		return
	}
	e := k.event()
	e.Status = k.c.Writer.Status()
	if err != nil {
		e.Code = codeOf(err)
	}
	k.s.Audit.Add(&e, k.showing...)
}

func codeOf(err error) string {
	e := fhir.AsError(err)
	return cmp.Or(e.Code, e.Kind.String())
}

// blame says in the log which consumer sent what is malformed (requirement 124).
func (k *call) blame(err error) {
	if status := k.c.Writer.Status(); status != http.StatusBadRequest && status != http.StatusUnsupportedMediaType && status != http.StatusUnprocessableEntity {
		return
	}
	k.s.Log.LogAttrs(k.c.Request.Context(), slog.LevelInfo, "malformed request", slog.String("fault", "consumer"),
		slog.String("client", k.principal.Client), slog.String("organisation", k.principal.Organisation),
		slog.String("request", k.c.GetString(requestKey)), slog.String("face", k.face.Name), slog.String("code", codeOf(err)))
}

// event begins the record of an administrator's request.
func (k *adminCall) event(route *adminRoute) audit.Event {
	e := k.s.event(k.c, PartAdmin)
	e.By(k.principal)
	e.Reach, e.ID = k.principal.Customers, k.c.Param("id")
	if query := k.c.Request.URL.RawQuery; !inAddress(query) {
		e.Query = query
	}
	if e.Act = "none"; route != nil {
		e.Act = strings.Replace(route.name, "-", ".", 1)
	}
	return e
}

// told leaves the record of an administrator's request that has none in a commit.
func (k *adminCall) told(route *adminRoute, err error) {
	if k.s.Audit == nil || audit.Committed(k.c.Request.Context()) {
		return
	}
	e := k.event(route)
	if e.Status = k.c.Writer.Status(); err != nil {
		e.Code = codeOf(err)
	}
	k.s.Audit.Add(&e)
}

// auditVerify walks the chain of the audit's seals.
func (k *adminCall) auditVerify() (any, error) {
	q := k.ask("noted")
	if q.err != nil {
		return nil, q.err
	}
	if k.s.Audit == nil {
		return nil, fhir.Errorf(fhir.NotFound, "There is no audit here.")
	}
	return audit.Verify(k.c.Request.Context(), k.s.Audit.Store, k.s.Audit.Keys, q.text("noted"))
}

// audited leaves a record of each request of a handler of another kind, such as
// that for a token.
func (s *Server) audited(act string, handle gin.HandlerFunc, who func(*http.Request) string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := s.Audit.Gate(); err != nil {
			s.fail(c, plainFace, err)
			return
		}
		handle(c)
		e := s.event(c, "none")
		e.Act, e.Status, e.Client = act, c.Writer.Status(), who(c.Request)
		e.Client = e.Client[:min(len(e.Client), maxID)]
		s.Audit.Add(&e)
	}
}

// clientOf gives the client that a request for a token names.
func clientOf(r *http.Request) string {
	if id, _, ok := r.BasicAuth(); ok {
		return id
	}
	return r.PostForm.Get("client_id")
}
