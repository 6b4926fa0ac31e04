package app

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var loadedText = regexp.MustCompile(`(?:src|href)="((?:/staff)?/assets/[^"]*)"`)

// Security-reliability 3.5: a first load is at most 60 KB, of which the page itself is
// at most 15 KB, here before it is compressed. How long the server takes is printed only: it is a matter of the machine.
func TestPageWeight(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	base := j.app.cfg.BaseURL
	j.must(j.open(ctx, base+"/patient/sign-in"))
	pages := map[string]string{"/patient/sign-in": j.body}
	j.signIn(j.page)
	visit := func(path string) {
		t.Helper()
		j.must(j.open(ctx, base+path))
		pages[path] = j.body
	}
	visit("/patient")
	visit(j.page + "/ask")
	j.ask("change", strings.Repeat("As long as a note is, mostly. ", 10))
	pages[j.page+"/ask/check"] = j.body
	j.must(j.submit(ctx, `name="draft"`, nil))
	pages[j.page+"/ask/sent"] = j.body
	for _, path := range []string{"", "/withdraw"} {
		visit(j.page + path)
	}
	for _, path := range []string{"/patient/privacy", "/patient/accessibility", "/patient/nothing"} {
		visit(path)
	}
	weight := map[string]int{} // of what pages load, as it is sent
	for path, body := range pages {
		total := len(body)
		for _, asset := range loaded(body) {
			if weight[asset] == 0 {
				weight[asset] = sentBytes(t, j.app.cfg.BaseURL+asset)
			}
			total += weight[asset]
		}
		if len(body) > 15<<10 || total > 60<<10 {
			t.Errorf("%s is %d bytes, %d with what it loads; want at most 15 and 60 KiB", path, len(body), total)
		}
		name := strings.Replace(path, j.page, "/patient/…/appointment/…", 1)
		t.Logf("%-45s %6d bytes, %6d with what it loads, %v", name, len(body), total, j.took(base+path))
	}
}

// loaded gives what a page loads, and what that loads.
func loaded(body string) (all []string) {
	for _, found := range loadedText.FindAllStringSubmatch(body, -1) {
		if path := found[1]; path != "" && !slices.Contains(all, path) {
			all = append(all, path)
			if strings.HasSuffix(path, "/start.js") {
				all = append(all, strings.TrimSuffix(path, "start.js")+"nhsuk-frontend.min.js")
			}
		}
	}
	return all
}

// sentBytes gives how long a page or file is as a browser with cookies gets it.
func sentBytes(t *testing.T, address string, cookies ...*http.Cookie) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || len(b) == 0 {
		t.Fatalf("%s: %d %v", address, resp.StatusCode, err)
	}
	return len(b)
}

// took gives how long a page takes, the middle of several times.
func (j *journey) took(address string) time.Duration {
	j.t.Helper()
	var all []time.Duration
	for range 9 {
		began := time.Now()
		j.must(j.open(j.t.Context(), address))
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)/2].Round(10 * time.Microsecond)
}
