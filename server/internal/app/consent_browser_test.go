package app

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The page on which a clinician grants access, as the others are (E51, E52, E53).
func TestConsentInBrowser(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	b := newTab(t, chromium(t), a.cfg.BaseURL)
	b.open("/oauth2/authorize?"+consentForm().Encode(), "#allow")
	b.accessible("consent")
	b.run(chromedp.SendKeys("#username", "jack.brown", chromedp.ByQuery))
	b.click("#allow", "#problem")
	b.accessible("consent-wrong")
	var title, user string
	b.run(chromedp.Title(&title), chromedp.Value("#username", &user, chromedp.ByQuery))
	if title != "Error: Grant access – Slotway for staff" || user != "jack.brown" {
		t.Errorf("the title is %q, and the user name %q", title, user)
	}
	b.open("/oauth2/authorize?client_id=nobody", "h1")
	b.accessible("consent-refused")
}
