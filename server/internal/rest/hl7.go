package rest

import (
	"bytes"
	"context"
	"mime"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/wire"
)

// hl7Form is a row of the table of forms that a message comes in, spec hl7-bridge 5.1,
// and its answer goes out in.
type hl7Form struct {
	media, reply string // of the request, and of the answer
	// read and write take the message out of the body and put the answer into one;
	// nil where the body is the message.
	read  func(media string, body []byte) ([]byte, error)
	write func(media string, ack []byte) []byte
}

const hl7Reply = "application/hl7-v2; charset=utf-8"

var hl7Forms = []hl7Form{
	{media: "application/hl7-v2", reply: hl7Reply},
	{media: "application/hl7-v2+er7", reply: hl7Reply},
	{media: "x-application/hl7-v2+er7", reply: hl7Reply},
	{media: "text/plain", reply: "text/plain; charset=utf-8"},
	{"text/xml", "text/xml; charset=utf-8", readSOAP, writeSOAP},
	{"application/soap+xml", "application/soap+xml; charset=utf-8", readSOAP, writeSOAP},
}

// hl7FormOf finds the form of a Content-Type, and the character set that it names for
// the message. XML has one of its own: what is read out of it is UTF-8.
func hl7FormOf(contentType string) (form hl7Form, charset string, err error) {
	media, params, err := mime.ParseMediaType(contentType)
	i := slices.IndexFunc(hl7Forms, func(f hl7Form) bool { return f.media == media })
	if err != nil || i < 0 {
		return form, "", fhir.Errorf(fhir.Unsupported, "The Content-Type must be application/hl7-v2, text/plain or, for SOAP, text/xml.")
	}
	charset = params["charset"]
	if hl7Forms[i].read != nil {
		if charset != "" && !strings.EqualFold(charset, "utf-8") {
			return form, "", fhir.Errorf(fhir.Unsupported, "The charset of a SOAP envelope must be utf-8.")
		}
		charset = "UTF-8"
	}
	return hl7Forms[i], charset, nil
}

// hl7 is the HTTP face of the bridge: one message in the body, one
// acknowledgement out. Whenever the body is an acknowledgement the status is
// 200, negative or not; any other status means that the bridge did not see the
// message (spec hl7-bridge D16).
func (s *Server) hl7(c *gin.Context) {
	if err := s.hl7Message(c); err != nil {
		e := fhir.AsError(err)
		defer s.hl7Told(c, err)
		if e.Kind == fhir.Unauthenticated {
			c.Header("WWW-Authenticate", `Basic realm="slotway hl7", charset="UTF-8"`)
		}
		if e.Kind == fhir.Busy {
			c.Header("Retry-After", "5")
		}
		if e.Kind == fhir.Internal {
			s.Log.Error("hl7 request failed", "request", c.GetString(requestKey), "error", err)
		}
		c.Data(statusOf(e, fhir.StyleRFC6750), "text/plain; charset=utf-8", []byte(e.Text+"\n"))
	}
}

// hl7Told records a request that the bridge did not see: messages that it did have
// their records in their commits.
func (s *Server) hl7Told(c *gin.Context, err error) {
	if s.Audit == nil {
		return
	}
	e := s.event(c, PartHL7)
	e.Act, e.Status, e.Code = "message", c.Writer.Status(), codeOf(err)
	if e.Client, _, _ = c.Request.BasicAuth(); len(e.Client) > maxID {
		e.Client = e.Client[:maxID]
	}
	s.Audit.Add(&e)
}

func (s *Server) hl7Message(c *gin.Context) error {
	if c.Request.Method != http.MethodPost {
		c.Header("Allow", http.MethodPost)
		return fhir.Errorf(fhir.MethodNotAllowed, "Messages are sent by POST.")
	}
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		host = c.Request.RemoteAddr
	}
	partner, err := s.partner(c.Request, host)
	if err != nil {
		return err
	}
	form, charset, err := hl7FormOf(c.GetHeader("Content-Type"))
	if err != nil {
		return err
	}
	if enc := c.GetHeader("Content-Encoding"); enc != "" {
		return fhir.Errorf(fhir.Unsupported, "The body must not be encoded.")
	}
	raw, err := wire.ReadBody(c.Writer, c.Request, s.Limits.Message)
	if err != nil {
		return err
	}
	if raw, charset, err = fromUTF16(raw, charset); err != nil {
		return err
	}
	if form.read != nil {
		if raw, err = form.read(form.media, raw); err != nil {
			return err
		}
	}
	raw = unframed(raw)
	if !segmented.Match(raw) {
		return fhir.Errorf(fhir.Invalid, "The body is no HL7 v2 message: it has no segments, such as MSH.")
	}
	// The effect does not hang on whether the sender waits for the answer: one who
	// has gone away sends the message again and gets the answer stored now.
	ack := s.Bridge.Answer(context.WithoutCancel(c.Request.Context()), hl7bridge.Peer{Partner: partner, Address: host, Transport: "http", Charset: charset}, raw)
	if ack == nil {
		return s.silent(c, raw, charset)
	}
	if form.write != nil {
		ack = form.write(form.media, ack)
	}
	c.Header("Content-Length", strconv.Itoa(len(ack)))
	c.Data(http.StatusOK, form.reply, ack)
	return nil
}

// segmented is what begins like a segment of HL7 v2, of whatever name: a message
// that begins with another than MSH is answered AR, anything else is no message.
var segmented = regexp.MustCompile("^(\ufeff)?\\s*[A-Z][A-Z0-9]{2}[^A-Za-z0-9\\s]")

// silent answers a message that gets no acknowledgement: one whose sender asked
// for none in MSH-15 and MSH-16, or a reply, which is never replied to.
func (s *Server) silent(c *gin.Context, raw []byte, charset string) error {
	if m, _ := hl7.ParseAs(raw, charset); m == nil || hl7.IsReply(m) {
		return fhir.Errorf(fhir.Invalid, "The message is itself a reply, and replies are not answered.")
	}
	c.Status(http.StatusAccepted)
	return nil
}

// unframed takes off MLLP's marks, which some senders put round a body too.
func unframed(b []byte) []byte {
	const start, end = 0x0b, 0x1c
	framed, ok := bytes.CutPrefix(bytes.TrimLeft(b, "\r\n "), []byte{start})
	if !ok {
		return b
	}
	if i := bytes.LastIndexByte(framed, end); i >= 0 && len(bytes.TrimSpace(framed[i+1:])) == 0 {
		framed = framed[:i]
	}
	return framed
}
