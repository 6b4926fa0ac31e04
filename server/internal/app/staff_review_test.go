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

var reviewLink = regexp.MustCompile(`<a id="item-[0-9a-f]+" href="(/staff/review/[^"?]+)">([^<]*)</a>`)

// item gives the path of the page of what is held under a control id.
func (l *staffLog) item(control string) string {
	l.t.Helper()
	l.goTo("/staff/review?state=all")
	for _, m := range reviewLink.FindAllStringSubmatch(l.body, -1) {
		if m[2] == control {
			return m[1]
		}
	}
	l.t.Fatalf("nothing is held as %s:\n%s", control, l.body)
	return ""
}

// hl7-bridge 3.4: what is held is listed oldest first, each customer's apart; message
// and record stand side by side, and what differs is said in words; and it is
// recorded who looked.
func TestStaffReview(t *testing.T) {
	l := startLog(t, Settings{})
	if got := l.w.send("trustalias", "SIU^S13", "held-2", "SCH|H1||||||^"+hostile+"||||^^^20260609110000", strings.Replace(wardOther, "Sample^Robin", hostile, 1)); got != "AA" {
		t.Fatal(got)
	}
	l.as("jack.brown", "/staff/review")
	var order []string
	for _, m := range reviewLink.FindAllStringSubmatch(l.body, -1) {
		order = append(order, m[2])
	}
	if !slices.Equal(order, []string{"held-1", "held-2"}) || strings.Contains(l.body, "Robin") || !strings.Contains(l.body, "The date of birth is not the one on record") {
		t.Errorf("the list is %q\n%s", order, l.body)
	}
	held := l.item("held-1")
	l.goTo(held)
	for _, want := range []string{"29 February 1980", "28 February 1980", "Monday 8 June 2026 at 11am", "999 000 1006", ">Differs<", ">Same<", ">Only on record<", "NHS number", "Hip review", "PID|||9990001006", `href="/staff/messages/`} {
		if !strings.Contains(l.body, want) {
			t.Errorf("the item does not show %q:\n%s", want, l.body)
		}
	}
	for _, act := range []string{"review.view", "staff.review.compare"} {
		if !slices.ContainsFunc(audited(t, l.app), func(f audit.Found) bool { return f.Act == act && f.Subject == "jack.brown" && f.Face == "staff" }) {
			t.Errorf("%s is not recorded", act)
		}
	}
	l.goTo(l.item("held-2"))
	l.must(l.shows(l.at.Path, http.StatusOK, "Differs"))
	l.inert()

	l.goTo(held)
	l.must(l.submit(t.Context(), `id="reject"`, url.Values{"reason": {"  "}}))
	if l.status != http.StatusUnprocessableEntity || !strings.Contains(l.body, `<a href="#reason">Enter why`) || !strings.Contains(l.body, "<title>Error: ") {
		t.Errorf("a rejection without a reason: %d\n%s", l.status, l.body)
	}
	long := strings.Repeat("x", 1001)
	l.must(l.submit(t.Context(), `id="reject"`, url.Values{"reason": {long}}))
	if l.status != http.StatusUnprocessableEntity || !strings.Contains(l.body, "1,000 characters or fewer") || !strings.Contains(l.body, long) {
		t.Errorf("a long reason: %d", l.status)
	}
	l.must(l.submit(t.Context(), `id="reject"`, url.Values{"reason": {hostile}}))
	l.must(l.shows(held, http.StatusOK, "Rejected on"))
	l.inert()
	if strings.Contains(l.body, `id="accept"`) || !strings.Contains(l.body, "by jack.brown") {
		t.Errorf("after the rejection:\n%s", l.body)
	}
	l.must(l.submit(t.Context(), `id="again"`, nil))
	l.must(l.shows(held, http.StatusOK, "To be decided"))
	l.must(l.submit(t.Context(), `id="accept"`, nil))
	l.must(l.shows(held, http.StatusOK, "Accepted on"))
	l.goTo("/staff/review")
	if strings.Contains(l.body, ">held-1<") || !strings.Contains(l.body, ">held-2<") {
		t.Errorf("after the decision the list is\n%s", l.body)
	}
}

// S75: another customer's item is as one that is not there, for looking and for
// deciding; and no other site decides.
func TestStaffReviewApart(t *testing.T) {
	l := startLog(t, Settings{Staff: staffOf(t,
		"own:customers: [trustalias], roles: [review]", "other:customers: [alias_123], roles: [review]", "both:customers: [trustalias, alias_123], roles: [review]", "none:customers: [trustalias], roles: [messages]")})
	l.as("own", "/staff/review")
	held := l.item("held-1")
	if strings.Contains(l.body, "/staff/messages/") {
		t.Error("there is a link to what is not allowed")
	}
	for _, act := range []string{"accept", "reject", "replay"} {
		if status := l.post(held+"/"+act, "cross-site", url.Values{"reason": {"x"}}); status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", act, status)
		}
	}
	l.leave()
	l.as("other", "/staff/review")
	if !strings.Contains(l.body, "Nothing is waiting") || strings.Contains(l.body, "held-1") {
		t.Error("another customer's queue is shown")
	}
	l.goTo("/staff/review?customer=trustalias")
	if strings.Contains(l.body, "held-1") {
		t.Error("another customer's queue is shown to who asks for it")
	}
	l.goTo(held[:len(held)-1] + "x")
	nothing := l.body
	l.goTo(held)
	if l.status != http.StatusNotFound || l.body != nothing {
		t.Errorf("another customer's item: %d, or another page than for one that is not there", l.status)
	}
	for _, act := range []string{"accept", "reject", "replay"} {
		if status := l.post(held+"/"+act, "same-origin", url.Values{"reason": {"x"}}); status != http.StatusNotFound {
			t.Errorf("%s of another customer's item: %d", act, status)
		}
	}
	l.goTo("/staff/review")
	l.leave()
	l.as("both", "/staff/review")
	if strings.Count(l.body, "<h2") < 2 {
		t.Error("the customers' queues are not apart")
	}
	l.leave()
	l.goTo(held)
	l.chosen("none")
	if l.status != http.StatusNotFound {
		t.Errorf("without the role: %d", l.status)
	}
}
