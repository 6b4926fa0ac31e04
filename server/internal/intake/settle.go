package intake

import (
	"context"
	"errors"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// unfitItems are held messages whose effect the store refused, with its error.
// The Update that met one is run again, and passes it over.
type unfitItems map[string]error

// unfit is the failure of a held message within somebody else's Update.
type unfit struct {
	item string
	err  error
}

// Error tells which one and why, for the log.
func (u *unfit) Error() string { return "held message " + u.item + ": " + u.err.Error() }

// Unwrap gives the reason.
func (u *unfit) Unwrap() error { return u.err }

// note takes the failure down, and says whether there is one.
func (u unfitItems) note(err error) bool {
	one, ok := errors.AsType[*unfit](err)
	if ok {
		u[one.item] = one.err
	}
	return ok
}

// settling is the settling of held messages of one data point and patient, oldest
// first.
type settling struct {
	s        *Service
	tx       store.Tx
	p        *point
	customer string
	patient  string
	item     string   // the one that was decided about; empty where a message came
	decision decision // undecided: a later message matched
	by       string
	why      string
	unfit    unfitItems
}

// settleAtOnce is how many held messages one commit settles.
const settleAtOnce = 20

// releaseSome settles the oldest messages that wait before this one.
func (m *message) releaseSome(ctx context.Context, p *point, patient string, d decision) error {
	t := settling{s: m.s, tx: m.tx, p: p, customer: m.env.Customer.Alias, patient: patient, decision: d, unfit: m.unfit}
	return t.some(ctx)
}

func (t *settling) some(ctx context.Context) error {
	for range settleAtOnce {
		if !t.p.queue(t.patient).waiting() {
			break
		}
		if err := t.oldest(ctx); err != nil {
			return err
		}
	}
	return t.p.store(ctx, t.tx)
}

// oldest settles the message that has waited longest.
func (t *settling) oldest(ctx context.Context) error {
	q := t.p.queue(t.patient)
	key := heldKey(t.p.key, t.patient, q.First)
	q.First++
	t.p.setQueue(t.patient, q)
	c, err := t.tx.Claimed(ctx, heldSpace, key)
	if errors.Is(err, fhir.NotFound) {
		return nil // it was taken out of the line
	}
	if err != nil {
		return err
	}
	if err := t.tx.Release(ctx, heldSpace, key, c.Holder); err != nil {
		return err
	}
	it, err := readItem(ctx, t.tx, t.customer, string(c.Payload))
	if err != nil {
		return err
	}
	return t.settle(ctx, &it)
}

// settle carries a held message out by the rules of now, or drops it, and says in
// its item what came of it.
func (t *settling) settle(ctx context.Context, it *Item) error {
	m, err := t.message(it)
	state := journal.Dropped
	var out hl7bridge.Answer
	if err == nil {
		state, out, err = t.outcome(ctx, m, it)
	}
	if err := t.unlessOurs(err); err != nil {
		return err
	}
	to := Released
	switch {
	case err != nil && t.decision == rejected:
		to, state = Rejected, journal.Dropped
	case err != nil:
		out, to, state = hl7bridge.AnswerTo(err), Failed, journal.Refused
	case state == journal.Dropped:
		to = Rejected
	case t.decision == accepted && it.ID == t.item:
		to = Accepted
	}
	it.Answer, it.App, it.Text, it.Wrote = out.Code, out.App, out.Text, m.tx.wrote
	if err := t.close(ctx, it, to); err != nil {
		return err
	}
	m.note = journal.Entry{Of: it.Entry, Review: it.ID, By: t.by}
	return m.logReview(ctx, state, out)
}

// unlessOurs gives back an error that ends the Update: what the message can do
// nothing about.
func (t *settling) unlessOurs(err error) error {
	if _, ok := errors.AsType[*unfit](err); ok || err != nil && fhir.KindOf(err) == fhir.Busy {
		return err
	}
	return nil
}

// close gives an item the state that it has in the end, and says who decided.
func (t *settling) close(ctx context.Context, it *Item, to ItemState) error {
	if it.By, it.Why, it.Decided = t.by, "", t.s.Now(); it.ID == t.item || to == Rejected {
		it.Why = t.why
	}
	return it.move(ctx, t.tx, to)
}

// message reads a held message anew.
func (t *settling) message(it *Item) (*message, error) {
	e, err := t.s.unsealed(it.Sealed)
	if err != nil {
		return t.s.message(it.envelope(), mappings.Intent{}).within(t.tx), err
	}
	env, in, err := t.s.Bridge.Read(it.Peer, it.Received, e.Raw)
	if err != nil {
		env = it.envelope()
	}
	return t.s.message(env, in).within(t.tx), err
}

// envelope is what an item says of its message.
func (it *Item) envelope() hl7bridge.Envelope {
	return hl7bridge.Envelope{
		Peer: it.Peer, Connecting: it.Connecting, Customer: hl7bridge.Customer{Alias: it.Customer},
		Control: it.Control, Event: it.Event, Sent: it.Sent, Received: it.Received,
	}
}

// outcome decides about a held message and gives it its effect.
func (t *settling) outcome(ctx context.Context, m *message, it *Item) (journal.State, hl7bridge.Answer, error) {
	if err := t.unfit[it.ID]; err != nil {
		return "", hl7bridge.Answer{}, err
	}
	ok := hl7bridge.AnswerTo(nil)
	if m.in.Placer != "" && t.p.newerThan(m) {
		return journal.Stale, ok, nil
	}
	to, err := m.aim(ctx)
	if err != nil {
		return "", ok, err
	}
	if fits, _ := m.compare(to); fits == differs && t.decision == rejected {
		return journal.Dropped, ok, nil
	}
	writes, err := m.plan(ctx, to)
	if err != nil {
		return "", ok, err
	}
	if err := m.carry(ctx, t.p, writes); err != nil {
		return "", ok, &unfit{it.ID, err}
	}
	return m.effect(), ok, nil
}

// logReview adds to the journal what came of a held message.
func (m *message) logReview(ctx context.Context, state journal.State, a hl7bridge.Answer) error {
	e := m.entryOf(state, a)
	e.Act, e.Received, e.Took = journal.Review, m.s.Now(), 0
	return journal.Append(ctx, m.tx, e, nil)
}
