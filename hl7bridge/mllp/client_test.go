package mllp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"slotway/hl7bridge/mllp"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// run serves until the test ends, then shuts down in order.
func run(t *testing.T, s *mllp.Server, ln net.Listener) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.WithoutCancel(t.Context()), ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func dial(t *testing.T, addr string) *mllp.Client {
	t.Helper()
	c, err := mllp.Dial(t.Context(), addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// askOn sends one message, and gives what comes back.
func askOn(ctx context.Context, c *mllp.Client, msg []byte) ([]byte, error) {
	if err := c.Post(ctx, msg); err != nil {
		return nil, err
	}
	return c.Receive(ctx, time.Time{})
}

// ask sends one message on a connection of its own.
func ask(t *testing.T, addr string, config *tls.Config, msg string) (string, error) {
	t.Helper()
	c, err := mllp.Dial(t.Context(), addr, config)
	if err != nil {
		return "", err
	}
	defer c.Close()
	got, err := askOn(t.Context(), c, []byte(msg))
	return string(got), err
}

func TestClient_Send(t *testing.T) {
	ln := listen(t)
	s := &mllp.Server{Handler: echo}
	run(t, s, ln)
	c := dial(t, ln.Addr().String())
	for _, msg := range []string{"1", strings.Repeat("x", 1<<20-4), "3"} {
		if got, err := askOn(t.Context(), c, []byte(msg)); err != nil || string(got) != "re: "+msg {
			t.Errorf("Send of %d bytes: %d bytes, %v, want the answer", len(msg), len(got), err)
		}
	}
	if got := s.Stats().Accepted; got != 1 {
		t.Errorf("connections = %d, want 1 for all messages", got)
	}
}

// hl7-bridge 6.1, R12: the answer to a message over the limit arrives, though the sender
// is still sending when it goes out.
func TestServer_oversizeOverTCP(t *testing.T) {
	ln := listen(t)
	run(t, &mllp.Server{Handler: echo, OnOversize: tooLarge}, ln)
	got, err := ask(t, ln.Addr().String(), nil, strings.Repeat("x", 8<<20))
	if got != "too large: xxx" || err != nil {
		t.Errorf("Send = %q, %v, want the refusal", got, err)
	}
}

// peer accepts one connection and does what is asked with it.
func peer(t *testing.T, do func(net.Conn)) (addr string) {
	t.Helper()
	ln := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		do(conn)
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// received reads one message.
func received(conn net.Conn) { _, _ = mllp.NewReader(conn, mllp.Limits{}).Next() }

func TestClient_Send_failures(t *testing.T) {
	hold := func(c net.Conn) { io.Copy(io.Discard, c) } // until the client goes away
	tests := []struct {
		name string
		do   func(net.Conn)
		want error
	}{
		{"no answer", received, io.ErrUnexpectedEOF},
		{"half an answer", func(c net.Conn) { received(c); io.WriteString(c, vt+"MSH") }, io.ErrUnexpectedEOF},
		{"a torn answer", func(c net.Conn) { received(c); io.WriteString(c, vt+"1"+fs+"2") }, mllp.ErrMalformed},
		{"an endless answer", func(c net.Conn) { received(c); io.WriteString(c, block(strings.Repeat("x", 1<<20+1))) }, mllp.ErrTooLarge},
		{"silence", func(c net.Conn) { received(c); hold(c) }, context.DeadlineExceeded},
		{"only commit replies", func(c net.Conn) { received(c); io.WriteString(c, block("\x06")); hold(c) }, context.DeadlineExceeded},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			patience := 5 * time.Second
			if errors.Is(tc.want, context.DeadlineExceeded) {
				patience = 20 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c := dial(t, peer(t, tc.do))
			if got, err := askOn(ctx, c, []byte("1")); !errors.Is(err, tc.want) {
				t.Errorf("Send = %q, %v, want %v", got, err, tc.want)
			}
			if _, err := askOn(t.Context(), c, []byte("2")); !errors.Is(err, tc.want) {
				t.Errorf("the next Send = %v, want the same error", err)
			}
		})
	}
}

// An answer may follow a commit reply of Release 2, late or not.
func TestClient_Send_commitReply(t *testing.T) {
	addr := peer(t, func(c net.Conn) {
		received(c)
		io.WriteString(c, block("\x06")+block("answer"))
	})
	if got, err := ask(t, addr, nil, "1"); got != "answer" || err != nil {
		t.Errorf("Send = %q, %v, want the answer", got, err)
	}
}

func TestClient_misuse(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mllp.Dial(ctx, "127.0.0.1:1", nil); err == nil {
		t.Error("Dial works with a context that has ended")
	}
	ln := listen(t)
	run(t, &mllp.Server{Handler: echo}, ln)
	c := dial(t, ln.Addr().String())
	if _, err := askOn(t.Context(), c, []byte("a"+vt)); !errors.Is(err, mllp.ErrFrame) {
		t.Errorf("Send of a message with VT = %v, want ErrFrame", err)
	}
	if got, err := askOn(t.Context(), c, []byte("a")); string(got) != "re: a" || err != nil {
		t.Errorf("Send after that = %q, %v, want the answer", got, err)
	}
	closed := dial(t, ln.Addr().String())
	closed.Close()
	if _, err := askOn(t.Context(), closed, []byte("1")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Send after Close = %v, want net.ErrClosed", err)
	}
}
