package rest

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/auth"
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
	if e.Kind == fhir.Busy {
		c.Header("Retry-After", "5")
	}
	write(c, f, statusOf(e, f.Style), outcome(f, e))
}

// outcome writes the OperationOutcome of an error for a face.
func outcome(f *Face, e *fhir.Error) []byte {
	if f.Style == fhir.StyleNHSBooking {
		return r4.Outcome(nhsError(e), r4.Shape{ID: "outcome", Detail: nhsDetail(e)})
	}
	return r4.Outcome(e, r4.Shape{})
}

// plainFace answers outside any face.
var plainFace = &Face{Name: "none", Style: fhir.StyleRFC6750}

// faceOf gives the face that a path is under.
func (s *Server) faceOf(path string) *Face {
	for _, f := range s.Faces {
		if path == f.Base || strings.HasPrefix(path, f.Base+"/") {
			return f
		}
	}
	return plainFace
}

// methods are those that HTTP has for resources.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

func (s *Server) notFound(c *gin.Context) {
	f := s.faceOf(c.Request.URL.Path)
	if !slices.Contains(methods, c.Request.Method) {
		s.fail(c, f, fhir.Errorf(fhir.MethodNotAllowed, "There is no such method here."))
		return
	}
	s.fail(c, f, fhir.Errorf(fhir.NotFound, "There is nothing at this address; FHIR R4 is under /R4, its description at /R4/metadata."))
}

const requestKey = "request"

// headers puts on every answer what all answers have.
func (s *Server) headers(c *gin.Context) {
	h := c.Writer.Header()
	id := s.NewID()
	c.Set(requestKey, id)
	h.Set("X-Request-ID", id)
	if sent := c.GetHeader("X-Request-ID"); validRequestID(sent) {
		h.Set("X-Correlation-ID", sent)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	c.Next()
}

// recovered turns a panic into a 500. It is a belt: no code here panics by design.
func (s *Server) recovered(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		s.Log.Error("panic", "request", c.GetString(requestKey), "stack", string(debug.Stack()))
		s.fail(c, plainFace, fhir.Internal)
		c.Abort()
	}()
	c.Next()
}

// validRequestID says whether an X-Request-ID is a UUID, the form the NHS APIs use.
func validRequestID(s string) bool {
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
