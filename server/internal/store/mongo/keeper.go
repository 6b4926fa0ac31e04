package mongo

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// markStep is how many records are applied before a mark is set.
const markStep = 64

// keeper applies what was decided: this process's own records as soon as they are
// written, and those that another process wrote and has not applied after a while.
// It also marks how far everything is applied, and empties the records before.
type keeper struct {
	s       *Store
	own     chan struct{} // has room for one
	closing chan struct{}
	stopped chan struct{}
	once    sync.Once
	marked  uint64 // the newest mark it knows
	emptied uint64 // the records up to it are emptied
}

func startKeeper(s *Store) *keeper {
	base := s.view.Load().base
	k := &keeper{
		s: s, own: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}),
		marked: base, emptied: base - min(base, 16*markStep), // a little twice does no harm
	}
	go k.run()
	return k
}

// wake says that there is a new record.
func (k *keeper) wake() {
	select {
	case k.own <- struct{}{}:
	default: // it is awake
	}
}

func (k *keeper) run() {
	defer close(k.stopped)
	tick := time.NewTicker(k.s.o.Tick)
	defer tick.Stop()
	for {
		select {
		case <-k.closing:
			k.try("applying the last changes", k.applyLast)
			return
		case <-k.own:
			k.try("applying changes", k.applyOwn)
		case <-tick.C:
			k.try("applying changes", k.applyOwn)
			k.try("looking for what others left undone", k.applyOthers)
		}
		k.s.trim()
		k.try("marking what is applied", k.mark)
	}
}

// close applies what is left of this process's own, if it can. What it cannot,
// another process will.
func (k *keeper) close() {
	k.once.Do(func() { close(k.closing) })
	<-k.stopped
}

func (k *keeper) try(what string, step func(context.Context) error) {
	if err := step(k.s.ctx); err != nil {
		k.s.o.Log.Warn("the MongoDB store failed and will try again", "at", what, "error", err)
	}
}

func (k *keeper) applyOwn(ctx context.Context) error {
	var own []*record
	for _, r := range k.s.view.Load().unapplied() {
		if strings.HasPrefix(r.by, k.s.process) {
			own = append(own, r)
		}
	}
	return k.s.apply(ctx, own)
}

// applyLast applies this process's own records before it ends, if that is quick.
func (k *keeper) applyLast(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, k.s.o.Away, errSlow)
	defer cancel()
	return k.applyOwn(ctx)
}

// applyOthers applies the records of others that were not applied a tick ago, nor
// are now.
func (k *keeper) applyOthers(ctx context.Context) error {
	v, err := k.s.glance()
	if err != nil {
		return err
	}
	left := v.unapplied()
	if err := k.s.note(ctx, left); err != nil {
		return err
	}
	var late []*record
	for _, r := range left {
		if r.met && !r.applied.Load() {
			late = append(late, r)
		}
		r.met = true
	}
	if len(late) > 0 {
		k.s.o.Log.Info("applying changes that another process left", "records", len(late))
	}
	return k.s.apply(ctx, late)
}

// mark says how far everything is applied, so that a process that starts reads the
// log from there, and empties the records up to the mark before: their ids stay,
// since a number is never to be taken twice.
func (k *keeper) mark(ctx context.Context) error {
	v := k.s.view.Load()
	done := v.done()
	if done < k.marked+markStep {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 6*k.s.o.Timeout, errSlow)
	defer cancel()
	db := &k.s.db
	mark := markDoc{ID: numberName(done)}
	for scope, n := range v.moment(done).counts {
		mark.Counts = append(mark.Counts, countDoc{scope, n})
	}
	if err := insertNew(ctx, db.marks, []any{mark}); err != nil {
		return k.s.failed(ctx, err)
	}
	k.s.o.reach(afterMark)
	emptied := bson.D{
		{Key: "$set", Value: bson.D{{Key: "emptied", Value: true}}},
		{Key: "$unset", Value: bson.D{{Key: "versions", Value: ""}, {Key: "claims", Value: ""}, {Key: "releases", Value: ""}, {Key: "entries", Value: ""}, {Key: "trims", Value: ""}}},
	}
	full := bson.D{{Key: "_id", Value: bson.D{{Key: "$lte", Value: numberName(k.marked)}, {Key: "$gt", Value: numberName(k.emptied)}}}, {Key: "emptied", Value: bson.D{{Key: "$ne", Value: true}}}}
	if _, err := db.log.UpdateMany(ctx, full, emptied); err != nil {
		return k.s.failed(ctx, err)
	}
	k.s.o.reach(afterEmptied)
	before := bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: numberName(done)}}}}
	if _, err := db.applied.DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$lte", Value: numberName(done)}}}}); err != nil {
		return k.s.failed(ctx, err)
	}
	if _, err := db.marks.DeleteMany(ctx, before); err != nil {
		return k.s.failed(ctx, err)
	}
	k.emptied, k.marked = k.marked, done
	return nil
}
