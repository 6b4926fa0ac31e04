package rest

import (
	"cmp"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/auth"
	"slotway/server/internal/wire"
)

// fail is the one place where an error becomes an answer: an OperationOutcome
// under the status of its kind in the face's style. What has no kind is ours: the
// caller sees a fixed sentence, the log sees what happened.
func (s *Server) fail(c *gin.Context, f *Face, err error) {
	e := fhir.AsError(err)
	if c.Writer.Written() {
		s.Log.Error("answer cut short", "request", c.GetString(requestKey), "kind", e.Kind.String(), "error", err)
		return
	}
	if e.Kind == fhir.Internal || e.Cause != nil {
		level := slog.LevelWarn
		if e.Kind == fhir.Internal {
			level = slog.LevelError
		}
		s.Log.Log(c.Request.Context(), level, "request failed", "request", c.GetString(requestKey), "face", f.Name, "kind", e.Kind.String(), "error", err)
	}
	if e.Kind == fhir.Unauthenticated || e.Kind == fhir.Forbidden {
		c.Header("WWW-Authenticate", auth.Challenge("slotway", err))
	}
	if e.Kind == fhir.Busy && c.Writer.Header().Get("Retry-After") == "" {
		c.Header("Retry-After", "5")
	}
	write(c, f, statusOf(e, f.Style), outcome(f, e))
}

// Codes of failures that HTTP has a status of its own for.
const (
	codeThrottled = "throttled"
	codeURL       = "uri-too-long"
	codeHeader    = "header-too-large"
	codeNoProxy   = "no-proxy"
	codeHost      = "misdirected"
)

// ownStatus are those statuses.
var ownStatus = map[string]int{
	wire.CodeSlow: http.StatusRequestTimeout,
	codeThrottled: http.StatusTooManyRequests,
	codeURL:       http.StatusRequestURITooLong,
	codeHeader:    http.StatusRequestHeaderFieldsTooLarge,
	codeNoProxy:   http.StatusForbidden,
	codeHost:      http.StatusMisdirectedRequest,
}

// statusOf gives the status of a failure in a style.
func statusOf(e *fhir.Error, s fhir.Style) int {
	if own := ownStatus[e.Code]; own != 0 {
		return own
	}
	if e.Code == "invalid_request" && s == fhir.StyleRFC6750 {
		return http.StatusBadRequest // RFC 6750 section 3.1
	}
	return e.Kind.Status(s)
}

// outcome writes the OperationOutcome of an error for a face.
func outcome(f *Face, e *fhir.Error) []byte {
	if f.Style == fhir.StyleNHSBooking {
		return r4.Outcome(nhsError(e), r4.Shape{ID: "outcome", Detail: nhsDetail(e)})
	}
	if f.Style == fhir.StyleBaRS {
		return barsOutcome(e)
	}
	return r4.Outcome(e, r4.Shape{})
}

// plainFace answers outside any face.
var plainFace = &Face{Name: "none", FHIR: "4.0.1", Style: fhir.StyleRFC6750, Formats: []*wire.Format{wire.JSON}}

// faceOf gives the face that a path is under: of two, the one whose base is longer.
func (s *Server) faceOf(path string) *Face {
	found := plainFace
	for _, f := range s.Faces {
		if len(f.Base) > len(found.Base) && (path == f.Base || strings.HasPrefix(path, f.Base+"/")) {
			found = f
		}
	}
	return found
}

// notFound answers what has no route: a method that a search in a compartment
// does not take, or an address where nothing is.
func (s *Server) notFound(c *gin.Context) {
	f, p := s.place(c.Request.URL.Path)
	if p == nil {
		s.fail(c, f, fhir.Errorf(fhir.NotFound, "There is nothing at this address; FHIR R4 is under /R4, its description at /R4/metadata."))
		return
	}
	allow := p.methods()
	if f.Options {
		allow = append(allow, http.MethodOptions)
	}
	c.Header("Allow", strings.Join(allow, ", "))
	if f.Options && c.Request.Method == http.MethodOptions {
		c.Status(http.StatusNoContent)
		return
	}
	s.fail(c, f, notAllowed(allow))
}

const requestKey = "request"

// fixed is what the header of every answer has, under the names' canonical form.
// The values are shared by all answers. Nothing here is a page.
var fixed = []struct {
	name  string
	value []string
}{
	{"Cache-Control", []string{"no-store"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Strict-Transport-Security", []string{"max-age=31536000"}},
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
}

// headers puts on every answer what all answers have.
func (s *Server) headers(c *gin.Context) {
	h := c.Writer.Header()
	id := s.NewID()
	c.Set(requestKey, id)
	h["X-Request-Id"] = []string{id}
	if s.faceOf(c.Request.URL.Path).Echo {
		echo(h, c.Request.Header)
	} else if sent := correlation(c.Request.Header); sent != "" {
		h["X-Correlation-Id"] = []string{sent}
	}
	for _, f := range fixed {
		h[f.name] = f.value
	}
	if len(c.Request.TransferEncoding) > 0 {
		// Whether it gave a length as well, by which a proxy in front may have gone, Go
		// does not say: what stands behind the body is not read (RFC 9112, 6.1).
		h["Connection"] = []string{"close"}
	}
	if err := cmp.Or(s.slowDown(c), s.Limits.tooLong(c.Request), s.misdirected(c.Request)); err != nil {
		s.fail(c, s.faceOf(c.Request.URL.Path), err)
		c.Abort()
		return
	}
	c.Next()
}

// recovered turns a panic into a 500. It is a belt: no code here panics by design.
func (s *Server) recovered(c *gin.Context) {
	defer func() {
		if s.caught(c, recover()) {
			s.fail(c, s.faceOf(c.Request.URL.Path), fhir.Internal)
			c.Abort()
		}
	}()
	c.Next()
}

// caught logs what was recovered, and says whether there was a panic. One that is to
// end the connection goes on.
func (s *Server) caught(c *gin.Context, p any) bool {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	if p != nil {
		s.Log.Error("panic", "request", c.GetString(requestKey), "stack", string(debug.Stack()))
	}
	return p != nil
}

// maxID is the longest id of a request that is echoed.
const maxID = 128

// correlation gives the caller's own id of a request, to be echoed letter for
// letter: requirement 57 of the NHS booking standard, and
// http://hl7.org/fhir/R4/http.html#custom.
func correlation(h http.Header) string {
	id := cmp.Or(h.Get("X-Request-ID"), h.Get("X-Correlation-ID"))
	if !harmless(id) {
		return ""
	}
	return id
}

// harmless says whether an id that a caller chose can be sent back.
func harmless(id string) bool {
	return len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// echo gives both ids of a request back as they were sent.
func echo(to, from http.Header) {
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id"} {
		if id := from.Get(name); id != "" && harmless(id) {
			to[name] = []string{id}
		}
	}
}

// isUUID says whether an id is a UUID, the form the NHS APIs use.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
				return false
			}
		}
	}
	return true
}
