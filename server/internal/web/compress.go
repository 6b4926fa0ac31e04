package web

import (
	"compress/gzip"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"sync"

	"slotway/server/internal/wire"
)

// packed compresses the pages of a handler for who takes gzip. What is compressed must
// not tell by its length what is on the page (the attack BREACH): for that somebody has
// another's browser ask for pages again and again with a guess in the address, and
// watches how long the answers are. So a page is compressed only where no other site
// asked for it, or where its address has nothing to guess with, and its length is random
// within maxPadding besides.
func packed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &packer{ResponseWriter: w, may: wire.TakesGzip(r.Header) && (r.URL.RawQuery == "" || own(r.Header))}
		defer p.end()
		next.ServeHTTP(p, r)
	})
}

// own says whether a request comes of one of our pages, or of the person alone. A
// browser says from where it comes; what is no browser is nobody's victim.
func own(h http.Header) bool {
	return slices.Contains([]string{"", "same-origin", "none"}, h.Get("Sec-Fetch-Site"))
}

const (
	packFrom   = 1 << 10 // bytes; what is shorter is hardly shorter compressed
	maxPadding = 128
)

// packedMedia are the media types that are compressed.
var packedMedia = []string{"text/html", "text/csv"}

// packers are the compressors that are not in use, each of which is large.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// packer compresses what is written, once it is known to be a page of some length.
type packer struct {
	http.ResponseWriter
	may    bool
	status int // that is still to be written; 0 before and after
	began  bool
	gzip   *gzip.Writer // nil where nothing is compressed
}

// Unwrap gives http.ResponseController what is below.
func (p *packer) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *packer) WriteHeader(status int) {
	if p.began || p.status != 0 {
		return
	}
	if status < http.StatusOK {
		p.ResponseWriter.WriteHeader(status)
		return
	}
	p.status = status
}

func (p *packer) Write(b []byte) (int, error) {
	p.begin(len(b))
	if p.gzip != nil {
		return p.gzip.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// begin writes the header, before the first n bytes.
func (p *packer) begin(n int) {
	if p.began {
		return
	}
	p.began = true
	h := p.Header()
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if slices.Contains(packedMedia, media) {
		h.Add("Vary", "Accept-Encoding")
		if p.may && n >= packFrom && h.Get("Content-Encoding") == "" {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			p.gzip = packers.Get().(*gzip.Writer)
			p.gzip.Reset(p.ResponseWriter)
			p.gzip.Name = padding()
		}
	}
	if p.status != 0 {
		p.ResponseWriter.WriteHeader(p.status)
	}
}

// padding is a name of random length, which readers of gzip pass over.
func padding() string {
	var n [1]byte
	_, _ = rand.Read(n[:]) // it never fails
	return strings.Repeat("-", int(n[0])%maxPadding)
}

// end writes what is left.
func (p *packer) end() {
	if p.status != 0 {
		p.begin(0)
	}
	if p.gzip != nil {
		_ = p.gzip.Close() // the reader has gone
		p.gzip.Reset(nil)
		packers.Put(p.gzip)
	}
}
