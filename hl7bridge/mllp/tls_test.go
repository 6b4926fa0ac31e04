package mllp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"slotway/hl7bridge/mllp"
)

// certificate makes a certificate that signs itself, good for both sides, and a pool that trusts it.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Unix(0, 0), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// hl7-bridge 5.3; 9, requirement 12: the Handler sees the client's certificate, and a
// client without one gets nowhere.
func TestServer_mutualTLS(t *testing.T) {
	serverCert, serverPool := certificate(t, "bridge.example.test")
	clientCert, clientPool := certificate(t, "partner.example.test")
	ln := listen(t)
	var who string
	s := &mllp.Server{Handler: handlerFunc(func(_ context.Context, conn mllp.Conn, _ []byte) []byte {
		who = conn.TLS.PeerCertificates[0].Subject.CommonName
		return []byte("ok")
	})}
	run(t, s, tls.NewListener(ln, &tls.Config{
		Certificates: []tls.Certificate{serverCert}, ClientCAs: clientPool, ClientAuth: tls.RequireAndVerifyClientCert,
	}))
	known := &tls.Config{RootCAs: serverPool, Certificates: []tls.Certificate{clientCert}}
	if got, err := ask(t, ln.Addr().String(), known, "1"); got != "ok" || err != nil || who != "partner.example.test" {
		t.Errorf("answer = %q, %v for %q; want ok for partner.example.test", got, err, who)
	}
	unknown := &tls.Config{RootCAs: serverPool}
	if got, err := ask(t, ln.Addr().String(), unknown, "1"); err == nil {
		t.Errorf("without a certificate the answer is %q", got)
	}
	if got, err := ask(t, ln.Addr().String(), nil, "MSH|^~\\&|"); err == nil { // R14
		t.Errorf("without TLS the answer is %q", got)
	}
}

// hl7-bridge 5.3 and 6.1, R14: a client that does not begin TLS is given up after 10 s;
// R4: a missing CR is waited for under TLS too, and the connection goes on.
func TestServer_tlsTime(t *testing.T) {
	cert, pool := certificate(t, "bridge.example.test")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &mllp.Server{Handler: echo}
		plain, done := newPipes(), make(chan error, 1)
		go func() {
			done <- s.Serve(ctx, tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{cert}}))
		}()

		silent, begin := plain.dial("192.0.2.1"), time.Now()
		if _, err := silent.Read(make([]byte, 1)); err == nil || time.Since(begin) != 10*time.Second {
			t.Errorf("read = %v after %v, want the end after 10s", err, time.Since(begin))
		}

		conn := tls.Client(plain.dial("192.0.2.1"), &tls.Config{RootCAs: pool, ServerName: "bridge.example.test"})
		for range 2 {
			io.WriteString(conn, vt+"1"+fs)
			got := make([]byte, 100)
			begin := time.Now()
			n, err := conn.Read(got)
			if took := time.Since(begin); string(got[:n]) != block("re: 1") || err != nil || took != 500*time.Millisecond {
				t.Errorf("answer = %q, %v after %v, want one after 500ms", got[:n], err, took)
			}
		}
		cancel() // while the connection is open
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		conn.Close()
	})
}
