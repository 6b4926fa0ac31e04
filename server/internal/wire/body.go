package wire

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"slotway/fhir"
)

// CodeSlow is the Code of the error of a body that did not come in time, for
// which HTTP has a status of its own (408).
const CodeSlow = "timeout"

// BodyFormat gives the format of a body by its Content-Type, among those an
// address takes. Kind Unsupported.
func (o Offer) BodyFormat(h http.Header) (*Format, error) {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	m, _ := mediaTypeOf(media)
	f := o.format(m.format)
	if err != nil || f == nil || !slices.Contains(o.Bodies, media) {
		return nil, fhir.Errorf(fhir.Unsupported, "The Content-Type must be %s.", strings.Join(o.bodies(), " or ")).At("Content-Type")
	}
	if cs := params["charset"]; cs != "" && !strings.EqualFold(cs, "utf-8") {
		return nil, fhir.Errorf(fhir.Unsupported, "The charset of FHIR is utf-8.").At("Content-Type")
	}
	if !o.speaks(params["fhirversion"]) {
		return nil, fhir.Errorf(fhir.Unsupported, "This address takes FHIR %s.", o.FHIR).At("Content-Type")
	}
	return f, nil
}

// bodies are the media types named in a refusal: those of FHIR itself.
func (o Offer) bodies() (all []string) {
	for _, f := range o.Formats {
		all = append(all, canonical(f.Name).name)
	}
	return all
}

// ReadBody reads the body of a request, at most limit bytes of it after it was
// decompressed. Kinds TooLarge, Unsupported for a coding other than gzip, and
// Invalid for a body that breaks off, is no gzip, or (CodeSlow) is too slow.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	return ReadBodyPast(w, r, limit, limit, nil)
}

// ReadBodyPast is ReadBody that asks before it reads on beyond so many bytes, and
// stops with the error it is given.
func ReadBodyPast(w http.ResponseWriter, r *http.Request, limit, past int64, ask func() error) ([]byte, error) {
	zipped, err := contentCoding(r.Header)
	if err != nil {
		w.Header().Set("Accept-Encoding", "gzip") // RFC 9110 section 15.5.16
		return nil, err
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	sent := &source{Reader: http.MaxBytesReader(w, r.Body, limit)}
	way := &gate{past: past, ask: ask}
	var b []byte
	if zipped {
		b, err = unzip(sent, limit, way)
	} else {
		b, err = readTo(way.of(sent), r.ContentLength)
	}
	if way.closed != nil {
		return nil, way.closed
	}
	if _, over := errors.AsType[*http.MaxBytesError](sent.err); over || int64(len(b)) > limit {
		return nil, tooLarge(limit)
	}
	switch {
	case errors.Is(sent.err, os.ErrDeadlineExceeded):
		return nil, fhir.Errorf(fhir.Invalid, "The body did not come to its end in time.").Coded(CodeSlow)
	case sent.err != nil:
		return nil, fhir.Errorf(fhir.Invalid, "The body could not be read to its end.").Because(sent.err)
	case err != nil:
		return nil, fhir.Errorf(fhir.Invalid, "The body is not gzip, as its Content-Encoding says, or breaks off.").At("Content-Encoding").Because(err)
	}
	return b, nil
}

// source is a body as it comes, and why it came no further than it did.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != io.EOF {
		s.err = err
	}
	return n, err
}

// gate is where a reader asks, once, before it goes on.
type gate struct {
	io.Reader
	past   int64 // bytes until then
	ask    func() error
	closed error
}

func (g *gate) of(r io.Reader) io.Reader {
	g.Reader = r
	return g
}

// Read reads up to the gate, or beyond it.
func (g *gate) Read(p []byte) (int, error) {
	if g.ask != nil && g.past <= 0 {
		if g.closed = g.ask(); g.closed != nil {
			return 0, g.closed
		}
		g.ask = nil
	}
	n, err := g.Reader.Read(p)
	g.past -= int64(n)
	return n, err
}

func tooLarge(limit int64) error {
	return fhir.Errorf(fhir.TooLarge, "The body is larger than the %d bytes that are read.", limit)
}

// maxTrusted is the largest buffer made on the word of a Content-Length.
const maxTrusted = 64 << 10

// readTo reads to the end what is expected to have a size; -1 when that is not known.
func readTo(r io.Reader, size int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(max(size, 0), maxTrusted)))
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}

// contentCoding says whether a body is compressed, RFC 9110 section 8.4.
func contentCoding(h http.Header) (zipped bool, err error) {
	for _, line := range h["Content-Encoding"] {
		for name := range listed(line) {
			switch name = strings.ToLower(name); {
			case name == "identity":
			case (name == "gzip" || name == "x-gzip") && !zipped:
				zipped = true
			default:
				return false, fhir.Errorf(fhir.Unsupported, "The Content-Encoding must be gzip, once, or none.").At("Content-Encoding")
			}
		}
	}
	return zipped, nil
}

var unzippers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// unzip decompresses a body, and no more of it than one byte beyond the limit.
func unzip(body io.Reader, limit int64, way *gate) ([]byte, error) {
	gz := unzippers.Get().(*gzip.Reader)
	defer unzippers.Put(gz)
	if err := gz.Reset(body); err != nil {
		return nil, err
	}
	return readTo(way.of(io.LimitReader(gz, limit+1)), -1)
}
