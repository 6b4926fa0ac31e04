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
	mu     sync.Mutex // held while a message or an answer is under way
	conn   net.Conn
	r      *Reader
	broken error // why the connection is of no more use

	deadline    sync.Mutex // held to set a deadline of conn
	interrupted bool       // the context of the message under way has ended
	until       time.Time  // a block has to begin by then; zero: at any time
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

// ErrQuiet means that no block began in the time that Receive was given.
var ErrQuiet = errors.New("no answer came in time")

// Post sends the message, and leaves what comes back to Receive. After an error, the end
// of ctx included, it is unknown whether the message arrived, and the Client is of no
// more use, unless that is ErrFrame: dial again and send again.
func (c *Client) Post(ctx context.Context, msg []byte) error {
	return c.exchange(ctx, time.Time{}, func() error { return Write(c.conn, msg) })
}

// Receive returns the next block that comes back. It fails with ErrQuiet when none has
// begun until then, unless that is zero: the Client is still of use, and the block may
// come later. After any other error it is not, as after one of Post.
func (c *Client) Receive(ctx context.Context, until time.Time) (reply []byte, err error) {
	err = c.exchange(ctx, until, func() error {
		reply, err = c.r.Next()
		return err
	})
	return reply, err
}

// CloseWrite tells the server that no more messages come. What it still has to say can
// be received.
func (c *Client) CloseWrite() error {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// exchange does what a caller wants of the connection, until ctx ends; after an error
// the connection is closed, unless it harmed nothing.
func (c *Client) exchange(ctx context.Context, until time.Time, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return c.broken
	}
	err := c.interruptible(ctx, until, do)
	if err == nil || errors.Is(err, ErrFrame) || errors.Is(err, ErrQuiet) { // nothing was sent, or nothing came
		return err
	}
	c.broken = fmt.Errorf("the connection failed before: %w", err)
	_ = c.conn.Close() // it failed already
	return err
}

func (c *Client) interruptible(ctx context.Context, until time.Time, do func() error) error {
	if err := c.begin(until); err != nil {
		return err
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
	switch err := do(); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for the answer: %w", ctx.Err())
	case errors.Is(err, os.ErrDeadlineExceeded): // only the wait for a block has a deadline
		return ErrQuiet
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the connection was closed without an answer: %w", io.ErrUnexpectedEOF)
	default:
		return err
	}
}

// begin lifts what an earlier message left behind, and sets by when a block has to begin.
func (c *Client) begin(until time.Time) error {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	c.interrupted, c.until = false, until
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
func (c *Client) arm(waiting bool, limit time.Duration) error {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if c.interrupted {
		return os.ErrDeadlineExceeded
	}
	if waiting {
		return c.conn.SetReadDeadline(c.until)
	}
	return c.conn.SetReadDeadline(in(limit))
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }
