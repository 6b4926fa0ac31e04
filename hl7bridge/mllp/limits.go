package mllp

import "time"

// Limits bound what a peer may cost. A zero means the default, a negative one no limit.
type Limits struct {
	MaxFrame int // bytes of a message
	MaxJunk  int // bytes between two blocks other than CR, LF and blanks

	Idle      time.Duration // from the end of a block to the next VT
	Frame     time.Duration // from VT to FS
	Silence   time.Duration // after FS: how long the CR may take before the block counts as ended
	Write     time.Duration // to write an answer
	Handshake time.Duration // of TLS
	Linger    time.Duration // to let a peer read the last answer before the connection is cut

	PerAddress int // connections from one address
	PerPeer    int // connections of one peer, where Server.Admit tells them apart
	Total      int // connections in all
}

// DefaultLimits returns the limits that hold where none is given.
func DefaultLimits() Limits {
	return Limits{
		MaxFrame: 1 << 20,
		MaxJunk:  4 << 10,

		Idle:      10 * time.Minute, // senders keep connections open
		Frame:     30 * time.Second,
		Silence:   500 * time.Millisecond,
		Write:     10 * time.Second,
		Handshake: 10 * time.Second,
		Linger:    2 * time.Second,

		PerAddress: 64,
		PerPeer:    64,
		Total:      512,
	}
}

// withDefaults fills what is zero.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, n := range []struct {
		at       *int
		fallback int
	}{
		{&l.MaxFrame, d.MaxFrame}, {&l.MaxJunk, d.MaxJunk}, {&l.PerAddress, d.PerAddress}, {&l.PerPeer, d.PerPeer}, {&l.Total, d.Total},
	} {
		if *n.at == 0 {
			*n.at = n.fallback
		}
	}
	for _, t := range []struct {
		at       *time.Duration
		fallback time.Duration
	}{
		{&l.Idle, d.Idle},
		{&l.Frame, d.Frame},
		{&l.Silence, d.Silence},
		{&l.Write, d.Write},
		{&l.Handshake, d.Handshake},
		{&l.Linger, d.Linger},
	} {
		if *t.at == 0 {
			*t.at = t.fallback
		}
	}
	return l
}

// over reports whether n exceeds the limit.
func over(n, limit int) bool { return limit >= 0 && n > limit }

// in returns the deadline that is d away. Deadlines are the one place where the package
// reads the clock: they are the connection's, which goes by no other.
func in(d time.Duration) time.Time {
	if d < 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// past is a deadline that ends whatever waits.
var past = time.Unix(1, 0)
