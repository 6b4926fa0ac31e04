package mllp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/mllp"
)

// pipes is a listener whose connections are pipes, so that time can be the bubble's.
type pipes struct {
	incoming chan net.Conn
	closed   chan struct{}
	failures atomic.Int32 // how many calls of Accept fail first; negative: all of them
}

func newPipes() *pipes {
	return &pipes{incoming: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	if n := p.failures.Load(); n != 0 {
		p.failures.Store(n - 1)
		return nil, errors.New("too many open files")
	}
	select {
	case c := <-p.incoming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
		return net.ErrClosed
	default:
		close(p.closed)
		return nil
	}
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2575} }

// from is a connection that comes from the given address.
type from struct {
	net.Conn
	host string
}

func (f from) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(f.host), Port: 40000} }

// dial connects from the address.
func (p *pipes) dial(host string) net.Conn {
	near, far := net.Pipe()
	p.incoming <- from{near, host}
	return far
}

type handlerFunc func(ctx context.Context, conn mllp.Conn, frame []byte) []byte

func (f handlerFunc) ServeMLLP(ctx context.Context, conn mllp.Conn, frame []byte) []byte {
	return f(ctx, conn, frame)
}

// echo answers "re: " and the message, and says nothing to "hush".
var echo = handlerFunc(func(_ context.Context, _ mllp.Conn, frame []byte) []byte {
	if string(frame) == "hush" {
		return nil
	}
	return append([]byte("re: "), frame...)
})

func tooLarge(_ mllp.Conn, partial []byte) []byte {
	return append([]byte("too large: "), partial[:3]...)
}
func malformed(_ mllp.Conn, frame []byte) []byte { return append([]byte("malformed: "), frame...) }

// serving runs the server in a bubble while f talks to it.
func serving(t *testing.T, s *mllp.Server, f func(t *testing.T, ln *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ln := newPipes()
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, ln) }()
		f(t, ln)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if got := s.Stats().Open; got != 0 {
			t.Errorf("open connections = %d after Serve, want 0", got)
		}
	})
}

// talk sends the parts and returns all that comes back until the connection ends or
// nothing more has come for a minute.
func talk(t *testing.T, conn net.Conn, parts ...string) string {
	t.Helper()
	go func() {
		for _, p := range parts {
			if _, err := io.WriteString(conn, p); err != nil {
				return
			}
		}
	}()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	got, _ := io.ReadAll(conn)
	return string(got)
}

// closed reports whether the peer has closed the connection.
func closed(conn net.Conn) bool {
	conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// hl7-bridge 5.2 and 6.1, R1 to R12 and R22; 9, requirements 9 and 11.
func TestServer_answers(t *testing.T) {
	tests := []struct {
		name   string
		parts  []string
		want   string
		closed bool
	}{
		{"one", []string{block("1")}, block("re: 1"), false},
		{"a byte a packet (R1)", strings.Split(block("one"), ""), block("re: one"), false},
		{"two in a packet (R2), in order", []string{block("1") + block("2")}, block("re: 1") + block("re: 2"), false},
		{"no CR (R4)", []string{vt + "1" + fs}, block("re: 1"), false},
		{"text behind the end (R5)", []string{block("1"), vt + "2" + fs + "3" + fs + cr}, block("re: 1") + block("malformed: 2"), true},
		{"begun again (R6)", []string{vt + "pa", vt + "1" + fs + cr}, block("re: 1"), false},
		{"line ends between (R7)", []string{"\r\n", block("1"), "\r\n", block("2")}, block("re: 1") + block("re: 2"), false},
		{"5 KiB of junk (R8)", []string{strings.Repeat("x", 5<<10), block("1")}, "", true},
		{"too slow (R10)", []string{vt + "1"}, "", true},
		{"empty (R11)", []string{block(""), block("1")}, block("re: 1"), false},
		{"too large (R12)", []string{block("1"), block(strings.Repeat("x", 1<<20+1))}, block("re: 1") + block("too large: xxx"), true},
		{"commit replies (R22)", []string{block("\x06"), block("1"), block("\x15")}, block("re: 1"), false},
		{"an answer that is none", []string{block("hush"), block("1")}, block("re: 1"), false},
		{"TLS (R14)", []string{"\x16\x03\x01"}, "", true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := &mllp.Server{Handler: echo, OnOversize: tooLarge, OnMalformed: malformed}
			serving(t, s, func(t *testing.T, ln *pipes) {
				conn := ln.dial("192.0.2.1")
				defer conn.Close()
				if got := talk(t, conn, tc.parts...); got != tc.want {
					t.Errorf("answers = %q, want %q", got, tc.want)
				}
				if got := closed(conn); got != tc.closed {
					t.Errorf("closed = %v, want %v", got, tc.closed)
				}
				other := ln.dial("192.0.2.1") // the listener still serves
				defer other.Close()
				if got := talk(t, other, block("9")); got != block("re: 9") {
					t.Errorf("the next connection got %q", got)
				}
			})
		})
	}
}

// Without the functions for broken framing, and if they say nothing, the connection just closes.
func TestServer_noLastWords(t *testing.T) {
	nothing := func(mllp.Conn, []byte) []byte { return nil }
	for name, s := range map[string]*mllp.Server{
		"none": {Handler: echo},
		"mute": {Handler: echo, OnOversize: nothing, OnMalformed: nothing},
	} {
		t.Run(name, func(t *testing.T) {
			s.Limits.MaxFrame = 3
			serving(t, s, func(t *testing.T, ln *pipes) {
				for _, in := range []string{block("1234"), vt + "1" + fs + "2"} {
					conn := ln.dial("192.0.2.1")
					if got := talk(t, conn, in); got != "" || !closed(conn) {
						t.Errorf("%q was answered with %q, want the connection closed", in, got)
					}
				}
			})
		})
	}
}

// hl7-bridge 6.1, R9: a connection that ends in a block gets no answer and leaves nothing.
func TestServer_cutOffInABlock(t *testing.T) {
	asked := 0
	s := &mllp.Server{Handler: handlerFunc(func(context.Context, mllp.Conn, []byte) []byte { asked++; return nil })}
	serving(t, s, func(t *testing.T, ln *pipes) {
		conn := ln.dial("192.0.2.1")
		io.WriteString(conn, vt+"MSH|")
		conn.Close()
		synctest.Wait()
		if got := s.Stats(); asked != 0 || got.Open != 0 || got.Dropped != 1 {
			t.Errorf("asked %d times, %+v; want no call, nothing open, one dropped", asked, got)
		}
	})
}

// hl7-bridge 5.2 and 6.1, R21; 9, requirement 14: those over the limit are closed at once, the others work.
func TestServer_connectionLimits(t *testing.T) {
	s := &mllp.Server{Handler: echo, Limits: mllp.Limits{PerAddress: 3, Total: 5}}
	serving(t, s, func(t *testing.T, ln *pipes) {
		var open []net.Conn
		for range 5 {
			open = append(open, ln.dial("192.0.2.1"))
		}
		for range 4 {
			open = append(open, ln.dial("192.0.2.2"))
		}
		synctest.Wait()
		var works []bool
		for _, conn := range open {
			works = append(works, talk(t, conn, block("1")) == block("re: 1"))
		}
		want := []bool{true, true, true, false, false, true, true, false, false}
		if diff := cmp.Diff(want, works); diff != "" {
			t.Errorf("connections that work (-want +got):\n%s", diff)
		}
		if got := s.Stats(); got.Refused != 4 || got.Accepted != 5 || got.Open != 5 {
			t.Errorf("Stats = %+v, want 5 accepted and 4 refused", got)
		}
		open[0].Close() // makes room, for that address and in all
		synctest.Wait()
		again := ln.dial("192.0.2.1")
		if got := talk(t, again, block("2")); got != block("re: 2") {
			t.Errorf("after one left, the next got %q", got)
		}
	})
}

// hl7-bridge 6.1, R21: a thousand idle connections with the limits of every day.
func TestServer_thousandIdle(t *testing.T) {
	s := &mllp.Server{Handler: echo}
	serving(t, s, func(t *testing.T, ln *pipes) {
		mine := ln.dial("192.0.2.1")
		for i := range 1000 {
			ln.dial(net.IPv4(198, 51, 100, byte(i%100)).String())
		}
		synctest.Wait()
		if got := s.Stats(); got.Open != 512 || got.Refused != 489 {
			t.Errorf("Stats = %+v, want 512 open and 489 refused", got)
		}
		if got := talk(t, mine, block("1")); got != block("re: 1") {
			t.Errorf("the first connection got %q", got)
		}
	})
}

func TestServer_Stats(t *testing.T) {
	s := &mllp.Server{Handler: echo, OnMalformed: malformed, Limits: mllp.Limits{MaxFrame: 4}}
	serving(t, s, func(t *testing.T, ln *pipes) {
		talk(t, ln.dial("192.0.2.1"), "abc"+block("1")+block("hush")+vt+"x"+block("2")+vt+"3"+fs+"!")
		talk(t, ln.dial("192.0.2.1"), block("12345"))
		synctest.Wait()
		want := mllp.Stats{Accepted: 2, Frames: 3, Replies: 3, JunkBytes: 3, Dropped: 1, TooLarge: 1, Malformed: 1}
		if diff := cmp.Diff(want, s.Stats()); diff != "" {
			t.Errorf("Stats (-want +got):\n%s", diff)
		}
	})
}

// hl7-bridge 9, requirement 16, and 5.2, rule 1: junk is logged once, and never what it is.
func TestServer_log(t *testing.T) {
	var out bytes.Buffer
	s := &mllp.Server{Handler: echo, Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	serving(t, s, func(t *testing.T, ln *pipes) {
		conn := ln.dial("192.0.2.1")
		talk(t, conn, "junk"+block("secret")+"junk"+block("secret")+"junk"+vt+"secret")
		conn.Close()
	})
	log := out.String()
	if got := strings.Count(log, "outside of blocks"); got != 1 {
		t.Errorf("junk was logged %d times, want once:\n%s", got, log)
	}
	if strings.Contains(log, "secret") || strings.Contains(log, "junk") {
		t.Errorf("the log quotes what was sent:\n%s", log)
	}
}

// What the Handler learns of the connection.
func TestServer_Conn(t *testing.T) {
	var got mllp.Conn
	s := &mllp.Server{Handler: handlerFunc(func(_ context.Context, conn mllp.Conn, _ []byte) []byte { got = conn; return []byte("ok") })}
	serving(t, s, func(t *testing.T, ln *pipes) {
		talk(t, ln.dial("192.0.2.7"), block("1"))
	})
	if got.RemoteAddr.String() != "192.0.2.7:40000" || got.Listener != "127.0.0.1:2575" || got.TLS != nil {
		t.Errorf("Conn = %+v, want the addresses and no TLS", got)
	}
}

// hl7-bridge 5.2: a peer that does not read its answer is given up after 10 s.
func TestServer_peerDoesNotRead(t *testing.T) {
	s := &mllp.Server{Handler: echo}
	serving(t, s, func(t *testing.T, ln *pipes) {
		conn := ln.dial("192.0.2.1")
		io.WriteString(conn, block("1"))
		synctest.Wait()
		time.Sleep(9 * time.Second) // in the bubble's time
		if got := s.Stats().Open; got != 1 {
			t.Errorf("open after 9 s = %d, want 1", got)
		}
		time.Sleep(2 * time.Second)
		if got := s.Stats().Open; got != 0 {
			t.Errorf("open after 11 s = %d, want 0", got)
		}
	})
}

// counted counts the calls of Write.
type counted struct {
	net.Conn
	calls *atomic.Int32
}

func (c counted) Write(p []byte) (int, error) {
	c.calls.Add(1)
	return c.Conn.Write(p)
}

// hl7-bridge 4.2; 9, requirement 10: each answer is one write.
func TestServer_oneWrite(t *testing.T) {
	serving(t, &mllp.Server{Handler: echo}, func(t *testing.T, ln *pipes) {
		near, far := net.Pipe()
		var calls atomic.Int32
		ln.incoming <- counted{near, &calls}
		if got := talk(t, far, block("1")+block("2")); got != block("re: 1")+block("re: 2") || calls.Load() != 2 {
			t.Errorf("answers = %q in %d writes, want two in two", got, calls.Load())
		}
	})
}

// An answer that cannot be framed closes the connection; it must not go out cut.
func TestServer_answerWithMarks(t *testing.T) {
	s := &mllp.Server{Handler: handlerFunc(func(context.Context, mllp.Conn, []byte) []byte { return []byte("a" + fs + "b") })}
	serving(t, s, func(t *testing.T, ln *pipes) {
		conn := ln.dial("192.0.2.1")
		if got := talk(t, conn, block("1")); got != "" || !closed(conn) {
			t.Errorf("answer = %q, want the connection closed", got)
		}
	})
}

// A listener that fails for a while is tried again; one that keeps failing ends Serve.
func TestServer_acceptFails(t *testing.T) {
	ln := newPipes()
	t.Run("for a while", func(t *testing.T) {
		s := &mllp.Server{Handler: echo}
		serving(t, s, func(t *testing.T, ln *pipes) {
			first := ln.dial("192.0.2.1")
			ln.failures.Store(20)
			second := ln.dial("192.0.2.1")
			for _, conn := range []net.Conn{first, second, ln.dial("192.0.2.1")} {
				if got := talk(t, conn, block("1")); got != block("re: 1") {
					t.Errorf("answer = %q", got)
				}
			}
		})
	})
	t.Run("for good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ln.failures.Store(-1)
			s := &mllp.Server{Handler: echo}
			if err := s.Serve(t.Context(), ln); err == nil || !strings.Contains(err.Error(), "127.0.0.1:2575") {
				t.Errorf("Serve = %v, want an error that names the listener", err)
			}
		})
	})
	t.Run("closed by somebody else", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ln := newPipes()
			ln.Close()
			if err := new(mllp.Server).Serve(t.Context(), ln); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Serve = %v, want net.ErrClosed", err)
			}
		})
	})
}
