package app

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// browser reads pages as a person does who has no script: it keeps cookies, follows
// what it is sent to, and fills in forms.
type browser struct {
	client *http.Client
	at     *url.URL
	status int
	header http.Header
	body   string
	trail  []*url.URL // the addresses of the last visit, redirects included
}

func newBrowser() *browser {
	b := &browser{}
	b.client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		b.trail = append(b.trail, r.URL)
		if len(via) > 20 {
			return errors.New("it is sent round in circles")
		}
		return nil
	}}
	b.forget()
	return b
}

// forget throws away all cookies.
func (b *browser) forget() { b.client.Jar, _ = cookiejar.New(nil) } // it has no options that could be wrong

// open goes to an address, which may be relative to the page.
func (b *browser) open(ctx context.Context, address string) error {
	return b.visit(ctx, http.MethodGet, address, nil)
}

func (b *browser) visit(ctx context.Context, method, address string, form url.Values) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if b.at != nil {
		u = b.at.ResolveReference(u)
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	b.trail = []*url.URL{u}
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	b.at, b.status, b.header, b.body = resp.Request.URL, resp.StatusCode, resp.Header, string(text)
	return err
}

var (
	formText  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)".*?</form>`)
	inputText = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	linkText  = regexp.MustCompile(`(?s)<a[^>]*href="([^"]*)"[^>]*>.*?</a>`)
)

// submit sends the first form that holds a text, with what is filled in.
func (b *browser) submit(ctx context.Context, holds string, filled url.Values) error {
	for _, form := range formText.FindAllStringSubmatch(b.body, -1) {
		if !strings.Contains(form[0], holds) {
			continue
		}
		all := url.Values{}
		for _, in := range inputText.FindAllStringSubmatch(form[0], -1) {
			all.Set(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
		}
		for name, values := range filled {
			all[name] = values
		}
		return b.visit(ctx, http.MethodPost, html.UnescapeString(form[1]), all)
	}
	return fmt.Errorf("the page %s (%d) has no form with %q", b.at.Path, b.status, holds)
}

// follow goes where the first link leads that holds a text.
func (b *browser) follow(ctx context.Context, holds string) error {
	for _, link := range linkText.FindAllStringSubmatch(b.body, -1) {
		if strings.Contains(link[0], holds) {
			return b.open(ctx, html.UnescapeString(link[1]))
		}
	}
	return fmt.Errorf("the page %s (%d) has no link with %q", b.at.Path, b.status, holds)
}

// shows says whether the page is at a path, with a status, and holds a text.
func (b *browser) shows(path string, status int, holds string) error {
	if b.at.Path != path || b.status != status || !strings.Contains(b.body, holds) {
		return fmt.Errorf("at %s with %d, want %s with %d and %q on the page", b.at.Path, b.status, path, status, holds)
	}
	return nil
}

// logIn signs a person in at the stand-in of NHS login, from the page that asks.
func (b *browser) logIn(ctx context.Context, nhs string) error {
	return errors.Join(b.follow(ctx, "nhs-login"), b.submit(ctx, "person", url.Values{"person": {"pretend-" + nhs}}))
}
