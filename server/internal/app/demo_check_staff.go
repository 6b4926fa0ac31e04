package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// staff looks at the pages of staff as one of them, and finds what there is to do.
func (c *checker) staff(ctx context.Context) error {
	b := newBrowser()
	if err := b.open(ctx, c.base+"/staff"); err != nil {
		return err
	}
	if err := b.follow(ctx, `id="provider"`); err != nil {
		return err
	}
	if err := b.submit(ctx, "person", url.Values{"person": {"jack.brown"}}); err != nil {
		return err
	}
	for path, want := range map[string][]string{
		"/staff/requests":               {">New</", ">In progress</", "Jack Brown", "General Surgery"},
		"/staff/requests?state=done":    {">Done</"},
		"/staff/messages?state=refused": {"demo-refused"},
		"/staff/messages?state=held":    {"demo-held-1", "demo-held-2"},
		"/staff/review":                 {"DEMO-046", "DEMO-048"},
		"/staff/access":                 {"Nadia Hughes", "The code was used twice."},
	} {
		if err := b.open(ctx, c.base+path); err != nil {
			return err
		}
		for _, text := range want {
			if b.status != http.StatusOK || !strings.Contains(b.body, text) {
				return fmt.Errorf("%s (%d) does not show %q", path, b.status, text)
			}
		}
	}
	return nil
}
