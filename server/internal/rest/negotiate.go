package rest

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/wire"
)

// offer is what can be had at the addresses of a face.
func (f *Face) offer() wire.Offer {
	return wire.Offer{Formats: f.Formats, FHIR: f.FHIR, API: f.API, Bodies: f.ContentTypes, GzipFrom: f.GzipFrom}
}

// ask settles how the request is answered, by a query, which is that of the
// address and, of a search that is posted, of its form. With an error, the error
// is answered so.
func (k *call) ask(query string) (err error) {
	k.reply, err = k.face.offer().Reply(query, k.c.Request.Header)
	return err
}

const callKey = "call"

// replyOf gives the form of the answer: what the call settled, or where there is
// none, what the request asks for.
func replyOf(c *gin.Context, f *Face) wire.Reply {
	if v, ok := c.Get(callKey); ok && v.(*call).reply.Format != nil {
		return v.(*call).reply
	}
	r, _ := f.offer().Reply(c.Request.URL.RawQuery, c.Request.Header) // a refusal has a form too
	return r
}

// write answers with a resource, given as FHIR JSON, in the form asked for.
func write(c *gin.Context, f *Face, status int, body []byte) {
	r := replyOf(c, f)
	if k, ok := c.Get(callKey); ok && k.(*call).lease.held() {
		r.Held = k.(*call).lease.shrink
	}
	err := r.Write(c.Writer, status, body)
	if err == nil {
		return
	}
	if told := untold(r.Format, body); told != nil && f.Whole {
		_ = c.Error(err)
		err = fhir.Errorf(fhir.Internal, "The answer has a resource that cannot be shown.")
	} else if told != nil && r.Write(c.Writer, status, told) == nil {
		return
	}
	// It cannot be said in the format: that can. What was done stays done.
	if !errors.Is(err, fhir.NotAcceptable) {
		_ = c.Error(err)
	}
	e := fhir.AsError(err)
	said := outcome(f, e)
	if status >= 300 || isRead(c.Request) {
		status = statusOf(e, f.Style)
	} else {
		said = r4.Outcome(&fhir.Error{Kind: e.Kind, Issues: []fhir.Issue{
			{Severity: "information", Code: "informational", Text: "What was asked is done; only the answer cannot be shown in this format."},
			{Severity: "warning", Text: e.Text, Where: e.Where},
		}}, r4.Shape{})
	}
	if err := r.Write(c.Writer, status, said); err != nil {
		_ = r.AsJSON().Write(c.Writer, status, said) // JSON is written as it is
	}
}

// isRead says whether a request changes nothing.
func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path, "/_search")
}

// empty answers without a body.
func (k *call) empty(status int) {
	wire.Vary(k.c.Writer.Header())
	k.c.Status(status)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
