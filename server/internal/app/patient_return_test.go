package app

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"slotway/server/internal/session"
)

// shown is what a tab of the browser shows.
type shown struct {
	at      *url.URL
	body    string
	partner []*http.Cookie // of its own, as if the partner told tabs apart
}

// manages opens a page in a tab of its own, and goes to the partner from there.
func (j *journey) manages(page string) shown {
	j.t.Helper()
	for _, c := range j.client.Jar.Cookies(j.partner()) {
		j.client.Jar.SetCookies(j.partner(), []*http.Cookie{{Name: c.Name, Path: "/pretend/partner/", MaxAge: -1}})
	}
	j.must(j.open(j.t.Context(), j.app.cfg.BaseURL+page))
	j.must(j.submit(j.t.Context(), "/manage", nil))
	j.must(j.shows("/pretend/partner/appointment/J1", http.StatusOK, `id="back"`))
	return shown{j.at, j.body, j.client.Jar.Cookies(j.partner())}
}

// partner is an address of the partner's.
func (j *journey) partner() *url.URL {
	u, err := url.Parse(j.app.cfg.pretend.partner.Base + "/")
	j.must(err)
	return u
}

// returns comes back from the partner in a tab, and says to where.
func (j *journey) returns(tab shown) (path string, banner bool) {
	j.t.Helper()
	j.at, j.body = tab.at, tab.body
	for _, c := range tab.partner {
		c.Path = "/pretend/partner/"
		j.client.Jar.SetCookies(j.partner(), []*http.Cookie{c})
	}
	j.must(j.submit(j.t.Context(), `id="back"`, nil))
	return j.at.Path, j.cameBack()
}

// Seed 000: the banner is on the page which they left, however long they were away, and
// whether they are signed in again silently or by themselves.
func TestReturnAfterIdle(t *testing.T) {
	for _, page := range []string{"/patient", ""} {
		for _, silent := range []bool{true, false} {
			j := startJourney(t, Settings{})
			ctx, from := t.Context(), page
			if from == "" {
				from = j.page
			}
			j.signIn(from)
			if !silent {
				j.without()
			}
			j.must(j.submit(ctx, "Manage", nil))
			if !silent {
				j.must(j.submit(ctx, `name="password"`, url.Values{"name": {"Some Body"}, "password": {"password"}}))
			}
			j.waited(session.Idle + 5*time.Minute)
			j.must(j.submit(ctx, `id="back"`, nil))
			if !silent {
				j.must(j.shows("/patient/sign-in", http.StatusOK, "Sign in"))
				j.must(j.logIn(ctx, j.nhs))
			}
			j.must(j.shows(from, http.StatusOK, "Follow-up clinic"))
			if !j.cameBack() {
				t.Errorf("from %s, silent %t: there is no banner", from, silent)
			}
		}
	}
}

// Each tab that leads to a partner has its way back, with the banner and, with NHS
// login, without being asked: also the one that was opened first.
func TestReturnOfTwoTabs(t *testing.T) {
	j := startJourney(t, Settings{})
	j.signIn(j.page)
	first, second := j.manages("/patient"), j.manages(j.page)
	if path, banner := j.returns(second); path != j.page || !banner {
		t.Errorf("the second comes back to %s, with the banner %t", path, banner)
	}
	j.forgetHere()
	if path, banner := j.returns(first); path != "/patient" || !banner {
		t.Errorf("the first comes back to %s, with the banner %t", path, banner)
	}
	// The one that was opened first comes back first: nobody can tell them apart, and
	// both are told that changes take a moment.
	first, second = j.manages("/patient"), j.manages(j.page)
	for name, tab := range map[string]shown{"first": first, "second": second} {
		if _, banner := j.returns(tab); !banner {
			t.Errorf("the %s has no banner", name)
		}
	}
	// Logging out in one ends the ways back of all.
	first, second = j.manages("/patient"), j.manages(j.page)
	j.returns(second)
	j.must(j.submit(t.Context(), "sign-out", nil))
	if path, _ := j.returns(first); path != "/patient/sign-in" {
		t.Errorf("after logging out: %s", path)
	}
	j.must(j.logIn(t.Context(), j.nhs))
	if j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic")); j.cameBack() {
		t.Error("after logging out there is a way back")
	}
}
