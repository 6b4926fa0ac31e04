package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

// insert writes a record, whoever inserts its number first. An answer that does
// not come is settled by inserting the same once more: either it is done then, or
// the record that has the number says whose it is. errStale: it is another's,
// which the view knows now.
func (w *writer) insert(rec *record) error {
	s := w.s
	doc := s.encode(rec)
	ctx, cancel := context.WithTimeoutCause(s.ctx, s.o.Timeout, errSlow)
	defer cancel()
	sent := false
	for {
		_, err := s.db.log.InsertOne(ctx, doc)
		switch {
		case err == nil:
			return nil
		case driver.IsDuplicateKeyError(err):
			if err = w.whose(ctx, rec); err != errUnseen {
				return err
			}
			if !pause(ctx, 5*time.Millisecond) {
				return errUncertain(err)
			}
			continue
		case !isAway(err):
			return s.failed(ctx, err)
		case neverSent(err) && !sent:
			return s.failed(ctx, err)
		}
		sent = true
		s.o.Log.Warn("the answer to a change did not come; asking again", "number", rec.n, "error", err)
		if ctx.Err() != nil || neverSent(err) || !pause(ctx, 50*time.Millisecond) {
			return errUncertain(err)
		}
	}
}

// recovered says whether the server takes writes again after one that failed.
func (w *writer) recovered(ctx context.Context) error {
	if !w.failing.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.s.o.Away, errSlow)
	defer cancel()
	probe := []any{bson.D{{Key: "_id", Value: "probe " + bson.NewObjectID().Hex()}}}
	if err := insertNew(ctx, w.s.db.meta, probe); err != nil {
		return w.s.failed(ctx, err)
	}
	w.failing.Store(false)
	_, err := w.s.db.meta.DeleteOne(ctx, probe[0])
	return w.s.failed(ctx, err)
}

// whose looks at the record that has the number: nil when it is this one, errStale
// when it is another's, which the view knows then, and errUnseen when a majority
// does not see it yet. It may still go away, if its primary fails now.
func (w *writer) whose(ctx context.Context, rec *record) error {
	other, emptied, err := w.s.load(ctx, rec.n)
	switch {
	case err != nil:
		return errUncertain(err)
	case emptied:
		if err := w.s.resume(ctx); err != nil {
			return errUncertain(err)
		}
		return errStale
	case other == nil:
		return errUnseen
	case other.by == rec.by:
		return nil
	}
	w.s.learn(other)
	return errStale
}

// pause waits and says whether the context still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
