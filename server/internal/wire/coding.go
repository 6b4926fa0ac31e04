package wire

import (
	"bytes"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"slotway/fhir"
)

// coding is how the body of an answer is coded.
type coding uint8

const (
	identity   coding = iota
	zippedLong        // with gzip from Offer.GzipFrom bytes on
	zipped            // with gzip, whatever the size
)

// acceptsCoding reads an Accept-Encoding header, RFC 9110 section 12.5.3: gzip,
// where it is wanted no less than none. Kind NotAcceptable when the caller takes neither.
func acceptsCoding(header []string) (coding, error) {
	if len(header) == 0 {
		return identity, nil
	}
	gz, plain, rest := -1, -1, -1
	for _, line := range header {
		for part := range listed(line) {
			name, param, _ := strings.Cut(part, ";")
			_, q, _ := strings.Cut(param, "=")
			q = strings.TrimSpace(q)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "gzip", "x-gzip":
				gz = quality(q)
			case "identity":
				plain = quality(q)
			case "*":
				rest = quality(q)
			}
		}
	}
	if gz < 0 {
		gz = rest
	}
	if plain < 0 && rest == 0 {
		plain = 0
	}
	switch {
	case gz <= 0 && plain == 0:
		return identity, fhir.Errorf(fhir.NotAcceptable, "The Accept-Encoding header takes neither gzip nor identity, which are the codings that can be had.").At("Accept-Encoding")
	case gz <= 0 || gz < plain:
		return identity, nil
	case plain == 0:
		return zipped, nil
	}
	return zippedLong, nil
}

// TakesGzip says whether a request wants gzip no less than no coding at all (RFC 9110
// section 12.5.3). A header that takes neither is as good as one that does not want it.
func TakesGzip(h http.Header) bool {
	c, err := acceptsCoding(h["Accept-Encoding"])
	return err == nil && c != identity
}

// zipper is a compressor with its buffer. Both are large, so they are kept.
type zipper struct {
	buf bytes.Buffer
	gz  *gzip.Writer
}

var zippers = sync.Pool{New: func() any {
	gz, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("wire: " + err.Error())
	}
	return &zipper{gz: gz}
}}

// maxKept is the largest buffer that is kept for the next answer.
const maxKept = 1 << 20

// zip gives a body compressed, for as long as use runs.
func zip(body []byte, use func(zipped []byte)) {
	z := zippers.Get().(*zipper)
	z.buf.Reset()
	z.gz.Reset(&z.buf)
	_, _ = z.gz.Write(body) // a buffer takes everything
	_ = z.gz.Close()
	use(z.buf.Bytes())
	if z.buf.Cap() <= maxKept {
		zippers.Put(z)
	}
}
