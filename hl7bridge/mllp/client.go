package mllp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Client sends messages over one connection, one after the other.
type Client struct {
	mu     sync.Mutex // held while a message is under way
	conn   net.Conn
	r      *Reader
	broken error // why the connection is of no more use

	deadline    sync.Mutex // held to set a deadline of conn
	interrupted bool       // the context of the message under way has ended
}

// Dial connects to a server, with TLS if config is not nil.
func Dial(ctx context.Context, addr string, config *tls.Config) (*Client, error) {
	var dialer interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	} = &net.Dialer{}
	if config != nil {
		dialer = &tls.Dialer{Config: config}
	}
	nc, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return newClient(nc), nil
}

// newClient returns a Client whose patience is that of the contexts it is given.
func newClient(nc net.Conn) *Client {
	c := &Client{conn: nc, r: NewReader(nc, Limits{Idle: -1, Frame: -1})}
	c.r.arm = c.arm
	return c
}

// Send sends the message and returns the next block that comes back. After an error,
// the end of ctx included, it is unknown whether the message arrived, and the Client is
// of no more use: dial again and send again.
func (c *Client) Send(ctx context.Context, msg []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, c.broken
	}
	reply, err := c.exchange(ctx, msg)
	if errors.Is(err, ErrFrame) {
		return nil, err // nothing was sent
	}
	if err != nil {
		c.broken = fmt.Errorf("the connection failed before: %w", err)
		_ = c.conn.Close() // it failed already
		return nil, err
	}
	return reply, nil
}

func (c *Client) exchange(ctx context.Context, msg []byte) ([]byte, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		c.interrupt()
	})
	defer func() {
		if !stop() {
			<-interrupted
		}
	}()
	err := Write(c.conn, msg)
	var reply []byte
	if err == nil {
		reply, err = c.r.Next()
	}
	switch {
	case err == nil:
		return reply, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("waiting for the answer: %w", ctx.Err())
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("the connection was closed without an answer: %w", io.ErrUnexpectedEOF)
	}
	return nil, err
}

// begin lifts what an earlier message left behind.
func (c *Client) begin() error {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	c.interrupted = false
	return c.conn.SetDeadline(time.Time{})
}

// interrupt makes reads and writes fail.
func (c *Client) interrupt() {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	c.interrupted = true
	_ = c.conn.SetDeadline(past) // fails only if the connection is gone
}

// arm sets the time for the Reader's next reads.
func (c *Client) arm(_ bool, limit time.Duration) error {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if c.interrupted {
		return os.ErrDeadlineExceeded
	}
	return c.conn.SetReadDeadline(in(limit))
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }
