package mllp

import (
	"context"
	"fmt"
	"net"
)

// addListener notes ln, so that Shutdown closes it. It reports false after Shutdown.
func (s *Server) addListener(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.listeners == nil {
		s.listeners = make(map[net.Listener]bool)
		s.conns = make(map[*conn]bool)
		s.addresses = make(map[string]int)
		s.peers = make(map[string]int)
	}
	s.listeners[ln] = true
	return true
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// admit notes the connection if the limits allow one more.
func (s *Server) admit(ctx context.Context, c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || ctx.Err() != nil {
		return false
	}
	if over(len(s.conns)+1, c.limits.Total) || over(s.addresses[c.address]+1, c.limits.PerAddress) {
		s.counts.refused.Add(1)
		s.log().Warn("too many connections", "remote", c.address, "open", len(s.conns), "same_address", s.addresses[c.address])
		return false
	}
	s.conns[c] = true
	s.addresses[c.address]++
	s.counts.accepted.Add(1)
	s.counts.open.Add(1)
	return true
}

// recognise asks who is there, and notes the connection as that peer's if the limit
// allows one more.
func (s *Server) recognise(c *conn) error {
	if s.Admit == nil {
		return nil
	}
	peer, err := s.Admit(c.info)
	if err != nil {
		s.counts.refused.Add(1)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if over(s.peers[peer]+1, c.limits.PerPeer) {
		s.counts.refused.Add(1)
		return fmt.Errorf("%s has %d connections open already", peer, s.peers[peer])
	}
	s.peers[peer]++
	c.peer = peer
	return nil
}

// dismiss closes the connection and forgets it.
func (s *Server) dismiss(c *conn) {
	c.cancel()
	_ = c.Close() // all that was to be said has been said
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.addresses[c.address]--; s.addresses[c.address] == 0 {
		delete(s.addresses, c.address)
	}
	if c.peer != "" {
		if s.peers[c.peer]--; s.peers[c.peer] == 0 {
			delete(s.peers, c.peer)
		}
	}
	s.counts.open.Add(-1)
	s.signalDrained()
}

// signalDrained tells Shutdown when no connection is left. s.mu is held.
func (s *Server) signalDrained() {
	if s.drained == nil || len(s.conns) > 0 {
		return
	}
	select {
	case <-s.drained:
	default:
		close(s.drained)
	}
}

// cutOff closes ln and its connections whatever they are at; nil means all of them.
func (s *Server) cutOff(ln net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		if ln == nil || l == ln {
			_ = l.Close() // it may be closed already
			delete(s.listeners, l)
		}
	}
	for c := range s.conns {
		if ln == nil || c.listener == ln {
			c.cutOff()
		}
	}
}

// host returns the address without the port: what connections of one peer share.
func host(addr net.Addr) string {
	if h, _, err := net.SplitHostPort(addr.String()); err == nil {
		return h
	}
	return addr.String()
}
