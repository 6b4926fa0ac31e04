package app

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"slotway/hl7bridge"
	"slotway/hl7bridge/mllp"
)

type httpListener struct {
	listener net.Listener
	server   *http.Server
}

// listen opens the sockets, so that an address in use is known at once.
func (a *App) listen() error {
	for _, l := range a.cfg.Listeners {
		limits := l.Limits.over(a.cfg.Limits.HTTP)
		ln, err := a.open(l.Address, l.Allow, limits.Connections, l.TLS)
		if err != nil {
			return fmt.Errorf("listener: %w", err)
		}
		a.http = append(a.http, &httpListener{ln, &http.Server{
			Handler:           a.rest.Handler(l.Serves),
			ReadHeaderTimeout: limits.Header,
			ReadTimeout:       limits.Read,
			WriteTimeout:      limits.Write,
			IdleTimeout:       limits.Idle,
			MaxHeaderBytes:    1 << 20, // far beyond what rest refuses in FHIR; more than this is net/http's bare 431
			ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
		}})
	}
	a.mllpPartners = map[string]string{}
	general, own := a.cfg.Limits.mllp(), map[net.Listener]mllp.Limits{}
	for _, l := range a.cfg.MLLP {
		ln, err := a.open(l.Address, l.Allow, cmp.Or(l.Limits.Connections, general.Total), l.TLS)
		if err != nil {
			return fmt.Errorf("mllp listener: %w", err)
		}
		a.mllp = append(a.mllp, ln)
		own[ln] = l.Limits.over(general)
		a.mllpPartners[ln.Addr().String()] = l.Partner
		if l.TLS.Cert == "" && !loopback(l.Address) {
			a.log.Warn("mllp without encryption: whoever can reach the listener from an address that it allows is taken for its partner", "address", ln.Addr().String(), "partner", l.Partner)
		}
	}
	bridge := hl7bridge.Listener{Bridge: a.bridge, Identify: func(c mllp.Conn) string {
		partner, _ := a.identify(c) // nobody, on an open connection, is answered AR
		return partner
	}}
	a.mllpServer = &mllp.Server{
		Handler: bridge, Limits: general, Own: own, Log: a.log, Admit: a.identify,
		OnOversize: bridge.OnOversize, OnMalformed: bridge.OnMalformed,
	}
	return nil
}

// open listens on an address, with TLS when there is a certificate. A connection
// from an address that is not allowed is closed before a byte is read, and so is one
// beyond the limit.
func (a *App) open(address string, allow []string, limit int, t TLSConfig) (net.Listener, error) {
	from, err := readNetworks(allow)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if len(from) > 0 {
		ln = &guarded{ln, from}
	}
	ln = &capped{Listener: ln, limit: int64(limit), now: a.now, full: func() {
		a.log.Warn("a listener has all the connections that it may have; others are closed", "address", address, "connections", limit)
	}}
	if t.Cert == "" {
		return ln, nil
	}
	files := &tlsFiles{files: t}
	cfg, err := t.load()
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	files.current.Store(cfg)
	a.tls = append(a.tls, files)
	return tls.NewListener(ln, files.config()), nil
}

// guarded is a listener that takes connections from some addresses only.
type guarded struct {
	net.Listener
	from networks
}

// Accept gives the next connection that is allowed.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if host, _, err := net.SplitHostPort(c.RemoteAddr().String()); err == nil && g.from.allow(host) {
			return c, nil
		}
		_ = c.Close() // nothing was said
	}
}

// closed makes nothing of closing what is closed.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
