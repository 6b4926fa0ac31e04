package mongo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store/engine"
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
	bare     int // about how many bytes it takes without the documents of its versions
	size     int // and with them
}

func (c *change) empty() bool {
	return len(c.versions)+len(c.claims)+len(c.releases)+len(c.entries)+len(c.trims) == 0
}

// writer gives numbers of the log to the changes of this process, one goroutine
// for all: those that wait share a record.
type writer struct {
	s       *Store
	queue   *engine.Queue[*change]
	count   uint64
	failing atomic.Bool // the last record could not be written
}

type request = engine.Request[*change]

func startWriter(s *Store) *writer {
	w := &writer{s: s}
	w.queue = engine.NewQueue(w.group)
	return w
}

// commit hands a change to the writer and waits for what became of it: nil, or
// errStale when it rests on what is not so any more.
func (w *writer) commit(ctx context.Context, c *change) error {
	if c.bare > maxSize {
		return fhir.Errorf(fhir.TooLarge, "The change writes more than %d MB together; make it in several parts.", maxSize>>20)
	}
	return w.queue.Do(ctx, c)
}

// gather adds the requests that wait, as far as a record has room for them.
func (w *writer) gather(group []*request) (now, left []*request) {
	for r := w.queue.Next(); r != nil; r = w.queue.Next() {
		if group = append(group, r); len(group) == maxGroup {
			break
		}
	}
	size := 0
	for i, r := range group {
		if size += r.Change.size; i > 0 && size > groupSize {
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
		if r.Begin() {
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
			r.End(err)
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
	for _, r := range group {
		for _, e := range r.Change.entries {
			if e.time != nil && rec.written.Before(*e.time) { // the next entry of its stream is not before it
				rec.written = *e.time
			}
		}
	}
	var in []*request
	for _, r := range group {
		if rec.overtakes(r.Change.reads) || !v.clean(r.Change.since, r.Change.reads) {
			r.End(errStale)
			continue
		}
		rec.add(r.Change)
		in = append(in, r)
	}
	if len(in) == 0 {
		return nil, nil
	}
	return rec, in
}
