package intake

import (
	"context"

	"slotway/server/internal/auth"
)

// nameOfCaller says who decides, as items and the journal have it.
func nameOfCaller(p auth.Principal) string {
	switch {
	case p.Client == "":
		return p.Subject // of the staff, in a browser
	case p.Subject == "" || p.Subject == p.Client:
		return p.Client
	}
	return p.Client + " for " + p.Subject
}

// line settles the line that an item waits in, as was decided, and says whether
// some of it is left.
func (t *settling) line(ctx context.Context, it *Item) (more bool, err error) {
	q := t.p.queue(t.patient)
	q.Decision = t.decision
	t.p.setQueue(t.patient, q)
	if err := t.some(ctx); err != nil {
		return false, err
	}
	*it, err = readItem(ctx, t.tx, it.Customer, it.ID)
	return q.waiting(), err
}

// again looks at a message that waits. If it fits by now, the line is settled as
// if it had come in now.
func (t *settling) again(ctx context.Context, it *Item) (more bool, err error) {
	m, err := t.message(it)
	if err != nil {
		return false, nil // it still cannot be understood: it waits
	}
	to, err := m.aim(ctx)
	if err != nil {
		return false, t.unlessOurs(err)
	}
	if fits, _ := m.compare(to); fits == differs {
		return false, nil
	}
	if err := t.some(ctx); err != nil {
		return false, err
	}
	more = t.p.queue(t.patient).waiting()
	*it, err = readItem(ctx, t.tx, it.Customer, it.ID)
	return more, err
}

// anew judges a message that is in no line any more. What was decided about its
// data point is taken back. One that was to be carried out before is, now.
func (t *settling) anew(ctx context.Context, it *Item) (more bool, err error) {
	if it.State == Failed {
		if err := t.settle(ctx, it); err != nil {
			return false, err
		}
		return false, t.p.store(ctx, t.tx)
	}
	q := t.p.queue(t.patient)
	q.Decision = undecided
	t.p.setQueue(t.patient, q)
	if err := t.back(ctx, it); err != nil {
		return false, err
	}
	return t.again(ctx, it)
}

// back puts a message at the end of its line.
func (t *settling) back(ctx context.Context, it *Item) error {
	if err := it.leave(ctx, t.tx); err != nil {
		return err
	}
	it.State, it.By, it.Why = Pending, "", ""
	return it.wait(ctx, t.tx, t.p, t.patient)
}

// acknowledge closes a notice.
func (t *settling) acknowledge(ctx context.Context, it *Item) error {
	switch t.decision {
	case accepted:
		return t.close(ctx, it, Accepted)
	case rejected:
		return t.close(ctx, it, Rejected)
	}
	return nil // it is what it was: there is nothing to look at again
}
