package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"slotway/hl7bridge/mllp"
)

type httpListener struct {
	listener net.Listener
	server   *http.Server
}

type mllpListener struct {
	listener net.Listener
	server   *mllp.Server
}

// listen opens the sockets, so that an address in use is known at once.
func (a *App) listen() error {
	for _, l := range a.cfg.Listeners {
		ln, err := open(l.Address, l.TLS)
		if err != nil {
			return fmt.Errorf("listener: %w", err)
		}
		a.http = append(a.http, &httpListener{ln, &http.Server{
			Handler:           a.rest.Handler(l.Serves),
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       30 * time.Second,
			WriteTimeout:      60 * time.Second,
			IdleTimeout:       120 * time.Second,
			MaxHeaderBytes:    64 << 10, // beyond what rest refuses in words
			ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
		}})
	}
	for _, l := range a.cfg.MLLP {
		ln, err := open(l.Address, l.TLS)
		if err != nil {
			return fmt.Errorf("mllp listener: %w", err)
		}
		a.mllp = append(a.mllp, &mllpListener{ln, mllpServer(a, l.Partner)})
	}
	return nil
}

// mllpServer makes the server of a partner's MLLP listener.
func mllpServer(a *App, partner string) *mllp.Server {
	return &mllp.Server{
		Handler: a.bridge.MLLP(partner), Limits: mllp.DefaultLimits(), Log: a.log,
		OnOversize: a.bridge.OnOversize(partner), OnMalformed: a.bridge.OnMalformed(partner),
	}
}

// open listens on an address, with TLS when there is a certificate.
func open(address string, t TLSConfig) (net.Listener, error) {
	var cfg *tls.Config
	if t.Cert != "" {
		cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		cfg = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	if t.ClientCA != "" {
		pem, err := os.ReadFile(t.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("client_ca: %w", err)
		}
		cfg.ClientCAs, cfg.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("client_ca: %s holds no certificate", t.ClientCA)
		}
	}
	ln, err := net.Listen("tcp", address)
	if err != nil || cfg == nil {
		return ln, err
	}
	return tls.NewListener(ln, cfg), nil
}

// closed makes nothing of closing what is closed.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
