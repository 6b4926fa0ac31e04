package audit

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Log takes the records of what has no commit of its own, and writes them. It
// seals the stream. Its fields are set before first use.
type Log struct {
	Store store.Store // not that of Wrap
	Keys  Keys
	Now   func() time.Time
	Log   *slog.Logger
	// Continue lets requests be answered while their records cannot be written, as
	// long as there is room for the records to wait; see Lost.
	Continue bool

	shards  [shards]shard
	next    atomic.Uint32
	waiting atomic.Int64 // bytes of lines that are not written
	failing atomic.Bool  // the last write failed
	written atomic.Int64
	lost    atomic.Int64

	writing sync.Mutex // one flush at a time
	left    []chunk    // what a write that failed left
	packer  packer
	chain   chain
}

const (
	// shards is how many buffers there are, so that requests seldom wait for one
	// another. It is a power of two.
	shards = 8
	// room is how many bytes of lines may wait.
	room = 32 << 20
	// unserved is how many may wait before what is answered 503 gets no record: nothing
	// was read or done, and who asks again and again while the store is away would
	// fill the room with it, and shut Gate for as long as all that takes to be written.
	unserved = room / 8
	// chunkSize is about how many bytes of lines one record has.
	chunkSize = 1 << 20
	// Every is how often what waits is written: half of what a kill may lose.
	Every = 400 * time.Millisecond
)

// shard is one buffer of lines.
type shard struct {
	sync.Mutex
	chunk
	spare chunk    // emptied, to go on with
	_     [64]byte // shards are written by different processors
}

// chunk is lines with the digests of what is in them.
type chunk struct {
	lines []byte
	terms terms
}

// Stats are what Log has done since the start.
type Stats struct {
	Written, Lost int64 // records that were buffered
	Waiting       int64 // bytes
	Failing       bool
	Seals         int64 // number of the last seal
}

// Stats gives them.
func (l *Log) Stats() Stats {
	return Stats{l.written.Load(), l.lost.Load(), l.waiting.Load(), l.failing.Load(), l.chain.number.Load()}
}

// Gate says whether a request may be answered: not when its record could not be
// kept. fhir.Busy.
func (l *Log) Gate() error {
	if l == nil || l.Continue || !l.failing.Load() && l.waiting.Load() < room {
		return nil
	}
	return fhir.Errorf(fhir.Busy, "The record of the request could not be kept; try again later.")
}

// Add takes the record of an act that has none in a commit of its own, with the
// resources that were shown. It keeps nothing that it is given.
func (l *Log) Add(e *Event, shown ...[]store.Record) {
	if l == nil {
		return
	}
	waiting := l.waiting.Load()
	if waiting >= 2*room || waiting >= unserved && e.Status == http.StatusServiceUnavailable { // Gate is shut, or reads go on without
		l.lost.Add(1)
		return
	}
	s := &l.shards[l.next.Add(1)%shards]
	s.Lock()
	if s.terms.salt == 0 {
		s.terms.salt = l.Keys.salts()[0]
	}
	before := len(s.lines)
	s.lines = append(e.append(s.lines, &s.terms, shown), '\n')
	grown := len(s.lines) - before
	s.Unlock()
	l.waiting.Add(int64(grown))
	l.written.Add(1)
}

// Run writes and seals until ctx ends, and then all that is left.
func (l *Log) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-ctx.Done():
			done = true
		case <-tick.C:
		}
		in, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		if err := l.Flush(in); err != nil {
			l.Log.Error("records of the audit cannot be written; the next round tries again", "error", err)
		}
		cancel()
	}
}

// Flush writes what waits, and seals the stream.
func (l *Log) Flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	chunks := append(l.left, l.take()...)
	l.left = nil
	for len(chunks) > 0 {
		n, err := l.write(ctx, chunks)
		if err != nil {
			l.left = chunks
			l.failing.Store(true)
			return err
		}
		chunks = chunks[n:]
		l.failing.Store(false) // though more is left
	}
	l.failing.Store(false)
	return l.chain.seal(ctx, l)
}

// take empties the buffers.
func (l *Log) take() (all []chunk) {
	for i := range l.shards {
		s := &l.shards[i]
		s.Lock()
		if len(s.lines) > 0 {
			all = append(all, s.chunk)
			s.chunk, s.spare = s.spare, chunk{}
			s.terms.salt = 0
		}
		s.Unlock()
	}
	return all
}

// write makes one record of the first of the chunks, and says of how many.
func (l *Log) write(ctx context.Context, chunks []chunk) (n int, err error) {
	size := 0
	for n < len(chunks) && size < chunkSize {
		size += len(chunks[n].lines)
		n++
	}
	data, err := l.packer.batch(l.Keys, chunks[:n])
	if err != nil {
		return 0, err
	}
	err = l.Store.Update(ctx, func(tx store.Tx) error { return tx.Append(ctx, Stream, data) })
	if err != nil {
		return 0, err
	}
	l.waiting.Add(-int64(size))
	l.chain.dirty.Store(true)
	for i, c := range chunks[:n] {
		s := &l.shards[i%len(l.shards)]
		s.Lock()
		if s.spare.lines == nil && cap(c.lines) <= chunkSize {
			s.spare = chunk{c.lines[:0], terms{all: c.terms.all[:0]}}
		}
		s.Unlock()
	}
	return n, nil
}
