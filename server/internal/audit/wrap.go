package audit

import (
	"context"
	"slices"

	"slotway/server/internal/store"
)

type callerKey struct{}

// With gives a context whose Updates, on a store of Wrap, are recorded as part of
// an act. Committed tells whether one was.
func With(ctx context.Context, e *Event) context.Context {
	return context.WithValue(ctx, callerKey{}, &caller{event: e})
}

type caller struct {
	event     *Event
	committed bool
}

// Committed says whether the act of a context has its record in a commit.
func Committed(ctx context.Context) bool {
	c, _ := ctx.Value(callerKey{}).(*caller)
	return c != nil && c.committed
}

// Wrap gives a store whose Updates record what they write, in the same commit. An
// Update that writes no resource, and in which Note says nothing, leaves no record.
func Wrap(s store.Store, l *Log) store.Store { return &wrapped{s, l} }

type wrapped struct {
	store.Store
	log *Log
}

// Update runs fn and records what it did.
func (s *wrapped) Update(ctx context.Context, fn func(store.Tx) error) error {
	by, _ := ctx.Value(callerKey{}).(*caller)
	recorded := false
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		w := &work{Tx: tx}
		if recorded = false; by != nil {
			w.event = *by.event
			w.event.Touched, w.event.Of, w.event.Reach = slices.Clone(w.event.Touched), slices.Clone(w.event.Of), slices.Clone(w.event.Reach)
		}
		if err := fn(w); err != nil || !w.said && !w.wrote {
			return err
		}
		if recorded = true; w.event.Act == "" {
			w.event.Act = "system"
		}
		w.event.Time = s.log.Now()
		return tx.Append(ctx, Stream, s.log.Keys.one(&w.event))
	})
	if err == nil && recorded {
		s.log.chain.dirty.Store(true)
		if by != nil {
			by.committed = true
		}
	}
	return err
}

// work is the Tx of an Update that is recorded.
type work struct {
	store.Tx
	event       Event
	said, wrote bool
}

// Put stores a version, and notes it.
func (w *work) Put(ctx context.Context, p store.Put) (store.Record, error) {
	rec, err := w.Tx.Put(ctx, p)
	if err == nil {
		w.touch(rec)
	}
	return rec, err
}

// Delete stores a deletion, and notes it.
func (w *work) Delete(ctx context.Context, k store.Key, ifVersion int64) (store.Record, error) {
	rec, err := w.Tx.Delete(ctx, k, ifVersion)
	if err == nil {
		w.touch(rec)
	}
	return rec, err
}

func (w *work) touch(rec store.Record) {
	w.wrote = true
	w.note(Ref(rec.Key, rec.Version))
	for _, l := range rec.Links {
		if l.To.Type == patientType {
			w.patient(rec.Customer, l.To.ID)
		}
	}
	if rec.Type != patientType {
		eachPatient(rec.Resource.Raw(), func(id []byte) { w.patient(rec.Customer, string(id)) })
	}
}

func (w *work) patient(customer, id string) {
	w.note(Ref(store.Key{Customer: customer, Type: patientType, ID: id}, 0))
}

func (w *work) note(ref string) {
	if !slices.Contains(w.event.Touched, ref) {
		w.event.Touched = append(w.event.Touched, ref)
	}
}

// Note says more of the act that an Update is part of, and makes it one that is
// recorded, whether it writes a resource or not. On a store that is not of Wrap it
// does nothing.
func Note(tx store.Tx, say func(*Event)) {
	if w, ok := tx.(*work); ok {
		w.said = true
		say(&w.event)
	}
}
