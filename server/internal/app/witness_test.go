package app

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"slotway/server/internal/manage"
)

// TestWitnessInBrowser walks the six workflows of seed 000 that are to be
// witnessed, in a real browser, with script and without, and looks at every page
// for what keeps people out (security-reliability S71, S74, 3.5).
func TestWitnessInBrowser(t *testing.T) {
	browser := chromium(t)
	t.Run("1 another sign-in at the partner", func(t *testing.T) {
		j, b := startTab(t, browser, Settings{})
		b.signIn(j)
		b.accessible("appointment")
		b.open("/patient", "h1")
		b.accessible("overview")
		b.open(j.page, "#manage")
		b.cut(j)
		b.click("#manage", "#sign-in")
		b.password()
		b.click("#back", "#came-back")
		b.at(j.page)
		b.accessible("came-back")
		b.forReadme("pages", "came-back")
		b.run(chromedp.Reload(), chromedp.WaitReady("#manage", chromedp.ByQuery))
		if b.has("#came-back") {
			t.Error("the banner is there twice")
		}
	})
	t.Run("2 NHS login at the partner only", func(t *testing.T) {
		j, b := startTab(t, browser, Settings{})
		b.signIn(j)
		b.cut(j)
		b.click("#manage", "#nhs-login")
		b.click("#nhs-login", "#back")
		b.forget()
		b.click("#back", "#came-back")
		b.at(j.page)
	})
	t.Run("3 single sign-on both ways", func(t *testing.T) {
		j, b := startTab(t, browser, Settings{})
		b.signIn(j)
		b.click("#manage", "#back")
		b.forget()
		b.click("#back", "#came-back")
		b.at(j.page)
		b.open("/patient", "form[action$='/manage'] button")
		b.click("form[action$='/manage'] button", "#back")
		b.click("#back", "#came-back")
		b.at("/patient")
	})
	for mode, separator := range map[string]string{"plain": "?", "proven": "&"} {
		t.Run("4 and 5 a callback that is "+mode, func(t *testing.T) {
			j, b := startTab(t, browser, Settings{Callbacks: Text(mode)})
			b.signIn(j)
			b.click("#manage", "#back")
			callback := j.handedOver().Get(manage.Callback)
			b.click("#back", "#came-back")
			b.at(j.page)
			b.mu.Lock()
			defer b.mu.Unlock()
			found := false
			for _, u := range b.requests {
				found = found || strings.HasPrefix(u, callback+separator+manage.Identity+"=")
			}
			if !found {
				t.Errorf("the browser did not come back to %q and %q, but to %q", callback, separator, b.requests)
			}
		})
	}
	t.Run("6 later there is no way back", func(t *testing.T) {
		j, b := startTab(t, browser, Settings{})
		b.signIn(j)
		b.click("#manage", "#back")
		b.click("#sign-out", "#sign-in")
		b.password()
		if b.has("#back") {
			t.Error("the partner shows a way back outside a hand-over")
		}
		b.open(j.page, "#manage")
		b.click("#sign-out", "a[href='/patient/sign-in']")
		b.at("/patient/signed-out")
		b.accessible("signed-out")
		u, err := url.Parse(j.handedOver().Get(manage.Callback))
		if err != nil {
			t.Fatal(err)
		}
		b.open(u.RequestURI(), "#nhs-login")
		b.at("/patient/sign-in?to=" + url.QueryEscape(j.page))
	})
	t.Run("without script, and the other pages", func(t *testing.T) {
		j, b := startTab(t, browser, Settings{})
		b.open("/patient/accessibility", "h1")
		b.accessible("accessibility")
		b.open("/patient/privacy", "h1")
		b.accessible("privacy")
		b.open("/patient/sign-in", "h1")
		b.accessible("sign-in")
		b.run(emulation.SetScriptExecutionDisabled(true))
		b.run(chromedp.Navigate(b.base+j.page), chromedp.Click("#nhs-login", chromedp.ByQuery), chromedp.WaitReady("input[value='pretend-"+j.nhs+"']", chromedp.ByQuery))
		b.run(chromedp.Click("input[value='pretend-"+j.nhs+"']", chromedp.ByQuery))
		b.click("button:not(.plain)", "#manage")
		b.click("#manage", "#back")
		b.click("#back", "#came-back")
		b.at(j.page)
	})
}

// startTab gives a patient, and a tab on the demo where they are.
func startTab(t *testing.T, browser context.Context, set Settings) (*journey, *tab) {
	t.Helper()
	j := startJourney(t, set)
	b := newTab(t, browser, j.app.cfg.BaseURL)
	return j, b
}

// signIn signs the patient in, and opens the page of the appointment.
func (b *tab) signIn(j *journey) {
	b.t.Helper()
	b.open(j.page, "#nhs-login")
	b.click("#nhs-login", "input[value='pretend-"+j.nhs+"']")
	b.run(chromedp.Click("input[value='pretend-"+j.nhs+"']", chromedp.ByQuery))
	b.click("button:not(.plain)", "#manage")
	b.at(j.page)
}

// password signs in at the partner's with an account of its own.
func (b *tab) password() {
	b.t.Helper()
	b.run(chromedp.SendKeys("#name", "Some Body", chromedp.ByQuery), chromedp.SendKeys("#password", "password", chromedp.ByQuery))
	b.click("#sign-in", "#sign-out")
}

// cut makes the session one that did not come by NHS login.
func (b *tab) cut(j *journey) {
	b.t.Helper()
	j.t = b.t
	j.adopt(b.cookies())
	j.without()
}

// cookies gives those that the service set in the browser.
func (b *tab) cookies() (all []*http.Cookie) {
	b.t.Helper()
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		found, err := network.GetCookies().WithURLs([]string{b.base}).Do(ctx)
		for _, c := range found {
			all = append(all, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/"})
		}
		return err
	}))
	return all
}

// adopt gives the browser without script the cookies of another.
func (j *journey) adopt(cookies []*http.Cookie) {
	j.t.Helper()
	u, err := url.Parse(j.app.cfg.BaseURL)
	if err != nil {
		j.t.Fatal(err)
	}
	j.client.Jar.SetCookies(u, cookies)
}
