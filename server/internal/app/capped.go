package app

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// capped is a listener with so many connections at most. One beyond that is closed at
// once, so that a peer who opens too many learns of it, and those that are served are not
// disturbed.
type capped struct {
	net.Listener
	limit int64
	open  atomic.Int64
	now   func() time.Time
	full  func() // told that there are too many, at most every fullEvery

	mu   sync.Mutex
	told time.Time
}

// fullEvery is how often it is said that a listener is full.
const fullEvery = 10 * time.Second

// Accept gives the next connection for which there is room.
func (l *capped) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.limit {
			return &cappedConn{Conn: c, done: func() { l.open.Add(-1) }}, nil
		}
		l.open.Add(-1)
		_ = c.Close() // nothing was said
		l.tell()
	}
}

func (l *capped) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.told) >= fullEvery {
		l.told = now
		l.full()
	}
}

// cappedConn is a connection of a capped listener.
type cappedConn struct {
	net.Conn
	once sync.Once
	done func()
}

// Close makes room for another.
func (c *cappedConn) Close() error {
	c.once.Do(c.done)
	return c.Conn.Close()
}

// CloseWrite says that no more is written, where the connection can.
func (c *cappedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
