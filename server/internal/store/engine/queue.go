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
// caller learns how it ends. A caller sleeps once, until then.
type Queue[C any] struct {
	mu      sync.Mutex
	waiting []*Request[C]
	closed  bool
	some    chan struct{} // takes one: there is something to look at
	stopped chan struct{}
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
	q := &Queue[C]{some: make(chan struct{}, 1), stopped: make(chan struct{})}
	go q.run(group)
	return q
}

func (q *Queue[C]) run(group func([]*Request[C]) []*Request[C]) {
	defer close(q.stopped)
	var left []*Request[C]
	for {
		if len(left) == 0 {
			r, closed := q.take()
			switch {
			case closed:
				return
			case r == nil:
				<-q.some
				continue
			}
			left = append(left, r)
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
	if !q.add(r) {
		return store.Closed(nil)
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

// add puts a request behind those that wait, unless the queue is closed.
func (q *Queue[C]) add(r *Request[C]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, r)
	q.wake()
	return true
}

// wake lets run look again.
func (q *Queue[C]) wake() {
	select {
	case q.some <- struct{}{}:
	default: // it is going to
	}
}

// take gives the request that has waited longest, or nil.
func (q *Queue[C]) take() (r *Request[C], closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 {
		r, q.waiting = q.waiting[0], q.waiting[1:]
	}
	return r, q.closed
}

// Next gives a request that waits, or nil. One that was just answered is often
// about to ask again, so it lets others run before it gives up.
func (q *Queue[C]) Next() *Request[C] {
	for range 2 {
		if r, _ := q.take(); r != nil {
			return r
		}
		runtime.Gosched()
	}
	return nil
}

// Close waits for the turn at work. What waits, or comes afterwards, is told that
// the store is closed.
func (q *Queue[C]) Close() {
	q.mu.Lock()
	gone := q.waiting
	q.waiting, q.closed = nil, true
	q.wake()
	q.mu.Unlock()
	for _, r := range gone {
		if r.Begin() {
			r.End(store.Closed(nil))
		}
	}
	<-q.stopped
}

// Begin says whether the change is to be made: nobody has given it up, and from
// now on nobody can.
func (r *Request[C]) Begin() bool { return r.state.CompareAndSwap(waiting, running) }

// End tells whoever waits how the change ended. It is called once.
func (r *Request[C]) End(err error) { r.done <- err }
