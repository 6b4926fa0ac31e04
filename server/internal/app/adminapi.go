package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// adminAPI is how a command reaches a running server, as an administrator.
type adminAPI struct {
	URL    string `name:"url" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Where the server is."`
	Token  string `name:"token" env:"SLOTWAY_TOKEN" placeholder:"TOKEN" help:"Access token. Without one, it is asked for at the issuer."`
	Issuer string `placeholder:"URL" help:"Where the issuer is (default: the server)."`
	Client string `default:"demo-admin" help:"Client id, to ask for a token."`
	Secret string `default:"demo-secret" help:"Client secret, to ask for a token."`
	JSON   bool   `name:"json" help:"Print what the server answers, as JSON."`
}

// call makes one request and reads the answer.
func (a *adminAPI) call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	if a.Token == "" {
		var err error
		if a.Token, err = fetchToken(ctx, cmp.Or(a.Issuer, a.URL), a.Client, a.Secret, ""); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var send bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&send).Encode(body); err != nil {
			return err
		}
	}
	to := strings.TrimSuffix(a.URL, "/") + path
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, to, &send)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s: %s", resp.Status, diagnostics(answer))
	}
	return json.Unmarshal(answer, into)
}

// diagnostics gives the text of an OperationOutcome, or the beginning of whatever
// else it is.
func diagnostics(answer []byte) string {
	var outcome struct {
		Issue []struct {
			Diagnostics string `json:"diagnostics"`
			Details     struct {
				Text string `json:"text"`
			} `json:"details"`
		} `json:"issue"`
	}
	var texts []string
	if err := json.Unmarshal(answer, &outcome); err == nil {
		for _, i := range outcome.Issue {
			texts = append(texts, cmp.Or(i.Diagnostics, i.Details.Text))
		}
	}
	if len(texts) == 0 {
		return string(answer[:min(len(answer), 200)])
	}
	return strings.Join(texts, "; ")
}

// set puts what is given into a query.
func set(q url.Values, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
}

// since reads a time of a flag: an instant, a date, or a duration before now such
// as 24h.
func since(text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d).UTC().Format(time.RFC3339Nano), nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if _, err := time.Parse(form, text); err == nil {
			return text, nil
		}
	}
	return "", fmt.Errorf("time %q: write it like 2026-01-02T15:04:05Z, 2026-01-02, or 24h for a day ago", text)
}

// printJSON prints an answer as it is.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
