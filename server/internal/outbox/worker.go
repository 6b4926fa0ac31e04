package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"slotway/server/internal/dispatch"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// pauses are how long is waited before a message is sent again, spec hl7-bridge 4.4;
// the last is that of every later time.
var pauses = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 5 * time.Minute}

func pause(failures int) time.Duration { return pauses[min(failures, len(pauses))-1] }

// pageSize is how many letters are read at a time.
const pageSize = 100

const (
	defaultTimeout = 30 * time.Second
	defaultGiveUp  = 72 * time.Hour
)

// worker sends to one partner.
type worker struct {
	s     *Service
	sub   Subscriber
	lease *lease
	link  dispatch.Link

	used  time.Time        // the link, last
	again map[string]trial // letters that were not taken, by key
	trial                  // of the partner: it does not answer
}

// trial is something that failed and when it is next tried.
type trial struct {
	failures int
	next     time.Time
}

func (t *trial) failed(now time.Time) {
	t.failures++
	t.next = now.Add(pause(t.failures))
}

// pass sends what is in the queue and due, oldest first. A letter that is not taken
// holds back those behind it about the same appointment, and no others.
func (w *worker) pass(ctx context.Context) error {
	if w.s.Now().Before(w.next) {
		return nil
	}
	waiting, seen := map[string]bool{}, map[string]trial{}
	for after := ""; ; {
		claims, err := w.s.Store.Claims(ctx, Space, prefix(w.sub.Partner, queued), after, pageSize)
		if err != nil {
			return err
		}
		for _, c := range claims {
			after = c.Key
			at, ok := placeOf(c.Key)
			if !ok || waiting[at.about()] {
				continue
			}
			t, tried := w.again[c.Key]
			if tried {
				seen[c.Key] = t
			}
			if w.s.Now().Before(t.next) {
				waiting[at.about()] = true
				continue
			}
			switch turn, err := w.lease.hold(ctx); {
			case err != nil || turn == anothers:
				return err
			case turn == begun: // whoever had it may have sent what was listed
				return w.pass(ctx)
			}
			if !w.lease.covers(leaseSlack) { // the store is slow
				return nil
			}
			gone, err := w.deliver(ctx, at, c)
			if err != nil {
				return err
			}
			if waiting[at.about()] = !gone; !gone {
				seen[c.Key] = w.again[c.Key]
			}
			if w.s.Now().Before(w.next) {
				return nil // nobody is there
			}
		}
		if len(claims) == 0 {
			w.again = seen // what somebody dropped is forgotten
			w.rest()
			return nil
		}
	}
}

// deliver sends one letter and does what follows from the answer. It gives whether
// the letter is out of the queue.
func (w *worker) deliver(ctx context.Context, at place, c store.Claim) (gone bool, err error) {
	var l letter
	if err := json.Unmarshal(c.Payload, &l); err != nil {
		return false, err
	}
	message, err := w.s.Open(l.Sealed)
	if err != nil {
		return w.giveUp(ctx, at, c, l, sending{answer: dispatch.Answer{Text: "The message cannot be decrypted; was the key changed?"}})
	}
	out := sending{message: message, tries: w.again[c.Key].failures + 1}
	began := w.s.Now()
	err = w.lease.during(ctx, func(ctx context.Context) error {
		out.answer, err = w.send(ctx, message)
		return err
	})
	out.took = w.s.Now().Sub(began)
	stop := ctx
	ctx = context.WithoutCancel(ctx) // an answer that came is noted, though the program stops
	switch {
	case err != nil && stop.Err() != nil:
		return false, nil
	case err != nil:
		w.observe("unanswered")
		w.fail(c.Key)
		w.trial.failed(w.s.Now())
		w.s.Log.Warn("a message to a partner was not answered; it is sent again", "partner", w.sub.Partner, "control", l.Control, "tries", w.again[c.Key].failures, "error", cause(err))
		return false, nil
	}
	w.trial = trial{}
	if !out.answer.Final() {
		w.observe("failed")
		w.fail(c.Key)
		if w.s.Now().Sub(l.Queued) < w.sub.GiveUp {
			return false, nil
		}
		return w.giveUp(ctx, at, c, l, out)
	}
	if !out.answer.Positive() {
		w.observe("refused")
		return w.giveUp(ctx, at, c, l, out)
	}
	w.observe("delivered")
	delete(w.again, c.Key)
	return w.settle(ctx, c, func(tx store.Tx) error {
		return w.journal(ctx, tx, journal.Delivered, at, l, out)
	})
}

// settle takes a letter out of the queue and does what goes with that, unless the lease
// has become another's, whose the letter then is, or somebody took it out already.
func (w *worker) settle(ctx context.Context, c store.Claim, also func(store.Tx) error) (gone bool, err error) {
	err = w.s.Store.Update(ctx, func(tx store.Tx) error {
		if err := w.lease.fence(ctx, tx); err != nil {
			return err
		}
		held, err := tx.Claimed(ctx, Space, c.Key)
		if err != nil || held.Holder != c.Holder {
			return unlessAbsent(err)
		}
		if err := tx.Release(ctx, Space, c.Key, c.Holder); err != nil {
			return err
		}
		return also(tx)
	})
	if errors.Is(err, errOver) {
		w.lease.until = time.Time{}
		w.s.Log.Warn("another process sends to the partner now; what was answered to this one is left to it", "partner", w.sub.Partner)
		return false, nil
	}
	return true, err
}

// cause says why there was no answer, without what a peer wrote.
func cause(err error) string {
	if u, ok := errors.AsType[*dispatch.Undeliverable](err); ok {
		return "the partner answered " + u.Status
	}
	return err.Error()
}

func (w *worker) fail(key string) {
	t := w.again[key]
	t.failed(w.s.Now())
	w.again[key] = t
}

// restAfter is how long a connection may be idle. Partners close those that are for
// long, and a message that is sent on such a one is lost until it is sent again.
const restAfter = 20 * time.Second

// rest closes a connection that is not used.
func (w *worker) rest() {
	if w.link != nil && w.s.Now().Sub(w.used) >= restAfter {
		_ = w.link.Close() // nothing is on its way, and the next message connects anew
	}
}

// send makes one attempt.
func (w *worker) send(ctx context.Context, message []byte) (dispatch.Answer, error) {
	defer func() { w.used = w.s.Now() }()
	if w.link == nil {
		link, err := w.sub.Open()
		if err != nil {
			return dispatch.Answer{}, err
		}
		w.link = link
	}
	return dispatch.Patience{Timeout: w.sub.Timeout, Tries: 1}.Deliver(ctx, w.link, message)
}

// giveUp puts a letter aside for an administrator.
func (w *worker) giveUp(ctx context.Context, at place, c store.Claim, l letter, out sending) (bool, error) {
	a := out.answer
	l.Code, l.Why, l.Gone = a.Code, a.Text, w.s.Now().UTC()
	delete(w.again, c.Key)
	w.s.Log.Warn("a message to a partner was given up", "partner", w.sub.Partner, "control", l.Control, "event", l.Event, "code", a.Code)
	return w.settle(ctx, c, func(tx store.Tx) error {
		if err := w.journal(ctx, tx, journal.GivenUp, at, l, out); err != nil {
			return err
		}
		return w.s.keep(ctx, tx, at.as(dead), l)
	})
}

func (w *worker) observe(outcome string) {
	if w.s.Observe != nil {
		w.s.Observe(w.sub.Partner, outcome)
	}
}

// close ends what the worker has open.
func (w *worker) close(ctx context.Context) {
	if w.link != nil {
		_ = w.link.Close() // nothing is on its way
	}
	if err := w.lease.end(ctx); err != nil {
		w.s.Log.Warn("a lease was not given back; it ends by itself", slog.String("partner", w.sub.Partner), slog.Any("error", err))
	}
}
