package auth

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

const seedScopes = "appointment/*.write slot/*.read schedule/*.read location/*.read organization/*.read healthcareservice/*.read"

// testDevIssuer makes an issuer with two clients whose secret is "testing".
func testDevIssuer(t testing.TB, clock *fixedClock) *Issuer {
	t.Helper()
	clients, err := NewClients(
		Client{ID: "demo-consumer", SecretHash: bcryptHash(), Scopes: append(strings.Fields(seedScopes), "system/*.rs"), Organisation: "A81001"},
		Client{ID: "demo-admin", SecretHash: bcryptHash(), Scopes: []string{"system/*.cruds"}, UpdateAsCreate: true},
		Client{ID: "gone", SecretHash: bcryptHash(), Scopes: []string{"system/*.rs"}, Disabled: true},
		Client{ID: "elsewhere", Scopes: []string{"system/*.rs"}}, // its secret is checked by another issuer
		Client{ID: "odd:id &%", SecretHash: bcryptHash(), Scopes: []string{"system/*.rs"}},
	)
	if err != nil {
		t.Fatalf("NewClients() = %v", err)
	}
	secrets, err := NewPasswords(PasswordsConfig{Lookup: clients.SecretHash, Random: rand.Reader, Now: clock.Now, Hashes: 2})
	if err != nil {
		t.Fatalf("NewPasswords() = %v", err)
	}
	i, err := NewIssuer(IssuerConfig{
		URL: "http://127.0.0.1:8080", Audience: []string{"http://127.0.0.1:8080/R4", "http://127.0.0.1:8080/STU3/1/booking"},
		Clients: clients, Secrets: secrets, Random: rand.Reader, Now: clock.Now,
	})
	if err != nil {
		t.Fatalf("NewIssuer() = %v", err)
	}
	return i
}

// trusting makes a verifier that trusts issuers, and the clients of one of them.
func trusting(t testing.TB, clients *Clients, clock *fixedClock, issuers ...TrustedIssuer) *TokenVerifier {
	t.Helper()
	v, err := NewVerifier(VerifierConfig{Issuers: issuers, Clients: clients, Now: clock.Now})
	if err != nil {
		t.Fatalf("NewVerifier() = %v", err)
	}
	return v
}

// TestIssuedToken: RFC 9068 section 2. The token has every claim, lives an hour,
// and a verifier takes it for each of the roots.
func TestIssuedToken(t *testing.T) {
	clock := newClock()
	i := testDevIssuer(t, clock)
	token, life, granted, err := i.Issue("demo-consumer", "slot/*.read appointment/*.write")
	if err != nil || life != time.Hour || granted != "slot/*.read appointment/*.write" {
		t.Fatalf("Issue() = %v, %q, %v", life, granted, err)
	}
	parsed, err := parseToken(token)
	if err != nil {
		t.Fatalf("parseToken() = %v", err)
	}
	if h := parsed.header; h.alg != "RS256" || h.typ != "at+jwt" || !strings.HasPrefix(h.kid, "slotway-dev-") {
		t.Errorf("header = %+v", h)
	}
	var jti string
	if err := json.Unmarshal(parsed.claims.raw("jti"), &jti); err != nil || len(jti) < 20 {
		t.Errorf("jti = %s, want 128 random bits", parsed.claims.raw("jti"))
	}
	claims := asMap(parsed.claims)
	delete(claims, "jti")
	got := string(mustKey(json.Marshal(claims)))
	want := `{"aud":["http://127.0.0.1:8080/R4","http://127.0.0.1:8080/STU3/1/booking"],"client_id":"demo-consumer","exp":1792922400,"iat":1792918800,"iss":"http://127.0.0.1:8080","scope":"slot/*.read appointment/*.write","sub":"demo-consumer"}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	for _, root := range i.Audience {
		trust := i.Trust()
		trust.Audience = []string{root}
		p, err := trusting(t, i.Clients, clock, trust).Verify(t.Context(), token)
		if err != nil || p.Client != "demo-consumer" || p.Organisation != "A81001" || p.Scopes.Allows(Book, "Appointment") != Yes {
			t.Errorf("%s: Verify() = %v, %v", root, p, err)
		}
	}
	again, _, _, err := i.Issue("demo-consumer", "slot/*.read appointment/*.write")
	if err != nil || again == token {
		t.Errorf("a second token is the first (%v)", err)
	}
}

// TestDevelopmentKeysStayInside: requirement S54. Whoever copies the development
// issuer's keys into a production configuration is told, and its tokens are not
// taken by a verifier that was not given the issuer itself.
func TestDevelopmentKeysStayInside(t *testing.T) {
	clock := newClock()
	i := testDevIssuer(t, clock)
	copied := i.Trust()
	copied.Development = false
	_, err := NewVerifier(VerifierConfig{Issuers: []TrustedIssuer{copied}, Clients: i.Clients, Now: clock.Now})
	if err == nil || !strings.Contains(err.Error(), "development issuer") {
		t.Errorf("NewVerifier() with copied keys = %v, want an error that names the development issuer", err)
	}
	// Not even with another, good key in the set.
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	copied.Keys = setOf(append(set.Keys, jwkOf("rsa-1", &rsaKey().PublicKey))...)
	token, _, _, err := i.Issue("demo-consumer", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = trusting(t, i.Clients, clock, copied).Verify(t.Context(), token)
	refusedFor(t, err, "key")
	// Nor does one development issuer's verifier take another's tokens.
	_, err = trusting(t, i.Clients, clock, testDevIssuer(t, clock).Trust()).Verify(t.Context(), token)
	refusedFor(t, err, "key")
	if !bytes.Contains(i.Discovery("http://127.0.0.1:8080"), []byte(`"slotway_development":true`)) {
		t.Error("discovery does not say that the issuer is for development")
	}
}

// TestIssue: requirements S48 and S52.
func TestIssue(t *testing.T) {
	i := testDevIssuer(t, newClock())
	tests := []struct {
		client, asked, granted, code string
	}{
		{"demo-consumer", "", seedScopes + " system/*.rs", ""},
		{"demo-consumer", "  ", seedScopes + " system/*.rs", ""},
		{"demo-consumer", "system/Slot.rs", "system/Slot.rs", ""},
		{"demo-consumer", "slot/*.read  slot/*.read", "slot/*.read", ""},
		{"demo-consumer", "system/*.cruds", "", "invalid_scope"},
		{"demo-consumer", "slot/*.read system/*.cruds", "", "invalid_scope"},
		{"demo-consumer", "user/*.rs", "", "invalid_scope"},
		{"demo-consumer", canary, "", "invalid_scope"},
		{"demo-admin", "", "system/*.cruds", ""},
		{"demo-admin", "system/Appointment.cruds", "system/Appointment.cruds", ""},
		{"demo-admin", "appointment/*.write", "", "invalid_scope"},
		{"gone", "", "", "invalid_client"},
		{"stranger", "", "", "invalid_client"},
	}
	for _, tc := range tests {
		token, _, granted, err := i.Issue(tc.client, tc.asked)
		if tc.code == "" {
			if err != nil || granted != tc.granted || token == "" {
				t.Errorf("Issue(%s, %q) = %q, %v, want %q", tc.client, tc.asked, granted, err, tc.granted)
			}
			continue
		}
		if e := fhir.AsError(err); err == nil || e.Code != tc.code || token != "" || strings.Contains(e.Text, canary) {
			t.Errorf("Issue(%s, %q) = %v, want code %s", tc.client, tc.asked, err, tc.code)
		}
	}
}

// TestIssuerConfig: what an issuer cannot do without.
func TestIssuerConfig(t *testing.T) {
	for name, cfg := range map[string]IssuerConfig{
		"no URL":        {Audience: []string{"x"}, Random: rand.Reader},
		"no audience":   {URL: "x", Random: rand.Reader},
		"no randomness": {URL: "x", Audience: []string{"x"}, Random: strings.NewReader("")},
	} {
		if _, err := NewIssuer(cfg); err == nil {
			t.Errorf("%s: NewIssuer() gives no error", name)
		}
	}
}

// tokenRequest is a request to the token endpoint, a good one unless changed.
type tokenRequest struct {
	method, contentType, body, user, password string
	header                                    http.Header
}

func post(t testing.TB, i *Issuer, r tokenRequest) (*http.Response, map[string]any) {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.contentType == "" {
		r.contentType = "application/x-www-form-urlencoded"
	}
	req := httptest.NewRequest(r.method, "/oauth2/token?client_id=demo-admin&client_secret=testing&scope=system/*.cruds", strings.NewReader(r.body))
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", r.contentType)
	if r.user != "" {
		req.SetBasicAuth(url.QueryEscape(r.user), url.QueryEscape(r.password))
	}
	w := httptest.NewRecorder()
	i.TokenHandler().ServeHTTP(w, req)
	res := w.Result()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatalf("answer %d %q is not JSON: %v", res.StatusCode, raw, err)
	}
	if got := res.Header.Get("Cache-Control") + " " + res.Header.Get("Pragma") + " " + res.Header.Get("Content-Type"); got != "no-store no-cache application/json" {
		t.Errorf("S53: headers are %q", got)
	}
	if bytes.Contains(raw, []byte(canary)) || bytes.Contains(raw, []byte("refresh_token")) {
		t.Errorf("S36, S53: the answer is %s", raw)
	}
	return res, doc
}

// TestTokenEndpoint: requirements S49, S51, S52 and S53; RFC 6749 sections 2.3,
// 4.4 and 5. Parameters in the address are never looked at.
func TestTokenEndpoint(t *testing.T) {
	const good = "grant_type=client_credentials&client_id=demo-consumer&client_secret=testing"
	const bare = "grant_type=client_credentials"
	tests := []struct {
		name   string
		req    tokenRequest
		status int
		want   string // scope granted, or the error code
	}{
		{"S49 client_secret_post", tokenRequest{body: good}, 200, seedScopes + " system/*.rs"},
		{"S49 client_secret_basic", tokenRequest{body: bare, user: "demo-consumer", password: "testing"}, 200, seedScopes + " system/*.rs"},
		{"S52 some scopes", tokenRequest{body: good + "&scope=slot/*.read+schedule%2F*.read"}, 200, "slot/*.read schedule/*.read"},
		{"S52 empty scope", tokenRequest{body: good + "&scope="}, 200, seedScopes + " system/*.rs"},
		{"S52 scope beyond the registration", tokenRequest{body: good + "&scope=system/*.cruds"}, 400, "invalid_scope"},
		{"S52 unknown scope", tokenRequest{body: good + "&scope=" + canary}, 400, "invalid_scope"},
		{"form with a character set", tokenRequest{body: good, contentType: "application/x-www-form-urlencoded; charset=UTF-8"}, 200, seedScopes + " system/*.rs"},
		{"unknown parameters", tokenRequest{body: good + "&resource=x"}, 200, seedScopes + " system/*.rs"},
		{"Basic with client_id too", tokenRequest{body: bare + "&client_id=demo-consumer", user: "demo-consumer", password: "testing"}, 200, seedScopes + " system/*.rs"},
		{"Basic with form encoding", tokenRequest{body: bare, user: "odd:id &%", password: "testing"}, 200, "system/*.rs"},
		{"Basic with another client_id", tokenRequest{body: bare + "&client_id=demo-admin", user: "demo-consumer", password: "testing"}, 400, "invalid_request"},
		{"S49 both at once", tokenRequest{body: good, user: "demo-consumer", password: "testing"}, 400, "invalid_request"},
		{"S49 both, one empty", tokenRequest{body: bare + "&client_secret=", user: "demo-consumer", password: "testing"}, 400, "invalid_request"},
		{"S49 Bearer and a secret in the body", tokenRequest{body: good, header: http.Header{"Authorization": {"Bearer x"}}}, 400, "invalid_request"},
		{"S29 two Authorization headers", tokenRequest{body: bare, header: http.Header{"Authorization": {"Basic YTpi", "Basic YTpi"}}}, 400, "invalid_request"},
		{"S51 no grant type", tokenRequest{body: "client_id=demo-consumer&client_secret=testing"}, 400, "invalid_request"},
		{"S51 password grant", tokenRequest{body: "grant_type=password&username=a&password=" + canary}, 400, "unsupported_grant_type"},
		{"S51 code grant", tokenRequest{body: strings.Replace(good, "client_credentials", "authorization_code", 1)}, 400, "unsupported_grant_type"},
		{"S51 grant in capitals", tokenRequest{body: strings.Replace(good, "client_credentials", "CLIENT_CREDENTIALS", 1)}, 400, "unsupported_grant_type"},
		{"S51 client assertion", tokenRequest{body: bare + "&client_assertion_type=x&client_assertion=" + canary}, 400, "invalid_request"},
		{"wrong secret", tokenRequest{body: good + "x"}, 401, "invalid_client"},
		{"wrong secret, Basic", tokenRequest{body: bare, user: "demo-consumer", password: canary}, 401, "invalid_client"},
		{"unknown client", tokenRequest{body: bare + "&client_secret=testing&client_id=" + canary}, 401, "invalid_client"},
		{"S48 disabled client", tokenRequest{body: bare + "&client_secret=testing&client_id=gone"}, 401, "invalid_client"},
		{"client without a secret here", tokenRequest{body: bare + "&client_secret=&client_id=elsewhere"}, 401, "invalid_client"},
		{"no secret", tokenRequest{body: bare + "&client_id=demo-consumer"}, 401, "invalid_client"},
		{"nothing but the address", tokenRequest{body: bare}, 401, "invalid_client"},
		{"Bearer", tokenRequest{body: bare, header: http.Header{"Authorization": {"Bearer x"}}}, 401, "invalid_client"},
		{"broken Basic", tokenRequest{body: bare, header: http.Header{"Authorization": {"Basic x"}}}, 401, "invalid_client"},
		{"Basic with broken form encoding", tokenRequest{body: bare, header: http.Header{"Authorization": {"Basic " + "JXp6OmI="}}}, 401, "invalid_client"},
		{"a parameter twice", tokenRequest{body: good + "&scope=slot/*.read&scope=system/*.rs"}, 400, "invalid_request"},
		{"a secret twice", tokenRequest{body: good + "&client_secret=testing"}, 400, "invalid_request"},
		{"broken form", tokenRequest{body: good + "&x=%zz"}, 400, "invalid_request"},
		{"semicolon", tokenRequest{body: good + ";x=y"}, 400, "invalid_request"},
		{"JSON", tokenRequest{body: `{"grant_type":"client_credentials"}`, contentType: "application/json"}, 400, "invalid_request"},
		{"multipart", tokenRequest{body: good, contentType: "multipart/form-data; boundary=x"}, 400, "invalid_request"},
		{"no content type", tokenRequest{body: good, contentType: " "}, 400, "invalid_request"},
		{"body of 16 KiB", tokenRequest{body: good + "&x=" + strings.Repeat("x", maxForm-len(good)-3)}, 200, seedScopes + " system/*.rs"},
		{"body one byte longer", tokenRequest{body: good + "&x=" + strings.Repeat("x", maxForm-len(good)-2)}, 413, "invalid_request"},
		{"empty body", tokenRequest{}, 400, "invalid_request"},
		{"GET", tokenRequest{method: http.MethodGet}, 405, "invalid_request"},
		{"PUT", tokenRequest{method: http.MethodPut, body: good}, 405, "invalid_request"},
	}
	clock := newClock()
	i := testDevIssuer(t, clock)
	v := trusting(t, i.Clients, clock, i.Trust())
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			res, doc := post(t, i, tc.req)
			if res.StatusCode != tc.status {
				t.Fatalf("status = %d %v, want %d", res.StatusCode, doc, tc.status)
			}
			if tc.status != 200 {
				if doc["error"] != tc.want || doc["error_description"] == "" || doc["access_token"] != nil {
					t.Errorf("answer = %v, want error %s", doc, tc.want)
				}
				if challenged := res.Header.Get("WWW-Authenticate") != ""; challenged != (tc.status == 401) {
					t.Errorf("WWW-Authenticate = %q with status %d", res.Header.Get("WWW-Authenticate"), tc.status)
				}
				return
			}
			if doc["token_type"] != "Bearer" || doc["expires_in"] != 3600.0 || doc["scope"] != tc.want {
				t.Errorf("answer = %v, want scope %s", doc, tc.want)
			}
			if p, err := v.Verify(t.Context(), doc["access_token"].(string)); err != nil || p.Scopes.String() != tc.want {
				t.Errorf("Verify() = %v, %v", p.Scopes, err)
			}
		})
	}
}

// TestTokenEndpointThrottles: requirement S76.
func TestTokenEndpointThrottles(t *testing.T) {
	i := testDevIssuer(t, newClock())
	i.Address = func(*http.Request) string { return "198.51.100.1" }
	bad := tokenRequest{body: "grant_type=client_credentials", user: "demo-admin", password: "guess"}
	for range failuresByUser {
		if res, _ := post(t, i, bad); res.StatusCode != 401 {
			t.Fatalf("status = %d, want 401", res.StatusCode)
		}
	}
	res, doc := post(t, i, bad)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "60" || doc["error"] != "temporarily_unavailable" {
		t.Errorf("guess 11: status = %d, Retry-After %q, %v, want 429 and 60", res.StatusCode, res.Header.Get("Retry-After"), doc)
	}
}

// TestIssuerDocuments: the key set and the metadata, as a stranger reads them.
func TestIssuerDocuments(t *testing.T) {
	clock := newClock()
	i := testDevIssuer(t, clock)
	get := func(h http.Handler, method string) (*http.Response, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		return w.Result(), w.Body.String()
	}
	res, keys := get(i.JWKSHandler(), http.MethodGet)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || strings.Contains(keys, `"d"`) {
		t.Errorf("key set = %d %s", res.StatusCode, keys)
	}
	trust := i.Trust()
	trust.Keys = []byte(keys)
	token, _, _, err := i.Issue("demo-admin", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trusting(t, i.Clients, clock, trust).Verify(t.Context(), token); err != nil {
		t.Errorf("with the served keys: Verify() = %v", err)
	}
	_, metadata := get(i.DiscoveryHandler("http://127.0.0.1:8080/"), http.MethodGet)
	var doc map[string]any
	if err := json.Unmarshal([]byte(metadata), &doc); err != nil {
		t.Fatalf("metadata: %v", err)
	}
	want := map[string]any{
		"issuer":                                "http://127.0.0.1:8080",
		"token_endpoint":                        "http://127.0.0.1:8080/oauth2/token",
		"jwks_uri":                              "http://127.0.0.1:8080/oauth2/jwks.json",
		"grant_types_supported":                 []any{"client_credentials"},
		"token_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post"},
		"response_types_supported":              []any{},
		"scopes_supported": []any{
			"appointment/*.write", "healthcareservice/*.read", "location/*.read", "organization/*.read", "schedule/*.read", "slot/*.read", "system/*.cruds", "system/*.rs",
		},
		"slotway_development": true,
	}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	for _, h := range []http.Handler{i.JWKSHandler(), i.DiscoveryHandler("x")} {
		if res, _ := get(h, http.MethodPost); res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST: status = %d, want 405", res.StatusCode)
		}
		if res, _ := get(h, http.MethodHead); res.StatusCode != 200 {
			t.Errorf("HEAD: status = %d, want 200", res.StatusCode)
		}
	}
}
