package app

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/audit"
)

// hostile is text that partners can send and that must stay text: markup, an
// attribute's end, and a mark that turns the direction of what follows.
const hostile = `<script>alert(1)</script>"><img src=x onerror=alert(2)>` + "\u202Egnp.exe"

// staffLog is a demo with messages, and a browser of its staff.
type staffLog struct {
	*desk
	w *ward
}

// careful are the demo's customers, who compare dates of birth.
const careful = Text(`[{alias: trustalias, name: Riverside NHS Trust, auto_create: true, test_messages: true, soft_match: {birth_date: queue}}, {alias: alias_123, name: Hillside NHS Trust, auto_create: true, test_messages: true, soft_match: {birth_date: queue}}]`)

// startLog gives a demo on which partners have sent messages: one that is applied, one
// that is refused, one that is held, one with hostile text, and one of another
// customer.
func startLog(t *testing.T, set Settings) *staffLog {
	t.Helper()
	if set.Customers == "" {
		set.Customers = careful
	}
	a := startDemo(t, t.TempDir(), set)
	l := &staffLog{deskOf(t, a), &ward{t: t, a: a, d: &demo{app: a, base: a.cfg.BaseURL}}}
	for _, m := range []struct {
		want, alias, event, control string
		segments                    []string
	}{
		{"AA", "trustalias", "ADT^A28", "person-1", []string{wardPID + "|||1 High Street^^Leeds^^LS1 1AA"}},
		{"AA", "trustalias", "SIU^S12", "booking-1", []string{wardBook, wardPID, "NTE|1||Bring your letter", "ZAP|https://appointments-r-us.co.uk/manage/1"}},
		{"AR", "trustalias", "SIU^S12", "refused-1", []string{wardBook, "PID|||123^^^NHS^NH||Nobody^Any||19800229"}},
		{"AA", "trustalias", "SIU^S13", "held-1", []string{"SCH|R1||||||^Hip review||||^^^20260608110000", wardOther}},
		{"AA", "trustalias", "SIU^S12", "hostile-1", []string{"SCH|H1||||||^" + hostile + "||||^^^20260602100000", strings.Replace(wardPID, "Sample^Robin", hostile+"^Robin", 1), "NTE|1||" + hostile}},
		{"AA", "alias_123", "ADT^A28", "foreign-1", []string{"PID|||9990000018^^^NHS^NH||Foreign^Fay||19700101|F"}},
	} {
		if got := l.w.send(m.alias, m.event, m.control, m.segments...); !strings.HasPrefix(got, m.want) {
			t.Fatalf("%s is answered %q, want %s", m.control, got, m.want)
		}
	}
	return l
}

// entry gives the path of the page of a message, as the list of somebody who sees it
// has it.
func (l *staffLog) entry(control string) string {
	l.t.Helper()
	l.goTo("/staff/messages?control=" + url.QueryEscape(control))
	m := regexp.MustCompile(`href="(/staff/messages/[0-9a-f]+)">`).FindStringSubmatch(l.body)
	if m == nil {
		l.t.Fatalf("there is no message %s:\n%s", control, l.body)
	}
	return m[1]
}

// inert fails where hostile text is anything but text.
func (d *desk) inert() {
	d.t.Helper()
	for _, bad := range []string{"<script>alert", "<img src=x", "\u202E", `"><img`} {
		if strings.Contains(d.body, bad) {
			d.t.Errorf("the page %s holds %q", d.at, bad)
		}
	}
}

// The list: what is asked for is found, and nothing of another customer.
func TestStaffMessages(t *testing.T) {
	l := startLog(t, Settings{})
	l.as("jack.brown", "/staff/messages")
	all := []string{"person-1", "booking-1", "refused-1", "held-1", "hostile-1"}
	for _, tc := range []struct {
		query string
		want  []string
	}{
		{"", all},
		{"?partner=partner_demo", all},
		{"?partner=another", nil},
		{"?control=booking-1", []string{"booking-1"}},
		{"?control=foreign-1", nil},
		{"?control=+booking-1+", []string{"booking-1"}},
		{"?appointment=R1", []string{"booking-1", "refused-1", "held-1"}},
		{"?state=held", []string{"held-1"}},
		{"?state=refused", []string{"refused-1"}},
		{"?state=nonsense", all},
		{"?from=2000-01-01T00:00", all},
		{"?until=2000-01-01", nil},
		{"?from=2999-01-01T00:00&until=", nil},
	} {
		l.goTo("/staff/messages" + tc.query)
		l.must(l.shows("/staff/messages", http.StatusOK, "<h1"))
		for _, control := range append(all, "foreign-1") {
			if got, want := strings.Contains(l.body, ">"+control+"</a>"), slices.Contains(tc.want, control); got != want {
				t.Errorf("%s shows %s: %t, want %t", tc.query, control, got, want)
			}
		}
		if strings.Contains(l.body, "Robin") || strings.Contains(l.body, "9990001006") {
			t.Errorf("%s: the list names a patient", tc.query)
		}
	}
	for _, name := range []string{"from", "until"} {
		l.goTo("/staff/messages?" + name + "=yesterday")
		if l.status != http.StatusBadRequest || !strings.Contains(l.body, `<a href="#`+name+`">Enter a time`) || !strings.Contains(l.body, `value="yesterday"`) || !strings.Contains(l.body, "<title>Error: ") {
			t.Errorf("a bad time: %d\n%s", l.status, l.body)
		}
	}
	l.goTo("/staff/messages?control=" + url.QueryEscape(strings.TrimSuffix(hostile, "\u202Egnp.exe")))
	l.inert()
}

// One message: how it was answered, as it was sent, by fields, and what it made; each
// look is recorded.
func TestStaffMessage(t *testing.T) {
	l := startLog(t, Settings{})
	l.as("jack.brown", "/staff/messages")
	entry := l.entry("booking-1")
	for _, tc := range []struct {
		view, act string
		want      []string
	}{
		{"", "messages.entry", []string{"AA, accepted", "booking-1", "partner_demo", "Applied", `id="replay"`}},
		{"/text", "messages.view", []string{"PID|||9990001006^^^NHS^NH||Sample^Robin||19800229|F", "https://appointments-r-us.co.uk/manage/1"}},
		{"/fields", "messages.view", []string{"SCH-7", "Appointment reason", "SCH-7.2", "Hip review", "PID-5.1", "Sample", "Appointment partner"}},
		{"/fhir", "staff.messages.fhir", []string{`&#34;resourceType&#34;: &#34;Appointment&#34;`, "version 1"}},
	} {
		l.goTo(entry + tc.view)
		l.must(l.shows(entry+tc.view, http.StatusOK, "<h1"))
		for _, want := range tc.want {
			if !strings.Contains(l.body, want) {
				t.Errorf("%s does not show %q:\n%s", tc.view, want, l.body)
			}
		}
		if !slices.ContainsFunc(audited(t, l.app), func(f audit.Found) bool { return f.Act == tc.act && f.Face == "staff" && f.Subject == "jack.brown" }) {
			t.Errorf("that %s was looked at as %s is not recorded", tc.view, tc.act)
		}
	}
	l.goTo(l.entry("refused-1"))
	for _, want := range []string{"AR, refused", "PID-3", "NHS number", "Refused", "102, Data type error, Data type error", "VALUE_INVALID"} {
		if !strings.Contains(l.body, want) {
			t.Errorf("a refusal does not show %q:\n%s", want, l.body)
		}
	}
	l.goTo(l.entry("held-1"))
	if !strings.Contains(l.body, `href="/staff/review/`) {
		t.Error("a message that is held does not lead to the review queue")
	}
	hostileEntry := l.entry("hostile-1")
	for _, view := range []string{"", "/text", "/fields", "/fhir", "/replay"} {
		l.goTo(hostileEntry + view)
		l.must(l.shows(hostileEntry+view, http.StatusOK, "<h1"))
		l.inert()
		if (view == "/text" || view == "/fields") && !strings.Contains(l.body, "‹U&#43;202E›") {
			t.Errorf("%s hides the mark of direction", view)
		}
	}
}

// A message is carried out again after a question, by a form of these pages only.
func TestStaffReplay(t *testing.T) {
	l := startLog(t, Settings{})
	l.as("jack.brown", "/staff/messages")
	entry := l.entry("booking-1")
	l.goTo(entry + "/replay")
	l.must(l.shows(entry+"/replay", http.StatusOK, "Nothing would change: it was carried out before"))
	l.must(l.submit(t.Context(), `id="confirm"`, nil))
	if l.status != http.StatusOK || l.at.Path == entry || !strings.Contains(l.body, "Sent again") || !strings.Contains(l.body, "jack.brown") || !strings.Contains(l.body, `href="`+entry+`"`) {
		t.Errorf("after replaying: %d at %s\n%s", l.status, l.at, l.body)
	}
	refused := l.entry("refused-1")
	l.goTo(refused + "/replay")
	l.must(l.shows(refused+"/replay", http.StatusOK, "It would be refused, and nothing would change."))
	cancel := l.early()
	l.goTo(cancel + "/replay")
	for _, want := range []string{"It would be carried out, and answered AA.", "Nothing of this is done yet.", ">status<", ">booked<", ">cancelled<"} {
		l.must(l.shows(cancel+"/replay", http.StatusOK, want))
	}
	if !slices.ContainsFunc(audited(t, l.app), func(f audit.Found) bool {
		return f.Act == "staff.messages.replay" && f.Subject == "jack.brown" && len(f.Touched) > 0
	}) {
		t.Error("that the appointment was shown is not recorded")
	}
	l.goTo("/staff/messages?appointment=E1")
	if n := strings.Count(l.body, ">early-"); n != 2 {
		t.Errorf("asking left something: %d messages, want 2", n)
	}
	l.goTo(cancel + "/replay")
	l.must(l.submit(t.Context(), `id="confirm"`, nil))
	done := l.at.Path
	l.goTo(done + "/fhir")
	for _, want := range []string{">status<", ">booked<", ">cancelled<", `&#34;status&#34;: &#34;cancelled&#34;`} {
		l.must(l.shows(done+"/fhir", http.StatusOK, want))
	}
	for path, site := range map[string]string{entry + "/replay": "cross-site", refused + "/replay": "cross-site"} {
		if status := l.post(path, site, nil); status != http.StatusForbidden {
			t.Errorf("POST %s from another site: %d", path, status)
		}
	}
}

// early gives the path of a message that came before the booking that it cancels.
func (l *staffLog) early() string {
	l.t.Helper()
	for _, m := range [][]string{{"AR", "SIU^S15", "early-1", "SCH|E1", wardPID}, {"AA", "SIU^S12", "early-2", "SCH|E1||||||^Hip review||||^^^20260609100000", wardPID}} {
		if got := l.w.send("trustalias", m[1], m[2], m[3:]...); !strings.HasPrefix(got, m[0]) {
			l.t.Fatalf("%s is answered %q, want %s", m[2], got, m[0])
		}
	}
	return l.entry("early-1")
}

// post sends a form of a page of ours, or of another site.
func (d *desk) post(path, site string, form url.Values) int {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.app.cfg.BaseURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", site)
	resp, err := (&http.Client{Jar: d.client.Jar, CheckRedirect: stays.CheckRedirect}).Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// S75: another customer's message is as one that is not there, and what it says is
// for those who have the role of that.
func TestStaffMessagesApart(t *testing.T) {
	l := startLog(t, Settings{Staff: staffOf(t,
		"whole:customers: [trustalias], roles: [messages, contents]", "part:customers: [trustalias], roles: [messages]",
		"other:customers: [alias_123], roles: [messages, contents]", "none:customers: [trustalias], roles: [contents]")})
	l.as("other", "/staff/messages")
	foreign := l.entry("foreign-1")
	if strings.Contains(l.body, "booking-1") {
		t.Error("another customer's messages are in the list")
	}
	l.leave()
	l.as("whole", "/staff/messages")
	own := l.entry("booking-1")
	for _, view := range []string{"", "/text", "/fields", "/fhir", "/replay"} {
		l.goTo(foreign[:len(foreign)-1] + "x" + view)
		nothing := l.body
		l.goTo(foreign + view)
		if l.status != http.StatusNotFound || l.body != nothing {
			t.Errorf("another customer's message at %s: %d, or another page than for one that is not there", view, l.status)
		}
	}
	if status := l.post(foreign+"/replay", "same-origin", nil); status != http.StatusNotFound {
		t.Errorf("replaying another customer's message: %d", status)
	}
	l.leave()
	l.as("part", "/staff/messages")
	l.goTo(own)
	l.must(l.shows(own, http.StatusOK, "AA, accepted"))
	if strings.Contains(l.body, own+"/") || strings.Contains(l.body, `id="replay"`) {
		t.Error("there are links to what is not allowed")
	}
	for _, view := range []string{"/text", "/fields", "/fhir", "/replay"} {
		if l.goTo(own + view); l.status != http.StatusNotFound {
			t.Errorf("without its role %s is answered %d", view, l.status)
		}
	}
	if status := l.post(own+"/replay", "same-origin", nil); status != http.StatusNotFound {
		t.Errorf("replaying without its role: %d", status)
	}
	l.leave()
	l.goTo("/staff/messages")
	l.chosen("none")
	if l.status != http.StatusNotFound {
		t.Errorf("without the role the list is answered %d", l.status)
	}
}

// leave signs out.
func (d *desk) leave() {
	d.t.Helper()
	d.must(d.submit(d.t.Context(), "sign-out", nil))
}
