package app

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"sync/atomic"
)

// tlsFiles is the TLS of a listener, from files that may be read again while it
// serves: connections made after that see the change.
type tlsFiles struct {
	files   TLSConfig
	current atomic.Pointer[loadedTLS]
}

// loadedTLS is what the files of a listener say.
type loadedTLS struct {
	config  *tls.Config
	anchors map[string]bool // the certificates of client_ca, as they are in the file
}

// load reads the files.
func (t TLSConfig) load() (*loadedTLS, error) {
	cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if t.ClientCA == "" {
		return &loadedTLS{config: cfg}, nil
	}
	text, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("client_ca: %w", err)
	}
	cfg.ClientCAs, cfg.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !cfg.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("client_ca: %s holds no certificate", t.ClientCA)
	}
	anchors := map[string]bool{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		anchors[string(block.Bytes)] = true
	}
	// A session that is taken up again would bring the verdict of then.
	cfg.SessionTicketsDisabled = true
	return &loadedTLS{cfg, anchors}, nil
}

// config is that of a listener: it asks for the one in force at each handshake.
func (t *tlsFiles) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return t.current.Load().config, nil
	}}
}
