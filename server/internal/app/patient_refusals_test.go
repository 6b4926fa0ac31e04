package app

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/auth"
	"slotway/server/internal/manage"
)

// atPartner takes the patient to the partner without single sign-on, and signs
// somebody in there by NHS login.
func (j *journey) atPartner(nhs string) {
	j.t.Helper()
	ctx := j.t.Context()
	j.without()
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.must(j.follow(ctx, "nhs-login"))
	if strings.Contains(j.body, `name="person"`) {
		j.must(j.submit(ctx, "person", url.Values{"person": {"pretend-" + nhs}}))
	}
	j.must(j.shows("/pretend/partner/appointment/J1", http.StatusOK, "by NHS login"))
}

// signedOut checks that nobody is signed in.
func (j *journey) signedOut() {
	j.t.Helper()
	j.must(j.open(j.t.Context(), j.app.cfg.BaseURL+"/patient"))
	j.must(j.shows("/patient/sign-in", http.StatusOK, "Sign in"))
}

// Security-reliability 1.4: who comes back as another gets the page that everybody
// gets for what is not there, and no session.
func TestComesBackAsAnother(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	other, err := (&demo{}).person(1)
	if err != nil {
		t.Fatal(err)
	}
	j.without()
	j.must(j.submit(ctx, `id="manage"`, nil))
	j.forget() // NHS login would know who it was
	j.must(j.open(ctx, j.app.cfg.pretend.partner.Base+"/manage/J1?"+j.handedOver().Encode()))
	j.must(j.follow(ctx, "nhs-login"))
	j.must(j.submit(ctx, "person", url.Values{"person": {"pretend-" + other.nhs}}))
	j.must(j.submit(ctx, `id="back"`, nil))
	if j.status != http.StatusNotFound || !strings.Contains(j.body, "Page not found") || strings.Contains(j.body, "Follow-up") {
		t.Errorf("status %d", j.status)
	}
	j.signedOut()
}

// S60, S67: the way back of one person signs nobody else's browser in as them: who is
// led there while they are signed in gets the neutral page, and no session of another.
func TestLedIntoAnothersReturn(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.must(j.submit(ctx, `id="manage"`, nil))
	base := strings.TrimPrefix(j.app.cfg.BaseURL, "http://")
	var back string
	j.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == base {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	j.must(j.submit(ctx, `id="back"`, nil))
	if !strings.Contains(back, manage.Identity+"=") {
		t.Fatalf("the partner leads back by %q", back)
	}
	other, err := (&demo{}).person(1)
	j.must(err)
	j.send("S12", "J2", other.pid, segment("SCH", map[int]string{1: "J2", 7: "^Follow-up clinic", 11: "^^^20300116143000^20300116150000"}))
	theirs := j.find("J2")
	b := newBrowser()
	j.must(b.open(ctx, j.app.cfg.BaseURL+theirs))
	j.must(b.logIn(ctx, other.nhs))
	j.must(b.open(ctx, back))
	if b.status != http.StatusNotFound || strings.Contains(b.body, "Amelia Ashworth") {
		t.Errorf("led into another's return: %d\n%s", b.status, b.body)
	}
	j.must(b.open(ctx, j.app.cfg.BaseURL+"/patient"))
	if strings.Contains(b.body, "Amelia Ashworth") || strings.Contains(b.body, j.page) {
		t.Error("the browser is signed in as another")
	}
}

// Security-reliability 1.4, S65: an assertion is good once, and what has not the
// form of one is as if it were not there.
func TestAssertionsThatAreRefused(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.atPartner(j.nhs)
	j.must(j.submit(ctx, `id="back"`, nil))
	var came *url.URL
	for _, u := range j.trail {
		if u.Query().Has(manage.Identity) && u.Path == j.page {
			came = u
		}
	}
	if came == nil {
		t.Fatal("the patient did not come back with an assertion")
	}
	j.must(j.shows(j.page, http.StatusOK, `id="came-back"`))
	callback, _, _ := strings.Cut(came.String(), "&"+manage.Identity)
	for name, address := range map[string]string{
		"used before": came.String(), "no token": callback + "&" + manage.Identity + "=x", "two": came.String() + "&" + manage.Identity + "=a.b.c",
		"long": callback + "&" + manage.Identity + "=" + strings.Repeat("a", 5000), "no proof": strings.Replace(came.String(), "back=", "b=", 1),
	} {
		t.Run(name, func(t *testing.T) {
			j.t = t
			j.must(j.open(t.Context(), j.app.cfg.BaseURL+j.page))
			j.must(j.submit(t.Context(), `id="manage"`, nil)) // a hand-over is open
			j.forgetHere()
			before := len(j.app.cfg.pretend.nhs.Asked())
			j.must(j.open(t.Context(), address))
			j.must(j.shows("/patient/sign-in", http.StatusOK, "Sign in"))
			if n := len(j.app.cfg.pretend.nhs.Asked()); n != before {
				t.Error("it was taken to NHS login")
			}
			j.must(j.logIn(t.Context(), j.nhs))
		})
	}
}

// S66: each of NHS login's errors is a plain page; what it would not do without
// asking is tried once more, and no more.
func TestNHSLoginErrors(t *testing.T) {
	j := startJourney(t, Settings{})
	for code, want := range map[string]int{
		"access_denied": 403, "temporarily_unavailable": 503, "server_error": 503, "invalid_request": 403, "unauthorized_client": 403,
		"unsupported_response_type": 403, "invalid_scope": 403, "login_required": 403, "interaction_required": 403, "sso_login_required": 403,
		"account_selection_required": 403, "consent_required": 403, "invalid_request_uri": 403, "request_not_supported": 403, "<script>": 403,
	} {
		j.app.cfg.pretend.nhs.FailNext(code)
		j.must(j.open(t.Context(), j.app.cfg.BaseURL+"/patient"))
		j.must(j.follow(t.Context(), "nhs-login"))
		if j.status != want || !strings.Contains(j.body, "<h1") || strings.Contains(j.body, code) {
			t.Errorf("%s: status %d, want %d and a page that does not say it", code, j.status, want)
		}
		j.signedOut()
	}
	j.signIn(j.page)
	j.atPartner(j.nhs)
	j.forgetHere()
	before := len(j.app.cfg.pretend.nhs.Asked())
	j.app.cfg.pretend.nhs.FailNext("sso_login_required", "login_required")
	j.must(j.submit(t.Context(), `id="back"`, nil))
	asked := j.app.cfg.pretend.nhs.Asked()[before:]
	if len(asked) != 2 || asked[0].Get("prompt") != "none" || asked[1].Has("prompt") || asked[1].Has("asserted_login_identity") || j.status != http.StatusForbidden {
		t.Errorf("NHS login was asked %d times, and then there was a page of %d; want twice, first without asking, and 403", len(asked), j.status)
	}
}

// S62, S70: the way to a partner is a POST of our own page; decision 10: nobody
// else's appointment, and nothing to tell it from one that is not there.
func TestHandOverIsRefused(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	base := j.app.cfg.BaseURL
	for name, header := range map[string]http.Header{
		"another site": {"Sec-Fetch-Site": {"cross-site"}}, "a site beside": {"Sec-Fetch-Site": {"same-site"}}, "by origin": {"Origin": {"https://evil.example"}},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+j.page+"/manage", nil)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(req.Header, header)
		resp, err := j.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, resp.StatusCode)
		}
	}
	if n := len(j.app.cfg.pretend.partner.Received()); n != 0 {
		t.Errorf("%d were handed over", n)
	}
	j.must(j.open(ctx, base+j.page+"/manage"))
	j.must(j.shows(j.page, http.StatusOK, `id="manage"`))
	// Another person: the same page as for what is not there.
	other, err := (&demo{}).person(1)
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser()
	j.must(b.open(ctx, base+"/patient"))
	j.must(b.logIn(ctx, other.nhs))
	j.must(b.open(ctx, base+j.page))
	if b.status != http.StatusNotFound || strings.Contains(b.body, "Follow-up") {
		t.Errorf("another's appointment: %d", b.status)
	}
	theirs := b.body
	j.must(b.open(ctx, base+"/patient/nobody/appointment/nothing"))
	if b.body != theirs {
		t.Error("another's appointment and none have different pages")
	}
	// Cancelled: nothing to manage any more.
	d := &demo{}
	p, _ := d.person(0)
	j.send("S15", "J1", p.pid, segment("SCH", map[int]string{1: "J1"}))
	j.must(j.open(ctx, base+j.page))
	j.must(j.shows(j.page, http.StatusOK, "Cancelled"))
	if strings.Contains(j.body, `id="manage"`) {
		t.Error("a cancelled appointment can be managed")
	}
	j.must(j.visit(ctx, http.MethodPost, base+j.page+"/manage", url.Values{}))
	if j.status != http.StatusConflict {
		t.Errorf("managing what is cancelled: %d, want 409", j.status)
	}
}

// S63, D14: the claims of the assertion, and what its answer's header has.
func TestAssertion(t *testing.T) {
	j := startJourney(t, Settings{})
	j.signIn(j.page)
	j.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	seen := map[string]bool{}
	for range 3 {
		j.must(j.visit(t.Context(), http.MethodPost, j.app.cfg.BaseURL+j.page+"/manage", url.Values{}))
		to := j.header.Get("Location")
		if j.status != http.StatusSeeOther || j.body != "" || !strings.HasPrefix(to, j.management+"&"+manage.Callback+"=") {
			t.Fatalf("%d to %q, want 303 to the URL as it was, and the callback behind it", j.status, to)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := j.app.cfg.pretend.keys[1].Check(u.Query().Get(manage.Identity), &claims); err != nil {
			t.Fatal(err)
		}
		if got, want := slices.Sorted(maps.Keys(claims)), []string{"code", "exp", "iat", "iss", "jti"}; !slices.Equal(got, want) {
			t.Errorf("claims %v, want %v", got, want)
		}
		if life := claims["exp"].(float64) - claims["iat"].(float64); life != 60 || claims["iss"] != clientSlotway {
			t.Errorf("it is of %v for %v seconds, want %s and 60", claims["iss"], life, clientSlotway)
		}
		if id := fmt.Sprint(claims["jti"]); seen[id] {
			t.Error("a jti is used again")
		} else {
			seen[id] = true
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := j.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var none map[string]any
	if auth.Payload("x", &none) == nil {
		t.Error("what is no token has claims")
	}
}

// S68: the session's id changes at sign-in, and ends for good at log-out.
func TestSessionIDs(t *testing.T) {
	j := startJourney(t, Settings{})
	u, err := url.Parse(j.app.cfg.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	j.client.Jar.SetCookies(u, []*http.Cookie{{Name: "slotway", Value: strings.Repeat("A", 22), Path: "/"}})
	j.signIn(j.page)
	session := func() string {
		for _, c := range j.client.Jar.Cookies(u) {
			if c.Name == "slotway" {
				return c.Value
			}
		}
		return ""
	}
	own := session()
	if own == "" || own == strings.Repeat("A", 22) {
		t.Fatalf("after signing in the session is %q", own)
	}
	j.must(j.submit(t.Context(), "sign-out", nil))
	if session() != "" {
		t.Error("the cookie is still there")
	}
	j.client.Jar.SetCookies(u, []*http.Cookie{{Name: "slotway", Value: own, Path: "/"}})
	j.signedOut()
}

// S60: where somebody goes after signing in is a page of ours, whatever is asked.
func TestWhereToAfterSigningIn(t *testing.T) {
	j := startJourney(t, Settings{})
	for _, to := range []string{"https://evil.example", "//evil.example", `\\evil.example`, "/\\evil.example", "/patient/../x", "/patient/a/appointment/b/../../..//evil.example", "javascript:alert(1)", "", "/staff", "/patient/a/appointment/%0d%0a"} {
		j.must(j.open(t.Context(), j.app.cfg.BaseURL+"/patient/sign-in?to="+url.QueryEscape(to)))
		if !strings.Contains(j.body, `href="/patient/sign-in/start?to=%2fpatient"`) && !strings.Contains(j.body, `href="/patient/sign-in/start?to=%2Fpatient"`) {
			t.Errorf("%q is kept as where to go", to)
		}
	}
}
