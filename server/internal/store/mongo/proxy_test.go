package mongo

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between a store and its server and fails as networks do.
type proxy struct {
	l      net.Listener
	target string
	mu     sync.Mutex
	conns  map[net.Conn]bool
	away   bool   // takes no connections
	deaf   bool   // takes everything and answers nothing
	lose   []byte // of the next request that holds this, the answer is lost, or
	before bool   // the request itself
	lost   int
	done   sync.WaitGroup
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
	p := &proxy{l: l, target: u.Host, conns: make(map[net.Conn]bool)}
	p.done.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.set(func() { p.away = true })
		p.done.Wait()
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

// set changes how the proxy behaves. When it goes away its connections break.
func (p *proxy) set(how func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	how()
	if p.away {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

func (p *proxy) serve() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		away := p.away
		p.mu.Unlock()
		server, err := net.Dial("tcp", p.target)
		if err != nil || away {
			_ = c.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.keep(c, server)
		p.done.Go(func() { p.requests(c, server) })
		p.done.Go(func() { p.answers(c, server) })
	}
}

func (p *proxy) keep(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
}

// requests passes on what the client sends.
func (p *proxy) requests(c, server net.Conn) {
	defer p.drop(c, server)
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		lose := p.lose != nil && bytes.Contains(buf[:n], p.lose)
		before, deaf := p.before, p.deaf
		if lose {
			p.lose = nil
			p.lost++
			delete(p.conns, server) // its answers go nowhere
		}
		p.mu.Unlock()
		if deaf {
			continue
		}
		if !lose || !before {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if lose {
			if !before { // until the server has done it
				_, _ = server.Read(make([]byte, 1))
			}
			return
		}
	}
}

// answers passes on what the server sends.
func (p *proxy) answers(c, server net.Conn) {
	defer p.drop(c, server)
	_, _ = io.Copy(c, listening{p, server})
}

// listening is a connection to the server whose answers may be lost.
type listening struct {
	p *proxy
	net.Conn
}

func (l listening) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	if !l.p.conns[l.Conn] {
		return 0, io.EOF
	}
	return n, err
}

func (p *proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
		_ = c.Close()
	}
}
