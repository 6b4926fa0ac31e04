package app

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const ownIssuerConfig = `
base_url: BASE
allow_insecure_loopback: true
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}, issuer: {file: DIR/KEY.pem, older: [OLDER]}}
listeners: [{address: "ADDR", serves: [r4, booking, issuer]}]
clients:
  - {id: urgent-care, secret_hash: "HASH", scopes: ["system/*.rs"], customers: [trust]}
  - {id: by-key, jwks: "file://DIR/jwks.json", scopes: ["system/*.rs"], customers: [trust]}
customers: [{alias: trust, name: Trust}]
`

// site is a server with an issuer of its own, over many starts.
type site struct {
	t                       *testing.T
	dir, base, secret, hash string
	other                   *outsideIssuer // the key of the client by-key
	text                    *strings.Replacer
}

func newSite(t *testing.T) *site {
	t.Helper()
	addr, err := freePort("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, base: "http://" + addr, dir: filepath.Dir(writeConfig(t, ""))}
	s.other = newOutsideIssuer(t, s.dir)
	code, out, errs := runMain(t.Context(), "secret")
	if _, err := fmt.Sscanf(out, "secret %s\nsecret_hash %s\n", &s.secret, &s.hash); code != 0 || err != nil || len(s.secret) < 40 {
		t.Fatalf("server secret = %d %q %s, %v", code, out, errs, err)
	}
	for _, name := range []string{"one", "two"} {
		if code, _, errs := runMain(t.Context(), "key", filepath.Join(s.dir, name+".pem")); code != 0 {
			t.Fatalf("server key: %s", errs)
		}
	}
	s.text = strings.NewReplacer("BASE", s.base, "ADDR", addr, "HASH", s.hash, "DIR", s.dir)
	return s
}

// config writes a configuration with a key and older ones.
func (s *site) config(key, older string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, "config.yaml")
	text := s.text.Replace(strings.NewReplacer("KEY", key, "OLDER", older).Replace(ownIssuerConfig))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

func (s *site) read(token string) int {
	s.t.Helper()
	status, _, err := (&demo{base: s.base}).call(s.t.Context(), http.MethodGet, "/R4/Slot", token, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return status
}

// published gives the ids of the keys that the issuer publishes.
func (s *site) published() (ids []string) {
	s.t.Helper()
	_, body, err := (&demo{base: s.base}).call(s.t.Context(), http.MethodGet, "/oauth2/jwks.json", "", nil)
	var set struct {
		Keys []struct{ Kid, D string }
	}
	if err != nil || json.Unmarshal(body, &set) != nil {
		s.t.Fatalf("%s, %v", body, err)
	}
	for _, k := range set.Keys {
		if ids = append(ids, k.Kid); k.D != "" {
			s.t.Error("the private key is published")
		}
	}
	return ids
}

// TestOwnIssuer: an issuer for a small site. Its key lasts over starts, is changed
// without a token failing, and ends when it is taken away (security S10, S11).
func TestOwnIssuer(t *testing.T) {
	s := newSite(t)
	var first, second string
	var ids []string
	for _, step := range []struct {
		name, key, older string
		published        int
		old              int // status with the first token
	}{
		{"first start", "one", "", 1, 200},
		{"again", "one", "", 1, 200},
		{"the next key is published", "one", s.dir + "/two.pem", 2, 200},
		{"and signs", "two", s.dir + "/one.pem", 2, 200},
		{"the old key is taken away", "two", "", 1, 401},
	} {
		stop := serveConfig(t, s.config(step.key, step.older), s.base)
		token, err := fetchToken(t.Context(), s.base, "urgent-care", s.secret, "")
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if first == "" {
			first = token
		}
		second = token
		if got := s.read(first); got != step.old {
			t.Errorf("%s: the first token is answered %d, want %d", step.name, got, step.old)
		}
		if got := s.read(second); got != 200 {
			t.Errorf("%s: a new token is answered %d", step.name, got)
		}
		if ids = s.published(); len(ids) != step.published {
			t.Errorf("%s: published are %v, want %d", step.name, ids, step.published)
		}
		if _, err := fetchToken(t.Context(), s.base, "urgent-care", "wrong", ""); err == nil || !strings.Contains(err.Error(), "invalid_client") {
			t.Errorf("%s: a wrong secret: %v", step.name, err)
		}
		if _, err := fetchToken(t.Context(), s.base, "urgent-care", s.secret, "system/*.cruds"); err == nil || !strings.Contains(err.Error(), "invalid_scope") {
			t.Errorf("%s: too wide a scope: %v", step.name, err)
		}
		stop()
	}
	header := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(second, &header)
	if err != nil || parsed.Header["kid"] != ids[0] || strings.HasPrefix(ids[0], "slotway-dev-") {
		t.Errorf("the token's kid is %v, want %v, and none for development (%v)", parsed.Header["kid"], ids, err)
	}
}

// TestOwnIssuerDescribed: security S49, S50, S53: it is described, says nothing of
// development, and takes assertions of a client's own key, each once.
func TestOwnIssuerDescribed(t *testing.T) {
	s := newSite(t)
	t.Cleanup(serveConfig(t, s.config("one", ""), s.base))
	d := &demo{base: s.base}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/R4/.well-known/smart-configuration"} {
		status, body, err := d.call(t.Context(), http.MethodGet, path, "", nil)
		if err != nil || status != 200 || strings.Contains(string(body), "development") || !strings.Contains(string(body), s.base+"/oauth2/token") || !strings.Contains(string(body), "private_key_jwt") {
			t.Errorf("%s: %d %s %v", path, status, body, err)
		}
	}
	now := time.Now()
	assertion := s.other.token(t, s.base+"/oauth2/token", jwt.MapClaims{"iss": "by-key", "sub": "by-key", "exp": now.Add(time.Minute).Unix(), "client_id": nil, "scope": nil})
	post := func() int {
		form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
		resp, err := http.PostForm(s.base+"/oauth2/token", form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q", got)
		}
		return resp.StatusCode
	}
	// An access token's typ and claims are not those of an assertion.
	if got := post(); got != 401 {
		t.Errorf("an access token as an assertion: %d, want 401", got)
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": "by-key", "sub": "by-key", "aud": s.base + "/oauth2/token", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": "a-1",
	})
	tok.Header["kid"] = "k1"
	var err error
	if assertion, err = tok.SignedString(s.other.key); err != nil {
		t.Fatal(err)
	}
	if got := post(); got != 200 {
		t.Errorf("an assertion: %d, want 200", got)
	}
	if got := post(); got != 401 {
		t.Errorf("the same again: %d, want 401", got)
	}
}

// shortKey is a key that is too short.
func shortKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// TestOwnIssuerConfig: what serve refuses of an issuer, it refuses with what to do;
// security S54 and S97.
func TestOwnIssuerConfig(t *testing.T) {
	s := newSite(t)
	for _, f := range []struct {
		name, text string
		mode       os.FileMode
	}{{"loose.pem", "", 0o644}, {"none.pem", "nothing", 0o600}, {"short.pem", shortKey(t), 0o600}} {
		text := f.text
		if text == "" {
			b, err := os.ReadFile(filepath.Join(s.dir, "one.pem"))
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if err := os.WriteFile(filepath.Join(s.dir, f.name), []byte(text), f.mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ name, old, new, says string }{
		{"as it is", "", "", ""},
		{"no key", ", issuer: {file: DIR/one.pem, older: []}", "", "demo only"},
		{"older keys alone", "file: DIR/one.pem, older: []", "older: [DIR/one.pem]", "keys.issuer.file"},
		{"not served", ", issuer]", "]", "no listener serves"},
		{"a key that others can read", "one.pem", "loose.pem", "chmod 600"},
		{"what is no key", "one.pem", "none.pem", "server key FILE"},
		{"a short key", "one.pem", "short.pem", "2048"},
		{"one key twice", "older: []", "older: [DIR/one.pem]", "twice"},
		{"no file", "one.pem", "gone.pem", "gone.pem"},
		{"itself among the issuers", "clients:", "issuers: [{issuer: BASE, audience: [BASE], jwks: \"file://DIR/jwks.json\"}]\nclients:", "this server itself"},
		{"a hash that is none", "HASH", "secret", "secret_hash"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			good := strings.NewReplacer("KEY", "one", "OLDER", "").Replace(ownIssuerConfig)
			if !strings.Contains(good, tc.old) {
				t.Fatalf("the good configuration has no %q", tc.old)
			}
			file := filepath.Join(s.dir, "check.yaml")
			if err := os.WriteFile(file, []byte(s.text.Replace(strings.Replace(good, tc.old, tc.new, 1))), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := LoadConfig(file, Settings{})
			if err == nil {
				var a *App
				if a, err = New(cfg, slog.New(slog.DiscardHandler), time.Now); err == nil {
					err = a.close()
				}
			}
			if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("error %v, want one that says %q", err, tc.says)
			}
		})
	}
	nobody := Config{Keys: KeyConfig{Issuer: RotatingConfig{File: "x"}}, Listeners: []ListenerConfig{{Serves: []string{"issuer"}}}, Clients: []ClientConfig{{ID: "c"}}}
	if err := errors.Join(nobody.checkOwnIssuer()...); err == nil || !strings.Contains(err.Error(), "no client could get a token") {
		t.Errorf("an issuer for nobody: %v", err)
	}
	if code, _, _ := runMain(t.Context(), "key", filepath.Join(s.dir, "one.pem")); code != 1 {
		t.Error("a key was overwritten")
	}
	if info, err := os.Stat(filepath.Join(s.dir, "two.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a new key file: %v, %v", info.Mode(), err)
	}
}
