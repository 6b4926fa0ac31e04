package rest

import (
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/auth"
)

// hl7Media are the media types of a message, spec hl7-bridge 5.1; the answer has
// the type of the request when that is an HL7 type.
var hl7Media = []string{"application/hl7-v2", "application/hl7-v2+er7", "x-application/hl7-v2+er7", "text/plain"}

// hl7 is the HTTP face of the bridge: one message in the body, one
// acknowledgement out. Whenever the body is an acknowledgement the status is
// 200, negative or not; any other status means that the bridge did not see the
// message (spec hl7-bridge D16).
func (s *Server) hl7(c *gin.Context) {
	if err := s.hl7Message(c); err != nil {
		e := fhir.AsError(err)
		if e.Kind == fhir.Unauthenticated {
			c.Header("WWW-Authenticate", `Basic realm="slotway hl7", charset="UTF-8"`)
		}
		if e.Kind == fhir.Busy {
			c.Header("Retry-After", "5")
		}
		if e.Kind == fhir.Internal {
			s.Log.Error("hl7 request failed", "request", c.GetString(requestKey), "error", err)
		}
		status := e.Kind.Status(fhir.StyleRFC6750)
		if e.Code == "throttled" {
			status = http.StatusTooManyRequests
		}
		c.Data(status, "text/plain; charset=utf-8", []byte(e.Text+"\n"))
	}
}

func (s *Server) hl7Message(c *gin.Context) error {
	if c.Request.Method != http.MethodPost {
		c.Header("Allow", http.MethodPost)
		return fhir.Errorf(fhir.MethodNotAllowed, "Messages are sent by POST.")
	}
	user, password, err := auth.Basic(c.Request.Header)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		host = c.Request.RemoteAddr
	}
	partner, err := s.Partners.Check(c.Request.Context(), user, password, host)
	if err != nil {
		return err
	}
	media, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || !slices.Contains(hl7Media, media) {
		return fhir.Errorf(fhir.Unsupported, "The Content-Type must be application/hl7-v2 or text/plain.")
	}
	if enc := c.GetHeader("Content-Encoding"); enc != "" {
		return fhir.Errorf(fhir.Unsupported, "The body must not be encoded.")
	}
	raw, err := readAll(c.Request, c.Writer, s.Limits.Message)
	if err != nil {
		return err
	}
	raw = unframed(raw)
	if len(raw) == 0 {
		return fhir.Errorf(fhir.Invalid, "The body is empty; an HL7 v2 message is needed.")
	}
	ack := s.Bridge.Answer(c.Request.Context(), hl7bridge.Peer{Partner: partner, Address: host, Transport: "http", Charset: params["charset"]}, raw)
	if ack == nil {
		return s.silent(c, raw)
	}
	if media == "text/plain" {
		media += "; charset=utf-8"
	} else {
		media = "application/hl7-v2; charset=utf-8"
	}
	c.Header("Content-Length", strconv.Itoa(len(ack)))
	c.Data(http.StatusOK, media, ack)
	return nil
}

// silent answers a message that gets no acknowledgement: one whose sender asked
// for none in MSH-15 and MSH-16, or a reply, which is never replied to.
func (s *Server) silent(c *gin.Context, raw []byte) error {
	if m, err := hl7.Parse(raw); err != nil || hl7.IsReply(m) {
		return fhir.Errorf(fhir.Invalid, "The message is itself a reply, and replies are not answered.")
	}
	c.Status(http.StatusAccepted)
	return nil
}

// unframed takes off MLLP's marks, which some senders put round a body too.
func unframed(b []byte) []byte {
	if len(b) > 3 && b[0] == 0x0b {
		b = b[1:]
		for len(b) > 0 && (b[len(b)-1] == '\r' || b[len(b)-1] == 0x1c) {
			b = b[:len(b)-1]
		}
		b = append(b, '\r')
	}
	return b
}
