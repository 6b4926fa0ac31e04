package app

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/canary"
	"slotway/server/internal/dispatch"
)

// outsideIssuer is an issuer of tokens that is not ours: a key, and its public
// half in a file.
type outsideIssuer struct {
	key  *rsa.PrivateKey
	file string
}

func newOutsideIssuer(t *testing.T, dir string) *outsideIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig",
		"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	i := &outsideIssuer{key, filepath.Join(dir, "jwks.json")}
	if err := os.WriteFile(i.file, set, 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

// token signs a token, changed by the claims given.
func (i *outsideIssuer) token(t *testing.T, audience string, change jwt.MapClaims) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": "https://identity.example.nhs.uk", "sub": "urgent-care", "client_id": "urgent-care", "aud": audience,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": now.String(), "scope": "system/*.rs",
	}
	for name, v := range change {
		claims[name] = v
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	tok.Header["kid"], tok.Header["typ"] = "k1", "at+jwt"
	signed, err := tok.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestServe runs the program from a configuration as production does: another
// issuer's tokens, a partner with Basic credentials, data kept over a restart.
func TestServe(t *testing.T) {
	hash, err := auth.HashPassword(rand.Reader, "a long password")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := freePort("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + addr
	file := writeConfig(t, `
base_url: `+base+`
allow_insecure_loopback: true
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}}
listeners: [{address: "`+addr+`", serves: [r4, booking, hl7]}]
issuers: [{issuer: "https://identity.example.nhs.uk", audience: ["`+base+`/R4"], jwks: "file://DIR/jwks.json", algorithms: [RS256]}]
clients: [{id: urgent-care, scopes: ["system/*.rs"], customers: [trust]}]
customers: [{alias: trust, name: Trust, auto_create: true}]
partners: [{id: pas, password_hash: "`+hash+`", grants: [{connecting: trust, controller: trust}]}]
`)
	issuer := newOutsideIssuer(t, filepath.Dir(file))
	message := []byte(segments(
		`MSH|^~\&|PAS|trust{trust}|HL7API|PKB|202605121000||SIU^S12|1|P|2.4`,
		segment("SCH", map[int]string{1: "A1", 11: "^^^202606011000"}), `PID|||9990000018^^^NHS^NH||Sample^Ada||19800203`,
	))
	for run := range 2 {
		stop := serveConfig(t, file, base)
		d := &demo{base: base}
		ack, err := dispatch.HTTP(base+"/hl7", "pas", "a long password", nil).Send(t.Context(), message)
		if a, _ := dispatch.ReadAnswer(ack); err != nil || a.Code != "AA" {
			t.Errorf("run %d: the message was answered %s %s (%v)", run, a.Code, a.Text, err)
		}
		find := "/R4/Appointment?patient.identifier=" + fhir.NHSNumberSystem + "|9990000018"
		for _, tc := range []struct {
			name  string
			token string
			want  int
		}{
			{"a good token", issuer.token(t, base+"/R4", nil), 200},
			{"another audience", issuer.token(t, "https://elsewhere.example/R4", nil), 401},
			{"expired", issuer.token(t, base+"/R4", jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix(), "iat": time.Now().Add(-2 * time.Hour).Unix()}), 401},
			{"another issuer", issuer.token(t, base+"/R4", jwt.MapClaims{"iss": "https://identity.example"}), 401},
			{"a client that is not registered", issuer.token(t, base+"/R4", jwt.MapClaims{"client_id": "stranger", "sub": "stranger"}), 401},
			{"a scope that does not reach", issuer.token(t, base+"/R4", jwt.MapClaims{"scope": "system/Slot.rs"}), 403},
			{"no token", "", 401},
		} {
			status, body, err := d.call(t.Context(), http.MethodGet, find, tc.token, nil)
			if err := expect(err, status, tc.want, body); err != nil {
				t.Errorf("run %d, %s: %v", run, tc.name, err)
			}
			if tc.want == 200 && !strings.Contains(string(body), `"total":1,`) {
				t.Errorf("run %d: the appointment is not found once: %s", run, body)
			}
		}
		// requirement S28: a token in an address is refused, whatever the header has.
		for _, name := range []string{"access_token", "access%5Ftoken", "%61ccess_token"} {
			status, body, err := d.call(t.Context(), http.MethodGet, find+"&"+name+"=secret", issuer.token(t, base+"/R4", nil), nil)
			if err := expect(err, status, http.StatusBadRequest, body); err != nil || strings.Contains(string(body), "secret") {
				t.Errorf("run %d, %s in the address: %v %s", run, name, err, body)
			}
		}
		for _, path := range []string{"/oauth2/token", "/metrics"} {
			if status, _, err := d.call(t.Context(), http.MethodGet, path, "", nil); err != nil || status != http.StatusNotFound {
				t.Errorf("run %d: %s is served: %d %v", run, path, status, err)
			}
		}
		stop()
	}
}

// serveConfig runs serve until stop is called; what it logs goes to the test.
func serveConfig(t *testing.T, file, base string) (stop func()) {
	t.Helper()
	return serveConfigLogging(t, file, base, t.Output())
}

// serveConfigLogging is serveConfig with a log.
func serveConfigLogging(t *testing.T, file, base string, log io.Writer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	log = canary.Writer(log)
	go func() { done <- Main(ctx, []string{"serve", "--config", file}, log, log) }()
	d := &demo{base: base}
	until(t, "serve is ready", func() bool {
		if len(done) != 0 {
			t.Fatal("serve ended")
		}
		status, _, err := d.call(ctx, http.MethodGet, "/readyz", "", nil)
		return err == nil && status == http.StatusOK
	})
	return func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("serve ended with %d", code)
		}
	}
}
