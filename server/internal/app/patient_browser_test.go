package app

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// fill fills in the form of a request and goes on.
func (b *tab) fill(kind, note, then string) {
	b.t.Helper()
	if kind != "" {
		b.settled(chromedp.Click("input[value='"+kind+"']", chromedp.ByQuery))
	}
	if note != "" {
		b.settled(chromedp.SetValue("#note", note, chromedp.ByQuery))
	}
	b.click("#continue", then)
}

// TestAskInBrowser looks at every page and state of the patients' pages for what keeps
// people out (S52, S53; security-reliability 3.3): with axe, at full width and at
// 320 px, and in forced colours.
func TestAskInBrowser(t *testing.T) {
	browser := chromium(t)
	j, b := startTab(t, browser, Settings{})
	ctx := t.Context()
	b.signIn(j)
	b.click("#ask", "#note")
	b.accessible("ask")
	b.click("#continue", ".nhsuk-error-summary")
	b.accessible("ask-empty")
	b.fill("change", strings.Repeat("long ", requests.MaxText/5+1), ".nhsuk-error-summary")
	b.accessible("ask-too-long")
	b.fill("change", "Could I come on a Tuesday, before noon?\n\nMy daughter can drive me then.", "#send")
	b.accessible("check")
	b.forReadme("pages", "check")
	b.click("#send", "#sent")
	b.accessible("sent")
	b.click("#go", "#reply")
	b.accessible("asked")
	r := j.openRequest()
	if _, err := j.app.requests.Assign(ctx, r.Key, store.Any, jack); err != nil {
		t.Fatal(err)
	}
	if _, err := j.app.requests.Reply(ctx, r.Key, store.Any, jack, "Tuesdays are full until March. Would Wednesday 23 January at 9:30am do?"); err != nil {
		t.Fatal(err)
	}
	b.open(j.page, "#reply")
	b.accessible("claimed")
	b.forReadme("pages", "conversation")
	b.click("#reply", ".nhsuk-error-summary")
	b.accessible("reply-empty")
	b.settled(chromedp.SetValue("#message", "Yes, that would be fine. Thank you.", chromedp.ByQuery))
	b.click("#reply", "#done")
	b.accessible("replied")
	b.open("/patient", "h1")
	b.accessible("overview-asked")
	b.open(j.page+"/ask", "#reply") // one is open: there is no second form
	b.click("#withdraw", "form[action$='/withdraw']")
	b.accessible("withdraw")
	b.click("#withdraw", "#done")
	b.accessible("withdrawn")
	// The same form in two windows.
	b.open(j.page+"/ask", "#note")
	b.fill("cancel", "I am away that week.", "#send")
	j.adopt(b.cookies())
	j.t = t
	if _, err := j.app.requests.Ask(ctx, requests.Ask{Appointment: j.key(), Patient: store.Key{Customer: "trustalias", ID: strings.Split(j.page, "/")[2]}, Kind: requests.Cancel}); err != nil {
		t.Fatal(err)
	}
	b.click("#send", "#wrote")
	b.accessible("already-asked")
	// Signed out while writing.
	if _, err := j.app.requests.Done(ctx, j.openRequest().Key, store.Any, requests.Rejected, ""); err != nil {
		t.Fatal(err)
	}
	b.open(j.page, "#ask")
	b.accessible("rejected")
	b.open(j.page+"/ask", "#note")
	j.idle()
	b.fill("change", "Written too late.", "#sign-in")
	b.accessible("signed-out-writing")
	b.click("#sign-in", "#nhs-login")
	b.accessible("sign-in-again")
	b.open("/patient/signed-out?idle", "h1")
	b.accessible("signed-out-idle")
	b.open("/patient/nobody/appointment/nothing", "#nhs-login")
	b.open("/patient/nothing", "h1")
	b.accessible("not-found")
}

// TestLongWordsInBrowser looks at what feeds send without any blank, and at marks that
// turn the direction of what follows: nothing stands out to the side, and they show.
func TestLongWordsInBrowser(t *testing.T) {
	j, b := startTab(t, chromium(t), Settings{})
	long := strings.Repeat("Unbroken", 30)
	d := &demo{}
	p, err := d.person(0)
	if err != nil {
		t.Fatal(err)
	}
	j.send("S12", "J2", p.pid, segment("SCH", map[int]string{1: "J2", 7: "^" + long, 8: "F^" + long, 11: "^^^20300116143000^20300116150000"}),
		"PV1||O|^^^^^^^^"+long+"\u202Egnp|||||||100^"+long, "RGS|1", "AIP|1||1^"+long+"^S^^^Dr")
	page := j.find("J2")
	b.signIn(j)
	for _, one := range [][2]string{{"", "h1"}, {"/ask", "#note"}} {
		b.open(page+one[0], one[1])
		b.accessible("long-words" + strings.ReplaceAll(one[0], "/", "-"))
	}
	b.run(chromedp.Click("#kind-cancel", chromedp.ByQuery))
	b.click("#continue", "#send")
	b.accessible("long-words-check")
	b.click("#send", "#sent")
	b.accessible("long-words-sent")
	b.click("#go", "#withdraw")
	var text string
	b.run(chromedp.Text("main", &text, chromedp.ByQuery))
	if strings.Contains(text, "\u202e") || !strings.Contains(text, "‹U+202E›") {
		t.Error("a mark that turns the direction is not shown")
	}
	b.open("/patient", "h1")
	b.accessible("long-words-overview")
}

// TestErrorsInBrowser looks at what people see who cannot be signed in, or are slowed
// down.
func TestErrorsInBrowser(t *testing.T) {
	j, b := startTab(t, chromium(t), Settings{Limits: Text(`{sign_in: {per_second: 0.01, burst: 3}}`)})
	for _, code := range []string{"access_denied", "temporarily_unavailable"} {
		j.app.cfg.pretend.nhs.FailNext(code)
		b.open("/patient/sign-in", "#nhs-login")
		b.click("#nhs-login", "main p a")
		b.accessible(code)
	}
	b.open("/patient/sign-in", "#nhs-login")
	b.click("#nhs-login", "input[value='pretend-unproven']")
	b.run(chromedp.Click("input[value='pretend-unproven']", chromedp.ByQuery))
	b.click("button:not(.plain)", "main p a")
	b.accessible("unproven")
	b.open("/patient/sign-in/return?state=x", "main p a")
	b.accessible("stray")
	b.open("/patient/sign-in/start", "main p a")
	b.accessible("slowed")
}

// TestForcedColoursInBrowser looks at the pages as people see them who choose their own
// colours: what is drawn by background alone must have a border, and the focus shows.
func TestForcedColoursInBrowser(t *testing.T) {
	browser := chromium(t)
	j, b := startTab(t, browser, Settings{})
	b.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
	t.Cleanup(func() { _ = chromedp.Run(b.ctx, emulation.SetEmulatedMedia()) })
	b.signIn(j)
	b.accessible("forced-appointment")
	b.click("#ask", "#note")
	b.accessible("forced-ask")
	b.click("#continue", ".nhsuk-error-summary")
	b.accessible("forced-ask-empty")
	b.fill("cancel", "", "#send")
	b.click("#send", "#sent")
	b.accessible("forced-sent")
	b.click("#go", "#reply")
	b.accessible("forced-asked")
}

// TestKeyboardInBrowser asks and withdraws by keyboard alone.
func TestKeyboardInBrowser(t *testing.T) {
	browser := chromium(t)
	j, b := startTab(t, browser, Settings{})
	b.signIn(j)
	b.tabTo("ask")
	b.press(kb.Enter, "#note")
	b.tabTo("kind")
	b.run(chromedp.KeyEvent(kb.ArrowDown)) // to cancel
	b.tabTo("note")
	b.run(chromedp.KeyEvent("By keyboard alone."))
	b.tabTo("continue")
	b.press(kb.Enter, "#send")
	b.tabTo("send")
	b.press(" ", "#sent")
	b.tabTo("go")
	b.press(kb.Enter, "#reply")
	if r := j.openRequest(); r.Kind != requests.Cancel || r.Messages[0].Text != "By keyboard alone." {
		t.Errorf("request %s %q", r.Kind, r.Messages[0].Text)
	}
	b.tabTo("message")
	b.run(chromedp.KeyEvent("Still here."))
	b.tabTo("reply")
	b.press(kb.Enter, "#done")
	b.tabTo("withdraw")
	b.press(kb.Enter, "form[action$='/withdraw']")
	b.tabTo("withdraw")
	b.press(kb.Enter, "#done")
	if n := len(j.tasks()); n != 1 || j.tasks()[0].State != requests.Withdrawn {
		t.Errorf("%d requests, the first %s", n, j.tasks()[0].State)
	}
	// What is wrong has the focus, and leads to the field.
	b.open(j.page+"/ask", "#note")
	b.tabTo("continue")
	b.press(kb.Enter, ".nhsuk-error-summary")
	b.focused(`e.classList.contains('nhsuk-error-summary')`)
	b.run(chromedp.KeyEvent(kb.Tab), enter())
	b.focused(`e.id === 'kind'`)
	// The first stop of each page leads past the header.
	b.open(j.page, "#ask")
	b.run(chromedp.KeyEvent(kb.Tab))
	b.focused(`e.classList.contains('nhsuk-skip-link')`)
}

// tabTo goes on by the tab key until the element with an id has the focus, which must
// be seen.
func (b *tab) tabTo(id string) {
	b.t.Helper()
	for range 40 {
		b.run(chromedp.KeyEvent(kb.Tab))
		var at string
		b.run(chromedp.Evaluate(`document.activeElement.id`, &at))
		if at == id {
			b.focused(`e.checkVisibility() && e.getBoundingClientRect().bottom <= innerHeight + 1 && (getComputedStyle(e).outlineStyle !== 'none' || getComputedStyle(e).boxShadow !== 'none' || e.type === 'radio')`)
			return
		}
	}
	b.t.Fatalf("the tab key does not lead to %s", id)
}

func (b *tab) press(key, then string) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(key))
	b.settled(chromedp.WaitReady(then, chromedp.ByQuery))
}

// enter presses the key as a keyboard does: where the key going down has moved the
// focus, the character does not go to what has it now.
func enter() chromedp.Action {
	down := input.DispatchKeyEvent(input.KeyDown).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13).WithText("\r")
	up := input.DispatchKeyEvent(input.KeyUp).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13)
	return chromedp.Tasks{down, up}
}

// focused checks the element that has the focus: e.
func (b *tab) focused(condition string) {
	b.t.Helper()
	var ok bool
	var at string
	b.run(chromedp.Evaluate(`(e => `+condition+`)(document.activeElement)`, &ok), chromedp.Evaluate(`document.activeElement.outerHTML.slice(0, 200)`, &at))
	if !ok {
		b.t.Errorf("the focus is on %s, want %s", at, condition)
	}
}

// TestIdleInBrowser is the warning before the session ends (S68): it has the focus, is
// said, and can be answered by keyboard; what is written then is not lost.
func TestIdleInBrowser(t *testing.T) {
	browser := chromium(t)
	j, b := startTab(t, browser, Settings{})
	b.signIn(j)
	j.t = t
	b.open(j.page+"/ask", "#note")
	// Afterwards: the page may go, and with it what is evaluated.
	look := chromedp.Evaluate(`setTimeout(() => document.dispatchEvent(new Event('visibilitychange')), 50); true`, nil)
	open := chromedp.Poll(`document.getElementById('idle').open`, nil, chromedp.WithPollingTimeout(30*time.Second))
	shut := chromedp.Poll(`!document.getElementById('idle').open`, nil, chromedp.WithPollingTimeout(30*time.Second))
	b.run(look, shut)
	j.adopt(b.cookies())
	for _, answer := range []chromedp.Action{
		chromedp.Click("#idle-stay", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Escape),
	} {
		j.waited(9*time.Minute + 30*time.Second)
		b.run(look, open)
		b.focused(`e.id === 'idle-stay'`)
		b.run(answer, shut)
		if n := j.left("GET"); n < 590 {
			t.Errorf("who stays has %d s", n)
		}
	}
	j.waited(9*time.Minute + 5*time.Second)
	b.run(look, open)
	b.accessible("idle")
	// At 400 % of a small screen all of it can be got at.
	var fits bool
	b.run(emulation.SetDeviceMetricsOverride(320, 256, 1, false), chromedp.Evaluate(`(d => d.getBoundingClientRect().top >= 0 && d.getBoundingClientRect().bottom <= innerHeight &&
		(d.scrollHeight <= d.clientHeight || getComputedStyle(d).overflowY === 'auto'))(document.getElementById('idle'))`, &fits), emulation.ClearDeviceMetricsOverride())
	if !fits {
		t.Error("the warning does not fit on a small screen")
	}
	b.run(chromedp.KeyEvent(kb.Escape), shut)
	j.waited(9*time.Minute + 35*time.Second)
	b.run(look, open, chromedp.Poll(`document.getElementById('idle-said').textContent !== ''`, nil, chromedp.WithPollingTimeout(30*time.Second)))
	var said string
	b.run(chromedp.Text("#idle-said", &said, chromedp.ByQuery))
	if !strings.Contains(said, "seconds") {
		t.Errorf("it says %q", said)
	}
	b.run(chromedp.KeyEvent(kb.Escape), shut)
	// The time is over while somebody writes.
	b.run(chromedp.SetValue("#note", "Written before the end.", chromedp.ByQuery))
	j.idle()
	b.run(look)
	b.settled(chromedp.WaitReady("#sign-in", chromedp.ByQuery))
	b.click("#sign-in", "#nhs-login")
	b.click("#nhs-login", "input[value='pretend-"+j.nhs+"']")
	b.run(chromedp.Click("input[value='pretend-"+j.nhs+"']", chromedp.ByQuery))
	b.click("button:not(.plain)", "#note")
	var note string
	b.settled(chromedp.Value("#note", &note, chromedp.ByQuery))
	if note != "Written before the end." {
		t.Errorf("the form has %q", note)
	}
	// And where nothing is written.
	b.open(j.page, "#manage")
	j.adopt(b.cookies())
	j.idle()
	b.run(look)
	b.settled(chromedp.WaitReady("a[href='/patient/sign-in']", chromedp.ByQuery))
	b.at("/patient/signed-out?idle")
}
