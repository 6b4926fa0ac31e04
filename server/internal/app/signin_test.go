package app

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// A sign-in is counted when it begins and when it ends; the sums are what happened,
// and what the audit says (security-reliability R61).
func TestSignInsAreCounted(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	base := j.app.cfg.BaseURL
	other, err := (&demo{}).person(1)
	if err != nil {
		t.Fatal(err)
	}
	in := func(nhs string) {
		t.Helper()
		j.forget()
		j.must(j.open(ctx, base+"/patient"))
		j.must(j.logIn(ctx, nhs))
	}
	in(j.nhs)
	in(other.nhs)
	in("unproven")
	j.must(j.open(ctx, base+"/patient/sign-in/return?code=x&state=AAAAAAAAAAAAAAAAAAAAAA"))
	j.must(j.open(ctx, base+"/patient/sign-in/return"))
	j.app.cfg.pretend.nhs.FailNext("access_denied")
	j.must(j.open(ctx, base+"/patient"))
	j.must(j.follow(ctx, "nhs-login"))
	j.must(j.open(ctx, base+"/patient/sign-in"))
	j.must(j.follow(ctx, "nhs-login")) // and never back
	// Back from the partner: silently, again with asking, and as another.
	in(j.nhs)
	j.must(j.open(ctx, base+j.page))
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.must(j.submit(ctx, `id="back"`, nil))
	j.must(j.shows(j.page, http.StatusOK, `id="came-back"`))
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.forgetHere()
	j.app.cfg.pretend.nhs.FailNext("sso_login_required", "login_required")
	j.must(j.submit(ctx, `id="back"`, nil))
	in(j.nhs)
	j.must(j.open(ctx, base+j.page))
	j.without()
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.forget()
	j.must(j.open(ctx, j.app.cfg.pretend.partner.Base+"/manage/J1?"+j.handedOver().Encode()))
	j.must(j.follow(ctx, "nhs-login"))
	j.must(j.submit(ctx, "person", url.Values{"person": {"pretend-" + other.nhs}}))
	j.must(j.submit(ctx, `id="back"`, nil))
	want := map[string]float64{"begun": 11, "done": 5, "unproven": 1, "refused": 2, "again": 1, "another": 1, "stray": 2}
	got := sumBy(t, j.app, signIns, "outcome")
	for outcome, n := range want {
		if got[outcome] != n {
			t.Errorf("%v are %s, want %v", got[outcome], outcome, n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("outcomes %v, want %v", got, want)
	}
	if err := j.app.audit.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	all, err := j.app.audit.All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	noted := map[int]float64{}
	for _, e := range all {
		if e.Act == "page.sign-in" {
			noted[e.Status]++
		}
	}
	if noted[http.StatusSeeOther] != want["done"] || noted[http.StatusNotFound] != want["another"] {
		t.Errorf("the audit has %v", noted)
	}
}

// S76: who begins to sign in too often is asked to wait, and who is signed in goes on.
func TestTooManySignIns(t *testing.T) {
	j := startJourney(t, Settings{Limits: Text(`{sign_in: {per_second: 0.01, burst: 4}}`)})
	ctx := t.Context()
	j.signIn(j.page)
	stranger := newBrowser()
	for n := 1; ; n++ {
		j.must(stranger.open(ctx, j.app.cfg.BaseURL+"/patient/sign-in/start?to="+url.QueryEscape(j.page)))
		if stranger.status == http.StatusTooManyRequests {
			if n != 4 {
				t.Errorf("%d sign-ins are slowed down, want the fifth", n+1)
			}
			break
		}
		if n > 5 {
			t.Fatal("nobody is slowed down")
		}
	}
	wait, err := strconv.Atoi(stranger.header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 100 || !strings.Contains(stranger.body, "Too many people are signing in") {
		t.Errorf("Retry-After %q\n%s", stranger.header.Get("Retry-After"), stranger.body)
	}
	j.must(j.open(ctx, j.page))
	j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
	if got := sumBy(t, j.app, signIns, "outcome"); got["begun"] != 4 || got["slowed"] != 1 {
		t.Errorf("counted %v", got)
	}
}
