package app

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestTooManyRequests is security S92 on each face: 429 with Retry-After and an
// outcome of the face's style, for a client and for an address; who looks after the
// server is not in the way of those who ask too much.
func TestTooManyRequests(t *testing.T) {
	for _, by := range []string{"client", "address"} {
		t.Run(by, func(t *testing.T) {
			// Tokens are asked for first: two of three by address, and as many more for each face.
			a := startDemo(t, t.TempDir(), Settings{Limits: Text(`{` + by + `: {per_second: 0.01, burst: 7}}`)})
			w := wireDemo{demo: &demo{app: a, base: a.cfg.BaseURL}}
			for client, into := range map[string]*string{"demo-admin": &w.admin, "demo-consumer": &w.consumer} {
				var err error
				if *into, err = fetchToken(t.Context(), w.base, client, demoSecret, ""); err != nil {
					t.Fatal(err)
				}
			}
			for n := 0; ; n++ {
				resp := w.do(t, exchange{method: "GET", path: "/R4/Slot", header: []string{"Authorization: consumer"}})
				if resp.StatusCode == 429 {
					if want := map[string]int{"client": 7, "address": 5}[by]; n != want {
						t.Errorf("%d requests were answered, want %d", n, want)
					}
					break
				}
				if resp.StatusCode != 200 || n > 10 {
					t.Fatalf("%d after %d requests", resp.StatusCode, n)
				}
			}
			faces := []struct{ path, code string }{
				{"/R4/Slot", `"code":"throttled"`},
				{"/STU3/1/booking/Slot?status=free", `"code":"BAD_REQUEST"`},
				{"/R4/bars/Slot", `"code":"REC_TOO_MANY_REQUESTS"`},
				{"/review", `"code":"throttled"`},
			}
			if by == "address" {
				faces = append(faces, struct{ path, code string }{"/oauth2/token", "throttled"}, struct{ path, code string }{"/hl7", "throttled"})
			}
			for _, f := range faces {
				resp := w.do(t, exchange{method: "GET", path: f.path, header: []string{"Authorization: consumer"}})
				body, _ := io.ReadAll(resp.Body)
				wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
				if resp.StatusCode != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 100 {
					t.Errorf("%s: %d, Retry-After %q", f.path, resp.StatusCode, resp.Header.Get("Retry-After"))
				}
				if text := string(body); !strings.Contains(text, `"OperationOutcome"`) || !strings.Contains(text, f.code) || !strings.Contains(text, `"throttled"`) {
					t.Errorf("%s: %s", f.path, text)
				}
			}
			if by == "client" { // another one is not affected
				if resp := w.do(t, exchange{method: "GET", path: "/R4/Slot"}); resp.StatusCode != 200 {
					t.Errorf("another client: %d", resp.StatusCode)
				}
			}
			for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
				if resp := w.do(t, exchange{method: "GET", path: path, nobody: true}); resp.StatusCode != 200 {
					t.Errorf("%s: %d", path, resp.StatusCode)
				}
			}
		})
	}
}
