package intake

import (
	"context"
	"encoding/json"
	"time"

	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// Retention says how long things are kept. Zero keeps them for good.
type Retention struct {
	// Messages is for the journal, the text of messages, and the stored answers:
	// the same message, sent again after that time, is carried out again.
	Messages time.Duration
	// Review is for items that are decided, from the decision on.
	Review time.Duration
	// Undecided is how long an item waits; then it expires, as if it had not come.
	Undecided time.Duration
}

// pruneStep is how many entries or items one commit of Prune takes away.
const pruneStep = 200

// Prune takes away what is kept longer than is wanted, and gives how many messages
// and items it took away or let expire. It works in steps; it may run in any number
// of processes, and be cut short.
func (s *Service) Prune(ctx context.Context, customers []string, keep Retention) (pruned int, err error) {
	now := s.Now()
	if keep.Messages > 0 {
		if pruned, err = s.pruneMessages(ctx, now.Add(-keep.Messages)); err != nil {
			return pruned, err
		}
	}
	for _, customer := range customers {
		for _, part := range []struct {
			open bool
			keep time.Duration
			do   func(context.Context, Item) error
		}{{true, keep.Undecided, s.expire}, {false, keep.Review, s.forget}} {
			if part.keep == 0 {
				continue
			}
			n, err := s.each(ctx, customer, part.open, now.Add(-part.keep), part.do)
			if pruned += n; err != nil {
				return pruned, err
			}
		}
	}
	return pruned, nil
}

// pruneMessages takes away entries that were recorded before a time, with the
// messages and their answers.
func (s *Service) pruneMessages(ctx context.Context, before time.Time) (pruned int, err error) {
	for {
		old, err := s.Store.Log(ctx, journal.Stream, store.LogRange{Until: before, Limit: pruneStep})
		if err != nil || len(old) == 0 {
			return pruned, err
		}
		err = s.Store.Update(ctx, func(tx store.Tx) error {
			for _, rec := range old {
				if err := forgetMessage(ctx, tx, rec); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return pruned, err
		}
		more, err := s.trimTo(ctx, journal.Stream, old[len(old)-1].At)
		if pruned += len(old); err != nil || !more {
			return pruned, err
		}
	}
}

// forgetMessage takes a message and its stored answer away.
func forgetMessage(ctx context.Context, tx store.Tx, rec store.LogRecord) error {
	var e journal.Entry
	if err := json.Unmarshal(rec.Data, &e); err != nil || e.ID == "" {
		return nil // it is of an earlier version: there is nothing beside it
	}
	if err := journal.Forget(ctx, tx, e); err != nil {
		return err
	}
	key := keyOf(e.Controller, e.Connecting, e.Partner, e.Control) + e.Sum
	c, err := tx.Claimed(ctx, messageSpace, key)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal(c.Payload, &k); err != nil || k.ID != e.ID {
		return err // the answer is that of a later one
	}
	return tx.Release(ctx, messageSpace, key, c.Holder)
}

// trimTo takes away the records of a stream up to a position, and that one too
// where there is one behind it; more says whether there is.
func (s *Service) trimTo(ctx context.Context, stream, at string) (more bool, err error) {
	next, err := s.Store.Log(ctx, stream, store.LogRange{After: at, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(next) > 0 {
		at = next[0].At
	}
	return len(next) > 0, s.Store.Trim(ctx, stream, at)
}

// each does something with every item of a group that is older than a time.
func (s *Service) each(ctx context.Context, customer string, open bool, before time.Time, do func(context.Context, Item) error) (n int, err error) {
	prefix, end := itemKey(customer, open, ""), idAt(before)
	for after := ""; ; {
		claims, err := s.Store.Claims(ctx, reviewSpace, prefix, after, pruneStep)
		if err != nil {
			return n, err
		}
		for _, c := range claims {
			if after = c.Key; after[len(prefix):] >= end {
				return n, nil
			}
			var it Item
			if err := json.Unmarshal(c.Payload, &it); err != nil {
				return n, err
			}
			if !open && !it.Decided.Before(before) {
				continue
			}
			if err := do(ctx, it); err != nil {
				return n, err
			}
			n++
		}
		if len(claims) == 0 {
			return n, nil
		}
	}
}

// expire ends the waiting of an item that nobody decided about. Those behind it
// wait no longer for it.
func (s *Service) expire(ctx context.Context, old Item) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		it, err := readItem(ctx, tx, old.Customer, old.ID)
		if err != nil || it.State != old.State {
			return unlessAbsent(err) // somebody decided meanwhile
		}
		t := &settling{s: s, tx: tx, customer: it.Customer, patient: it.Patient}
		if it.Point != "" && it.State == Pending {
			if t.p, err = readPoint(ctx, tx, it.Point); err != nil {
				return err
			}
			if err := t.stepOut(ctx, &it); err != nil {
				return err
			}
		}
		return t.close(ctx, &it, Expired)
	})
}

// stepOut takes an item out of its line, which begins with one that still waits.
func (t *settling) stepOut(ctx context.Context, it *Item) error {
	if err := t.tx.Release(ctx, heldSpace, heldKey(t.p.key, t.patient, it.Number), it.ID); err != nil {
		return err
	}
	q := t.p.queue(t.patient)
	for q.waiting() {
		_, err := t.tx.Claimed(ctx, heldSpace, heldKey(t.p.key, t.patient, q.First))
		if err == nil {
			break
		}
		if !absent(err) {
			return err
		}
		q.First++
	}
	t.p.setQueue(t.patient, q)
	return t.p.store(ctx, t.tx)
}

// forget takes an item away.
func (s *Service) forget(ctx context.Context, it Item) error {
	return s.Store.Update(ctx, func(tx store.Tx) error { return it.leave(ctx, tx) })
}

func unlessAbsent(err error) error {
	if absent(err) {
		return nil
	}
	return err
}

// OpenItems gives how many items of a customer wait for somebody, at most a few
// thousand.
func (s *Service) OpenItems(ctx context.Context, customer string) (n int, err error) {
	prefix := itemKey(customer, true, "")
	for after := ""; n < scanItems; {
		claims, err := s.Store.Claims(ctx, reviewSpace, prefix, after, 1000)
		if n += len(claims); err != nil || len(claims) == 0 {
			return n, err
		}
		after = claims[len(claims)-1].Key
	}
	return n, nil
}
