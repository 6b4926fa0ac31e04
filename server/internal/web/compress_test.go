package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Pages are compressed for who takes that, and only where no other site asked for them.
func TestPacked(t *testing.T) {
	long := strings.Repeat("<p>Your appointment</p>\n", 200)
	tests := []struct {
		name                string
		query, accept, site string
		media, body         string
		status              int
		packed, varies      bool
	}{
		{"a browser, on a page of ours", "/?q=guess", "gzip, deflate, br", "same-origin", "text/html; charset=utf-8", long, 200, true, true},
		{"an address that was typed", "/?q=guess", "gzip", "none", "text/html; charset=utf-8", long, 200, true, true},
		{"what is no browser", "/?q=guess", "gzip", "", "text/html; charset=utf-8", long, 200, true, true},
		{"a link of another site", "/?q=guess", "gzip", "cross-site", "text/html; charset=utf-8", long, 200, false, true},
		{"a link of a neighbour", "/?q=guess", "gzip", "same-site", "text/html; charset=utf-8", long, 200, false, true},
		{"a link of another site, with nothing to guess", "/", "gzip", "cross-site", "text/html; charset=utf-8", long, 200, true, true},
		{"nothing is said of gzip", "/?q=guess", "", "", "text/html; charset=utf-8", long, 200, false, true},
		{"another coding", "/?q=guess", "br", "", "text/html; charset=utf-8", long, 200, false, true},
		{"gzip is refused", "/?q=guess", "gzip;q=0, *", "", "text/html; charset=utf-8", long, 200, false, true},
		{"gzip is refused with nothing", "/?q=guess", "gzip;q=0.000", "", "text/html; charset=utf-8", long, 200, false, true},
		{"gzip is liked less", "/?q=guess", "br, gzip;q=0.1", "", "text/html; charset=utf-8", long, 200, true, true},
		{"anything", "/?q=guess", "*", "", "text/html; charset=utf-8", long, 200, true, true},
		{"a page that says what is wrong", "/?q=guess", "gzip", "", "text/html; charset=utf-8", long, 404, true, true},
		{"a table", "/?q=guess", "gzip", "", "text/csv; charset=utf-8", long, 200, true, true},
		{"a picture", "/?q=guess", "gzip", "", "image/png", long, 200, false, false},
		{"a short page", "/?q=guess", "gzip", "", "text/html; charset=utf-8", "<p>Hello</p>", 200, false, true},
		{"nothing", "/?q=guess", "gzip", "", "text/html; charset=utf-8", "", 303, false, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := packed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tc.media)
				w.WriteHeader(tc.status)
				if tc.body != "" {
					_, _ = io.WriteString(w, tc.body)
				}
			}))
			r := httptest.NewRequest(http.MethodGet, tc.query, nil)
			r.Header.Set("Accept-Encoding", tc.accept)
			if tc.site != "" {
				r.Header.Set("Sec-Fetch-Site", tc.site)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Result()
			if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != tc.packed {
				t.Errorf("compressed: %t, want %t", packed, tc.packed)
			}
			if varies := got.Header.Get("Vary") == "Accept-Encoding"; varies != tc.varies {
				t.Errorf("Vary: %q", got.Header.Get("Vary"))
			}
			body := w.Body.Bytes()
			if tc.packed {
				body = unpacked(t, body)
			}
			if got.StatusCode != tc.status || string(body) != tc.body {
				t.Errorf("%d with %d bytes, want %d with %d", got.StatusCode, len(body), tc.status, len(tc.body))
			}
		})
	}
}

func unpacked(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// The same page is of many lengths, so that none tells what is on it.
func TestPadding(t *testing.T) {
	h := packed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, strings.Repeat("the same ", 500))
	}))
	lengths := map[int]bool{}
	for range 200 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		lengths[w.Body.Len()] = true
	}
	if len(lengths) < 50 {
		t.Errorf("200 answers have %d lengths, want many", len(lengths))
	}
}
