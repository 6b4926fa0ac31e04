package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Handler answers messages.
type Handler interface {
	// ServeMLLP returns the answer to the message, or nil to say nothing. The frame is
	// the Handler's to keep. ctx ends when the answer can no longer be sent. Calls for
	// one connection come one after the other, those for several at the same time.
	ServeMLLP(ctx context.Context, conn Conn, frame []byte) (reply []byte)
}

// Conn says where a message comes from.
type Conn struct {
	RemoteAddr net.Addr
	TLS        *tls.ConnectionState // nil without TLS; the handshake is complete
	Listener   string               // the address that the connection came in on
}

// Server answers the blocks of the connections that its listeners accept. Its fields
// must not change once it serves. A Server may serve several listeners; the limits hold
// for all of them together.
type Server struct {
	Handler Handler
	Limits  Limits
	// Own are the limits of single listeners, in place of Limits: what is for the
	// connections of all together must be the same in each.
	Own map[net.Listener]Limits
	Log *slog.Logger // nil: nothing is logged

	// Admit, when not nil, says who is there once a connection stands, its handshake
	// complete. An error closes it without a word. Connections of one peer count
	// against Limits.PerPeer, whatever addresses they come from.
	Admit func(Conn) (peer string, err error)

	// OnOversize answers a message over the limit, of which it is given the beginning, and
	// OnMalformed one with text behind its end. The connection is closed after both. If
	// they are nil or return nil, it is closed without an answer.
	OnOversize  func(conn Conn, partial []byte) []byte
	OnMalformed func(conn Conn, frame []byte) []byte

	counts counts

	mu        sync.Mutex
	closing   bool
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	addresses map[string]int // connections by remote address
	peers     map[string]int // connections by who Admit says is there
	drained   chan struct{}  // made by Shutdown; closed when the last connection is gone
}

// Serve accepts connections on ln until Shutdown is called or ctx ends, and returns nil
// when the last of them is done. It closes ln. The end of ctx cuts the connections off
// at once, messages in hand included, so let Shutdown come first; after it, Serve returns
// at once. The error is that of a listener that failed for good; its connections are cut
// off too.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if !s.addListener(ln) {
		return ln.Close()
	}
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		<-ctx.Done()
		s.cutOff(ln)
	}()
	var conns sync.WaitGroup
	err := s.accept(ctx, ln, &conns)
	if err != nil {
		cancel()
	}
	conns.Wait()
	cancel()
	<-watched
	return err
}

// accept starts a goroutine for each connection until the listener is closed.
func (s *Server) accept(ctx context.Context, ln net.Listener, conns *sync.WaitGroup) error {
	for failures := 0; ; {
		nc, err := ln.Accept()
		if err == nil {
			failures = 0
			s.start(ctx, ln, nc, conns)
			continue
		}
		if s.stopping() || ctx.Err() != nil {
			return nil
		}
		if failures++; errors.Is(err, net.ErrClosed) || failures == maxAcceptFailures {
			return fmt.Errorf("accepting connections on %s: %w", ln.Addr(), err)
		}
		s.log().Warn("accepting a connection", "listener", ln.Addr().String(), "err", err)
		pause(ctx, time.Duration(failures)*acceptPause)
	}
}

// A listener that fails, as when the program is out of file descriptors, is tried again
// after 10, 20, 30… ms. It has failed for good after about half a minute.
const (
	acceptPause       = 10 * time.Millisecond
	maxAcceptFailures = 80
)

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// start serves the connection, or closes it at once if there are too many.
func (s *Server) start(ctx context.Context, ln net.Listener, nc net.Conn, conns *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(ctx)
	limits, own := s.Own[ln]
	if !own {
		limits = s.Limits
	}
	c := &conn{
		Conn: nc, listener: ln, address: host(nc.RemoteAddr()),
		limits: limits.withDefaults(), cancel: cancel, waiting: true,
	}
	if !s.admit(ctx, c) {
		cancel()
		_ = nc.Close() // nothing was said yet
		return
	}
	conns.Go(func() {
		defer s.dismiss(c)
		s.serve(ctx, c)
	})
}

// Shutdown stops accepting, lets every connection finish and answer the message it has
// begun to receive, and closes it. It returns when all are closed, or cuts them off when
// ctx ends, and then returns the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for ln := range s.listeners {
		_ = ln.Close() // Serve returns; there is nothing else to do about an error
	}
	for c := range s.conns {
		c.finish()
	}
	if s.drained == nil {
		s.drained = make(chan struct{})
		s.signalDrained()
	}
	drained := s.drained
	s.mu.Unlock()

	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		s.cutOff(nil)
		return ctx.Err()
	}
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
