package engine

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"slotway/server/internal/store"
)

// Queue hands changes to the one goroutine that writes. A change whose context
// ends while it waits is not made; one that has begun is waited for, so that its
// caller learns how it ends.
type Queue[C any] struct {
	waiting chan *Request[C] // without a buffer: what is received was not given up
	closing chan struct{}
	stopped chan struct{}
	once    sync.Once
}

// Request is one change that waits for its turn.
type Request[C any] struct {
	Change C
	done   chan error // takes one
	state  atomic.Int32
}

// The states of a Request. Whoever moves it from waiting has decided.
const (
	waiting int32 = iota
	running
	abandoned
)

// NewQueue gives a queue. Group makes the changes of one turn, which begins with
// those given: it takes more by Next, and gives back those that are to begin the
// next turn. It is called by one goroutine, never with none.
func NewQueue[C any](group func(first []*Request[C]) (left []*Request[C])) *Queue[C] {
	q := &Queue[C]{waiting: make(chan *Request[C]), closing: make(chan struct{}), stopped: make(chan struct{})}
	go q.run(group)
	return q
}

func (q *Queue[C]) run(group func([]*Request[C]) []*Request[C]) {
	defer close(q.stopped)
	var left []*Request[C]
	for {
		if len(left) == 0 {
			select {
			case <-q.closing:
				return
			case r := <-q.waiting:
				left = append(left, r)
			}
		}
		left = group(left)
	}
}

// Do hands over a change and waits for what becomes of it.
func (q *Queue[C]) Do(ctx context.Context, change C) error {
	if ctx.Err() != nil {
		return store.GaveUp(ctx)
	}
	r := &Request[C]{Change: change, done: make(chan error, 1)}
	select {
	case q.waiting <- r:
	case <-q.closing:
		return store.Closed(nil)
	case <-ctx.Done():
		return store.GaveUp(ctx)
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return store.GaveUp(ctx)
		}
		return <-r.done
	}
}

// Next gives a request that waits, or nil. One that was just answered is often
// about to ask again, so it lets others run before it gives up.
func (q *Queue[C]) Next() *Request[C] {
	for range 2 {
		select {
		case r := <-q.waiting:
			return r
		default:
			runtime.Gosched()
		}
	}
	return nil
}

// Close waits for the turn at work. What waits, or comes afterwards, is told that
// the store is closed.
func (q *Queue[C]) Close() {
	q.once.Do(func() { close(q.closing) })
	<-q.stopped
}

// Begin says whether the change is to be made: nobody has given it up, and from
// now on nobody can.
func (r *Request[C]) Begin() bool { return r.state.CompareAndSwap(waiting, running) }

// End tells whoever waits how the change ended. It is called once.
func (r *Request[C]) End(err error) { r.done <- err }
