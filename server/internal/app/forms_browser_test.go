package app

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// S70: our own forms are taken from a browser that does not say by Sec-Fetch-Site where
// they come from, as Safari before 16.4 does not; then it is the Origin that says it.
func TestFormsWithoutFetchMetadataInBrowser(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{StaffLogin: "{passwords: true}"})
	b := newTab(t, chromium(t), strings.Replace(a.cfg.BaseURL, "127.0.0.1", plainHost, 1))
	b.open("/staff/sign-in", "#user")
	b.run(chromedp.SendKeys("#user", "jack.brown", chromedp.ByQuery), chromedp.SendKeys("#password", demoPassword, chromedp.ByQuery))
	b.click("#sign-in", "#sign-out")
	b.click("#sign-out", "a[href='/staff/sign-in']")
	b.at("/staff/signed-out")
	// And patients' pages are the same in it.
	b.open("/patient/sign-in", "h1")
	if !b.has(`meta[name="referrer"][content="same-origin"]`) {
		t.Error("a form of patients' pages comes from nowhere")
	}
}
