package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/audit"
)

// What panics within a page is answered by a page, and what it panics with is said
// nowhere.
func TestPanicBecomesPage(t *testing.T) {
	var log bytes.Buffer
	s := &Site{
		Origin: "https://facade.example", Assets: "/assets", Audit: &audit.Log{}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Failures: map[fhir.Kind]Message{fhir.Internal: {Title: "Sorry"}, fhir.NotFound: {Title: "Not found"}},
		Say: func(w http.ResponseWriter, _ *http.Request, status int, m Message) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<h1>" + m.Title + "</h1>"))
		},
	}
	h := s.Handler(map[string]Page{
		"GET /panics": func(http.ResponseWriter, *http.Request) error { panic("Ada Sample 9990001006") },
		"GET /aborts": func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) },
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/panics", nil))
	if w.Code != http.StatusInternalServerError || w.Body.String() != "<h1>Sorry</h1>" || w.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("a panic is answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "panic_test.go") || strings.Contains(log.String(), "Ada") || strings.Contains(w.Body.String(), "Ada") {
		t.Errorf("the log has\n%s", &log)
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("an answer that is broken off ends with %v", p)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/aborts", nil))
}
