package app

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/pretend"
)

// startConsent is a demo where Robin is known by a group alone, Nora stands under staff
// with neither roles nor a password, and Rex has a role of which requests are no part.
func startConsent(t *testing.T) (*ward, *desk) {
	t.Helper()
	w := &ward{t: t, a: startDemo(t, t.TempDir(), Settings{
		StaffLogin: `{roles: {requests: [Slotway reports]}, customers: [trustalias]}`,
		Staff:      "[{id: nora, first_name: Nora, last_name: Roles, customers: [trustalias]}, {id: rex, first_name: Rex, last_name: Ports, customers: [trustalias], roles: [reports]}]",
	})}
	w.d = &demo{app: w.a, base: w.a.cfg.BaseURL}
	return w, deskOf(t, w.a)
}

const consentPath = "/oauth2/authorize"

// asks opens the page on which access is granted, as a client leads there, and signs
// somebody in from it.
func (d *desk) asks(user string) {
	d.t.Helper()
	d.goTo(consentPath + "?" + consentForm().Encode())
	d.must(d.shows(consentPath, http.StatusOK, `id="provider"`))
	d.chosen(user)
	d.must(d.shows(consentPath, http.StatusOK, "You are signed in as"))
	if d.at.RawQuery != consentForm().Encode() {
		d.t.Errorf("back with the query %s", d.at.RawQuery)
	}
}

// decides sends the form, and gives where the browser is sent, out of these pages.
func (d *desk) decides(decision string) url.Values {
	d.t.Helper()
	err := d.submit(d.t.Context(), `id="deny"`, url.Values{"decision": {decision}})
	to := d.trail[len(d.trail)-1]
	if err == nil || !strings.HasPrefix(to.String(), demoRedirect+"?") || to.Query().Get("state") != "s&t=1" {
		d.t.Fatalf("sent to %s (%v)\n%s", to, err, d.body)
	}
	return to.Query()
}

// Who signs in by the provider grants access without a password, as long as they do
// what they did then.
func TestConsentByProvider(t *testing.T) {
	w, _ := startConsent(t)
	for _, user := range []string{"pretend-reports", "nora"} {
		d := deskOf(t, w.a)
		d.asks(user)
		if strings.Contains(d.body, `name="password"`) || strings.Contains(d.body, `id="provider"`) {
			t.Errorf("%s is signed in, and asked who they are", user)
		}
		if q := d.decides("deny"); q.Get("error") != "access_denied" {
			t.Errorf("%s: no answers %v", user, q)
		}
		d.goTo(consentPath + "?" + consentForm().Encode())
		pair, status := w.tokens(exchangeForm(d.decides("allow").Get("code")))
		if status != http.StatusOK || w.looks(pair.Access) != http.StatusOK {
			t.Fatalf("%s: %d, and looking answers %d", user, status, w.looks(pair.Access))
		}
		if user == "nora" {
			continue
		}
		people := w.a.cfg.pretend.staff.People
		people[slices.IndexFunc(people, func(p pretend.Person) bool { return p.Subject == user })].Groups = nil
		d.must(d.visit(t.Context(), http.MethodGet, w.a.cfg.BaseURL+"/oauth2/authorize/sign-in?"+consentForm().Encode(), nil))
		d.must(d.submit(t.Context(), "person", url.Values{"person": {user}}))
		if d.status != http.StatusForbidden {
			t.Errorf("who is in no group comes in: %d", d.status)
		}
		if got := w.looks(pair.Access); got != http.StatusUnauthorized {
			t.Errorf("the grant of who is not let in any more holds: %d", got)
		}
		if again, status := w.tokens(refreshForm(pair.Refresh)); status != http.StatusBadRequest || again.Error != "invalid_grant" {
			t.Errorf("and is refreshed: %d %s", status, again.Error)
		}
	}
}

// A session alone grants nothing: the form must have been made for it, by this site.
func TestConsentForged(t *testing.T) {
	w, d := startConsent(t)
	d.asks("nora")
	page := w.a.cfg.BaseURL + consentPath
	proofOf := func(d *desk) string {
		t.Helper()
		m := regexp.MustCompile(`name="proof" value="([^"]+)"`).FindStringSubmatch(d.body)
		if m == nil {
			t.Fatalf("the page has no proof\n%s", d.body)
		}
		return m[1]
	}
	own := proofOf(d)
	other := deskOf(t, w.a)
	other.asks("pretend-reports")
	for name, proof := range map[string]string{"no proof": "", "one of another session": proofOf(other), "nonsense": "x"} {
		form := withForm(consentForm(), "decision", "allow", "proof", proof)
		if d.must(d.visit(t.Context(), http.MethodPost, page, form)); d.status != http.StatusUnauthorized || !strings.Contains(d.body, "Nobody was granted access") || len(d.trail) > 1 {
			t.Errorf("%s: %d, to %s", name, d.status, d.trail)
		}
	}
	if d.must(d.visit(t.Context(), http.MethodPost, page, withForm(consentForm(), "decision", "allow"))); d.status != http.StatusUnauthorized {
		t.Errorf("neither a proof nor a password: %d", d.status)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page, strings.NewReader(withForm(consentForm(), "decision", "allow", "proof", own).Encode()))
	d.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := d.client.Do(r)
	d.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %s", resp.Status)
	}

	// Signed out in another tab, the form says so, and leads on with what was asked.
	d.goTo(consentPath + "?" + consentForm().Encode())
	body, at := d.body, d.at
	d.goTo("/staff")
	d.must(d.submit(t.Context(), "sign-out", nil))
	d.body, d.at = body, at
	d.must(d.submit(t.Context(), `id="deny"`, url.Values{"decision": {"allow"}}))
	if d.status != http.StatusUnauthorized || !strings.Contains(d.body, "You were signed out") {
		t.Fatalf("without a session: %d\n%s", d.status, d.body)
	}
	d.chosen("nora")
	d.must(d.shows(consentPath, http.StatusOK, "Nora Roles"))
	if q := d.decides("allow"); q.Get("code") == "" {
		t.Errorf("signed in again: %v", q)
	}
}

// Who may not grant access is told so before they decide, and cannot.
func TestConsentByProviderRefused(t *testing.T) {
	w, d := startConsent(t)
	d.asks("rex")
	if strings.Contains(d.body, `id="allow"`) || !strings.Contains(d.body, "You do not see what patients ask") {
		t.Errorf("he is asked to decide\n%s", d.body)
	}
	d.must(d.submit(t.Context(), `id="deny"`, url.Values{"decision": {"allow"}}))
	if d.status != http.StatusForbidden {
		t.Errorf("he decides: %d", d.status)
	}
	if q := d.decides("deny"); q.Get("error") != "access_denied" {
		t.Errorf("no answers %v", q)
	}
	// Signing in leads nowhere but back to a request that is right.
	for name, q := range map[string]string{
		"no client":         withForm(consentForm(), "client_id", "nobody").Encode(),
		"another address":   withForm(consentForm(), "redirect_uri", "https://evil.example/").Encode(),
		"another scope":     withForm(consentForm(), "scope", "PATIENT").Encode(),
		"nothing":           "",
		"too long":          withForm(consentForm(), "more", strings.Repeat("x", 9000)).Encode(),
		"a page of another": "to=//evil.example&" + withForm(consentForm(), "redirect_uri", "//evil.example").Encode(),
	} {
		if d.goTo("/oauth2/authorize/sign-in?" + q); d.status != http.StatusBadRequest || len(d.trail) > 1 {
			t.Errorf("%s: %d, to %s", name, d.status, d.trail)
		}
	}
	if resp, _ := w.do(http.MethodPost, "/oauth2/authorize/sign-in", "", consentForm()); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", resp.Status)
	}
}

// Who stands under staff without roles has those of their groups, and then grants access
// with the role requests alone: when they sign in, by a password, and as long as a grant
// lasts.
func TestConsentRolesOfGroups(t *testing.T) {
	w := &ward{t: t, a: startDemo(t, t.TempDir(), Settings{
		StaffLogin: `{roles: {requests: [Clerks], reports: [Slotway reports]}, customers: [trustalias]}`,
		Staff:      staffOf(t, "jack.brown:customers: [trustalias]"),
	})}
	w.d = &demo{app: w.a, base: w.a.cfg.BaseURL}
	people := w.a.cfg.pretend.staff.People
	jack := &people[slices.IndexFunc(people, func(p pretend.Person) bool { return p.Subject == "jack.brown" })]
	var pair tokenPair
	for _, tc := range []struct {
		groups []string
		may    bool
	}{{[]string{"Slotway reports"}, false}, {[]string{"Clerks"}, true}, {[]string{"Slotway reports"}, false}, {nil, true}, {[]string{"Slotway reports", "Clerks"}, true}} {
		jack.Groups = tc.groups
		d := deskOf(t, w.a)
		d.asks("jack.brown")
		if offered := strings.Contains(d.body, `id="allow"`); offered != tc.may {
			t.Errorf("in %v: offered to grant access: %t", tc.groups, offered)
		}
		resp, _ := w.do(http.MethodPost, consentPath, "", withForm(consentForm(), "decision", "allow", "username", "jack.brown", "password", demoPassword))
		if granted := resp.StatusCode == http.StatusSeeOther; granted != tc.may || !granted && resp.StatusCode != http.StatusForbidden {
			t.Errorf("in %v: by a password %s", tc.groups, resp.Status)
		}
		if tc.may {
			var status int
			if pair, status = w.tokens(exchangeForm(d.decides("allow").Get("code"))); status != http.StatusOK || w.looks(pair.Access) != http.StatusOK {
				t.Errorf("in %v: %d, and looking answers %d", tc.groups, status, w.looks(pair.Access))
			}
			continue
		}
		if d.must(d.submit(t.Context(), `id="deny"`, url.Values{"decision": {"allow"}})); d.status != http.StatusForbidden {
			t.Errorf("in %v: they decide: %d", tc.groups, d.status)
		}
		if pair.Access == "" {
			continue
		}
		if got := w.looks(pair.Access); got != http.StatusUnauthorized {
			t.Errorf("the grant of who has lost the role holds: %d", got)
		}
		if again, status := w.tokens(refreshForm(pair.Refresh)); status != http.StatusBadRequest || again.Error != "invalid_grant" {
			t.Errorf("and is refreshed: %d %s", status, again.Error)
		}
	}
}
