package app

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"slotway/hl7bridge/hl7"
	"slotway/server/internal/audit"
)

var revokeLink = regexp.MustCompile(`href="(/staff/access/grants/[^"]+/revoke)"`)

// S55: staff see which grants hold, which must be given again, and end one; and who
// is registered, as far as it has to do with their customers.
func TestStaffAccess(t *testing.T) {
	l := startLog(t, Settings{Staff: staffOf(t, "jack.brown:customers: [trustalias], roles: [access, requests]", "grace.okafor:customers: [alias_123], roles: [access]", "none:customers: [trustalias], roles: [health]")})
	l.as("jack.brown", "/staff/access")
	for _, want := range []string{"Nobody has granted access", "partner_demo", "demo-dashboard", "CLINICIAN", "A secret", "appointments-r-us.co.uk", "Every event that is on"} {
		if !strings.Contains(l.body, want) {
			t.Errorf("the page does not show %q:\n%s", want, l.body)
		}
	}
	if strings.Contains(l.body, "$2a$") || strings.Contains(l.body, "argon2") || strings.Contains(l.body, "pbkdf2") || strings.Contains(l.body, demoSecret) {
		t.Error("the page shows a secret, or its hash")
	}
	tokens, _ := l.w.tokens(exchangeForm(l.w.code()))
	l.goTo("/staff/access")
	if !strings.Contains(l.body, ">Holds<") || strings.Contains(l.body, "granted again") {
		t.Errorf("a grant that holds:\n%s", l.body)
	}
	link := revokeLink.FindStringSubmatch(l.body)
	if link == nil {
		t.Fatalf("there is no way to end it:\n%s", l.body)
	}
	if status := l.post(link[1], "cross-site", nil); status != http.StatusForbidden {
		t.Errorf("ending it from another site: %d", status)
	}
	l.leave()
	l.as("grace.okafor", "/staff/access")
	if strings.Contains(l.body, "Jack") || strings.Contains(l.body, link[1]) || strings.Contains(l.body, "trustalias") || strings.Contains(l.body, "Riverside NHS Trust</") {
		t.Errorf("what is another customer's is shown:\n%s", l.body)
	}
	l.goTo(strings.Replace(link[1], "/revoke", "x/revoke", 1))
	nothing := l.body
	l.goTo(link[1])
	if l.status != http.StatusNotFound || l.body != nothing {
		t.Errorf("another customer's grant: %d, or another page than for one that is not there", l.status)
	}
	if status := l.post(link[1], "same-origin", nil); status != http.StatusNotFound {
		t.Errorf("ending another customer's grant: %d", status)
	}
	if l.w.looks(tokens.Access) != http.StatusOK {
		t.Error("the grant was ended by somebody who may not")
	}
	l.goTo("/staff/access")
	l.leave()
	l.as("jack.brown", "/staff/access")
	l.goTo(link[1])
	l.must(l.submit(t.Context(), `id="revoke"`, url.Values{"reason": {"left " + hostile}}))
	committed, err := l.app.audit.All(t.Context()) // what waits to be written is not there yet
	l.must(err)
	if !slices.ContainsFunc(committed, func(f audit.Found) bool {
		return f.Act == "staff.access.revoke" && f.Subject == "jack.brown" && len(f.Of) == 1 && slices.Equal(f.Reach, []string{"trustalias"}) && strings.HasPrefix(f.Why, "left ")
	}) {
		t.Error("that it was ended is not in its commit")
	}
	l.must(l.shows("/staff/access", http.StatusOK, "Access must be granted again"))
	l.inert()
	if !strings.Contains(l.body, "Must be granted again") || revokeLink.MatchString(l.body) || l.w.looks(tokens.Access) != http.StatusUnauthorized {
		t.Errorf("after ending it:\n%s", l.body)
	}
	if l.goTo(link[1]); l.status != http.StatusNotFound {
		t.Errorf("ending it twice is asked: %d", l.status)
	}
	l.goTo("/staff/access")
	l.leave()
	l.goTo("/staff/access")
	l.chosen("none")
	if l.status != http.StatusNotFound {
		t.Errorf("without the role: %d", l.status)
	}
}

var letterForm = regexp.MustCompile(`action="(/staff/health/outbox/([^"]+)/requeue)"`)

// startOutage gives a demo whose partner refused what it was told of a booking.
func startOutage(t *testing.T, staff Text) (*desk, *pas) {
	t.Helper()
	p := newPAS(t)
	p.answers(func(*hl7.Message) string { return "AR" })
	set := telling(p.addr, "")
	set.Staff = staff
	c := newClinic(t, set)
	c.made("s1")
	p.wait(1)
	d := deskOf(t, c.app)
	return d, p
}

// How the server is; and what was given up is sent again, or dropped after a question.
func TestStaffHealth(t *testing.T) {
	d, p := startOutage(t, staffOf(t, "jack.brown:customers: [trustalias], roles: [health]", "grace.okafor:customers: [alias_123], roles: [health]", "none:customers: [trustalias], roles: [access]"))
	d.as("jack.brown", "/staff/health")
	until(t, "the message is given up", func() bool { d.goTo("/staff/health"); return letterForm.MatchString(d.body) })
	for _, want := range []string{`id="ready"`, "It is written", "embedded", Version, "AR", "S12"} {
		if !strings.Contains(d.body, want) {
			t.Errorf("the page does not show %q:\n%s", want, d.body)
		}
	}
	form := letterForm.FindStringSubmatch(d.body)
	dropping := "/staff/health/outbox/" + form[2] + "/drop"
	for _, path := range []string{form[1], dropping} {
		if status := d.post(path, "cross-site", nil); status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, status)
		}
	}
	d.leave()
	d.as("grace.okafor", "/staff/health")
	if !strings.Contains(d.body, "Nothing was given up") {
		t.Errorf("another customer's message is shown:\n%s", d.body)
	}
	for _, path := range []string{form[1], dropping} {
		if status := d.post(path, "same-origin", nil); status != http.StatusNotFound {
			t.Errorf("%s by somebody of another customer: %d", path, status)
		}
	}
	if d.goTo(dropping); d.status != http.StatusNotFound {
		t.Errorf("another customer's message: %d", d.status)
	}
	d.goTo("/staff/health")
	d.leave()
	d.as("jack.brown", "/staff/health")
	d.must(d.submit(t.Context(), form[1], nil))
	d.must(d.shows("/staff/health", http.StatusOK, "<h1"))
	until(t, "it is refused again", func() bool { events, _ := p.events(); return len(events) == 2 })
	until(t, "it is given up again", func() bool { d.goTo("/staff/health"); return letterForm.MatchString(d.body) })
	form = letterForm.FindStringSubmatch(d.body)
	d.goTo("/staff/health/outbox/" + form[2] + "/drop")
	d.must(d.submit(t.Context(), `id="drop"`, nil))
	d.must(d.shows("/staff/health", http.StatusOK, "Nothing was given up"))
	for _, act := range []string{"outbox.requeue", "outbox.drop"} {
		if !slices.ContainsFunc(audited(t, d.app), func(f audit.Found) bool { return f.Act == act && f.Subject == "jack.brown" && f.Face == "staff" }) {
			t.Errorf("%s is not recorded", act)
		}
	}
	d.leave()
	d.goTo("/staff/health")
	d.chosen("none")
	if d.status != http.StatusNotFound {
		t.Errorf("without the role: %d", d.status)
	}
}

// What keeps the server from its work is said on the page.
func TestStaffHealthNotReady(t *testing.T) {
	d := startDesk(t, Settings{})
	d.as("jack.brown", "/staff/health")
	why := "the demo data is being loaded"
	d.app.starting.Store(&why)
	d.goTo("/staff/health")
	d.must(d.shows("/staff/health", http.StatusOK, why))
	if strings.Contains(d.body, `id="ready"`) {
		t.Error("it is ready, too")
	}
	d.app.starting.Store(nil)
}
