package mllp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"slotway/hl7bridge/mllp"
)

// slow answers after a minute, or when it is told that there is no use in it any more.
func slow(cutOff *bool) mllp.Handler {
	return handlerFunc(func(ctx context.Context, _ mllp.Conn, frame []byte) []byte {
		select {
		case <-time.After(time.Minute): // in the bubble's time
		case <-ctx.Done():
			*cutOff = true
		}
		return append([]byte("re: "), frame...)
	})
}

// shutdown begins to shut the server down and returns what Shutdown will say.
func shutdown(ctx context.Context, s *mllp.Server) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	synctest.Wait()
	return done
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Errorf("sending %q: %v", text, err)
	}
	synctest.Wait()
}

// hl7-bridge 5.2; 9, requirement 15: the message in hand is finished and answered, then
// the connection is closed; what came behind it is not begun.
func TestServer_Shutdown(t *testing.T) {
	var cutOff bool
	s := &mllp.Server{Handler: slow(&cutOff)}
	serving(t, s, func(t *testing.T, ln *pipes) {
		inHand, idle, receiving := ln.dial("192.0.2.1"), ln.dial("192.0.2.2"), ln.dial("192.0.2.3")
		send(t, inHand, block("1")+block("2"))
		send(t, receiving, vt+"3")
		done := shutdown(t.Context(), s)
		if !closed(idle) {
			t.Error("an idle connection stays open")
		}
		send(t, receiving, fs+cr)
		inHand.SetReadDeadline(time.Time{})
		if got, _ := io.ReadAll(inHand); string(got) != block("re: 1") {
			t.Errorf("the message in hand got %q", got)
		}
		if got, _ := io.ReadAll(receiving); string(got) != block("re: 3") {
			t.Errorf("the message being received got %q", got)
		}
		if err := <-done; err != nil || cutOff {
			t.Errorf("Shutdown = %v, handler cut off: %v; want neither", err, cutOff)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("a second Shutdown = %v", err)
		}
		late := newPipes()
		if err := s.Serve(t.Context(), late); err != nil {
			t.Errorf("Serve after Shutdown = %v", err)
		}
		if _, err := late.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error("Serve after Shutdown leaves the listener open")
		}
	})
}

// A shutdown that takes too long cuts the connections off.
func TestServer_Shutdown_cutsOff(t *testing.T) {
	var cutOff bool
	s := &mllp.Server{Handler: slow(&cutOff)}
	serving(t, s, func(t *testing.T, ln *pipes) {
		conn := ln.dial("192.0.2.1")
		send(t, conn, block("1"))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begin := time.Now()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown = %v, want the deadline", err)
		}
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("Shutdown took %v, want 20s", took)
		}
		synctest.Wait()
		if got, _ := io.ReadAll(conn); len(got) > 0 || !cutOff {
			t.Errorf("got %q, handler told: %v; want no answer and the handler told", got, cutOff)
		}
	})
}

// The end of the context stops everything at once, a lingering connection included.
func TestServer_contextEnds(t *testing.T) {
	var cutOff bool
	s := &mllp.Server{Handler: slow(&cutOff), OnMalformed: malformed}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ln := newPipes()
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, ln) }()
		inHand, idle, broken := ln.dial("192.0.2.1"), ln.dial("192.0.2.2"), ln.dial("192.0.2.3")
		send(t, inHand, block("1"))
		send(t, broken, vt+"2"+fs+"3")
		if _, err := broken.Read(make([]byte, 100)); err != nil {
			t.Errorf("no last words: %v", err)
		}
		begin := time.Now()
		cancel()
		if err := <-done; err != nil || !cutOff || time.Since(begin) > 0 {
			t.Errorf("Serve = %v after %v, handler told: %v; want nil at once, and told", err, time.Since(begin), cutOff)
		}
		for _, conn := range []net.Conn{inHand, idle, broken} {
			if !closed(conn) {
				t.Error("a connection stays open")
			}
		}
	})
}

// Shutdown does not wait for a connection that only lingers.
func TestServer_Shutdown_lingering(t *testing.T) {
	s := &mllp.Server{Handler: echo, OnMalformed: malformed}
	serving(t, s, func(t *testing.T, ln *pipes) {
		conn := ln.dial("192.0.2.1")
		send(t, conn, vt+"2"+fs+"3")
		if _, err := conn.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		begin := time.Now()
		if err := s.Shutdown(t.Context()); err != nil || time.Since(begin) > 0 {
			t.Errorf("Shutdown = %v after %v, want nil at once", err, time.Since(begin))
		}
	})
}
