package app

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const unsignedConfig = `
base_url: BASE
allow_insecure_loopback: true
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}}
listeners:
  - {address: "HTTP", serves: [r4, booking]}
  - {address: "HTTPS", serves: [r4, booking], tls: {cert: DIR/server.crt, key: DIR/server.key, client_ca: DIR/ca.crt}}
issuers: [{profile: nhs-unsigned, audience: ["BASE/STU3/1/booking"], proxies: [proxy.spine.example], client: spine}]
clients: [{id: spine, scopes: ["organization/slot.read", "patient/appointment.write", "patient/appointment.read", "system/*.rs"], customers: [trust]}]
customers: [{alias: trust, name: Trust}]
`

// unsigned is a token as consumers of the booking standard make it.
func unsigned(t *testing.T, audience, scope string) string {
	t.Helper()
	now := time.Now().Unix()
	claims, err := json.Marshal(doc{
		"iss": "https://consumer.example/", "sub": "u-1", "aud": audience, "iat": now, "exp": now + 300,
		"reason_for_request": "directcare", "requested_scope": scope,
		"requesting_device":       doc{"resourceType": "Device", "identifier": []doc{{"system": "https://consumer.example/Id/device", "value": "D1"}}},
		"requesting_organization": doc{"resourceType": "Organization", "name": "Example 111", "identifier": []doc{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X0001"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + b64(claims) + "."
}

// TestUnsignedTokens: design decision 14, over real connections. An unsigned token
// is worth something with the proxy's certificate on the booking face, and nothing
// with another certificate, with none, or on R4.
func TestUnsignedTokens(t *testing.T) {
	addrs := [2]string{}
	for i := range addrs {
		addr, err := freePort("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs[i] = addr
	}
	base := "http://" + addrs[0]
	file := writeConfig(t, strings.NewReplacer("BASE", base, "HTTPS", addrs[1], "HTTP", addrs[0]).Replace(unsignedConfig))
	ca, dir := newAuthority(t), filepath.Dir(file)
	write(t, dir, "ca", tls.Certificate{Certificate: [][]byte{ca.cert.Raw}, PrivateKey: ca.key})
	write(t, dir, "server", ca.issue(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}))
	t.Cleanup(serveConfig(t, file, base))

	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	ask := func(url, token, forwarded string, certs ...tls.Certificate) (int, string) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs, MinVersion: tls.VersionTLS12}}}
		defer client.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		if forwarded != "" {
			for _, name := range []string{"X-Forwarded-Client-Cert", "X-Client-Cert", "X-SSL-Client-S-DN", "SSL_CLIENT_CERT", "Forwarded"} {
				req.Header.Set(name, forwarded)
			}
		}
		res, err := client.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	}
	proxy, other := ca.client("proxy.spine.example"), ca.client("partner.example")
	late := ca.issue(&x509.Certificate{DNSNames: []string{"proxy.spine.example"}, NotAfter: time.Now().Add(-time.Minute), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	forged := newAuthority(t).client("proxy.spine.example")
	aud := base + "/STU3/1/booking"
	slots, book := unsigned(t, aud, "organization/slot.read"), unsigned(t, aud, "patient/appointment.write")
	wide := unsigned(t, aud, "system/*.rs")
	search := "/STU3/1/booking/Slot?schedule.actor:healthcareservice=999999999&status=free"
	tls1, plain := "https://"+addrs[1], base
	for _, tc := range []struct {
		name, url, token, forwarded string
		certs                       []tls.Certificate
		want                        int
	}{
		{"the proxy's search", tls1 + search, slots, "", []tls.Certificate{proxy}, 404}, // no diary has that service: the token held
		{"the wrong scope", tls1 + search, book, "", []tls.Certificate{proxy}, 403},
		{"another audience", tls1 + search, unsigned(t, base+"/notanendpoint", "organization/slot.read"), "", []tls.Certificate{proxy}, 403},
		{"another certificate", tls1 + search, slots, "", []tls.Certificate{other}, 403},
		{"another certificate, forwarding the proxy's", tls1 + search, slots, "proxy.spine.example", []tls.Certificate{other}, 403},
		{"no certificate", tls1 + search, slots, "", nil, 0},
		{"an expired certificate", tls1 + search, slots, "", []tls.Certificate{late}, 0},
		{"a certificate of another authority", tls1 + search, slots, "", []tls.Certificate{forged}, 0},
		{"the listener without certificates", plain + search, slots, "proxy.spine.example", []tls.Certificate{proxy}, 403},
		{"R4, by the proxy", tls1 + "/R4/Slot", wide, "", []tls.Certificate{proxy}, 401},
		{"R4, plain", plain + "/R4/Slot", wide, "", nil, 401},
		{"the booking face in an address of R4", tls1 + "/R4/../STU3/1/booking/Slot", slots, "", []tls.Certificate{other}, 404},
	} {
		if got, body := ask(tc.url, tc.token, tc.forwarded, tc.certs...); got != tc.want {
			t.Errorf("%s: %d, want %d: %.300s", tc.name, got, tc.want, body)
		}
	}
}
