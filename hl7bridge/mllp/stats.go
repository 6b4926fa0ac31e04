package mllp

import "sync/atomic"

// Stats counts what happened since the Server began; Open is what is now.
type Stats struct {
	Open      int64 // connections
	Accepted  int64 // connections within the limits
	Refused   int64 // connections over the limits, or that were not admitted
	Frames    int64 // messages read
	Replies   int64 // answers written
	JunkBytes int64 // bytes between blocks
	Dropped   int64 // blocks that did not end: begun again, cut off, or too slow
	TooLarge  int64 // blocks over the limit
	Malformed int64 // blocks with something other than CR behind
}

type counts struct {
	open, accepted, refused            atomic.Int64
	frames, replies                    atomic.Int64
	junk, dropped, tooLarge, malformed atomic.Int64
}

// Stats returns the counts. They are read one by one, so they may differ by what happens
// meanwhile.
func (s *Server) Stats() Stats {
	c := &s.counts
	return Stats{
		Open: c.open.Load(), Accepted: c.accepted.Load(), Refused: c.refused.Load(),
		Frames: c.frames.Load(), Replies: c.replies.Load(),
		JunkBytes: c.junk.Load(), Dropped: c.dropped.Load(),
		TooLarge: c.tooLarge.Load(), Malformed: c.malformed.Load(),
	}
}
