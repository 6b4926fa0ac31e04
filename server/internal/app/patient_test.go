package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"slotway/server/internal/manage"
	"slotway/server/internal/session"
)

// journey is a patient of a demo, with an appointment that a partner manages.
type journey struct {
	*browser
	t          *testing.T
	app        *App
	nhs        string
	page       string // of the appointment
	management string
}

// startJourney gives a patient's browser on a demo where appointment J1 is theirs.
func startJourney(t *testing.T, set Settings) *journey {
	t.Helper()
	return journeyOn(t, startDemo(t, t.TempDir(), set))
}

// journeyOn gives one on a demo that runs.
func journeyOn(t *testing.T, a *App) *journey {
	t.Helper()
	d := &demo{app: a, base: a.cfg.BaseURL}
	p, err := d.person(0)
	if err != nil {
		t.Fatal(err)
	}
	j := &journey{newBrowser(), t, a, p.nhs, "", a.cfg.pretend.partner.Base + "/manage/J1?a=b%20c"}
	j.send("S12", "J1", p.pid, segment("SCH", map[int]string{1: "J1", 7: "^Follow-up clinic", 11: "^^^20300115143000^20300115150000"}), "ZAP|"+j.management)
	j.page = j.find("J1")
	return j
}

// send sends a message of the customer trustalias.
func (j *journey) send(event, id string, more ...string) {
	j.t.Helper()
	d := &demo{app: j.app, base: j.app.cfg.BaseURL}
	msg := segments(append([]string{fmt.Sprintf(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|20260101||SIU^%s|%s-%s|P|2.4`, event, event, id)}, sorted(more)...)...)
	if err := d.send(j.t.Context(), msg); err != nil {
		j.t.Fatal(err)
	}
}

// sorted puts the segments of a message in its order.
func sorted(segments []string) (all []string) {
	for _, name := range []string{"SCH", "ZAP", "PID", "PV1", "RGS", "AIP"} {
		for _, s := range segments {
			if strings.HasPrefix(s, name) {
				all = append(all, s)
			}
		}
	}
	return all
}

// find gives the page of an appointment.
func (j *journey) find(placer string) string {
	j.t.Helper()
	d := &demo{app: j.app, base: j.app.cfg.BaseURL}
	token, err := fetchToken(j.t.Context(), d.base, "demo-consumer", demoSecret, "")
	if err != nil {
		j.t.Fatal(err)
	}
	c := &checker{demo: d, consumer: token}
	hit, err := c.placer(j.t.Context(), placer)
	if err != nil {
		j.t.Fatal(err)
	}
	for p := range hit.Get("participant").Each() {
		if patient, ok := strings.CutPrefix(p.Find("actor", "reference").Text(), "Patient/"); ok {
			return manage.Path(patient, hit.Get("id").Text())
		}
	}
	j.t.Fatal("the appointment has no patient")
	return ""
}

func (j *journey) must(err error) {
	j.t.Helper()
	if err != nil {
		j.t.Fatalf("%v\n%s", err, j.body)
	}
}

// signIn signs the patient in and opens a page.
func (j *journey) signIn(path string) {
	j.t.Helper()
	ctx := j.t.Context()
	j.must(j.open(ctx, j.app.cfg.BaseURL+path))
	j.must(j.logIn(ctx, j.nhs))
	j.must(j.shows(path, http.StatusOK, "Follow-up clinic"))
}

// without makes the session one that is not of NHS login.
func (j *journey) without() {
	j.t.Helper()
	r, _ := http.NewRequest(http.MethodGet, j.app.cfg.BaseURL, nil)
	for _, c := range j.client.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	if err := j.app.sessions.Change(context.Background(), r, func(v *session.Session) { v.Person.TokenID = "" }); err != nil {
		j.t.Fatal(err)
	}
}

func (j *journey) handedOver() url.Values {
	j.t.Helper()
	got := j.app.cfg.pretend.partner.Received()
	if len(got) == 0 {
		j.t.Fatal("nobody was handed over")
	}
	return got[len(got)-1]
}

// The first witness workflow of seed 000: no single sign-on, another way of signing
// in at the partner, and back; signing in again may be needed.
func TestWitness1OtherSignIn(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.without()
	j.must(j.submit(ctx, `id="manage"`, nil))
	if q := j.handedOver(); q.Has(manage.Identity) || q.Has(manage.Prompt) || !q.Has(manage.Callback) || q.Get("a") != "b c" {
		t.Errorf("handed over with %v, want the callback alone beside what was there", q)
	}
	j.must(j.submit(ctx, `name="password"`, url.Values{"name": {"Some Body"}, "password": {"password"}}))
	j.must(j.submit(ctx, `id="back"`, nil))
	j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
	if !j.cameBack() || j.at.RawQuery != "" {
		t.Errorf("back at %s without the banner, or with what the partner said in the address", j.at)
	}
	j.must(j.open(ctx, j.page))
	if j.cameBack() {
		t.Error("the banner is shown twice")
	}
	// The same with the cookies gone: signing in is asked for, and then it goes on.
	j.without()
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.must(j.submit(ctx, `name="password"`, url.Values{"name": {"Some Body"}, "password": {"password"}}))
	partner := j.body
	j.forgetHere()
	j.body = partner
	j.must(j.submit(ctx, `id="back"`, nil))
	j.must(j.shows("/patient/sign-in", http.StatusOK, "Sign in"))
	j.must(j.logIn(ctx, j.nhs))
	j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
	if !j.cameBack() {
		t.Error("after signing in again there is no banner")
	}
}

// forgetHere takes away the cookies of this service alone.
func (j *journey) forgetHere() {
	base, err := url.Parse(j.app.cfg.BaseURL)
	if err != nil {
		j.t.Fatal(err)
	}
	for _, name := range []string{"slotway", "slotway-sign-in"} {
		j.client.Jar.SetCookies(base, []*http.Cookie{{Name: name, Path: "/", MaxAge: -1}})
	}
}

// The second: no single sign-on on the way there, NHS login at the partner, and
// back without being asked, with no cookies of this service left.
func TestWitness2SilentReturn(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.without()
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.must(j.follow(ctx, "nhs-login"))
	if strings.Contains(j.body, `name="person"`) {
		j.must(j.submit(ctx, "person", url.Values{"person": {"pretend-" + j.nhs}}))
	}
	j.forgetHere()
	j.must(j.submit(ctx, `id="back"`, nil))
	j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
	if !j.cameBack() {
		t.Error("there is no banner")
	}
	for _, u := range j.trail {
		if u.Path == "/patient/sign-in" {
			t.Error("the patient was asked to sign in")
		}
	}
}

// The third: single sign-on both ways. The page that was left may be that of all
// appointments.
func TestWitness3BothWays(t *testing.T) {
	for _, page := range []string{"/patient", ""} {
		j := startJourney(t, Settings{})
		ctx := t.Context()
		if page == "" {
			page = j.page
		}
		j.signIn(page)
		j.must(j.submit(ctx, "Manage", nil))
		if q := j.handedOver(); len(q[manage.Identity]) != 1 || q.Has(manage.Prompt) {
			t.Errorf("handed over with %d assertions and prompt %q, want one and none", len(q[manage.Identity]), q.Get(manage.Prompt))
		}
		j.must(j.shows("/pretend/partner/appointment/J1", http.StatusOK, "by NHS login"))
		j.forgetHere()
		j.must(j.submit(ctx, `id="back"`, nil))
		j.must(j.shows(page, http.StatusOK, "Follow-up clinic"))
		if !j.cameBack() {
			t.Error("there is no banner")
		}
	}
}

// The fourth and fifth: a callback without a query, and one with.
func TestWitness4And5Callbacks(t *testing.T) {
	for mode, query := range map[string]string{"plain": "", "proven": "back="} {
		t.Run(mode, func(t *testing.T) {
			j := startJourney(t, Settings{Callbacks: Text(mode)})
			j.app.cfg.pretend.partner.Prompt = "none"
			ctx := t.Context()
			j.signIn(j.page)
			j.must(j.submit(ctx, `id="manage"`, nil))
			callback := j.handedOver().Get(manage.Callback)
			if !strings.HasPrefix(callback, j.app.cfg.BaseURL+j.page) || !strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(callback, j.app.cfg.BaseURL+j.page), "?"), query) {
				t.Errorf("callback %q", callback)
			}
			j.must(j.submit(ctx, `id="back"`, nil))
			separator := "?"
			if query != "" {
				separator = "&"
			}
			came := ""
			for _, u := range j.trail {
				if u.Path == j.page && u.Query().Has(manage.Identity) {
					came = u.String()
				}
			}
			if !strings.HasPrefix(came, callback+separator+manage.Identity+"=") || !strings.HasSuffix(came, "&prompt=none") {
				t.Errorf("came back to %q, want the callback, %q, assertion and prompt", came, separator)
			}
			j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
			if !j.cameBack() {
				t.Error("there is no banner")
			}
		})
	}
}

// The sixth: after the hand-over is over there is no way back at the partner, and
// none here.
func TestWitness6NoWayBackLater(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.must(j.submit(ctx, `id="manage"`, nil))
	callback := j.handedOver().Get(manage.Callback)
	j.must(j.submit(ctx, `id="sign-out"`, nil))
	j.must(j.submit(ctx, `name="password"`, url.Values{"name": {"Some Body"}, "password": {"password"}}))
	j.must(j.shows("/pretend/partner/appointment/J1", http.StatusOK, "Some Body"))
	if strings.Contains(j.body, `id="back"`) {
		t.Error("the partner shows a way back outside a hand-over")
	}
	// Here: who logs out has no hand-over any more, whatever comes back.
	j.must(j.open(ctx, j.app.cfg.BaseURL+j.page))
	j.must(j.submit(ctx, "sign-out", nil))
	j.must(j.shows("/patient/signed-out", http.StatusOK, "signed out"))
	before := len(j.app.cfg.pretend.nhs.Asked())
	j.must(j.open(ctx, callback+"&"+manage.Identity+"=a.b.c"))
	j.must(j.shows("/patient/sign-in", http.StatusOK, "Sign in"))
	if n := len(j.app.cfg.pretend.nhs.Asked()); n != before {
		t.Error("an assertion was taken to NHS login outside a hand-over")
	}
	j.must(j.logIn(ctx, j.nhs))
	j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
	if j.cameBack() {
		t.Error("the banner is shown outside a hand-over")
	}
}

// cameBack says whether the page has the banner of those who came back.
func (b *browser) cameBack() bool { return strings.Contains(b.body, `id="came-back"`) }
