package rest

import (
	"errors"
	"net/http"
	"slices"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/booking"
)

// bundle carries out a batch or a transaction,
// http://hl7.org/fhir/R4/http.html#transaction. Each entry is a request of its
// own, checked and answered as it would be alone; those of a transaction that
// write are one commit.
func (k *call) bundle() error {
	k.lease.whole = k.bundleRoom()
	b, err := k.readBundle()
	if err != nil {
		return err
	}
	k.route = &routes[slices.IndexFunc(routes, func(r Route) bool { return r.Interaction == b.kind })]
	if k.act != nil {
		k.act.Act = string(b.kind)
	}
	if b.kind == fhir.Batch {
		return k.batch(b)
	}
	return k.transaction(b)
}

// batch carries out entries one by one, each for itself.
func (k *call) batch(b *bundle) error {
	for _, e := range inOrder(b.entries, (*entry).phase) {
		e.call.conclude(e.call.contained(func() error { return k.carryOut(b, e) }))
		b.answered += int64(e.call.c.Writer.Size())
	}
	return k.answerBundle(b, r4.BatchResponse)
}

// carryOut does what an entry of a batch asks for.
func (k *call) carryOut(b *bundle, e *entry) error {
	if e.err != nil {
		return e.err
	}
	if err := e.call.enter(e.path); err != nil {
		return err
	}
	if err := b.apart(e); err != nil {
		return err
	}
	may := k.mayRead
	if changes[e.call.route.Interaction] != nil {
		may = k.roomFor
		if b.answered > k.s.Limits.Answers {
			e.call.briefly()
		}
	}
	if err := may(b); err != nil {
		return err
	}
	return e.call.handle()
}

// contained does a part of what a Bundle asks for. Others may have been done: they are
// answered even when this one meets a panic.
func (k *call) contained(do func() error) (err error) {
	defer func() {
		if k.s.caught(k.c, recover()) {
			k.c.Writer.(*kept).reset()
			err = fhir.Internal
		}
	}()
	return do()
}

// phases is the order of processing, http://hl7.org/fhir/R4/http.html#trules.
var phases = map[string]int{
	http.MethodDelete: 0, http.MethodPost: 1, http.MethodPut: 2, http.MethodPatch: 2, http.MethodGet: 3, http.MethodHead: 3,
}

func (e *entry) phase() int { return phases[e.method] }

// transaction carries out all entries or none. What only reads is tried first,
// so that a search that is wrong refuses the whole, and answered last.
func (k *call) transaction(b *bundle) error {
	for _, e := range b.entries {
		if err := k.prepare(b, e); err != nil {
			return e.refused(err)
		}
	}
	order := k.order(b)
	all := make([]booking.Change, len(order))
	for i, e := range order {
		all[i] = *e.change
	}
	if err := k.roomForWritten(b, order); err != nil {
		return err
	}
	done, err := k.s.Booking.Do(k.c.Request.Context(), all...)
	if err != nil {
		return failedEntry(order, err)
	}
	k.answerWritten(b, order, done)
	k.answerRead(b)
	return k.answerBundle(b, r4.TransactionResponse)
}

// answerWritten answers the entries that have written. What they did is done: where
// there is no room for what they made, they are answered without it.
func (k *call) answerWritten(b *bundle, order []*entry, done []booking.Result) {
	for i, e := range order {
		if e.reads() {
			continue
		}
		if b.answered > k.s.Limits.Answers || k.roomFor(b) != nil {
			e.call.briefly()
		}
		e.call.silent = true // it is part of the commit's record
		e.call.conclude(e.call.contained(func() error { return e.call.written(*e.change, done[i]) }))
		done[i] = booking.Result{} // its answer is held now
		b.answered += int64(e.call.c.Writer.Size())
	}
}

// answerRead answers the entries that read, of what is there now.
func (k *call) answerRead(b *bundle) {
	b.answered -= b.tried
	for _, e := range b.entries {
		if !e.reads() {
			continue
		}
		e.call.conclude(e.call.contained(func() error {
			if err := k.mayAnswer(b); err != nil {
				return err
			}
			return e.call.handle()
		}))
		b.answered += int64(e.call.c.Writer.Size())
	}
}

// failedEntry gives the failure of a transaction as that of the entry it is of.
func failedEntry(order []*entry, err error) error {
	at := 0
	if f, ok := errors.AsType[*booking.Failed](err); ok {
		at, err = f.At, f.Err
	} else if len(order) != 1 {
		return err
	}
	e := order[at]
	return e.refused(e.call.refused(*e.change, err))
}

// prepare makes the request of an entry, and the change that it asks for.
func (k *call) prepare(b *bundle, e *entry) error {
	if e.err != nil {
		return e.err
	}
	if err := e.call.enter(e.path); err != nil {
		return err
	}
	if e.reads() {
		return k.tryRead(b, e)
	}
	if changes[e.call.route.Interaction] == nil {
		return fhir.Errorf(fhir.Unprocessable, "A transaction takes reads, searches, creates, updates, patches and deletes; send this on its own.").At("request.url").Coded("not-supported")
	}
	c, err := e.call.change()
	if err != nil {
		return err
	}
	c.FullURL = e.fullURL
	c.Refs, err = k.references(b, c.Resource)
	e.change = &c
	return err
}

// tryRead answers an entry that only reads for nobody. That something is not there
// is no failure yet, for the transaction may be about to store it: it is checked
// with the changes.
func (k *call) tryRead(b *bundle, e *entry) error {
	trial := k.sub(e)
	err := k.mayRead(b)
	if err == nil {
		err = trial.enter(e.path)
	}
	if err == nil {
		err = trial.handle()
	}
	size := int64(trial.c.Writer.Size())
	b.tried += size
	b.answered += size
	if e.call.route.Interaction != fhir.Read {
		return err
	}
	key, keyErr := e.call.key()
	e.change = &booking.Change{Request: k.request(), Op: booking.Check, Key: key}
	if keyErr == nil && absent(err) {
		return nil
	}
	return err
}

func absent(err error) bool { return errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) }

// order gives the entries whose changes are carried out, by their rank.
func (k *call) order(b *bundle) []*entry {
	acting := slices.DeleteFunc(slices.Clone(b.entries), func(e *entry) bool { return e.change == nil })
	ranks := map[*entry]int{}
	for _, e := range acting {
		ranks[e] = k.rank(*e.change)
	}
	return inOrder(acting, func(e *entry) int { return ranks[e] })
}

// rank orders the changes of a transaction: by the phases, since the order of the
// entries must not matter, and within them so that what a new appointment needs is
// there before it. What is put of a slot comes last: it is to agree with the
// bookings, and must be the version that was there before them.
func (k *call) rank(c booking.Change) int {
	isAppointment, isSlot := c.Key.Type == "Appointment", c.Key.Type == "Slot"
	switch c.Op {
	case booking.Delete:
		if isAppointment {
			return 0
		}
		return 1
	case booking.Create:
		if isAppointment {
			return 4
		}
		return 2
	case booking.Update:
		if isAppointment {
			return 5
		}
		if isSlot && !k.isNew(c) {
			return 6
		}
		return 3
	}
	return 7
}

// isNew says whether a change of a slot makes it.
func (k *call) isNew(c booking.Change) bool {
	if c.If != nil {
		return false
	}
	_, err := k.s.Store.Read(k.c.Request.Context(), k.see, c.Key)
	return absent(err)
}

func inOrder(entries []*entry, rank func(*entry) int) []*entry {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b *entry) int { return rank(a) - rank(b) })
	return sorted
}
