package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type tokenCmd struct {
	Scope  string `placeholder:"SCOPES" help:"Scopes, with a blank between; all that the client may have when left out."`
	Issuer string `default:"http://127.0.0.1:8080" help:"Where the issuer is."`
	Client string `default:"demo-consumer" help:"Client id."`
	Secret string `default:"demo-secret" help:"Client secret."`
}

// Run prints the token and nothing else.
func (c *tokenCmd) Run(ctx context.Context, to streams) error {
	token, err := fetchToken(ctx, c.Issuer, c.Client, c.Secret, c.Scope)
	if err != nil {
		return err
	}
	fmt.Fprintln(to.out, token)
	return nil
}

// fetchToken asks an issuer for a token by client credentials, RFC 6749 section 4.4.
func fetchToken(ctx context.Context, issuer, client, secret, scope string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}}
	if scope != "" {
		form.Set("scope", scope)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(issuer, "/")+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	var answer struct {
		Token       string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("the issuer answered %s, not in JSON", resp.Status)
	}
	if answer.Token == "" {
		return "", fmt.Errorf("the issuer refused: %s: %s", answer.Error, answer.Description)
	}
	return answer.Token, nil
}
