package wire

import (
	"net/http"
	"strconv"
	"sync"
)

// Reply is the form in which a request is answered.
type Reply struct {
	Format *Format
	Type   string // Content-Type
	Pretty bool
	coding coding
	from   int // bytes from which zippedLong compresses
	// Held is told, before anything is sent, how many bytes are held until all is; nil tells nobody.
	Held func(bytes int)
}

// Reply gives the form of the answer that a request asks for, by its query (or
// the form that is its body) and header. With an error, which is of Kind
// NotAcceptable, it is the form in which to refuse.
func (o Offer) Reply(query string, h http.Header) (Reply, error) {
	f, media, err := o.choose(query, h)
	r := Reply{Format: f, Type: media, Pretty: Parameter(query, "_pretty") == "true", from: o.GzipFrom}
	var refused error
	if r.coding, refused = acceptsCoding(h["Accept-Encoding"]); err == nil {
		err = refused
	}
	return r, err
}

// PlainJSON is the form of an answer that goes no further than to whoever made the
// request.
var PlainJSON = Reply{Format: JSON, Type: canonical(JSON.Name).answer}

// AsJSON gives the reply in JSON.
func (r Reply) AsJSON() Reply {
	r.Format, r.Type = JSON, canonical(JSON.Name).answer
	return r
}

// vary names what answers depend on, for all of them.
var vary = []string{"Accept, Accept-Encoding"}

// Vary says in the header of an answer what it depends on.
func Vary(h http.Header) { h["Vary"] = vary }

// Write answers with a resource in FHIR JSON. An error means that it cannot be
// written in the format, and that nothing was. It keeps nothing of json.
func (r Reply) Write(w http.ResponseWriter, status int, json []byte) error {
	if r.Format.Encode == nil {
		r.send(w, status, json, 0)
		return nil
	}
	buf := texts.Get().(*[]byte)
	body, err := r.Format.Encode((*buf)[:0], json)
	if err != nil {
		return err
	}
	r.send(w, status, body, len(json))
	if cap(body) <= maxKept {
		*buf = body
		texts.Put(buf)
	}
	return nil
}

// texts are buffers for what is written in another format than JSON.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// send sends a body that is in the reply's format; so many bytes are held beside it.
func (r Reply) send(w http.ResponseWriter, status int, body []byte, beside int) {
	if r.Pretty && r.Format.Indent != nil {
		body = r.Format.Indent(make([]byte, 0, 2*len(body)), body)
	}
	h := w.Header()
	h["Content-Type"] = []string{r.Type}
	Vary(h)
	if r.coding == identity || r.coding == zippedLong && len(body) < r.from {
		r.holds(beside + len(body))
		sendAll(w, status, body)
		return
	}
	h.Set("Content-Encoding", "gzip")
	zip(body, func(zipped []byte) {
		r.holds(beside + len(body) + len(zipped))
		sendAll(w, status, zipped)
	})
}

func (r Reply) holds(bytes int) {
	if r.Held != nil {
		r.Held(bytes)
	}
}

func sendAll(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone away: there is nobody to tell
}
