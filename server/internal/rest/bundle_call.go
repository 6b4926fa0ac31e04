package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/wire"
)

// sub makes a call of an entry: a request like any other, by the same caller,
// whose answer is kept instead of sent.
func (k *call) sub(e *entry) *call {
	req := (&http.Request{
		Method: e.method, Header: e.header, Host: k.c.Request.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL:  &url.URL{Path: k.face.Base + e.path, RawQuery: e.query},
		Body: io.NopCloser(bytes.NewReader(e.body)), ContentLength: int64(len(e.body)),
	}).WithContext(k.c.Request.Context())
	c := &gin.Context{Request: req, Writer: &kept{header: http.Header{}}}
	c.Set(requestKey, k.c.GetString(requestKey))
	in := &call{s: k.s, c: c, face: k.face, began: k.s.Now(), principal: k.principal, see: k.see, within: k.within, reply: wire.PlainJSON, lease: k.lease}
	c.Set(callKey, in)
	return in
}

// enter carries the call of an entry to its handler's door, as run does a
// request's: route, scope, formats.
func (k *call) enter(path string) error {
	openly := k.s.open(k.face)
	pattern, params := routed(path, openly)
	k.c.Params, k.id = params, params.ByName("id")
	for _, o := range openly {
		if o.pattern == pattern {
			return k.enterOpen(o)
		}
	}
	route, _, err := k.match(pattern)
	if err == nil && route == nil {
		err = fhir.Errorf(fhir.MethodNotAllowed, "A Bundle does not hold OPTIONS.")
	}
	if err != nil {
		return err
	}
	k.route = route
	k.typ, _ = fhir.ServedType(k.c.Param("type"))
	if err := k.permit(); err != nil {
		return err
	}
	k.acting()
	return k.conditions()
}

// describes is the interaction of what needs no token,
// http://hl7.org/fhir/R4/valueset-system-restful-interaction.html.
const describes = fhir.Interaction("capabilities")

// enterOpen carries the call of an entry to an address that needs no token.
func (k *call) enterOpen(o open) error {
	if !slices.Contains(o.methods, k.c.Request.Method) {
		return notAllowed(o.methods)
	}
	k.route = &Route{Interaction: describes, Handle: func(k *call) error { return o.answer(k.c) }}
	return nil
}

// routed gives the pattern that a path falls under, the one that says most of it
// literally, and what stands in it for the pattern's parameters.
func routed(path string, openly []open) (pattern string, params gin.Params) {
	parts := strings.Split(path, "/")
	most := -1
	all := patterns()
	for _, o := range openly {
		all = append(all, o.pattern)
	}
	for _, p := range all {
		steps := strings.Split(p, "/")
		if len(steps) != len(parts) {
			continue
		}
		literal, found := 0, gin.Params{}
		for i, s := range steps {
			if name, ok := strings.CutPrefix(s, ":"); ok {
				found = append(found, gin.Param{Key: name, Value: parts[i]})
			} else if s == parts[i] {
				literal++
			} else {
				literal = -len(steps)
			}
		}
		if literal > most {
			most, pattern, params = literal, p, found
		}
	}
	if most < 0 {
		return "/:none", nil
	}
	return pattern, params
}

// kept is an answer that is kept. What it does not have of gin's writer is of no
// use to an entry.
type kept struct {
	gin.ResponseWriter
	header  http.Header
	status  int
	body    bytes.Buffer
	written bool
}

// reset makes it as if nothing was answered.
func (w *kept) reset() { *w = kept{header: http.Header{}} }

// Header gives the header.
func (w *kept) Header() http.Header { return w.header }

// WriteHeader notes the status.
func (w *kept) WriteHeader(status int) { w.status = status }

// WriteHeaderNow does nothing: there is nobody to send it to.
func (w *kept) WriteHeaderNow() {}

// Write keeps a part of the body.
func (w *kept) Write(b []byte) (int, error) { w.written = true; return w.body.Write(b) }

// WriteString keeps a part of the body.
func (w *kept) WriteString(s string) (int, error) { w.written = true; return w.body.WriteString(s) }

// Status gives the status.
func (w *kept) Status() int { return w.status }

// Written says whether a body was begun.
func (w *kept) Written() bool { return w.written }

// Size gives the bytes of the body.
func (w *kept) Size() int { return w.body.Len() }

// answerBundle answers with the answers of the entries, in the order of the
// request.
func (k *call) answerBundle(b *bundle, kind r4.BundleType) error {
	out := r4.NewBundle(nil, r4.Envelope{Type: kind, ID: k.s.NewID(), Total: -1})
	bytes := 0
	for _, e := range b.entries {
		bytes += e.call.c.Writer.Size()
	}
	out.Grow(len(b.entries), bytes)
	for _, e := range b.entries {
		out.Add(k.answerEntry(e))
		*e = entry{} // it is held twice for no longer than that
	}
	k.lease.whole = 0 // what is held now is what is sent
	write(k.c, k.face, http.StatusOK, out.Bytes())
	return nil
}

// answerEntry gives the answer of an entry.
func (k *call) answerEntry(e *entry) r4.Entry {
	w := e.call.c.Writer.(*kept)
	h := w.header
	a := r4.Entry{Response: &r4.Response{
		Status: itoa(int64(w.status)) + " " + http.StatusText(w.status), Location: h.Get("Location"), ETag: h.Get("ETag"), LastModified: e.call.updated,
	}}
	if w.body.Len() == 0 || e.method == http.MethodHead {
		return a
	}
	r, err := fhir.Parse(w.body.Bytes())
	if err == nil && r.Type() == "OperationOutcome" {
		a.Response.Outcome = w.body.Bytes()
		return a
	}
	a.Resource = w.body.Bytes()
	if _, ours := fhir.TypeOf(r.Type()); ours && r.ID() != "" {
		a.FullURL = k.url("/" + r.Type() + "/" + r.ID())
	}
	return a
}
