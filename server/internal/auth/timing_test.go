package auth

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUnknownClientsTakeAsLong is security S41 and S98: the time of an answer does not
// say whether a client is known. What is compared is the middle of many answers, taken
// by turns; the bound is wide, so that a busy machine passes and an answer without any
// hashing does not.
func TestUnknownClientsTakeAsLong(t *testing.T) {
	hash, err := HashPassword(rand.Reader, "testing")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := NewClients(
		Client{ID: "known", SecretHash: hash, Scopes: []string{"system/*.rs"}},
		Client{ID: "off", SecretHash: hash, Scopes: []string{"system/*.rs"}, Disabled: true},
		Client{ID: "by-key", JWKS: "https://client.example.test/jwks.json", Scopes: []string{"system/*.rs"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := NewPasswords(PasswordsConfig{Lookup: clients.SecretHash, Random: rand.Reader, Now: time.Now, Hashes: 2})
	if err != nil {
		t.Fatal(err)
	}
	from := 0
	i, err := NewIssuer(IssuerConfig{
		URL: "https://facade.example.test", Audience: []string{testAudience}, Clients: clients, Secrets: secrets, Random: rand.Reader, Now: time.Now,
		Address: func(*http.Request) string { from++; return fmt.Sprint(from) }, // so that nobody is throttled
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(client, secret string) (took time.Duration, body string) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}}
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		began := time.Now()
		i.TokenHandler().ServeHTTP(w, r)
		took = time.Since(began)
		if w.Code != http.StatusUnauthorized {
			t.Fatalf("%s: %d %s", client, w.Code, w.Body)
		}
		return took, w.Body.String()
	}
	const rounds = 9
	names := []string{"known", "unknown", "off", "by-key"}
	times, bodies := map[string][]time.Duration{}, map[string]string{}
	for n := range rounds {
		for k := range names { // another order each time
			name := names[(n+k)%len(names)]
			took, body := ask(name, fmt.Sprint("wrong-", n))
			times[name], bodies[name] = append(times[name], took), body
		}
	}
	// The least of some is what it takes: other tests may run beside.
	least := func(name string) float64 { return float64(slices.Min(times[name])) }
	for _, name := range names[1:] {
		if ratio := least(name) / least("known"); ratio < 0.4 || ratio > 2.5 {
			t.Errorf("a client that is %s is answered in %.2f of the time of one that is known", name, ratio)
		}
		if bodies[name] != bodies["known"] {
			t.Errorf("a client that is %s is answered %s, one that is known %s", name, bodies[name], bodies["known"])
		}
	}
}
