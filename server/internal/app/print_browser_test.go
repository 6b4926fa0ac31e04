package app

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// E68: on a sheet of A4 nothing is cut off, and there is nothing that only a screen
// can use.
func TestPrintInBrowser(t *testing.T) {
	l := startCalendar(t, Settings{})
	b := newTab(t, chromium(t), l.app.cfg.BaseURL)
	b.signInStaff("jack.brown")
	for name, path := range map[string]string{"calendar": diaryPath + "?week=2030-06-12&view=grid", "messages": "/staff/messages", "requests": "/staff/requests", "reports": "/staff/reports"} {
		b.open(path, "h1")
		var wide int64
		var forms, links bool
		b.run(
			emulation.SetEmulatedMedia().WithMedia("print"), emulation.SetDeviceMetricsOverride(718, 1000, 1, false),
			chromedp.Evaluate(`Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('main table')].map(t => t.getBoundingClientRect().right))`, &wide),
			chromedp.Evaluate(`[...document.forms].some(f => f.checkVisibility())`, &forms),
			chromedp.Evaluate(`[...document.querySelectorAll('main a')].some(a => a.checkVisibility() && getComputedStyle(a, '::after').content !== 'none')`, &links),
		)
		b.picture("print-" + name)
		b.run(emulation.SetEmulatedMedia().WithMedia(""), emulation.ClearDeviceMetricsOverride())
		if wide > 718 || forms || links {
			t.Errorf("%s on paper: %d px wide, want at most 718; forms %t; addresses of links %t", name, wide, forms, links)
		}
	}
}
