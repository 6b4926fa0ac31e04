package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/dispatch"
)

// authority issues certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	c := a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert, a.key = c.Leaf, c.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// issue makes a certificate of a template; the first one signs itself.
func (a *authority) issue(c *x509.Certificate) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	c.NotBefore = c.NotAfter.Add(-2 * time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) client(names ...string) tls.Certificate {
	return a.issue(&x509.Certificate{DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// write puts a certificate and its key into files NAME.crt and NAME.key.
func write(t *testing.T, dir, name string, c tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, ".key": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// engine is a server with a listener for whoever shows a certificate.
type engine struct {
	t                       *testing.T
	ca                      *authority
	file                    string
	base, https, tls, plain string // addresses
	log                     lockedBuffer
}

const engineConfig = `
base_url: BASE
allow_insecure_loopback: true
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}}
listeners:
  - {address: "HTTP", serves: [r4]}
  - {address: "HTTPS", serves: [hl7, bars], tls: {cert: DIR/server.crt, key: DIR/server.key, client_ca: DIR/ca.crt}}
mllp: [{address: "MLLP", tls: {cert: DIR/server.crt, key: DIR/server.key, client_ca: DIR/ca.crt}}]
limits: {mllp: {connections_per_partner: 2}}
clients: [{id: c, scopes: ["system/*.rs"], customers: [trust]}]
customers: [{alias: trust, name: Trust, auto_create: true}]
partners:
`

func startEngine(t *testing.T, partners func(ca *authority) string, change ...func(config string) string) *engine {
	t.Helper()
	e := &engine{t: t, ca: newAuthority(t)}
	for _, into := range []*string{&e.base, &e.https, &e.tls, &e.plain} {
		addr, err := freePort("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*into = addr
	}
	text := engineConfig
	for _, f := range change {
		text = f(text)
	}
	text = strings.NewReplacer("BASE", "http://"+e.base, "HTTPS", e.https, "HTTP", e.base, "MLLP", e.tls, "PLAIN", e.plain).Replace(text)
	e.file = writeConfig(t, text+partners(e.ca))
	dir := filepath.Dir(e.file)
	write(t, dir, "ca", tls.Certificate{Certificate: [][]byte{e.ca.cert.Raw}, PrivateKey: e.ca.key})
	write(t, dir, "server", e.ca.issue(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}))
	t.Cleanup(serveConfigLogging(t, e.file, "http://"+e.base, &e.log))
	return e
}

func (e *engine) client(certs ...tls.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(e.ca.cert)
	return &tls.Config{RootCAs: pool, Certificates: certs, MinVersion: tls.VersionTLS12}
}

// asks sends a message over a link and gives the code of the answer, or closed.
func asks(t *testing.T, link dispatch.Link, control string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ack, err := link.Send(ctx, []byte(segments(
		`MSH|^~\&|PAS|trust{trust}|HL7API|PKB|202605121000||SIU^S12|`+control+`|P|2.4`,
		segment("SCH", map[int]string{1: "A" + control, 11: "^^^202606011000"}), `PID|||9990000018^^^NHS^NH||Sample^Ada||19800203`,
	)))
	if err != nil {
		if ctx.Err() != nil {
			t.Errorf("message %s: no answer, and not closed", control)
		}
		return "closed"
	}
	a, err := dispatch.ReadAnswer(ack)
	if err != nil {
		t.Fatal(err)
	}
	return a.Code
}

// hl7-bridge 9, requirement 12, and 5.3: a certificate makes a partner, by its
// fingerprint or a name, and what makes none is refused without an HL7 answer.
func TestCertificates(t *testing.T) {
	var byPrint, byName tls.Certificate
	e := startEngine(t, func(ca *authority) string {
		byPrint, byName = ca.client(), ca.client("Engine.Trust.example")
		grants := `grants: [{connecting: trust, controller: trust}]`
		return `
  - {id: printed, certificates: ["` + strings.ToUpper(fingerprint(byPrint)) + `"], ` + grants + `}
  - {id: named, certificates: [engine.trust.example, two.example], ` + grants + `}
  - {id: ungranted, certificates: [ungranted.example]}
  - {id: off, disabled: true, certificates: [off.example], ` + grants + `}
  - {id: far, certificates: [far.example, two-b.example], addresses: [192.0.2.0/24], ` + grants + `}
  - {id: near, certificates: [near.example], addresses: ["127.0.0.0/8", "::1"], ` + grants + `}
`
	})
	other := newAuthority(t)
	late := e.ca.issue(&x509.Certificate{DNSNames: []string{"engine.trust.example"}, NotAfter: time.Now().Add(-time.Minute)})
	common := e.ca.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "engine.trust.example"}})
	old := e.client(byName)
	old.MaxVersion = tls.VersionTLS11
	for i, tc := range []struct {
		name   string
		config *tls.Config
		want   string
	}{
		{"a fingerprint", e.client(byPrint), "AA"},
		{"a name, whatever its case", e.client(byName), "AA"},
		{"a partner without grants", e.client(e.ca.client("ungranted.example")), "AR"},
		{"a certificate of no partner", e.client(e.ca.client("stranger.example")), "closed"},
		{"the name of a partner from another authority", e.client(other.client("engine.trust.example")), "closed"},
		{"a certificate of the past", e.client(late), "closed"},
		{"a common name", e.client(common), "closed"},
		{"names of two partners", e.client(e.ca.client("two.example", "two-b.example")), "closed"},
		{"a partner that is disabled", e.client(e.ca.client("off.example")), "closed"},
		{"a partner from elsewhere", e.client(e.ca.client("far.example")), "closed"},
		{"a partner from where it may be", e.client(e.ca.client("near.example")), "AA"},
		{"no certificate", e.client(), "closed"},
		{"TLS 1.1", old, "closed"},
		{"no TLS", nil, "closed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			link := dispatch.MLLP(e.tls, tc.config)
			defer link.Close()
			if tc.config == nil {
				c, err := net.Dial("tcp", e.tls)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(30 * time.Second)) // a new connection
				_, _ = io.WriteString(c, "\x0bMSH|^~\\&|\x1c\r")    // the answer tells
				if b, err := io.ReadAll(c); err != nil && os.IsTimeout(err) || strings.Contains(string(b), "MSA") {
					t.Errorf("answered %q, %v, want the end", b, err)
				}
				return
			}
			if got := asks(t, link, string(rune('a'+i))); got != tc.want {
				t.Errorf("answered %s, want %s", got, tc.want)
			}
		})
	}
	if log := e.log.String(); strings.Contains(log, "9990000018") || strings.Contains(log, "Sample") {
		t.Error("the log names a patient") // hl7-bridge 9, requirement 16
	}
}

// hl7-bridge 5.1: over HTTP a certificate stands for a password, and two proofs must
// be of one partner.
func TestCertificatesOverHTTP(t *testing.T) {
	hash, err := auth.HashPassword(rand.Reader, "a long password")
	if err != nil {
		t.Fatal(err)
	}
	e := startEngine(t, func(*authority) string {
		grants := `password_hash: "` + hash + `", grants: [{connecting: trust, controller: trust}]`
		return `
  - {id: one, certificates: [one.example], ` + grants + `}
  - {id: two, ` + grants + `}
  - {id: far, certificates: [far.example], addresses: [192.0.2.0/24], ` + grants + `}
`
	})
	for i, tc := range []struct {
		name, cert, user, password, want string
	}{
		{"a certificate", "one.example", "", "", "AA"},
		{"certificate and password", "one.example", "one", "a long password", "AA"},
		{"a password, and a certificate of nobody", "other.example", "two", "a long password", "AA"},
		{"a certificate and somebody else's password", "one.example", "two", "a long password", "403"},
		{"a certificate and a wrong password", "one.example", "one", "guess", "401"},
		{"a certificate of nobody", "other.example", "", "", "401"},
		{"from elsewhere by certificate", "far.example", "", "", "403"},
		{"from elsewhere by password", "other.example", "far", "a long password", "403"},
		{"from elsewhere with a wrong password", "other.example", "far", "guess", "401"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: e.client(e.ca.client(tc.cert))}}
			link := dispatch.HTTP("https://"+e.https+"/hl7", tc.user, tc.password, client)
			defer link.Close()
			if len(tc.want) == 2 {
				if got := asks(t, link, string(rune('a'+i))); got != tc.want {
					t.Errorf("answered %s, want %s", got, tc.want)
				}
				return
			}
			if _, err := link.Send(t.Context(), []byte("MSH|^~\\&|\r")); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("answered %v, want %s", err, tc.want)
			}
		})
	}
}

// reload sends the signal and waits for what the log says about it.
func (e *engine) reload(change func(string) string, says string) {
	e.t.Helper()
	b, err := os.ReadFile(e.file)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(e.file, []byte(change(string(b))), 0o600); err != nil {
		e.t.Fatal(err)
	}
	seen := strings.Count(e.log.String(), says)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		e.t.Fatal(err)
	}
	until(e.t, "the log says "+says, func() bool { return strings.Count(e.log.String(), says) > seen })
}

func replace(old, by string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, by, 1) }
}

// hl7-bridge 9, requirement 32, and R100: what is granted, and to whom, changes with
// the next message of an open connection; a file that is at fault changes nothing.
func TestReload(t *testing.T) {
	e := startEngine(t, func(*authority) string {
		return `  - {id: pas, certificates: [pas.example], grants: [{connecting: trust, controller: trust}]}
`
	})
	const done, kept = "the configuration was reloaded", "that of before is in force"
	config := e.client(e.ca.client("pas.example"))
	link := dispatch.MLLP(e.tls, config)
	defer link.Close()
	expect := func(control, want string) {
		t.Helper()
		if got := asks(t, link, control); got != want {
			t.Errorf("message %s: %s, want %s", control, got, want)
		}
	}
	expect("1", "AA")
	e.reload(replace("controller: trust}", "controller: trust, disabled: true}"), done)
	expect("2", "AR")
	e.reload(replace("controller: trust, disabled: true}", "controller: nobody}"), kept)
	expect("3", "AR")
	e.reload(replace("controller: nobody}", "controller: trust}"), done)
	expect("4", "AA")
	e.reload(replace("partners:", "partners: {"), kept)
	expect("5", "AA")
	e.reload(replace("partners: {", "partners:"), done)
	e.reload(replace("controller: trust}", "controller: trust, until: 2020-01-01T00:00:00Z}"), done)
	expect("6", "AR")
	e.reload(replace(", until: 2020-01-01T00:00:00Z", ""), done)
	expect("7", "AA")
	e.reload(replace("pas.example", "other.example"), done)
	expect("8", "AR") // the open connection's certificate is nobody's now
	if got := asks(t, dispatch.MLLP(e.tls, config), "9"); got != "closed" {
		t.Errorf("a new connection: %s, want it closed", got)
	}
	e.reload(replace("system/*.rs", "system/everything"), kept) // no client, so no partner either
	e.reload(replace("system/everything", "system/*.rs"), done)
	e.reload(replace("other.example", "pas.example"), done)
	expect("10", "AA")
	e.reload(replace("allow_insecure", "zone: UTC\nallow_insecure"), `"keys":["zone"]`)
}

// A listener's new certificates hold for the connections after, without a new start; who
// is known by an authority that is not trusted any more is nobody on the next message of
// an open connection (hl7-bridge 9, requirement 32).
func TestReloadCertificates(t *testing.T) {
	e := startEngine(t, func(*authority) string {
		return `  - {id: pas, certificates: [pas.example], grants: [{connecting: trust, controller: trust}]}
`
	})
	before := e.client(e.ca.client("pas.example"))
	open := dispatch.MLLP(e.tls, before)
	defer open.Close()
	if got := asks(t, open, "1"); got != "AA" {
		t.Fatalf("before: %s, want AA", got)
	}
	dir := filepath.Dir(e.file)
	old := e.ca
	e.ca = newAuthority(t)
	write(t, dir, "ca", tls.Certificate{Certificate: [][]byte{e.ca.cert.Raw}, PrivateKey: e.ca.key})
	write(t, dir, "server", e.ca.issue(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}))
	e.reload(func(s string) string { return s }, "the configuration was reloaded")
	if got := asks(t, dispatch.MLLP(e.tls, e.client(e.ca.client("pas.example"))), "2"); got != "AA" {
		t.Errorf("a certificate of the new authority: %s, want AA", got)
	}
	if got := asks(t, dispatch.MLLP(e.tls, e.client(old.client("pas.example"))), "3"); got != "closed" {
		t.Errorf("a certificate of the old authority: %s, want it closed", got)
	}
	if got := asks(t, open, "4"); got != "AR" {
		t.Errorf("a connection that stood before: %s, want AR", got)
	}
}

// hl7-bridge 5.2: a partner has so many connections, and no more.
func TestConnectionsOfPartner(t *testing.T) {
	e := startEngine(t, func(*authority) string {
		return `  - {id: pas, certificates: [pas.example], grants: [{connecting: trust, controller: trust}]}
  - {id: lab, certificates: [lab.example], grants: [{connecting: trust, controller: trust}]}
`
	})
	var got []string
	for i, name := range []string{"pas.example", "pas.example", "pas.example", "lab.example"} {
		link := dispatch.MLLP(e.tls, e.client(e.ca.client(name)))
		defer link.Close()
		got = append(got, asks(t, link, string(rune('a'+i))))
	}
	if want := "AA AA closed AA"; strings.Join(got, " ") != want {
		t.Errorf("answers %v, want %s", got, want)
	}
}

// What is no address or certificate is refused in words.
func TestIdentityConfig(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"10.0.0.1", ""},
		{"10.0.0.0/8", ""},
		{"2001:db8::/32", ""},
		{"10.0.0.1/8", "10.0.0.0/8"},
		{"::ffff:10.0.0.1", "IPv4"},
		{"fe80::1%eth0", "neither"},
		{"engine.example", "neither"},
	} {
		_, err := readNetworks([]string{tc.text})
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("address %s: %v, want an error that says %q", tc.text, err, tc.says)
		}
	}
	for _, tc := range []struct{ text, want string }{
		{strings.Repeat("AB:", 31) + "AB", byFingerprint + strings.Repeat("ab", 32)},
		{"sha256:" + strings.Repeat("ab", 32), byFingerprint + strings.Repeat("ab", 32)},
		{"Engine.example.", byName + "engine.example"},
		{"spiffe://Trust/engine", byName + "spiffe://Trust/engine"},
		{"*.example", ""},
		{"sha256:abcd", ""},
		{"", ""},
	} {
		if got, err := certificateKey(tc.text); got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("certificate %q: %q, %v, want %q", tc.text, got, err, tc.want)
		}
	}
}
