package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/wire"
)

// adminRoute is a row of the table of what administrators ask for: JSON under
// addresses of its own, no FHIR.
type adminRoute struct {
	method, pattern, name string
	action                auth.Action
	of                    string // what the action is about
	handle                func(*adminCall) (any, error)
}

// adminRoutes is the table. A pattern's first row is that of GET where it has one.
var adminRoutes = []adminRoute{
	{http.MethodGet, "/review", "review-list", auth.SeeReview, auth.ReviewItem, (*adminCall).reviewList},
	{http.MethodGet, "/review/:id", "review-view", auth.SeeReview, auth.ReviewItem, (*adminCall).reviewView},
	{http.MethodPost, "/review/:id/accept", "review-accept", auth.Decide, auth.ReviewItem, (*adminCall).reviewAccept},
	{http.MethodPost, "/review/:id/reject", "review-reject", auth.Decide, auth.ReviewItem, (*adminCall).reviewReject},
	{http.MethodPost, "/review/:id/replay", "review-replay", auth.Decide, auth.ReviewItem, (*adminCall).reviewReplay},
	{http.MethodGet, "/messages", "messages-search", auth.SeeMessages, auth.JournalEntry, (*adminCall).messageList},
	{http.MethodGet, "/messages/:id", "messages-view", auth.SeeMessages, auth.JournalEntry, (*adminCall).messageView},
	{http.MethodPost, "/messages/resend", "messages-resend", auth.Resend, auth.JournalEntry, (*adminCall).messageResend},
	{http.MethodGet, "/outbox", "outbox-list", auth.SeeMessages, auth.JournalEntry, (*adminCall).outboxList},
	{http.MethodPost, "/outbox/:id/requeue", "outbox-requeue", auth.Resend, auth.JournalEntry, (*adminCall).outboxRequeue},
	{http.MethodGet, "/grants", "grants-list", auth.SeeGrants, auth.AccessGrant, (*adminCall).grantList},
	{http.MethodPost, "/grants/:id/revoke", "grants-revoke", auth.EndGrants, auth.AccessGrant, (*adminCall).grantRevoke},
	{http.MethodPost, "/clinics/withdraw", "clinic-withdraw", auth.Update, "Slot", (*adminCall).clinicWithdraw},
	{http.MethodGet, "/reports/:id", "report-view", auth.Read, auth.AuditRecord, (*adminCall).report},
	{http.MethodGet, "/audit/verify", "audit-verify", auth.Read, auth.AuditRecord, (*adminCall).auditVerify},
	{http.MethodPost, "/outbox/:id/drop", "outbox-drop", auth.Resend, auth.JournalEntry, (*adminCall).outboxDrop},
}

// adminCall is one request of an administrator.
type adminCall struct {
	s         *Server
	c         *gin.Context
	principal auth.Principal
}

// adminRoutes registers the table. Every method of a pattern comes here, so that
// one that the table does not have is answered 405 with Allow.
func (s *Server) adminRoutes(e *gin.Engine) {
	seen := map[string]bool{}
	for _, r := range adminRoutes {
		if !seen[r.pattern] {
			seen[r.pattern] = true
			e.Any(r.pattern, func(c *gin.Context) { s.admin(c, r.pattern) })
		}
	}
}

// admin carries a request out: route, token, scope, and then the handler.
func (s *Server) admin(c *gin.Context, pattern string) {
	began := s.Now()
	k := &adminCall{s: s, c: c}
	route, err := k.route(pattern)
	name := "none"
	if err == nil {
		name = route.name
		err = k.run(route)
	}
	if err != nil {
		s.fail(c, plainFace, err)
	}
	k.told(route, err)
	if s.Observe != nil {
		s.Observe(PartAdmin, name, c.Writer.Status(), s.Now().Sub(began))
	}
}

func (k *adminCall) route(pattern string) (*adminRoute, error) {
	var allow []string
	for i, r := range adminRoutes {
		if r.pattern == pattern {
			if r.method == k.c.Request.Method {
				return &adminRoutes[i], nil
			}
			allow = append(allow, r.method)
		}
	}
	k.c.Header("Allow", strings.Join(allow, ", "))
	return nil, fhir.Errorf(fhir.MethodNotAllowed, "This address takes %s.", strings.Join(allow, ", "))
}

func (k *adminCall) run(route *adminRoute) error {
	if err := k.s.Audit.Gate(); err != nil {
		return err
	}
	token, err := auth.Bearer(k.c.Request.Header)
	if err != nil {
		return err
	}
	if k.principal, err = k.s.Verifier.Verify(withCertificate(k.c.Request), token); err != nil {
		return err
	}
	if err := k.s.paced(k.c, k.principal); err != nil {
		return err
	}
	if _, err := k.principal.Demand(route.action, route.of); err != nil {
		return err
	}
	act := k.event(route)
	k.c.Request = k.c.Request.WithContext(audit.With(k.c.Request.Context(), &act))
	answer, err := route.handle(k)
	if err != nil {
		return err
	}
	if d, ok := answer.(document); ok {
		d.send(k)
		return nil
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return err
	}
	k.c.Data(http.StatusOK, "application/json; charset=utf-8", body.Bytes())
	return nil
}

// body reads the request's JSON, which may be missing, into a struct. A member
// that is not known is refused.
func (k *adminCall) body(into any) error {
	b, err := wire.ReadBody(k.c.Writer, k.c.Request, 64<<10)
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fhir.Errorf(fhir.Invalid, "The body must be one JSON object with members that are known here.").Because(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fhir.Errorf(fhir.Invalid, "The body must be one JSON object, with nothing behind it.")
	}
	return nil
}

// oneOf reads a list of words with commas between, each one of those known.
func oneOf[T ~string](name, text string, known []T) ([]T, error) {
	var out []T
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		if !slices.Contains(known, T(word)) {
			return nil, fhir.Errorf(fhir.Invalid, "There is no %s of that name.", name).At(name)
		}
		out = append(out, T(word))
	}
	return out, nil
}
