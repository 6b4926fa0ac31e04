package rest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Budget bounds the memory that the large answers and Bundles of a process have
// together (security S85). What stays below heavyFrom asks for nothing. What does not
// begins anew, without what it had read, with room for the most that it could need: so
// nobody waits who holds any, and the order in which they ask is one in which all end.
type Budget struct {
	wait time.Duration // how long one waits for room

	mu    sync.Mutex
	free  int64
	share int64            // the most that one client has at a time
	has   map[string]int64 // what each client has
	queue []*waiter        // in the order in which they came
}

// waiter is somebody who waits for room.
type waiter struct {
	client string
	bytes  int64
	given  chan struct{} // closed when they have it
}

// NewBudget makes a budget of so many bytes, of which one client may have half: one
// that reads slowly keeps what it was given for as long as it may read. Wait is how long
// a request waits for room.
func NewBudget(bytes int64, wait time.Duration) *Budget {
	return &Budget{wait: wait, free: bytes, share: (bytes + 1) / 2, has: map[string]int64{}}
}

// take waits for room for a client, until the context is done, and gives how much
// there is to be given back: what is more than a share is a share.
func (b *Budget) take(ctx context.Context, client string, bytes int64) (int64, error) {
	a := &waiter{client: client, bytes: min(bytes, b.share), given: make(chan struct{})}
	b.mu.Lock()
	b.queue = append(b.queue, a)
	b.serve()
	b.mu.Unlock()
	select {
	case <-a.given:
		return a.bytes, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.queue, a); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
		b.serve() // those behind it may fit where it did not
		return 0, ctx.Err()
	}
	return a.bytes, nil // it was given at that moment
}

// try takes room for a client if there is some and nobody waits for it.
func (b *Budget) try(client string, bytes int64) (given int64) {
	bytes = min(bytes, b.share)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 || bytes > b.free || b.has[client]+bytes > b.share {
		return 0
	}
	b.free -= bytes
	b.has[client] += bytes
	return bytes
}

// back gives room back.
func (b *Budget) back(client string, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += bytes
	if b.has[client] -= bytes; b.has[client] <= 0 {
		delete(b.has, client)
	}
	b.serve()
}

// serve gives room to those who wait, the first first. One whose client has its share
// lets others pass; one for whom there is not enough does not, or it would wait for ever.
func (b *Budget) serve() {
	kept := b.queue[:0]
	for i, a := range b.queue {
		if b.has[a.client]+a.bytes > b.share {
			kept = append(kept, a)
			continue
		}
		if a.bytes > b.free {
			kept = append(kept, b.queue[i:]...)
			break
		}
		b.free -= a.bytes
		b.has[a.client] += a.bytes
		close(a.given)
	}
	clear(b.queue[len(kept):])
	b.queue = kept
}

// heavyFrom is how many bytes of resources an answer may hold without asking, and a
// Bundle have.
const heavyFrom = 1 << 20

// errHeavy says that a call needs room for what it is about to hold, and has none yet.
var errHeavy = errors.New("the answer needs room that it has not asked for")

// lease is the room that a request has, with the entries of its Bundle.
type lease struct {
	budget *Budget
	client string
	bytes  int64
	whole  int64 // of a Bundle what it may need, and no entry makes it smaller; 0 for others
	none   error // of a Bundle that waited for it and was given none: it does not wait again
}

// held says whether there is any.
func (l *lease) held() bool { return l != nil && l.bytes > 0 }

// shrink gives back what is more than so many bytes.
func (l *lease) shrink(bytes int) {
	if more := l.bytes - int64(bytes); more > 0 && l.whole == 0 {
		l.budget.back(l.client, more)
		l.bytes -= more
	}
}

// end gives back all of it.
func (l *lease) end() {
	l.whole = 0
	l.shrink(0)
}

// sparing gives the context for reading what is shown: it stops at what is heavy.
func (k *call) sparing() context.Context {
	if k.lease == nil || k.lease.budget == nil {
		return k.c.Request.Context()
	}
	return store.Sparing(k.c.Request.Context(), k.spare)
}

// spare takes room for a call that is about to hold more than heavyFrom, or stops it.
func (k *call) spare(bytes int) error {
	l := k.lease
	if bytes <= heavyFrom || l == nil || l.budget == nil || l.bytes > 0 {
		return nil
	}
	l.client = payer(k.principal)
	if l.bytes = l.budget.try(l.client, k.most()); l.bytes == 0 {
		return errHeavy
	}
	return nil
}

// settle gives back what is not needed for what an answer turned out to show.
func (k *call) settle(shown int) {
	if k.lease.held() {
		k.lease.shrink(shown * int(k.perByte()))
	}
}

// handle does what the route does; what turns out to be heavy waits for room and
// begins again. Only what changes nothing is stopped so.
func (k *call) handle() error {
	err := k.route.Handle(k)
	if !errors.Is(err, errHeavy) {
		return err
	}
	if err := k.weigh(k.most()); err != nil {
		return err
	}
	return k.route.Handle(k)
}

// weigh waits for room. fhir.Busy where there is none.
func (k *call) weigh(bytes int64) (err error) {
	l := k.lease
	if l == nil || l.budget == nil || l.bytes > 0 {
		return nil
	}
	if l.none != nil {
		return l.none
	}
	ctx, cancel := context.WithTimeout(k.c.Request.Context(), l.budget.wait)
	defer cancel()
	l.client = payer(k.principal)
	if l.bytes, err = l.budget.take(ctx, l.client, bytes); err != nil {
		err = fhir.Errorf(fhir.Busy, "There are too many large answers at this moment; ask again soon, or for less at once, with a smaller _count.")
		if l.whole > 0 {
			l.none = err
		}
	}
	return err
}

// bundleRoom is what a Bundle may need: its own text, read and parsed, and the answers.
func (k *call) bundleRoom() int64 {
	return 2*k.s.Limits.Bundle + k.s.Limits.Answers*k.perByte()
}

// most is the most that an answer may need: a page, another of what it includes, and
// both as they are written.
func (k *call) most() int64 {
	if k.lease.whole > 0 {
		return k.lease.whole
	}
	most := int64(store.PageBytes)
	if k.includes {
		most *= 2
	}
	return most * k.perByte()
}

// perByte is how many bytes are held of each byte of a resource that is shown: what
// was read, the text of the answer and what is sent; of XML, its tree too.
func (k *call) perByte() int64 {
	per := int64(3)
	if k.reply.Format != nil && k.reply.Format.Encode != nil {
		per = 6
	}
	if k.reply.Pretty {
		per += 2
	}
	return per
}
