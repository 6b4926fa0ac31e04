package mongo

import (
	"context"
	"sync"

	"slotway/server/internal/store"
)

// tail is the reading of the log's end. Whoever must know what was committed
// before he asked waits for a look that began afterwards; one look serves all who
// wait for it.
type tail struct {
	mu            sync.Mutex
	running, next *glance
	done          sync.WaitGroup
}

// glance is one look at the end of the log.
type glance struct {
	ended chan struct{}
	view  *view
	err   error
}

// look gives the store as it is now: every change that was decided before the call
// is in it.
func (s *Store) look(ctx context.Context) (*view, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	g := s.join()
	select {
	case <-g.ended:
		return g.view, g.err
	case <-ctx.Done():
		return nil, store.Late(ctx)
	}
}

// join gives a look that has not begun yet.
func (s *Store) join() *glance {
	t := &s.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		t.next = &glance{ended: make(chan struct{})}
	}
	g := t.next
	if t.running == nil {
		t.running, t.next = g, nil
		t.done.Go(s.glances)
	}
	return g
}

// glances looks for as long as somebody waits. A look that fails fails for those,
// too, who began to wait during it: they have waited long enough.
func (s *Store) glances() {
	t := &s.tail
	for {
		t.mu.Lock()
		g := t.running
		t.mu.Unlock()
		g.view, g.err = s.glance()
		close(g.ended)
		t.mu.Lock()
		if g.err != nil && t.next != nil {
			t.next.err = g.err
			close(t.next.ended)
			t.next = nil
		}
		t.running, t.next = t.next, nil
		if t.running == nil {
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
	}
}

func (t *tail) wait() { t.done.Wait() }

// glance reads the log from where the view ends.
func (s *Store) glance() (*view, error) {
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.o.Away, errSlow)
	defer cancel()
	for {
		v := s.view.Load()
		r, emptied, err := s.load(ctx, v.n+1)
		switch {
		case err != nil:
			return nil, s.failed(ctx, err)
		case emptied:
			if err := s.resume(ctx); err != nil {
				return nil, s.failed(ctx, err)
			}
		case r == nil:
			return v, nil
		default:
			s.learn(r)
		}
	}
}
