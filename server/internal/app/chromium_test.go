package app

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeSource is axe-core 4.14.1, which looks for what keeps people out.
//
//go:embed testdata/axe/axe.min.js
var axeSource string

// tab is a page of a real browser, with cookies of its own. It notes what would
// embarrass us: requests for other hosts, dialogs, and errors on the console.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	bad      []string
	requests []string // documents that were asked for
}

// plainHost is this machine under a name for which a browser over http sends no
// Sec-Fetch-Site, as older ones send none at all.
const plainHost = "facade.test"

// chromium starts the browser for a test. It takes most of a minute, so it is run
// where SLOTWAY_BROWSER requires it, as .ci/run does.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("SLOTWAY_BROWSER") != "required" {
		t.Skip("SLOTWAY_BROWSER=required runs this test, in Chromium (apt-get install chromium)")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium, and SLOTWAY_BROWSER requires one: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("host-resolver-rules", "MAP "+plainHost+" 127.0.0.1"),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, close := chromedp.NewContext(ctx, chromedp.WithErrorf(func(format string, args ...any) {
		if !strings.HasPrefix(format, "unhandled node event") { // of a kind that chromedp does not know yet
			t.Logf(format, args...)
		}
	}))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser is gone, which writes to the end
		close()
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return ctx
}

// profile gives a folder for the browser. Its helpers may write there for a moment after
// it has gone, so that what cannot be taken away is left to the system.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "slotway-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if os.RemoveAll(dir) == nil {
				return
			}
		}
	})
	return dir
}

// newTab gives the browser's page, as if nobody had used it before.
func newTab(t *testing.T, browser context.Context, base string) *tab {
	t.Helper()
	ctx, stop := context.WithTimeout(browser, 2*time.Minute)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, base: base}
	chromedp.ListenTarget(ctx, b.heard)
	b.run(network.Enable(), log.Enable(), network.ClearBrowserCookies(), emulation.SetScriptExecutionDisabled(false), emulation.ClearDeviceMetricsOverride())
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, what := range b.bad {
			t.Error(what)
		}
	})
	return b
}

func (b *tab) heard(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme == "http" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" && u.Hostname() != plainHost || u.Scheme == "https" {
			b.bad = append(b.bad, "the browser asked for "+e.Request.URL)
		}
		if e.Type == network.ResourceTypeDocument {
			b.requests = append(b.requests, e.Request.URL)
			if from, _ := e.Request.Headers["Referer"].(string); from != "" && !strings.HasPrefix(e.Request.URL, origin(from)+"/") {
				b.bad = append(b.bad, "the browser told where it came from: "+from)
			}
		}
	case *cdpage.EventJavascriptDialogOpening:
		b.bad = append(b.bad, "a dialog opened: "+e.Message)
	case *log.EventEntryAdded:
		refusal := (strings.Contains(e.Entry.Text, "the server responded with a status of 4") || strings.Contains(e.Entry.Text, "a status of 503")) && slices.Contains(b.requests, e.Entry.URL)
		if e.Entry.Level == log.LevelError && !refusal && !strings.Contains(e.Entry.URL, "://"+plainHost) { // a page may say that something is wrong
			b.bad = append(b.bad, "on the console: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// origin gives scheme and authority of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "nowhere"
	}
	return u.Scheme + "://" + u.Host
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		var at, body string
		_ = chromedp.Run(b.ctx, chromedp.Location(&at), chromedp.OuterHTML("main", &body, chromedp.ByQuery))
		b.t.Fatalf("at %s: %v\n%s", at, err, body)
	}
}

// settled does what needs an element, again where the document was replaced between
// finding the element and using it: then nothing was done.
func (b *tab) settled(action chromedp.Action) {
	b.t.Helper()
	for range 10 {
		err := chromedp.Run(b.ctx, action)
		if err == nil || !slices.ContainsFunc(replaced, func(text string) bool { return strings.Contains(err.Error(), text) }) {
			b.run(chromedp.ActionFunc(func(context.Context) error { return err }))
			return
		}
	}
	b.run(action)
}

// replaced are in what the browser says where the document was.
var replaced = []string{"Could not find node", "No node with given id", "Cannot find context"}

// click clicks what a selector finds, and waits for the page that follows to have
// what another finds.
func (b *tab) click(selector, then string) {
	b.t.Helper()
	b.settled(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
	b.settled(chromedp.WaitReady(then, chromedp.ByQuery))
}

// open opens an address of the service, and waits for what a selector finds.
func (b *tab) open(path, then string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.base+path), chromedp.WaitReady(then, chromedp.ByQuery))
}

// at checks where the browser is.
func (b *tab) at(path string) {
	b.t.Helper()
	var got string
	b.run(chromedp.Location(&got))
	if got != b.base+path {
		b.t.Fatalf("the browser is at %s, want %s", got, b.base+path)
	}
}

// has says whether a selector finds anything.
func (b *tab) has(selector string) (found bool) {
	b.t.Helper()
	b.run(chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q) !== null", selector), &found))
	return found
}

// forget throws away the cookies of the service itself.
func (b *tab) forget() {
	b.t.Helper()
	b.run(network.DeleteCookies("slotway").WithURL(b.base), network.DeleteCookies("slotway-sign-in").WithURL(b.base))
}

// accessible checks a page by axe, at full width and at 320 px, where nothing may
// stand out to the side; that is 1,280 px at 400 %, too.
func (b *tab) accessible(name string) {
	b.t.Helper()
	for _, width := range []int64{1280, 320} {
		var found []string
		var wide int64
		b.run(
			emulation.SetDeviceMetricsOverride(width, 900, 1, false),
			chromedp.Evaluate(axeSource+"; true", nil),
			chromedp.Evaluate(`axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}).then(r => r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html).join(' ')))`, &found,
				func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
			chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide),
		)
		if len(found) > 0 {
			b.t.Errorf("%s at %d px: %s", name, width, strings.Join(found, "\n"))
		}
		if wide > width {
			b.t.Errorf("%s is %d px wide on a screen of %d px", name, wide, width)
		}
		b.picture(fmt.Sprintf("%s-%d", name, width))
	}
	b.run(emulation.ClearDeviceMetricsOverride())
}

// picture keeps a picture of the page where SLOTWAY_PICTURES names a folder.
func (b *tab) picture(name string) {
	dir := os.Getenv("SLOTWAY_PICTURES")
	if dir == "" {
		return
	}
	var png []byte
	b.run(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(dir+"/"+name+".png", png, 0o600); err != nil {
		b.t.Error(err)
	}
}
