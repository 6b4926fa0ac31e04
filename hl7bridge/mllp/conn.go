package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// conn is a connection being served.
type conn struct {
	net.Conn
	listener net.Listener
	address  string
	limits   Limits
	cancel   context.CancelFunc

	info Conn
	peer string // whom it counts for; the Server's mutex guards it

	mu      sync.Mutex
	waiting bool // no block has begun: the connection can go away without loss
	closing bool
}

var errClosing = errors.New("the server is shutting down")

// arm sets the time for the next reads. Waiting ends at once when the server shuts down.
func (c *conn) arm(waiting bool, limit time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = waiting
	if waiting && c.closing {
		return errClosing
	}
	return c.SetReadDeadline(in(limit))
}

// finish lets the connection end before it waits for another block.
func (c *conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	if c.waiting {
		_ = c.SetReadDeadline(past) // fails only if the connection is gone
	}
}

// cutOff closes the connection without a farewell, which TLS would wait for.
func (c *conn) cutOff() {
	c.cancel()
	nc := c.Conn
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	_ = nc.Close() // it may be closed already
}

// handshake completes TLS, if there is any, and says who is there.
func (c *conn) handshake(ctx context.Context) (Conn, error) {
	info := Conn{RemoteAddr: c.RemoteAddr(), Listener: c.listener.Addr().String()}
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return info, nil
	}
	if c.limits.Handshake >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limits.Handshake)
		defer cancel()
	}
	if err := t.HandshakeContext(ctx); err != nil {
		return info, err
	}
	state := t.ConnectionState()
	info.TLS = &state
	return info, nil
}

// serve answers the connection's blocks until there are no more.
func (s *Server) serve(ctx context.Context, c *conn) {
	log := s.log().With("remote", c.RemoteAddr().String())
	info, err := c.handshake(ctx)
	if err != nil {
		log.Warn("TLS handshake", "err", err)
		return
	}
	c.info = info
	if err := s.recognise(c); err != nil {
		log.Warn("connection refused", "err", err)
		return
	}
	r := NewReader(c, c.limits)
	r.counts, r.arm = &s.counts, c.arm
	for junkSeen := false; ; {
		frame, err := r.Next()
		if r.junk && !junkSeen {
			junkSeen = true
			log.Warn("there are bytes outside of blocks")
		}
		if err == nil {
			err = s.reply(c, s.Handler.ServeMLLP(ctx, info, frame))
		}
		if err != nil {
			s.end(c, frame, err)
			logEnd(log, err)
			return
		}
	}
}

// reply writes the answer, if there is one.
func (s *Server) reply(c *conn, reply []byte) error {
	if len(reply) == 0 {
		return nil
	}
	if err := c.SetWriteDeadline(in(c.limits.Write)); err != nil {
		return err
	}
	if err := Write(c.Conn, reply); err != nil {
		return err
	}
	s.counts.replies.Add(1)
	return nil
}

// end says the last words on a connection whose framing is broken.
func (s *Server) end(c *conn, frame []byte, err error) {
	var answer func(Conn, []byte) []byte
	switch {
	case errors.Is(err, ErrTooLarge):
		answer = s.OnOversize
	case errors.Is(err, ErrMalformed):
		answer = s.OnMalformed
	}
	if answer == nil {
		return
	}
	if reply := answer(c.info, frame); len(reply) > 0 && s.reply(c, reply) == nil {
		c.linger()
	}
}

// linger reads what the peer is still sending. Closing a connection with unread data
// resets it, and the peer would lose the answer just written.
func (c *conn) linger() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the peer then sees the end after the answer
	}
	if c.arm(true, c.limits.Linger) == nil {
		_, _ = io.Copy(io.Discard, c.Conn) // until the peer closes or the time is up
	}
}

// logEnd writes down why a connection ended: loudly if the peer did wrong.
func logEnd(log *slog.Logger, err error) {
	level := slog.LevelWarn
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, errClosing), errors.Is(err, os.ErrDeadlineExceeded):
		level = slog.LevelDebug
	}
	log.Log(context.Background(), level, "connection closed", "err", err)
}
