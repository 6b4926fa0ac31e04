package app

import (
	"net/http"
	"path"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// signInStaff signs somebody of the staff in with a real browser.
func (b *tab) signInStaff(user string) {
	b.t.Helper()
	b.open("/staff/sign-in", "#provider")
	b.click("#provider", "input[value='"+user+"']")
	b.run(chromedp.Click("input[value='"+user+"']", chromedp.ByQuery))
	b.click("button:not(.plain)", "#sign-out")
}

// TestStaffRecordsInBrowser looks at the pages of messages, of what is held, and of
// slots in a real browser, with script and without.
func TestStaffRecordsInBrowser(t *testing.T) {
	l := startCalendar(t, Settings{})
	browser := chromium(t)
	l.as("jack.brown", "/staff/messages")
	booking, held := l.entry("booking-1"), l.item("held-1")
	look := func(section string, pages ...[2]string) {
		t.Run(section, func(t *testing.T) {
			b := newTab(t, browser, l.app.cfg.BaseURL)
			b.signInStaff("jack.brown")
			for _, page := range pages {
				b.open(page[1], "h1")
				b.accessible("staff-" + page[0])
			}
		})
	}
	look("messages", [2]string{"messages", "/staff/messages"}, [2]string{"messages-none", "/staff/messages?control=none"}, [2]string{"messages-wrong", "/staff/messages?from=x"})
	look("message", [2]string{"message", booking}, [2]string{"message-refused", l.entry("refused-1")}, [2]string{"message-text", booking + "/text"},
		[2]string{"message-fields", booking + "/fields"}, [2]string{"message-fhir", booking + "/fhir"}, [2]string{"message-replay", booking + "/replay"}, [2]string{"message-replay-changes", l.early() + "/replay"}, [2]string{"message-hostile", l.entry("hostile-1") + "/fields"})
	look("calendar", [2]string{"calendar", "/staff/calendar"}, [2]string{"calendar-list", diaryPath + "?week=2030-06-12"},
		[2]string{"calendar-week", diaryPath + "?week=2030-06-12&view=grid"}, [2]string{"calendar-none", diaryPath + "?week=2031-06-12"}, [2]string{"calendar-appointment", diaryPath + "/appointment/a1"})
	look("access", [2]string{"access", "/staff/access"}, [2]string{"health", "/staff/health"})
	tokens, _ := l.w.tokens(exchangeForm(l.w.code()))
	look("granted", [2]string{"access-granted", "/staff/access"}, [2]string{"access-revoke", l.ends()})
	l.must(l.submit(t.Context(), `id="revoke"`, nil))
	if l.w.looks(tokens.Access) == http.StatusOK {
		t.Fatal("the grant goes on")
	}
	look("again", [2]string{"access-again", "/staff/access"})
	look("review", [2]string{"review", "/staff/review"}, [2]string{"review-item", held})
	t.Run("without script", func(t *testing.T) {
		b := newTab(t, browser, l.app.cfg.BaseURL)
		b.signInStaff("jack.brown")
		b.open(diaryPath+"?week=2030-06-12&view=grid", "table")
		b.forReadme("staffpages", "calendar")
		b.open(held, "#reject")
		b.forReadme("staffpages", "review")
		b.click("#reject", ".nhsuk-error-summary")
		b.accessible("staff-review-wrong")
		b.run(emulation.SetScriptExecutionDisabled(true))
		b.open(booking+"/replay", "#confirm")
		b.click("#confirm", "#answer")
		b.open(held, "#accept")
		b.click("#accept", ".nhsuk-inset-text")
		b.run(emulation.SetScriptExecutionDisabled(false))
		b.open(held, "h1")
		b.accessible("staff-review-accepted")
	})
}

// ends gives the path of the page that asks whether a grant is to end, and opens it.
func (l *staffLog) ends() string {
	l.t.Helper()
	l.goTo("/staff/access")
	link := revokeLink.FindStringSubmatch(l.body)
	if link == nil {
		l.t.Fatalf("no grant holds:\n%s", l.body)
	}
	l.goTo(link[1])
	return link[1]
}

// What was given up, in a real browser: sent again and dropped.
func TestStaffHealthInBrowser(t *testing.T) {
	d, _ := startOutage(t, "")
	b := newTab(t, chromium(t), d.app.cfg.BaseURL)
	d.as("jack.brown", "/staff/health")
	until(t, "the message is given up", func() bool { d.goTo("/staff/health"); return letterForm.MatchString(d.body) })
	b.signInStaff("jack.brown")
	b.open("/staff/health", "form[action$='/requeue']")
	b.accessible("staff-health-given-up")
	b.click("a[href$='/drop']", "#drop")
	b.accessible("staff-health-drop")
	b.click("#drop", "#ready")
	why := "the demo data is being loaded"
	d.app.starting.Store(&why)
	b.open("/staff/health", ".nhsuk-warning-callout")
	b.accessible("staff-health-not-ready")
	d.app.starting.Store(nil)
}

// Everything can be done by keyboard: from the top of a page of what is held to the
// decision, by Tab and Enter alone.
func TestStaffKeyboardInBrowser(t *testing.T) {
	l := startLog(t, Settings{})
	b := newTab(t, chromium(t), l.app.cfg.BaseURL)
	l.as("jack.brown", "/staff/review")
	held := l.item("held-1")
	b.signInStaff("jack.brown")
	b.open("/staff/review", "h1")
	b.tabTo("item-" + path.Base(held))
	b.press(kb.Enter, "#accept")
	b.tabTo("sent")
	b.run(chromedp.KeyEvent(" "), chromedp.WaitVisible("pre.app-code", chromedp.ByQuery))
	b.tabTo("reason")
	b.run(chromedp.KeyEvent("It is her sister"))
	b.tabTo("reject")
	b.press(kb.Enter, ".nhsuk-inset-text")
	b.at(held)
}
