package mongo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"slotway/fhir"
)

// A record of the log takes at most so many changes, and bytes before the last of
// them: MongoDB takes documents of 16 MB.
const (
	maxGroup  = 256
	groupSize = 4 << 20
	maxSize   = 15 << 20
)

// change is what a run of an Update wants to be done, and on what it rests.
type change struct {
	since    uint64 // the moment of its reads
	reads    *reads
	versions []*version // in the order they were put
	claims   []*held
	releases []*held
	entries  []entry
	trims    []trim
	size     int
}

func (c *change) empty() bool {
	return len(c.versions)+len(c.claims)+len(c.releases)+len(c.entries)+len(c.trims) == 0
}

// writer gives numbers of the log to the changes of this process, one goroutine
// for all: those that wait share a record.
type writer struct {
	s       *Store
	queue   chan *request // without a buffer: what is received was not given up
	closing chan struct{}
	stopped chan struct{}
	once    sync.Once
	count   uint64
	failing atomic.Bool // the last record could not be written
}

// request is one change waiting for its turn.
type request struct {
	c     *change
	done  chan error // takes one
	state atomic.Int32
}

// The states of a request. Whoever moves it from waiting has decided.
const (
	waiting int32 = iota
	running
	abandoned
)

func startWriter(s *Store) *writer {
	w := &writer{s: s, queue: make(chan *request), closing: make(chan struct{}), stopped: make(chan struct{})}
	go w.run()
	return w
}

func (w *writer) run() {
	defer close(w.stopped)
	var left []*request
	for {
		if len(left) == 0 {
			select {
			case <-w.closing:
				return
			case r := <-w.queue:
				left = append(left, r)
			}
		}
		left = w.group(left)
	}
}

func (w *writer) close() {
	w.once.Do(func() { close(w.closing) })
	<-w.stopped
}

// commit hands a change to the writer and waits for what became of it: nil, or
// errStale when it rests on what is not so any more.
func (w *writer) commit(ctx context.Context, c *change) error {
	if c.size > maxSize {
		return fhir.Errorf(fhir.TooLarge, "The change writes more than %d MB together; make it in several parts.", maxSize>>20)
	}
	r := &request{c: c, done: make(chan error, 1)}
	select {
	case w.queue <- r:
	case <-w.closing:
		return errClosed()
	case <-ctx.Done():
		return gaveUp(ctx)
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return gaveUp(ctx)
		}
		return <-r.done // it has begun: the caller must learn how it ends
	}
}

// gather adds the requests that wait, as far as a record has room for them.
func (w *writer) gather(group []*request) (now, left []*request) {
	for len(group) < maxGroup {
		select {
		case r := <-w.queue:
			group = append(group, r)
			continue
		default:
		}
		break
	}
	size := 0
	for i, r := range group {
		if size += r.c.size; i > 0 && size > groupSize {
			return group[:i:i], group[i:]
		}
	}
	return group, nil
}

// group makes one record of the requests that wait and writes it under the next
// number that is free. It gives back those that had no room in it.
func (w *writer) group(group []*request) (left []*request) {
	group, left = w.gather(group)
	var taken []*request
	for _, r := range group {
		if r.state.CompareAndSwap(waiting, running) {
			taken = append(taken, r)
		}
	}
	for len(taken) > 0 {
		var rec *record
		if rec, taken = w.compose(taken); rec == nil {
			break
		}
		w.s.o.reach(beforeLog)
		err := w.insert(rec)
		if err == errStale { // somebody else has the number
			continue
		}
		if err == nil {
			w.s.o.reach(afterLog)
			w.s.learn(rec)
			w.s.keeper.wake()
		}
		w.failing.Store(err != nil)
		for _, r := range taken {
			r.done <- err
		}
		break
	}
	return left
}

// compose puts the requests that nothing has overtaken into a record, and tells
// the others. The record is nil when none is left.
func (w *writer) compose(group []*request) (*record, []*request) {
	v := w.s.view.Load()
	w.count++
	rec := &record{n: v.n + 1, by: fmt.Sprintf("%s/%d", w.s.process, w.count), written: w.s.o.Now().UTC().Truncate(time.Millisecond)}
	if rec.written.Before(v.last) { // another's clock is ahead
		rec.written = v.last
	}
	var in []*request
	for _, r := range group {
		if rec.overtakes(r.c.reads) || !v.clean(r.c.since, r.c.reads) {
			r.done <- errStale
			continue
		}
		rec.add(r.c)
		in = append(in, r)
	}
	if len(in) == 0 {
		return nil, nil
	}
	return rec, in
}
