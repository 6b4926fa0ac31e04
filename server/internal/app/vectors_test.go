package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"slotway/mappings"
	"slotway/server/internal/manage"
)

// TestVectorsInBrowser asks the browser where it would go (S60): what the policy lets
// through leads to an agreed host as the browser reads it, with what was appended.
func TestVectorsInBrowser(t *testing.T) {
	const host, callback = "appointments-r-us.co.uk", "https://my.example/patient/1/appointment/2?back=a%20b&c=d"
	var all, followed []string
	for c := range rune(0x100) {
		for _, form := range []string{"https://%[1]s%[2]s/", "https://%[2]s%[1]s/", "https://%[1]s/%[2]sm", "https://%[1]s/?a=%[2]sb", "https://evil.example%[2]s%[1]s/", "https://%[1]s%[2]sevil.example/", "%[2]shttps://%[1]s/", "https://%[1]s/#%[2]s"} {
			all = append(all, fmt.Sprintf(form, host, string(c)), fmt.Sprintf(form, host, fmt.Sprintf("%%%02x", c)))
		}
	}
	for _, tail := range []string{"", "?", "??", "?a", "?a=1&", "?a=b?c#d", "#x", "#?a", "//evil.example/", "/\\evil.example", "/..//evil.example", "/%2e%2e/", "/;x@evil.example", "?u=https://evil.example", "/m?promptly=1&x=%26"} {
		all = append(all, "https://"+host+tail, "https://"+host+":8443"+tail, "HTTPS://"+strings.ToUpper(host)+tail)
	}
	for _, u := range all {
		if mappings.CheckURL(u, []string{host}, false) == nil {
			followed = append(followed, manage.Outbound(u, callback, "a.b.c", "none"))
		}
	}
	if len(followed) < 500 || len(all) < 4000 {
		t.Fatalf("%d of %d are let through", len(followed), len(all))
	}
	list, err := json.Marshal(followed)
	if err != nil {
		t.Fatal(err)
	}
	j, b := startTab(t, chromium(t), Settings{})
	b.open(j.page, "h1")
	var wrong []string
	b.run(chromedp.Evaluate(`(`+string(list)+`).filter(s => {
		const u = new URL(s), q = u.searchParams
		return u.protocol !== 'https:' || u.hostname !== `+fmt.Sprintf("%q", host)+` || u.username || u.password ||
			q.getAll('pkbCallback').join() !== `+fmt.Sprintf("%q", callback)+` || q.getAll('assertedLoginIdentity').join() !== 'a.b.c' || q.getAll('prompt').join() !== 'none'
	})`, &wrong))
	for _, u := range wrong {
		t.Errorf("the browser reads %q in another way", u)
	}
}
