package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slotway/fhir"
)

// keyServer is an issuer's key address that tests steer.
type keyServer struct {
	*httptest.Server
	mu      sync.Mutex
	fetches int
	paths   []string
	answer  http.HandlerFunc
}

func newKeyServer(t *testing.T, keys []byte) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.serve(keys)
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.fetches++
		s.paths = append(s.paths, r.URL.Path)
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) serve(keys []byte) {
	s.answerWith(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(keys) })
}

func (s *keyServer) answerWith(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = h
}

func (s *keyServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// verifierOf makes a verifier whose issuer has its keys on a server.
func verifierOf(t *testing.T, s *keyServer, clock *fixedClock) *TokenVerifier {
	t.Helper()
	v, err := NewVerifier(VerifierConfig{
		Issuers: []TrustedIssuer{{Issuer: testIssuer, Audience: []string{testAudience}, JWKS: s.URL + "/keys"}},
		Clients: testClients(t), Now: clock.Now, HTTP: s.Client().Transport,
	})
	if err != nil {
		t.Fatalf("NewVerifier() = %v", err)
	}
	return v
}

var (
	firstKeys  = func() []byte { return setOf(jwkOf("rsa-1", &rsaKey().PublicKey)) }
	secondKeys = func() []byte { return setOf(jwkOf("rsa-2", &otherKey().PublicKey)) }
	byFirst    = func(more ...edit) string { return forge(more...) }
	bySecond   = func(more ...edit) string {
		return forge(append([]edit{signed("RS256", "rsa-2", rs256(otherKey()))}, more...)...)
	}
	// later is a token still good in a day's time.
	later = func(d time.Duration) edit {
		return func(f *forged) { f.body["iat"], f.body["exp"] = testNow.Add(d).Unix(), testNow.Add(d+time.Hour).Unix() }
	}
)

// mustVerify and mustRefuse check one token.
func mustVerify(t *testing.T, v *TokenVerifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("Verify() = %v, want a principal", err)
	}
}

func mustRefuse(t *testing.T, v *TokenVerifier, token, check string) {
	t.Helper()
	_, err := v.Verify(t.Context(), token)
	refusedFor(t, err, check)
}

// TestUnknownKids: requirements S7 and S8. However many tokens name keys that
// are not there, the keys are fetched again once in 30 s, from the same address.
func TestUnknownKids(t *testing.T) {
	clock := newClock()
	s := newKeyServer(t, firstKeys())
	v := verifierOf(t, s, clock)
	mustVerify(t, v, byFirst())
	for i := range 1000 {
		mustRefuse(t, v, forge(head("kid", fmt.Sprintf("../%d?x=%s", i, canary))), "key")
	}
	if got := s.count(); got != 2 {
		t.Errorf("%d fetches after 1,000 unknown kids, want 2", got)
	}
	clock.Add(retryWait)
	mustRefuse(t, v, forge(head("kid", "unknown")), "key")
	if got := s.count(); got != 3 {
		t.Errorf("%d fetches half a minute later, want 3", got)
	}
	for _, p := range s.paths {
		if p != "/keys" {
			t.Errorf("keys were fetched from %s, want /keys", p)
		}
	}
}

// TestNewKey: requirement S11. A key added by the issuer works on first use.
func TestNewKey(t *testing.T) {
	s := newKeyServer(t, firstKeys())
	v := verifierOf(t, s, newClock())
	mustVerify(t, v, byFirst())
	s.serve(setOf(jwkOf("rsa-1", &rsaKey().PublicKey), jwkOf("rsa-2", &otherKey().PublicKey)))
	mustVerify(t, v, bySecond())
	mustVerify(t, v, byFirst())
}

// TestWithdrawnKey: requirements S10 and S26. A key taken away ends with the next
// refresh, also for tokens that are remembered; so does one exchanged under its id.
func TestWithdrawnKey(t *testing.T) {
	for name, next := range map[string][]byte{
		"withdrawn": secondKeys(),
		"exchanged": setOf(jwkOf("rsa-1", &otherKey().PublicKey)),
		"all":       setOf(),
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			s := newKeyServer(t, firstKeys())
			v := verifierOf(t, s, clock)
			token := byFirst()
			mustVerify(t, v, token)
			s.serve(next)
			clock.Add(refreshDefault - time.Second)
			mustVerify(t, v, token)
			clock.Add(time.Second)
			_, err := v.Verify(t.Context(), token)
			if err == nil {
				t.Fatal("Verify() accepts a token of a withdrawn key")
			}
			if name == "exchanged" {
				refusedFor(t, err, "signature")
			} else {
				refusedFor(t, err, "key")
			}
		})
	}
}

// TestKeysDown: requirement S12. Keys that were had serve for a day; then it is
// Busy, which is 503, and no token is believed.
func TestKeysDown(t *testing.T) {
	clock := newClock()
	s := newKeyServer(t, firstKeys())
	v := verifierOf(t, s, clock)
	mustVerify(t, v, byFirst())
	s.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	clock.Add(23 * time.Hour)
	mustVerify(t, v, byFirst(later(23*time.Hour)))
	if got := s.count(); got != 2 {
		t.Errorf("%d fetches, want 2", got)
	}
	for range 50 {
		mustVerify(t, v, byFirst(later(23*time.Hour)))
	}
	if got := s.count(); got != 2 {
		t.Errorf("%d fetches while the keys are down, want 2 until half a minute is over", got)
	}
	clock.Add(time.Hour)
	_, err := v.Verify(t.Context(), byFirst(later(24*time.Hour)))
	if fhir.KindOf(err) != fhir.Busy {
		t.Errorf("a day later: Verify() = %v, want Busy", err)
	}
	if err := v.Ready(t.Context()); fhir.KindOf(err) != fhir.Busy {
		t.Errorf("Ready() = %v, want Busy", err)
	}
	s.serve(firstKeys())
	clock.Add(retryWait)
	mustVerify(t, v, byFirst(later(24*time.Hour)))
}

// TestKeysDownAtStart: no keys yet is Busy, with few fetches, and heals in seconds.
func TestKeysDownAtStart(t *testing.T) {
	clock := newClock()
	s := newKeyServer(t, nil)
	v := verifierOf(t, s, clock)
	for range 20 {
		if _, err := v.Verify(t.Context(), byFirst()); fhir.KindOf(err) != fhir.Busy {
			t.Fatalf("Verify() = %v, want Busy", err)
		}
	}
	if got := s.count(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
	s.serve(firstKeys())
	clock.Add(firstRetryWait)
	mustVerify(t, v, byFirst())
}

// TestFetchLimits: requirement S13.
func TestFetchLimits(t *testing.T) {
	other := newKeyServer(t, firstKeys())
	tests := []struct {
		name   string
		answer http.HandlerFunc
		good   bool
	}{
		{"as it should be", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(firstKeys()) }, true},
		{"redirect on the same host", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				http.Redirect(w, r, "/moved", http.StatusFound)
				return
			}
			_, _ = w.Write(firstKeys())
		}, true},
		{"redirect to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/keys", http.StatusFound)
		}, false},
		{"redirect to http", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/keys", http.StatusFound)
		}, false},
		{"redirect without end", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, false},
		{"larger than 64 KiB", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(firstKeys(), strings.Repeat(" ", maxKeySet)...))
		}, false},
		{"status 404", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(firstKeys())
		}, false},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write(firstKeys())
		}, false},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newKeyServer(t, nil)
			s.answerWith(tc.answer)
			_, err := verifierOf(t, s, newClock()).Verify(t.Context(), byFirst())
			if tc.good && err != nil || !tc.good && fhir.KindOf(err) != fhir.Busy {
				t.Errorf("Verify() = %v, want good = %t, or else Busy", err, tc.good)
			}
		})
	}
	if got := other.count(); got != 0 {
		t.Errorf("the other host was asked %d times, want never", got)
	}
}

// TestSlowKeys: requirement S13. A fetch ends after 5 s, and many who wait for it
// make one fetch.
func TestSlowKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		s := &keySource{now: time.Now, fetch: func(ctx context.Context) ([]byte, time.Duration, error) {
			fetches++
			<-ctx.Done()
			return nil, 0, ctx.Err()
		}}
		start := time.Now()
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() {
				if _, err := s.current(t.Context(), "rsa-1"); fhir.KindOf(err) != fhir.Busy {
					t.Errorf("current() = %v, want Busy", err)
				}
			})
		}
		wait.Wait()
		if took := time.Since(start); took != fetchTimeout || fetches != 1 {
			t.Errorf("it took %v and %d fetches, want %v and 1", took, fetches, fetchTimeout)
		}
	})
}

// TestRefreshDoesNotStopOthers: while one request refreshes, and slowly, others
// go on with the keys that are there; who gives up waiting gets them too.
func TestRefreshDoesNotStopOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := false
		s := &keySource{now: time.Now, fetch: func(ctx context.Context) ([]byte, time.Duration, error) {
			if slow {
				<-ctx.Done()
				return nil, 0, errors.New("slow")
			}
			return firstKeys(), refreshDefault, nil
		}}
		if _, err := s.current(t.Context(), "rsa-1"); err != nil {
			t.Fatalf("current() = %v", err)
		}
		slow = true
		time.Sleep(refreshDefault)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() { _, _ = s.current(t.Context(), "rsa-1") }()
		synctest.Wait()
		start := time.Now()
		set, err := s.current(t.Context(), "rsa-1")
		if err != nil || !set.has("rsa-1") || time.Since(start) != 0 {
			t.Errorf("another request: current() = %v after %v, want the old keys at once", err, time.Since(start))
		}
		if set, err := s.current(ctx, "rsa-2"); err != nil || set.has("rsa-2") || time.Since(start) != time.Second {
			t.Errorf("one that gives up: current() = %v after %v, want the old keys after 1s", err, time.Since(start))
		}
		time.Sleep(fetchTimeout)
	})
}

// TestKeepFor: the refresh time that Cache-Control gives, within its bounds.
func TestKeepFor(t *testing.T) {
	tests := []struct {
		header []string
		want   time.Duration
	}{
		{nil, 15 * time.Minute},
		{[]string{"max-age=600"}, 10 * time.Minute},
		{[]string{"public, Max-Age=600, must-revalidate"}, 10 * time.Minute},
		{[]string{`max-age="600"`}, 10 * time.Minute},
		{[]string{"public", "max-age=600"}, 10 * time.Minute},
		{[]string{"max-age=0"}, time.Minute},
		{[]string{"max-age=86400"}, time.Hour},
		{[]string{"max-age=99999999999999999999"}, 15 * time.Minute},
		{[]string{"max-age=-1"}, 15 * time.Minute},
		{[]string{"max-age=x"}, 15 * time.Minute},
		{[]string{"no-store"}, time.Minute},
		{[]string{"max-age=600, no-cache"}, time.Minute},
		{[]string{"s-maxage=600"}, 15 * time.Minute},
	}
	for _, tc := range tests {
		if got := keepFor(http.Header{"Cache-Control": tc.header}); got != tc.want {
			t.Errorf("keepFor(%q) = %v, want %v", tc.header, got, tc.want)
		}
	}
}

// TestKeyFile: keys in a file follow the file as those at an address do.
func TestKeyFile(t *testing.T) {
	clock := newClock()
	file := filepath.Join(t.TempDir(), "keys.json")
	write := func(keys []byte) {
		if err := os.WriteFile(file, keys, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(firstKeys())
	v := testVerifier(t, clock, func(i *TrustedIssuer) { i.Keys, i.JWKS = nil, "file://"+file })
	mustVerify(t, v, byFirst())
	write(secondKeys())
	mustVerify(t, v, bySecond()) // S11
	mustRefuse(t, v, byFirst(), "key")
	write([]byte("broken"))
	clock.Add(refreshDefault)
	mustVerify(t, v, bySecond())
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// TestRedirectsAreNotFollowedElsewhere: requirement S13. Not even one request
// goes to another host, another port, or the same host without TLS.
func TestRedirectsAreNotFollowedElsewhere(t *testing.T) {
	for _, to := range []string{
		"http://issuer.example.test/keys", "https://issuer.example.test:8443/keys", "https://evil.example.test/keys",
		"https://issuer.example.test.evil.test/keys", "//evil.example.test/keys", "http://169.254.169.254/", "file:///etc/passwd",
	} {
		var asked []string
		transport := roundTrip(func(r *http.Request) *http.Response {
			asked = append(asked, r.URL.String())
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}, Body: http.NoBody, Request: r}
		})
		v, err := NewVerifier(VerifierConfig{
			Issuers: []TrustedIssuer{{Issuer: testIssuer, Audience: []string{testAudience}, JWKS: "https://issuer.example.test/keys"}},
			Clients: testClients(t), Now: newClock().Now, HTTP: transport,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), byFirst()); fhir.KindOf(err) != fhir.Busy {
			t.Errorf("to %s: Verify() = %v, want Busy", to, err)
		}
		if len(asked) != 1 {
			t.Errorf("to %s: asked %v, want the issuer's address only", to, asked)
		}
	}
}
