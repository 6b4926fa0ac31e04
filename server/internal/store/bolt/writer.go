package bolt

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// maxGroup is how many changes one commit takes at most: it bounds how long the
// first of them waits, and the memory of the pages they change.
const maxGroup = 256

// writer makes the changes, one goroutine for all. It takes whatever waits into
// one transaction of bbolt, runs each in turn, undoes those that fail, and
// commits once: the two fsyncs of a commit are shared by all.
type writer struct {
	s       *Store
	queue   *engine.Queue[func(*tx) error]
	failing atomic.Bool // the last commit failed
	room    *room
	memory  *footprint

	commit func(*bbolt.Tx) error // (*bbolt.Tx).Commit, but in tests of failures
}

type request = engine.Request[func(*tx) error]

func startWriter(s *Store) *writer {
	w := &writer{s: s, room: newRoom(s.file, s.db.MaxSize), memory: newFootprint(s.db), commit: (*bbolt.Tx).Commit}
	w.queue = engine.NewQueue(w.group)
	return w
}

// update hands a change to the writer and waits for its commit. A change whose
// context ends before its turn is not made.
func (w *writer) update(ctx context.Context, fn func(*tx) error) error {
	return w.queue.Do(ctx, fn)
}

// outcome is how a request's function ended, to be told after the commit: even a
// refusal may rest on what another change of the same group wrote.
type outcome struct {
	r   *request
	err error
}

// group makes the changes of one commit, beginning with the first.
func (w *writer) group(first []*request) (left []*request) {
	btx, err := w.s.db.Begin(true)
	if err != nil {
		for _, r := range first {
			r.End(store.Closed(err))
		}
		return nil
	}
	w.memory.bound(btx)
	t := &turns{w: w, tx: newTx(w.s, btx), first: first[0], failure: w.settled(btx)}
	engine.Apart(t.step)
	failure := t.failure
	if failure == nil {
		failure = w.finish(btx, t.all)
	} else {
		_ = btx.Rollback() // nothing to lose
	}
	for _, o := range t.ran {
		if failure != nil {
			o.err = failure
		}
		o.r.End(o.err)
	}
	return nil
}

// wrote is how much the changes of a commit wrote.
type wrote struct{ keys, bytes int }

// need gives a bound of how many bytes the file may grow by: what was written,
// and for each key a page and its share of those above. Of the pages that are
// there already no more can be touched than there are.
func (o wrote) need(high int64) int64 {
	const spare = 256 << 10
	return spare + int64(o.bytes)*3/2 + min(int64(o.keys)*6144, spare+high/4)
}

// settled says, after a commit that failed, whether there is sense in another.
func (w *writer) settled(btx *bbolt.Tx) error {
	if !w.failing.Load() {
		return nil
	}
	return w.room.probe(btx.Size())
}

// turns are the changes of one commit, run one after another.
type turns struct {
	w       *writer
	tx      *tx      // of all of them: its cursors serve one after another
	first   *request // until it had its turn
	failure error    // why none of them can be made
	ran     []outcome
	all     wrote
}

// step runs the next change, and says whether there may be another.
func (t *turns) step() (more bool) {
	r := t.first
	if t.first = nil; r == nil && len(t.ran) < maxGroup {
		r = t.w.queue.Next()
	}
	if r == nil {
		return false
	}
	if r.Begin() {
		t.ran = append(t.ran, outcome{r, engine.ErrEnded})
		err := t.failure
		if err == nil {
			err = t.turn(r)
		}
		t.ran[len(t.ran)-1].err = err
	}
	return true
}

// turn runs one change and adds what it wrote to all; one that fails has written
// nothing when turn is over.
func (t *turns) turn(r *request) error {
	x := t.tx
	x.done, x.size = x.done[:0], 0
	made := false
	defer func() {
		if made {
			return
		}
		if err := x.undo(); err != nil {
			// Puts and deletes of keys that bbolt has taken before cannot fail.
			panic(fmt.Sprintf("bolt: undoing a change: %v", err))
		}
	}()
	if err := r.Change(x); err != nil {
		return err
	}
	made = true
	t.all.keys += len(x.done)
	t.all.bytes += x.size
	return nil
}

// finish commits what was written and gives the error that all of the group get.
func (w *writer) finish(btx *bbolt.Tx, all wrote) error {
	if all.keys == 0 {
		_ = btx.Rollback() // nothing to lose
		return nil
	}
	if err := w.room.take(btx.Size(), all.need(btx.Size())); err != nil {
		_ = btx.Rollback() // bbolt has written nothing yet
		if !w.failing.Swap(true) {
			w.s.log.Error("the disk has no room", "changes", "undone", "error", err)
		}
		return err
	}
	w.s.db.NoFreelistSync = !w.listed(all)
	id := btx.ID()
	err := w.commit(btx)
	if err != nil {
		_ = btx.Rollback() // as a rule bbolt has done so
		w.s.log.Error("a commit failed", "changes", "undone", "error", err)
		err = w.settle(id, err)
	}
	w.failing.Store(err != nil)
	return err
}

// listed says whether a commit writes the list of the file's free pages, so that a
// start after a crash need not walk the whole file for them: unless the list, 8
// bytes for each, is long and much of what the commit writes. It is long after much
// was taken away at once.
func (w *writer) listed(all wrote) bool {
	const short = 64 << 10
	st := w.s.db.Stats()
	return 8*(st.FreePageN+st.PendingPageN) <= short+32*all.keys
}

// settle decides what became of a commit that failed. When its last step, the
// sync of the page that names the new root, is the one that failed, bbolt shows
// the changes although they may not be on the disk; one more commit, which
// writes the other root page, then makes them durable.
func (w *writer) settle(id int, cause error) error {
	busy := full(cause)
	if !w.shows(id) {
		return busy
	}
	btx, err := w.s.db.Begin(true)
	if err != nil {
		return busy
	}
	if err = newTx(w.s, btx).touch(); err == nil {
		err = w.commit(btx)
	}
	if err != nil {
		_ = btx.Rollback()
		return fhir.Errorf(fhir.Busy, "The store cannot write at present; whether the change was made is not certain. Read before you try again.").Because(cause)
	}
	return nil
}

// shows says whether readers see the transaction of that id.
func (w *writer) shows(id int) bool {
	seen, err := snapshot(context.Background(), w.s, func(v *view) (bool, error) { return v.btx.ID() >= id, nil })
	return err == nil && seen
}
