package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"slotway/fhir"
)

func zippedBytes(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// NHS booking standard, requirements 70 and 71; security-reliability S86, S87.
func TestReadBody(t *testing.T) {
	const limit = 1000
	text := []byte(strings.Repeat("slot ", 100))
	gz := zippedBytes(t, text)
	exact := bytes.Repeat([]byte("x"), limit)
	spoilt := bytes.Clone(gz)
	spoilt[len(spoilt)-6] ^= 1 // of the checksum
	tests := []struct {
		name, encoding string
		sent, want     []byte
		err            error
	}{
		{"plain", "", text, text, nil},
		{"empty", "", nil, []byte{}, nil},
		{"identity", "identity", text, text, nil},
		{"gzip", "gzip", gz, text, nil},
		{"gzip by its old name", "X-GZIP", gz, text, nil},
		{"gzip, and identity", "gzip, identity", gz, text, nil},
		{"gzip in two members", "gzip", append(bytes.Clone(gz), zippedBytes(t, text)...), append(bytes.Clone(text), text...), nil},
		{"as much as is read", "", exact, exact, nil},
		{"one byte more", "", append(bytes.Clone(exact), 'x'), nil, fhir.TooLarge},
		{"as much, compressed", "gzip", zippedBytes(t, exact), exact, nil},
		{"one byte more, compressed", "gzip", zippedBytes(t, append(bytes.Clone(exact), 'x')), nil, fhir.TooLarge},
		{"a bomb", "gzip", zippedBytes(t, make([]byte, 300_000)), nil, fhir.TooLarge},
		{"a bomb of many members", "gzip", bytes.Repeat(zippedBytes(t, nil), 1000), nil, fhir.TooLarge},
		{"gzip twice", "gzip, gzip", gz, nil, fhir.Unsupported},
		{"deflate", "deflate", gz, nil, fhir.Unsupported},
		{"brotli", "br", text, nil, fhir.Unsupported},
		{"not gzip", "gzip", text, nil, fhir.Invalid},
		{"empty, said to be gzip", "gzip", nil, nil, fhir.Invalid},
		{"gzip that breaks off", "gzip", gz[:len(gz)-9], nil, fhir.Invalid},
		{"gzip with a wrong checksum", "gzip", spoilt, nil, fhir.Invalid},
		{"gzip and then something else", "gzip", append(bytes.Clone(gz), "junk"...), nil, fhir.Invalid},
	}
	for _, tc := range tests {
		for _, chunked := range []bool{false, true} {
			t.Run(tc.name, func(t *testing.T) {
				var body io.Reader = bytes.NewReader(tc.sent)
				if chunked { // requirement 71: the length is not known before
					body = io.MultiReader(body)
				}
				r := httptest.NewRequest(http.MethodPost, "/", body)
				if tc.encoding != "" {
					r.Header.Set("Content-Encoding", tc.encoding)
				}
				w := httptest.NewRecorder()
				got, err := ReadBody(w, r, limit)
				if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
					t.Fatalf("chunked %v: error %v, want %v", chunked, err, tc.err)
				}
				if err == nil && !bytes.Equal(got, tc.want) {
					t.Errorf("chunked %v: %.40q…, want %.40q…", chunked, got, tc.want)
				}
				if tc.err == fhir.Unsupported && w.Header().Get("Accept-Encoding") != "gzip" {
					t.Error("the refusal does not say which coding is taken")
				}
			})
		}
	}
}

// failing is a body that stops coming.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestReadBodyThatStops(t *testing.T) {
	start := zippedBytes(t, []byte("slot"))[:12]
	for _, encoding := range []string{"", "gzip"} {
		for _, cause := range []error{os.ErrDeadlineExceeded, io.ErrUnexpectedEOF} {
			r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(start), failing{cause}))
			r.Header.Set("Content-Encoding", encoding)
			_, err := ReadBody(httptest.NewRecorder(), r, 1000)
			if !errors.Is(err, fhir.Invalid) || (fhir.AsError(err).Code == CodeSlow) != (cause == os.ErrDeadlineExceeded) {
				t.Errorf("%q, %v: %v", encoding, cause, err)
			}
		}
	}
}

// NHS booking standard 2.1, requirement 79.
func TestBodyFormat(t *testing.T) {
	tests := []struct {
		contentType string
		want        *Format // nil: refused
	}{
		{"application/fhir+json", JSON},
		{"application/fhir+json;charset=utf-8", JSON},
		{"application/fhir+json; charset=UTF-8", JSON},
		{`APPLICATION/FHIR+JSON; charset="utf-8"`, JSON},
		{"application/fhir+json; fhirVersion=4.0", JSON},
		{"application/json", JSON},
		{"application/fhir+xml", xml},
		{"application/fhir+json; fhirVersion=3.0", nil},
		{"application/fhir+json; charset=iso-8859-1", nil},
		{"application/fhir+json; charset", nil},
		{"application/xml", nil},
		{"text/json", nil},
		{"text/plain", nil},
		{"json", nil},
		{"", nil},
	}
	for _, tc := range tests {
		got, err := both.BodyFormat(http.Header{"Content-Type": {tc.contentType}})
		if got != tc.want || errors.Is(err, fhir.Unsupported) != (tc.want == nil) {
			t.Errorf("Content-Type %q: %v, %v", tc.contentType, got, err)
		}
	}
	if _, err := both.BodyFormat(http.Header{}); err == nil || !strings.Contains(err.Error(), "application/fhir+json or application/fhir+xml") {
		t.Errorf("the refusal does not say what is taken: %v", err)
	}
}
