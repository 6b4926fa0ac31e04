package app

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Each sign-in of staff is counted once for how it began and once for how it ended.
func TestStaffSignInsCounted(t *testing.T) {
	d := startDesk(t, Settings{})
	ctx := t.Context()
	d.as("jack.brown", "/staff/requests")
	for _, u := range d.trail {
		if u.Path == "/staff/sign-in/return" {
			d.must(newBrowser().open(ctx, d.app.cfg.BaseURL+u.RequestURI())) // stray
		}
	}
	d.must(d.submit(ctx, "sign-out", nil))
	d.goTo("/staff")
	d.chosen("pretend-nobody") // unknown
	for range 2 {
		d.goTo("/staff")
		d.app.cfg.pretend.staff.FailNext("access_denied")
		d.must(d.follow(ctx, `id="provider"`)) // refused
	}
	d.goTo("/staff")
	d.must(d.follow(ctx, `id="provider"`)) // and never back
	want := map[string]float64{"begun": 5, "done": 1, "stray": 1, "unknown": 1, "refused": 2}
	if got := signInsOf(t, d.app, "staff"); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if got := signInsOf(t, d.app, "patient"); len(got) != 0 {
		t.Errorf("patients %v, want none", got)
	}
}

// Those by passwords are counted, too.
func TestStaffPasswordsCounted(t *testing.T) {
	d := startDesk(t, Settings{StaffLogin: Text(`{passwords: true}`)})
	ctx := t.Context()
	for _, password := range []string{"wrong", "wrong again", demoPassword} {
		d.goTo("/staff/sign-in")
		d.must(d.submit(ctx, `name="password"`, url.Values{"user": {"jack.brown"}, "password": {password}}))
	}
	want := map[string]float64{"begun": 3, "done": 1, "refused": 2}
	if got := signInsOf(t, d.app, "staff"); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	for range 12 {
		other := deskOf(t, d.app)
		other.goTo("/staff/sign-in")
		other.must(other.submit(ctx, `name="password"`, url.Values{"user": {"grace.okafor"}, "password": {"wrong"}}))
	}
	if got := signInsOf(t, d.app, "staff"); got["slowed"] == 0 || got["begun"] != got["done"]+got["refused"] {
		t.Errorf("counted %v, want some slowed", got)
	}
}

// S76: who begins to sign in too often is asked to wait; patients do not wait for staff.
func TestTooManyStaffSignIns(t *testing.T) {
	d := startDesk(t, Settings{Limits: Text(`{sign_in: {per_second: 0.01, burst: 3}}`)})
	ctx := t.Context()
	d.as("jack.brown", "/staff/requests")
	stranger := newBrowser()
	statuses := []int{}
	for range 4 {
		d.must(stranger.open(ctx, d.app.cfg.BaseURL+"/staff/sign-in/start"))
		statuses = append(statuses, stranger.status)
	}
	if statuses[1] != http.StatusOK || statuses[2] != http.StatusTooManyRequests || stranger.header.Get("Retry-After") == "" || !strings.Contains(stranger.body, "Too many people are signing in") {
		t.Errorf("answers %v, want the fourth sign-in to wait\n%s", statuses, stranger.body)
	}
	d.goTo("/staff/requests")
	d.must(d.shows("/staff/requests", http.StatusOK, "<h1"))
	d.must(stranger.open(ctx, d.app.cfg.BaseURL+"/patient/sign-in/start?to=/patient"))
	if stranger.status != http.StatusOK {
		t.Errorf("a patient: %d", stranger.status)
	}
	if got := signInsOf(t, d.app, "staff"); got["begun"] != 3 || got["slowed"] != 2 {
		t.Errorf("counted %v", got)
	}
}

// signInsOf gives the counts of sign-ins of patients, or of staff, by outcome.
func signInsOf(t *testing.T, a *App, who string) map[string]float64 {
	t.Helper()
	families, err := a.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != signIns {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["who"] == who {
				got[labels["outcome"]] = m.GetCounter().GetValue()
			}
		}
	}
	return got
}
