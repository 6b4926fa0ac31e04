package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"slotway/fhir"
)

// RFC 9110 section 12.5.3; NHS booking standard, requirements 7, 34 and 70.
func TestAcceptsCoding(t *testing.T) {
	tests := []struct {
		header  string
		want    coding
		refused bool
	}{
		{"", identity, false},
		{"gzip", zippedLong, false},
		{"GZIP", zippedLong, false},
		{"x-gzip", zippedLong, false},
		{"gzip, deflate, br", zippedLong, false},
		{"deflate, br", identity, false},
		{"identity", identity, false},
		{"*", zippedLong, false},
		{"gzip;q=0", identity, false},
		{"gzip;q=0.000", identity, false},
		{"gzip;q=0, *", identity, false},
		{"br, *;q=0.1", zippedLong, false},
		{"gzip;q=0.5", zippedLong, false},
		{"gzip;q=0.5, identity", identity, false},
		{"gzip ; q=1.0, identity; q=0.5", zippedLong, false},
		{"gzip, identity;q=0", zipped, false},
		{"gzip, *;q=0", zipped, false},
		{"identity, *;q=0", identity, false},
		{"identity;q=0", identity, true},
		{"br, identity;q=0", identity, true},
		{"*;q=0", identity, true},
	}
	for _, tc := range tests {
		got, err := acceptsCoding([]string{tc.header})
		if got != tc.want || errors.Is(err, fhir.NotAcceptable) != tc.refused {
			t.Errorf("Accept-Encoding %q: %d, %v; want %d, refused %v", tc.header, got, err, tc.want, tc.refused)
		}
	}
	if got, err := acceptsCoding(nil); got != identity || err != nil {
		t.Errorf("without a header: %d, %v", got, err)
	}
}

func answer(t *testing.T, o Offer, query string, h http.Header, json string) *http.Response {
	t.Helper()
	r, err := o.Reply(query, h)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := r.Write(w, http.StatusCreated, []byte(json)); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

func TestWrite(t *testing.T) {
	long := `{"resourceType":"Bundle","note":"` + strings.Repeat("x", 200) + `"}`
	const short = `{"resourceType":"Slot"}`
	always := both
	always.GzipFrom = 0
	tests := []struct {
		name, query, accept, encoding string
		offer                         Offer
		body, want                    string
		gzipped                       bool
	}{
		{"as it is", "", "", "", both, long, long, false},
		{"compressed", "", "", "gzip", both, long, long, true},
		{"too short to compress", "", "", "gzip", both, short, short, false},
		{"short, and identity refused", "", "", "gzip, identity;q=0", both, short, short, true},
		{"whatever the size (34)", "", "", "gzip", always, short, short, true},
		{"XML", "", "application/fhir+xml", "", both, short, "<xml/>" + short, false},
		{"XML, compressed (7)", "_format=xml", "", "gzip", always, short, "<xml/>" + short, true},
		{"for people", "_pretty=true", "", "", both, `{"a":[1.50,{"b":"\u00e9"}],"c":{}}`, "{\n  \"a\": [\n    1.50,\n    {\n      \"b\": \"\\u00e9\"\n    }\n  ],\n  \"c\": {}\n}\n", false},
		{"not for people", "_pretty=false", "", "", both, short, short, false},
		{"XML for people, which has no indenting", "_pretty=true&_format=xml", "", "", both, short, "<xml/>" + short, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			for name, v := range map[string]string{"Accept": tc.accept, "Accept-Encoding": tc.encoding} {
				if v != "" {
					h.Set(name, v)
				}
			}
			resp := answer(t, tc.offer, tc.query, h, tc.body)
			sent, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Header.Get("Content-Encoding") == "gzip"; got != tc.gzipped {
				t.Errorf("gzip %v, want %v", got, tc.gzipped)
			}
			if got := resp.Header.Get("Content-Length"); got != strconv.Itoa(len(sent)) {
				t.Errorf("Content-Length %s of %d bytes", got, len(sent))
			}
			if got := resp.Header.Get("Vary"); got != "Accept, Accept-Encoding" {
				t.Errorf("Vary %q", got)
			}
			if tc.gzipped {
				sent = gunzip(t, sent)
			}
			if string(sent) != tc.want || resp.StatusCode != http.StatusCreated {
				t.Errorf("%d %s, want %s", resp.StatusCode, sent, tc.want)
			}
		})
	}
}

func gunzip(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return b
}

// What cannot be written in the format is not begun.
func TestWriteFails(t *testing.T) {
	broken := &Format{Name: "xml", Encode: func([]byte, []byte) ([]byte, error) { return nil, errors.New("broken") }}
	r, err := Offer{Formats: []*Format{broken}, FHIR: "4.0.1"}.Reply("", http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := r.Write(w, http.StatusOK, []byte("{}")); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("%v, with %q and %v", err, w.Body, w.Header())
	}
	if err := r.AsJSON().Write(w, http.StatusInternalServerError, []byte("{}")); err != nil || w.Body.String() != "{}" || w.Header().Get("Content-Type") != fhirJSON {
		t.Errorf("as JSON: %v, %q, %v", err, w.Body, w.Header())
	}
}

// Compressors are shared: what one answer leaves behind is in no other.
func TestZipAlone(t *testing.T) {
	h := http.Header{"Accept-Encoding": {"gzip"}}
	t.Run("group", func(t *testing.T) {
		for i := range 8 {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for n := range 50 {
					want := strings.Repeat(strconv.Itoa(i), 100+n*i)
					b, err := io.ReadAll(answer(t, both, "", h, want).Body)
					if got := gunzip(t, b); err != nil || string(got) != want {
						t.Fatalf("%v: %.40s…, want %.40s…", err, got, want)
					}
				}
			})
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	body := []byte(`{"resourceType":"Bundle","note":"` + strings.Repeat("slots and appointments, ", 600) + `"}`)
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			r, err := both.Reply("", http.Header{"Accept-Encoding": {encoding}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Write(discard{http.Header{}}, http.StatusOK, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
