package app

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// signInStaff signs somebody of the staff in with a real browser.
func (b *tab) signInStaff(user string) {
	b.t.Helper()
	b.open("/staff/sign-in", "#provider")
	b.click("#provider", "input[value='"+user+"']")
	b.run(chromedp.Click("input[value='"+user+"']", chromedp.ByQuery))
	b.click("button:not(.plain)", "#sign-out")
}

// TestStaffRecordsInBrowser looks at the pages of messages in a real browser, with
// script and without.
func TestStaffRecordsInBrowser(t *testing.T) {
	l := startLog(t, Settings{})
	b := newTab(t, chromium(t), l.app.cfg.BaseURL)
	l.as("jack.brown", "/staff/messages")
	booking, hostile, refused := l.entry("booking-1"), l.entry("hostile-1"), l.entry("refused-1")
	b.signInStaff("jack.brown")
	for _, page := range []struct{ name, path string }{
		{"staff-messages", "/staff/messages"},
		{"staff-messages-none", "/staff/messages?control=none"},
		{"staff-messages-wrong", "/staff/messages?from=x"},
		{"staff-message", booking},
		{"staff-message-refused", refused},
		{"staff-message-text", booking + "/text"},
		{"staff-message-fields", booking + "/fields"},
		{"staff-message-fhir", booking + "/fhir"},
		{"staff-message-replay", booking + "/replay"},
		{"staff-message-hostile", hostile + "/fields"},
	} {
		b.open(page.path, "h1")
		b.accessible(page.name)
	}
	b.run(emulation.SetScriptExecutionDisabled(true))
	b.open(booking+"/replay", "#confirm")
	b.click("#confirm", "#answer")
}
