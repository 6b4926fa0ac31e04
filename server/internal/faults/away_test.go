package faults

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slotway/server/internal/store/mongo/mongotest"
)

// how is what a proxy does to connections.
type how int32

const (
	pass  how = iota
	cut       // connections are broken and refused
	deaf      // everything is taken, nothing comes back: a black hole
	late      // everything comes 100 ms late
	modes = 4
)

func (h how) String() string { return [modes]string{"pass", "cut", "deaf", "late"}[h] }

// proxy stands between a server and its database.
type proxy struct {
	l      net.Listener
	target string
	how    atomic.Int32
	mu     sync.Mutex
	heard  *sync.Cond // told when how changes
	conns  map[net.Conn]bool
}

// untilHeard waits while nothing comes through.
func (p *proxy) untilHeard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for how(p.how.Load()) == deaf {
		p.heard.Wait()
	}
}

// startProxy gives a proxy and the URI that leads through it.
func startProxy(t *testing.T, uri string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Skipf("the proxy needs one host in the URI: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, target: u.Host, conns: map[net.Conn]bool{}}
	p.heard = sync.NewCond(&p.mu)
	go p.serve()
	t.Cleanup(func() { _ = l.Close(); p.set(cut) })
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) set(h how) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.how.Store(int32(h))
	p.heard.Broadcast()
	if h == cut {
		for c := range p.conns {
			_ = c.Close()
		}
		clear(p.conns)
	}
}

func (p *proxy) serve() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || how(p.how.Load()) == cut {
			_ = c.Close()
			continue
		}
		p.mu.Lock()
		p.conns[c], p.conns[server] = true, true
		p.mu.Unlock()
		go p.carry(c, server)
		go p.carry(server, c)
	}
}

// carry brings what one side says to the other.
func (p *proxy) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		switch how(p.how.Load()) {
		case deaf:
			p.untilHeard() // TCP sends again what was lost
		case late:
			time.Sleep(100 * time.Millisecond)
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// While the database is away whoever asks is told so within 2 seconds (but what was on
// its way to it waits up to 5), readiness says
// why, and nothing is acknowledged; as soon as it is back all goes on, without a
// restart, and nothing that was acknowledged is lost (R27, R28, figure "store outage").
func TestDatabaseAway(t *testing.T) {
	seconds := size(t, 5, 300)
	through, uri := startProxy(t, mongotest.URI(t))
	p := start(t, t.TempDir(), nil, "--store", uri)
	c, l := login(t, p), newLoad(t)
	var done atomic.Bool
	wg := l.run(p, c, "load", 3, func() bool { return !done.Load() })
	defer func() { done.Store(true); wg.Wait() }()
	for _, mode := range []how{late, cut, deaf} {
		if _, ok := l.hear("AA", 20*time.Second); !ok {
			t.Fatal("no message is taken")
		}
		through.set(mode)
		began := time.Now()
		if mode != late {
			l.whileAway(c, mode, time.Duration(seconds)*time.Second)
		} else {
			for range min(seconds, 20) { // it works, slowly
				if _, ok := l.hear("AA", 20*time.Second); !ok {
					t.Error("with a slow database no message is taken")
				}
			}
		}
		away := time.Since(began)
		through.set(pass)
		took, ok := l.hear("AA", 20*time.Second)
		if !ok || took > 5*time.Second {
			t.Errorf("%v for %v: service is back after %v", mode, away.Round(time.Second), took)
		}
		c.ready(t)
		t.Logf("%v for %v: back after %v", mode, away.Round(time.Second), took.Round(time.Millisecond))
	}
	done.Store(true)
	wg.Wait()
	l.check(c)
}

// soon is how fast a caller must be told, with what a busy machine adds.
const soon = 2*time.Second + 500*time.Millisecond

// whileAway looks at the answers while the database is away.
func (l *load) whileAway(c *client, mode how, d time.Duration) {
	l.t.Helper()
	end := time.Now().Add(d)
	l.since(time.Now()) // what was on its way may take as long as one operation
	for i := 0; time.Now().Before(end); i++ {
		r := c.do(l.t.Context(), http.MethodGet, "/readyz", nil)
		if r.status != http.StatusServiceUnavailable || !strings.Contains(string(r.body), "database cannot be reached") || r.took > soon {
			l.t.Errorf("%v: readiness is %d %v after %v: %s", mode, r.status, r.err, r.took, r.body)
		}
		for what, r := range map[string]reply{
			"a search": c.do(l.t.Context(), http.MethodGet, "/R4/Location?_count=1", nil),
			"a PUT":    l.store(c, fmt.Sprintf("l-%v-%d", mode, i)),
		} {
			if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || r.took > soon {
				l.t.Errorf("%v: %s is answered %d %v after %v, Retry-After %q", mode, what, r.status, r.err, r.took, r.header.Get("Retry-After"))
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slowest > soon {
		l.t.Errorf("%v: the slowest answer took %v", mode, l.slowest)
	}
	l.t.Logf("%v: the slowest answer took %v", mode, l.slowest.Round(time.Millisecond))
}
