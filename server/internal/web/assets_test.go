package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Security-reliability 3.5, S74: what a first page loads is at most 60 KB, and
// names no other host.
func TestAssets(t *testing.T) {
	total := 0
	for name, a := range assets {
		if name == "LICENSE.nhsuk-frontend" {
			continue
		}
		total += len(a.gzip)
		for _, no := range []string{"@font-face", "url(http", "url(//", "sourceMappingURL", "@import"} {
			if bytes.Contains(a.plain, []byte(no)) {
				t.Errorf("%s has %s", name, no)
			}
		}
	}
	if total > 58<<10 {
		t.Errorf("the assets are %d bytes, want at most 58 KiB beside a page", total)
	}
	for path, want := range map[string]int{
		"/assets/" + Version + "/nhsuk-frontend.min.css": http.StatusOK,
		"/assets/" + Version + "/start.js":               http.StatusOK,
	} {
		r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
		r.SetPathValue("version", Version)
		r.SetPathValue("file", path[len("/assets/"+Version+"/"):])
		if err := serveAsset(w, r); err != nil || w.Code != want || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

// E55: times as the NHS writes them.
func TestTimes(t *testing.T) {
	for want, at := range map[string]time.Time{
		"Saturday 25 October 2025 at 2:30pm":  time.Date(2025, 10, 25, 14, 30, 0, 0, time.UTC),
		"Saturday 25 October 2025 at 9am":     time.Date(2025, 10, 25, 9, 0, 0, 0, time.UTC),
		"Saturday 25 October 2025 at midday":  time.Date(2025, 10, 25, 12, 0, 0, 0, time.UTC),
		"Sunday 26 October 2025 at midnight":  time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC),
		"Saturday 25 October 2025 at 12:05am": time.Date(2025, 10, 25, 0, 5, 0, 0, time.UTC),
	} {
		if got := LongTime(at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Spaced("9990002002"); got != "999 000 2002" {
		t.Errorf("NHS number %q", got)
	}
}
