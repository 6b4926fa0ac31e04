package store

import "time"

// LogRecord is one record of a stream.
type LogRecord struct {
	// At is its position. Of one stream they are different and sort as texts in
	// the order of the stream; else they say nothing to others than the store.
	At string
	// Time is when it was appended, by the clock that stamps versions, in whole
	// milliseconds. It never runs back within a stream: where the clock does, a
	// record has the time of the one before.
	Time time.Time
	Data []byte
}

// LogRange says which records of a stream are wanted, and from which end.
type LogRange struct {
	Back  bool      // newest first; else oldest first
	After string    // go on behind this position, in the direction of reading; empty: begin at that end
	Since time.Time // only those whose Time is not before; zero: from the first
	Until time.Time // only those whose Time is before; zero: to the last
	Limit int       // how many at most; none gives none
}
