package app

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// desk is the browser of somebody of the staff, on a demo.
type desk struct {
	*browser
	t   *testing.T
	app *App
}

// startDesk gives a browser on a demo that nobody is signed in with.
func startDesk(t *testing.T, set Settings) *desk {
	t.Helper()
	return deskOf(t, startDemo(t, t.TempDir(), set))
}

// chosen signs somebody in at the stand-in of the provider, from the page that asks.
func (d *desk) chosen(id string) {
	d.t.Helper()
	d.must(d.follow(d.t.Context(), `id="provider"`))
	d.must(d.submit(d.t.Context(), "person", url.Values{"person": {id}}))
}

func deskOf(t *testing.T, a *App) *desk { return &desk{newBrowser(), t, a} }

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("%v\n%s", err, d.body)
	}
}

// go opens an address of the service.
func (d *desk) goTo(path string) {
	d.t.Helper()
	d.must(d.open(d.t.Context(), d.app.cfg.BaseURL+path))
}

// password signs somebody in by a password of ours, from any page that asks.
func (d *desk) password(user string) {
	d.t.Helper()
	d.must(d.submit(d.t.Context(), `name="password"`, url.Values{"user": {user}, "password": {demoPassword}}))
}

// as signs somebody in and opens a page.
func (d *desk) as(user, path string) {
	d.t.Helper()
	d.goTo(path)
	d.chosen(user)
	d.must(d.shows(path, http.StatusOK, "<h1"))
}

// session gives the value of the staff cookie.
func (d *desk) session() string {
	u, _ := url.Parse(d.app.cfg.BaseURL)
	for _, c := range d.client.Jar.Cookies(u) {
		if c.Name == "slotway-staff" {
			return c.Value
		}
	}
	return ""
}

func (d *desk) setCookie(name, value string) {
	u, _ := url.Parse(d.app.cfg.BaseURL)
	d.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// staffOf is a configuration of staff, all with the demo's password.
func staffOf(t *testing.T, people ...string) Text {
	t.Helper()
	hash, err := demoPasswordHash()
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, p := range people {
		id, rest, _ := strings.Cut(p, ":")
		all += fmt.Sprintf("{id: %s, password_hash: %q, first_name: Some, last_name: Body, %s},", id, hash, rest)
	}
	return Text("[" + all + "]")
}

// S75: what somebody has no role for is not there, and neither is its link; S68,
// S69: a session begins under a new id, and ends for good.
func TestStaffSignIn(t *testing.T) {
	d := startDesk(t, Settings{StaffLogin: "{passwords: true}", Staff: staffOf(t, "all:customers: [trustalias], roles: [requests, reports, health, review, messages, calendar, access]", "none:customers: [trustalias]", "one:customers: [trustalias], roles: [reports]")})
	d.setCookie("slotway-staff", strings.Repeat("A", 22))
	d.goTo("/staff/requests")
	d.password("all")
	own := d.session()
	if own == "" || own == strings.Repeat("A", 22) {
		t.Errorf("after signing in the session is %q", own)
	}
	for _, want := range []string{`href="/staff/requests" aria-current="true"`, "Some Body", `id="sign-out"`} {
		if !strings.Contains(d.body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	d.must(d.submit(t.Context(), "sign-out", nil))
	d.must(d.shows("/staff/signed-out", http.StatusOK, "signed out"))
	d.setCookie("slotway-staff", own)
	d.goTo("/staff/requests")
	d.must(d.shows("/staff/sign-in", http.StatusOK, "<h1 class=\"nhsuk-heading-xl\">Sign in</h1>"))

	d.goTo("/staff")
	d.password("none")
	d.must(d.shows("/staff", http.StatusForbidden, "You have no role"))
	if strings.Contains(d.body, `href="/staff/requests"`) {
		t.Error("there is a link to what is not allowed")
	}
	d.goTo("/staff/requests")
	refused := d.body
	d.must(d.shows("/staff/requests", http.StatusNotFound, "Page not found"))
	d.goTo("/staff/nothing")
	if d.status != http.StatusNotFound || d.body != refused {
		t.Error("what is not allowed and what is not there have different pages")
	}
}

// S76: who guesses is slowed down; a wrong password and an unknown user are the same.
func TestStaffGuessing(t *testing.T) {
	d := startDesk(t, Settings{StaffLogin: "{passwords: true}"})
	for i := range 11 {
		d.goTo("/staff/sign-in?to=/staff/requests")
		d.must(d.submit(t.Context(), `name="password"`, url.Values{"user": {"jack.brown"}, "password": {"wrong"}}))
		want, text := http.StatusUnauthorized, "The user name or the password is wrong"
		if i == 10 {
			want, text = http.StatusTooManyRequests, "Wait a minute"
		}
		if d.status != want || !strings.Contains(d.body, text) || !strings.Contains(d.body, "<title>Error: ") || d.session() != "" {
			t.Fatalf("attempt %d: %d, want %d and %q", i, d.status, want, text)
		}
	}
	if !strings.Contains(d.body, `value="jack.brown"`) || strings.Contains(d.body, "value=\"wrong\"") {
		t.Error("the user name is gone, or the password is not")
	}
	d.must(d.submit(t.Context(), `name="password"`, url.Values{"user": {"nobody"}, "password": {"wrong"}}))
	if d.status != http.StatusUnauthorized || !strings.Contains(d.body, "The user name or the password is wrong") {
		t.Errorf("an unknown user: %d", d.status)
	}
}

// A patient's session opens nothing of staff, and theirs nothing of patients; and
// nothing is done for another site (S70).
func TestStaffApart(t *testing.T) {
	j := startJourney(t, Settings{})
	j.signIn(j.page)
	u, err := url.Parse(j.app.cfg.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	var patient string
	for _, c := range j.client.Jar.Cookies(u) {
		if c.Name == "slotway" {
			patient = c.Value
		}
	}
	j.must(j.open(t.Context(), j.app.cfg.BaseURL+"/staff/requests"))
	j.must(j.shows("/staff/sign-in", http.StatusOK, "<h1 class=\"nhsuk-heading-xl\">Sign in</h1>"))
	d := deskOf(t, j.app)
	d.setCookie("slotway-staff", patient)
	d.goTo("/staff/requests")
	d.must(d.shows("/staff/sign-in", http.StatusOK, "<h1 class=\"nhsuk-heading-xl\">Sign in</h1>"))
	d.as("jack.brown", "/staff/requests")
	own := d.session()
	d.setCookie("slotway", own)
	d.goTo("/patient")
	d.must(d.shows("/patient/sign-in", http.StatusOK, "NHS login"))

	for _, path := range []string{"/staff/sign-in", "/staff/sign-out"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, j.app.cfg.BaseURL+path, strings.NewReader("user=jack.brown&password=testing"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := d.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden || len(resp.Cookies()) != 0 {
			t.Errorf("%s from another site: %d and cookies %v", path, resp.StatusCode, resp.Cookies())
		}
	}
	d.goTo("/staff/requests")
	d.must(d.shows("/staff/requests", http.StatusOK, "<h1"))
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
	} {
		if got := d.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// S60: where somebody goes after signing in is a page of these, whatever is asked.
func TestStaffWhereTo(t *testing.T) {
	d := startDesk(t, Settings{StaffLogin: "{passwords: true}"})
	for to, want := range map[string]string{
		"https://evil.example": "/staff", "//evil.example": "/staff", `/staff\evil`: "/staff", "/staff//evil.example": "/staff", "/staff/../patient": "/staff",
		"/patient": "/staff", "/staff/requests": "/staff/requests", "/staff/requests?x=1": "/staff", "/staff/%0d%0a": "/staff", "javascript:alert(1)": "/staff", "/staffed": "/staff",
	} {
		d.goTo("/staff/sign-in?to=" + url.QueryEscape(to))
		if !strings.Contains(d.body, `name="to" value="`+want+`"`) {
			t.Errorf("%q does not lead to %s", to, want)
		}
	}
}

// S68, E69: the page learns how long the session lasts without prolonging it, and
// prolongs it when asked to from this site.
func TestStaffSessionLeft(t *testing.T) {
	d := startDesk(t, Settings{})
	d.goTo("/staff/session")
	d.must(d.shows("/staff/session", http.StatusOK, `{"left":0}`))
	d.as("jack.brown", "/staff/requests")
	if !strings.Contains(d.body, `data-session="/staff/session"`) || !regexp.MustCompile(`data-left="(600|59\d)"`).MatchString(d.body) {
		t.Error("the page does not say how long the session lasts")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		d.must(d.visit(t.Context(), method, "/staff/session", url.Values{}))
		if !regexp.MustCompile(`^\{"left":(600|59\d)\}$`).MatchString(d.body) {
			t.Errorf("%s: %s", method, d.body)
		}
	}
	d.goTo("/staff/signed-out?idle")
	d.must(d.shows("/staff/signed-out", http.StatusOK, "You did nothing for 10 minutes"))
}
