package app

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	requests "slotway/server/internal/request"
)

// TestStaffRequestsInBrowser walks the board and a request in a real browser, and
// looks at every page and state for what keeps people out (S71, S72, S74).
func TestStaffRequestsInBrowser(t *testing.T) {
	browser := chromium(t)
	w := startWaitingRoom(t, Settings{})
	for i, name := range []string{"Oliver", "Zofia", "Priya"} {
		kind := requests.Change
		if i%2 == 0 {
			kind = requests.Cancel
		}
		w.asked("trustalias", "more"+string(rune('a'+i)), name, kind, "Please. "+scripted)
	}
	b := newTab(t, browser, w.app.cfg.BaseURL)
	b.open("/staff/sign-in", "h1")
	b.accessible("staff-sign-in")
	b.open("/staff/help", "h1")
	b.accessible("staff-help")
	b.signInStaff("jack.brown")
	page := w.page(w.own)
	b.open("/staff/requests", "h1")
	b.accessible("staff-requests")
	b.forReadme("staffpages", "requests")
	w.asked("trustalias", "more", scripted, requests.Change, scripted)
	for _, p := range []struct{ name, path string }{
		{"staff-requests-scripted", "/staff/requests"}, {"staff-requests-none", "/staff/requests?state=withdrawn"}, {"staff-request", page},
	} {
		b.open(p.path, "h1")
		b.accessible(p.name)
	}
	b.click("#claim", "#said")
	b.accessible("staff-request-claimed")
	b.open(page, "h1")
	b.run(chromedp.SendKeys("#reply-text", "Would the 22nd do?", chromedp.ByQuery))
	b.click("#reply", "#said")
	b.open(page, "h1")
	b.run(chromedp.SendKeys("#note-text", "Rang the clinic.", chromedp.ByQuery), chromedp.SendKeys("#progress", "Waiting for the clinic", chromedp.ByQuery))
	b.click("#note", "#said")
	b.accessible("staff-request-noted")
	b.open(page, "h1")
	b.click("#reply", ".nhsuk-error-summary")
	b.accessible("staff-request-error")
	b.run(emulation.SetScriptExecutionDisabled(true))
	b.open(page, "#as-completed")
	b.run(chromedp.Click("#as-completed", chromedp.ByQuery))
	b.click("#done", "#said")
	b.run(emulation.SetScriptExecutionDisabled(false))
	b.open(page, "h1")
	b.accessible("staff-request-done")
	b.open("/staff/requests/trustalias/nothing", "h1")
	b.accessible("staff-not-found")
	b.click("#sign-out", "a[href='/staff/sign-in']")
	b.accessible("staff-signed-out")
}

// TestStaffReportsInBrowser looks at the reports in a real browser.
func TestStaffReportsInBrowser(t *testing.T) {
	browser := chromium(t)
	c := startTallied(t, "Cardiology", "Dermatology", "", "Ophthalmology")
	b := newTab(t, browser, c.app.cfg.BaseURL)
	b.signInStaff("jack.brown")
	for _, p := range []struct{ name, path string }{
		{"staff-reports", "/staff/reports?by=week&from=2026-03-02&until=2026-03-31"},
		{"staff-reports-none", "/staff/reports?by=day&from=2001-03-02&until=2001-03-05"},
		{"staff-reports-wrong", "/staff/reports?from=x"},
	} {
		b.open(p.path, "h1")
		b.accessible(p.name)
		if p.name == "staff-reports" {
			b.forReadme("staffpages", "reports")
		}
	}
}
