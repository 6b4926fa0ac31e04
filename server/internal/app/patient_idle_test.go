package app

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/session"
)

// waited moves what the server knows of the last request into the past.
func (j *journey) waited(d time.Duration) {
	j.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, j.app.cfg.BaseURL, nil)
	for _, c := range j.client.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	if err := j.app.sessions.Change(j.t.Context(), r, func(v *session.Session) { v.Seen = v.Seen.Add(-d) }); err != nil {
		j.t.Fatal(err)
	}
}

// idle lets the time go by after which the session is over, on the server alone.
func (j *journey) idle() { j.t.Helper(); j.waited(session.Idle) }

// left asks how many seconds the session has, and with POST for more.
func (j *journey) left(method string) int {
	j.t.Helper()
	j.must(j.visit(j.t.Context(), method, j.app.cfg.BaseURL+"/patient/session", url.Values{}))
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(j.body, `{"left":`), `}`))
	if err != nil {
		j.t.Fatalf("%d %q", j.status, j.body)
	}
	return n
}

// S68: what a page asks before it warns does not prolong the session, and what the
// person does prolongs it; what is over says so on the page that follows.
func TestIdle(t *testing.T) {
	j := startJourney(t, Settings{})
	if n := j.left(http.MethodGet); n != 0 {
		t.Errorf("nobody has %d s", n)
	}
	j.signIn(j.page)
	if !strings.Contains(j.body, `id="idle"`) || !strings.Contains(j.body, `data-left="`) {
		t.Error("the page does not know how long the session lasts")
	}
	j.waited(9 * time.Minute)
	for range 3 {
		if n := j.left(http.MethodGet); n < 30 || n > 60 {
			t.Errorf("after 9 minutes there are %d s", n)
		}
	}
	if n := j.left(http.MethodPost); n < 595 {
		t.Errorf("who stays has %d s", n)
	}
	j.idle()
	if n := j.left(http.MethodPost); n != 0 {
		t.Errorf("who comes back too late has %d s", n)
	}
	ctx := t.Context()
	j.must(j.open(ctx, j.app.cfg.BaseURL+j.page))
	j.must(j.shows("/patient/sign-in", http.StatusOK, `id="idle-over"`))
	j.must(j.open(ctx, "/patient/signed-out?idle"))
	j.must(j.shows("/patient/signed-out", http.StatusOK, "You have been signed out"))
	if strings.Contains(j.body, `id="idle"`) {
		t.Error("a page of nobody warns")
	}
	j.must(j.open(ctx, "/patient/signed-out"))
	j.must(j.shows("/patient/signed-out", http.StatusOK, "You have signed out"))
	j.must(j.open(ctx, "/patient/sign-in?to="+url.QueryEscape(j.page)))
	j.must(j.logIn(ctx, j.nhs))
	j.must(j.submit(ctx, "sign-out", nil))
	j.must(j.open(ctx, "/patient/sign-in"))
	if strings.Contains(j.body, `id="idle-over"`) {
		t.Error("who logged out is told that they did nothing")
	}
}
