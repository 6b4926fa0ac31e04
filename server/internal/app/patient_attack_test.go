package app

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// pagePaths are what an appointment has besides its own page, by method.
var pagePaths = map[string][]string{
	http.MethodGet:  {"", "/manage", "/ask", "/ask/check", "/ask/sent", "/reply", "/withdraw"},
	http.MethodPost: {"/manage", "/ask", "/ask/check", "/reply", "/withdraw"},
}

// S70: whatever changes something comes from our own pages, of every form.
func TestPagesRefuseOtherSites(t *testing.T) {
	j := startJourney(t, Settings{})
	j.signIn(j.page)
	j.sent("change", "Before.")
	r := j.openRequest()
	forms := []string{"/patient/sign-out", "/patient/session"}
	for _, path := range pagePaths[http.MethodPost] {
		forms = append(forms, j.page+path)
	}
	for _, path := range forms {
		for name, header := range map[string]http.Header{
			"another site": {"Sec-Fetch-Site": {"cross-site"}}, "a site beside": {"Sec-Fetch-Site": {"same-site"}},
			"by origin": {"Origin": {"https://evil.example"}}, "no origin": {"Origin": {"null"}},
		} {
			body := url.Values{"request": {r.Key.ID}, "message": {"Forged."}, "kind": {"cancel"}, "note": {"Forged."}, "draft": {"x"}}.Encode()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, j.app.cfg.BaseURL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(req.Header, header)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := j.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %s: %d", path, name, resp.StatusCode)
			}
		}
	}
	if now := j.openRequest(); now.Version != r.Version {
		t.Error("the request has changed")
	}
	j.must(j.open(t.Context(), j.page))
	j.must(j.shows(j.page, http.StatusOK, "Before."))
}

// Decision 10: at every address another's appointment, their request, and what is not
// there are the same answer, to the byte.
func TestAnothersIDs(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	base := j.app.cfg.BaseURL
	j.signIn(j.page)
	j.sent("change", "Of the first.")
	r := j.openRequest()
	other, err := (&demo{}).person(1)
	if err != nil {
		t.Fatal(err)
	}
	j.send("S12", "J2", other.pid, segment("SCH", map[int]string{1: "J2", 7: "^Follow-up clinic", 11: "^^^20300116143000^20300116150000"}))
	theirs := j.find("J2")
	b := newBrowser()
	j.must(b.open(ctx, base+theirs))
	j.must(b.logIn(ctx, other.nhs))
	j.must(b.shows(theirs, http.StatusOK, "Follow-up clinic"))
	mine, their := strings.Split(j.page, "/"), strings.Split(theirs, "/")
	form := url.Values{"request": {r.Key.ID}, "message": {"Forged."}, "kind": {"cancel"}, "note": {"Forged."}, "draft": {r.Key.ID}, "after": {"0"}}
	missing := map[string]string{}
	for _, page := range []string{
		"/patient/nobody/appointment/nothing", j.page, "/patient/" + their[2] + "/appointment/" + mine[4], "/patient/" + mine[2] + "/appointment/" + their[4],
		"/patient/" + their[2] + "/appointment/nothing", "/patient/" + strings.ToUpper(their[2]) + "x/appointment/" + their[4],
	} {
		for method, paths := range pagePaths {
			for _, path := range paths {
				if method == http.MethodGet && (path == "/manage" || path == "/reply") {
					continue // these lead to the page itself
				}
				var filled url.Values
				if method == http.MethodPost {
					filled = form
				}
				j.must(b.visit(ctx, method, base+page+path, filled))
				key := method + path
				if missing[key] == "" {
					missing[key] = fmt.Sprint(b.status, b.header.Get("Content-Security-Policy"), leftText.ReplaceAllString(b.body, ""))
				}
				if got := fmt.Sprint(b.status, b.header.Get("Content-Security-Policy"), leftText.ReplaceAllString(b.body, "")); b.status != http.StatusNotFound || got != missing[key] {
					t.Errorf("%s %s: %d, want what is answered for what is not there", method, page+path, b.status)
				}
			}
		}
	}
	// Of the own appointment, another's request.
	for _, path := range []string{"/reply", "/withdraw"} {
		for _, id := range []string{r.Key.ID, "nothing", "", "../x", "a b"} {
			form.Set("request", id)
			j.must(b.visit(ctx, http.MethodPost, base+theirs+path, form))
			if b.status != http.StatusNotFound || strings.Contains(b.body, "Of the first") {
				t.Errorf("request %q at %s: %d", id, path, b.status)
			}
		}
	}
	if now := j.openRequest(); now.Version != r.Version {
		t.Error("the request has changed")
	}
	// Of one's own two appointments, the request of one by the address of the other.
	d := &demo{}
	p, _ := d.person(0)
	j.send("S12", "J3", p.pid, segment("SCH", map[int]string{1: "J3", 7: "^Another clinic", 11: "^^^20300117143000^20300117150000"}))
	j.must(j.visit(ctx, http.MethodPost, base+j.find("J3")+"/withdraw", url.Values{"request": {r.Key.ID}}))
	if j.status != http.StatusNotFound || j.openRequest().Version != r.Version {
		t.Errorf("by the address of another appointment: %d", j.status)
	}
}

// leftText is what a page says of the time, which goes by.
var leftText = regexp.MustCompile(`data-left="[0-9]+"`)

// S60: where somebody goes after signing in is a page of ours, whatever is asked; and
// nothing that is asked becomes a header of its own.
func TestWhereToIsOurs(t *testing.T) {
	j := startJourney(t, Settings{})
	stranger := newBrowser()
	stranger.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	id := strings.Split(j.page, "/")
	good := []string{"/patient", j.page, j.page + "/ask", j.page + "/ask/check", j.page + "/withdraw"}
	for _, to := range append([]string{
		"https://evil.example" + j.page, "//evil.example" + j.page, "/\\evil.example", j.page + "/../../..//evil.example", j.page + "/ask/../..", j.page + "//ask", j.page + "/ask/ask", j.page + "/askx",
		j.page + "/manage", j.page + "/reply", j.page + "/ask?x=//evil.example", j.page + "/ask#x", j.page + "\r\nSet-Cookie: a=b", j.page + "%0d%0aSet-Cookie:a=b", "/patient/" + id[2] + "/appointment/%2e%2e/ask",
		"/patient//evil.example/appointment/x/ask", "/patient/" + id[2] + "/appointment/" + id[4] + "\x00/ask", "/staff", "/patient/sign-out", "javascript:alert(1)/ask", "/ask", "ask/check", strings.Repeat("/ask", 1000),
	}, good...) {
		j.must(stranger.open(t.Context(), j.app.cfg.BaseURL+"/patient/sign-in?to="+url.QueryEscape(to)))
		found := regexp.MustCompile(`href="/patient/sign-in/start\?to=([^"]*)"`).FindStringSubmatch(stranger.body)
		if found == nil {
			t.Fatalf("%q: %d", to, stranger.status)
		}
		got, err := url.QueryUnescape(found[1])
		if err != nil || !slices.Contains(good, got) || slices.Contains(good, to) && got != to {
			t.Errorf("%q leads to %q", to, got)
		}
		if len(stranger.header.Values("Set-Cookie")) != 0 {
			t.Errorf("%q sets a cookie", to)
		}
	}
}

// payloads are texts that are to become more than text.
var payloads = []string{
	`<script>alert(1)</script>`, `"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `</textarea><script>alert(1)</script>`, `</title><script>alert(1)</script>`,
	`<svg/onload=alert(1)>`, `<img src=x onerror=alert(1)>`, `<iframe src="javascript:alert(1)">`, `javascript:alert(1)`, `" onmouseover="alert(1)`, `' autofocus onfocus='alert(1)`,
	`{{.Data}}`, `{{template "idle"}}`, `${alert(1)}`, `<!--`, `]]><script>alert(1)</script>`, `<a href="javascript:alert(1)">x</a>`, `<form action=//evil.example><button>x`,
	`<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil.example>`, `<style>*{display:none}</style>`, `&lt;script&gt;alert(1)&lt;/script&gt;`, `\u003cscript\u003ealert(1)`,
}

// S72: what others wrote is text, on every page and in every field, in a real browser:
// no dialog opens, nothing is asked of another host, and no element is made of it.
func TestStoredScriptInBrowser(t *testing.T) {
	j, b := startTab(t, chromium(t), Settings{})
	ctx := t.Context()
	d := &demo{app: j.app, base: j.app.cfg.BaseURL}
	admin, err := fetchToken(ctx, d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	b.signIn(j)
	patient := store.Key{Customer: "trustalias", ID: strings.Split(j.page, "/")[2]}
	all := strings.Join(payloads, "\n")
	for i, payload := range payloads {
		key := store.Key{Customer: "trustalias", Type: "Appointment", ID: fmt.Sprintf("script-%d", i)}
		text := []doc{{"text": payload, "coding": []doc{{"display": payload}}}}
		body := doc{
			"resourceType": "Appointment", "id": key.ID, "status": "booked", "description": payload, "patientInstruction": payload, "comment": payload,
			"start": "2030-02-01T09:00:00Z", "end": "2030-02-01T09:30:00Z", "serviceType": text, "specialty": text, "appointmentType": text[0],
			"participant": []doc{
				{"actor": doc{"reference": "Patient/" + patient.ID, "display": payload}, "status": "accepted"},
				{"actor": doc{"type": "Practitioner", "display": payload}, "status": "accepted"},
				{"actor": doc{"type": "Location", "display": payload}, "status": "accepted"},
			},
			"extension": []doc{{"url": "http://fhir.patientsknowbest.com/structuredefinition/management-url", "valueUrl": strings.Join(strings.Fields(payload), "")}},
		}
		if status, answer, err := d.call(ctx, http.MethodPut, "/R4/Appointment/"+key.ID, admin, body); err != nil || status >= 300 {
			t.Fatalf("storing it: %d %s %v", status, answer, err)
		}
		r, err := j.app.requests.Ask(ctx, requests.Ask{Appointment: key, Patient: patient, Kind: requests.Change, Note: payload})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.app.requests.Reply(ctx, r.Key, store.Any, requests.Party{Number: 4096, Name: payload}, payload+all); err != nil {
			t.Fatal(err)
		}
	}
	harmless := func(path string) {
		t.Helper()
		b.open(path, "h1")
		var made []string
		b.run(chromedp.Evaluate(`[...document.querySelectorAll('main *, header *, title *')].filter(e =>
			['SCRIPT', 'IFRAME', 'IMG', 'BASE', 'META', 'STYLE', 'OBJECT', 'EMBED'].includes(e.tagName) || e.tagName === 'svg' && e.hasAttribute('onload') ||
			[...e.attributes].some(a => a.name.startsWith('on') || /^(javascript|data):/i.test(a.value.trim())) || e.tagName === 'FORM' && new URL(e.action).origin !== location.origin
		).map(e => e.outerHTML)`, &made))
		for _, e := range made {
			t.Errorf("%s has %s", path, e)
		}
	}
	harmless("/patient")
	for i := range payloads {
		harmless(fmt.Sprintf("/patient/%s/appointment/script-%d", patient.ID, i))
	}
	harmless(fmt.Sprintf("/patient/%s/appointment/script-3/withdraw", patient.ID))
	b.open(j.page+"/ask", "#note")
	b.fill("change", all, "#send")
	harmless(j.page + "/ask/check")
	harmless(j.page + "/ask")
	var note string
	b.run(chromedp.Value("#note", &note, chromedp.ByQuery))
	if note != all {
		t.Errorf("the form has %q, want what was written", note)
	}
}

// Nothing that a patient writes or is, and nothing that proves who they are, is in the
// log, the metrics, or an address.
func TestNoPatientDataOnPages(t *testing.T) {
	log := new(lockedBuffer)
	a := startDemoLogging(t, t.TempDir(), Settings{LogLevel: "debug"}, log)
	j := journeyOn(t, a)
	ctx := t.Context()
	j.signIn(j.page)
	var addresses []string
	note := func() {
		for _, u := range j.trail {
			if u.Host == j.at.Host {
				addresses = append(addresses, u.String())
			}
		}
	}
	const canary = "Zyxwvut-canary"
	j.sent("change", canary+" note")
	note()
	r := j.openRequest()
	j.must(j.open(ctx, j.page))
	j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {canary + " message"}}))
	note()
	j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {strings.Repeat(canary, requests.MaxText)}}))
	note()
	j.idle()
	j.must(j.visit(ctx, http.MethodPost, a.cfg.BaseURL+j.page+"/reply", url.Values{"request": {r.Key.ID}, "message": {canary + " late"}}))
	note()
	j.must(j.follow(ctx, `id="sign-in"`))
	j.must(j.logIn(ctx, j.nhs))
	note()
	j.must(j.open(ctx, j.page+"/withdraw"))
	j.must(j.submit(ctx, `id="withdraw"`, nil))
	note()
	j.must(j.open(ctx, a.cfg.BaseURL+"/patient/"+canary+"/appointment/"+canary+"?note="+canary))
	j.must(j.open(ctx, a.cfg.BaseURL+"/patient/sign-in?to="+canary))
	canaries := []string{canary, j.nhs, "Ashworth"}
	for _, c := range j.client.Jar.Cookies(&url.URL{Scheme: "http", Host: "127.0.0.1"}) {
		canaries = append(canaries, c.Value)
	}
	if len(canaries) < 4 {
		t.Fatal("there is no cookie")
	}
	_, metrics, err := (&demo{app: a, base: a.cfg.BaseURL}).call(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil || !bytes.Contains(metrics, []byte(signIns)) {
		t.Fatalf("the metrics: %v", err)
	}
	for _, c := range canaries {
		if strings.Contains(log.String(), c) {
			t.Errorf("the log says %q", c)
		}
		if bytes.Contains(metrics, []byte(c)) {
			t.Errorf("the metrics say %q", c)
		}
		for _, at := range addresses {
			if strings.Contains(at, c) {
				t.Errorf("an address says %q: %s", c, at)
			}
		}
	}
}
