package intake

import (
	"context"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Accept has a held message carried out, by the rules of now, and with it all that
// wait at its data point: oldest first, and those to come without a review. What
// cannot be carried out says why in its item. Accepting the notice of a double
// booking says that somebody has seen to it. Accepting what is accepted does
// nothing.
//
// fhir.NotFound, fhir.Conflict for what was rejected or has expired.
func (s *Service) Accept(ctx context.Context, p auth.Principal, id string) (Item, error) {
	return s.decide(ctx, p, verdict{id: id, act: "review.accept", decision: accepted})
}

// Reject drops a held message, and with it all at its data point that do not fit
// either, now and later. Why is for those who look at the item.
//
// fhir.NotFound, fhir.Unprocessable without a reason, fhir.Conflict for what has
// had its effect.
func (s *Service) Reject(ctx context.Context, p auth.Principal, id, why string) (Item, error) {
	if why = strings.TrimSpace(why); why == "" || len(why) > 1000 {
		return Item{}, fhir.Errorf(fhir.Unprocessable, "A rejection needs a reason, of at most 1,000 characters.").At("reason")
	}
	return s.decide(ctx, p, verdict{id: id, act: "review.reject", decision: rejected, why: why})
}

// Replay looks at an item again, by the rules and records of now. A held message
// that fits by now is carried out, and what waits with it. One that failed, was
// rejected or has expired is judged anew: what was decided about its data point is
// taken back. One that had its effect is left alone.
//
// fhir.NotFound.
func (s *Service) Replay(ctx context.Context, p auth.Principal, id string) (Item, error) {
	return s.decide(ctx, p, verdict{id: id, act: "review.replay"})
}

// verdict is what somebody wants to become of an item.
type verdict struct {
	id, act, why string
	decision     decision // undecided: look again
}

// decide carries a verdict out, and settles what is left of the line in commits of
// their own.
func (s *Service) decide(ctx context.Context, p auth.Principal, v verdict) (it Item, err error) {
	t := &settling{s: s, item: v.id, decision: v.decision, by: nameOfCaller(p), why: v.why, unfit: unfitItems{}}
	var more bool
	err = t.commit(ctx, func(tx store.Tx) (err error) {
		if it, err = findItem(ctx, tx, p, v.id); err != nil {
			return err
		}
		if err := looked(tx, p, v.act, v.why, []string{it.Customer}, it.ID); err != nil {
			return err
		}
		more, err = t.turn(ctx, &it)
		return err
	})
	for err == nil && more {
		err = t.commit(ctx, func(tx store.Tx) (err error) {
			if t.p, err = readPoint(ctx, tx, it.Point); err != nil {
				return err
			}
			if err := t.some(ctx); err != nil {
				return err
			}
			more = t.p.queue(t.patient).waiting()
			it, err = readItem(ctx, tx, it.Customer, it.ID)
			return err
		})
	}
	return it.public(), err
}

// commit runs one Update, again without those messages whose effect is refused.
func (t *settling) commit(ctx context.Context, fn func(store.Tx) error) error {
	for {
		err := t.s.Store.Update(ctx, func(tx store.Tx) error {
			t.tx = tx
			return fn(tx)
		})
		if !t.unfit.note(err) {
			return err
		}
	}
}

// findItem finds an item among the caller's customers.
func findItem(ctx context.Context, r store.Reader, p auth.Principal, id string) (it Item, err error) {
	err = fhir.Errorf(fhir.NotFound, "There is no item with this id in the review queue.")
	for _, customer := range p.Customers {
		if it, err = readItem(ctx, r, customer, id); !absent(err) {
			return it, err
		}
	}
	return it, err
}

// turn does what a verdict asks for, and says whether some of the line is left.
func (t *settling) turn(ctx context.Context, it *Item) (more bool, err error) {
	t.customer, t.patient = it.Customer, it.Patient
	settled := it.State == Accepted || it.State == Released
	switch {
	case t.decision == rejected && settled:
		return false, fhir.Errorf(fhir.Conflict, "The message has had its effect; change the appointment instead.")
	case settled, t.decision == rejected && it.State == Rejected:
		return false, nil
	case t.decision == accepted && !it.State.open():
		return false, fhir.Errorf(fhir.Conflict, "The item is %s; replay it to have it judged again.", it.State)
	case it.Reason == Overbooked:
		return false, t.acknowledge(ctx, it)
	}
	if t.p, err = readPoint(ctx, t.tx, it.Point); err != nil {
		return false, err
	}
	switch {
	case it.State == Pending && t.decision != undecided:
		return t.line(ctx, it)
	case it.State == Pending:
		return t.again(ctx, it)
	case t.decision == rejected:
		return false, t.close(ctx, it, Rejected)
	}
	return t.anew(ctx, it)
}
