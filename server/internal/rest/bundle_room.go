package rest

import (
	"slotway/fhir"
	"slotway/server/internal/booking"
)

// readsWithin is how long the entries of a Bundle may read, all together.
const readsWithin = 3 * deadline

// mayRead says whether one more entry may read.
func (k *call) mayRead(b *bundle) error {
	if k.s.Now().Sub(k.began) > readsWithin {
		return fhir.Errorf(fhir.TooLarge, "The entries before this took longer than a Bundle may read; send it in parts.").At("request").Coded("too-costly")
	}
	return k.mayAnswer(b)
}

// mayAnswer says whether there is room for what one more entry reads: what a Bundle is
// answered is held until all of it is there.
func (k *call) mayAnswer(b *bundle) error {
	if limit := k.s.Limits.Answers; b.answered > limit {
		return fhir.Errorf(fhir.TooLarge, "The answers to a Bundle's entries may have %d bytes together, and those before this have more; send it in parts.", limit).At("request").Coded("too-costly")
	}
	return k.roomFor(b)
}

// roomFor waits for the room of the Bundle, when the answers so far are heavy.
func (k *call) roomFor(b *bundle) error {
	if b.answered > heavyFrom {
		return k.weigh(k.lease.whole)
	}
	return nil
}

// briefly makes an entry that writes be answered without what it stores. That there is
// no room for it is no reason not to do it, or, when it is done, not to say so.
func (k *call) briefly() { k.prefer.Minimal = !k.prefer.Outcome }

// roomForWritten waits, before anything is done, for the room that the answers to the
// changes of a transaction will need, as far as that can be known. A patch is answered
// with what is there now, and about as much more as the patch has; what a search will
// find is known later.
func (k *call) roomForWritten(b *bundle, order []*entry) error {
	expected := &bundle{answered: b.answered}
	for _, e := range order {
		c := e.change
		switch {
		case expected.answered > heavyFrom:
			return k.roomFor(expected)
		case e.call.prefer.Minimal || e.call.prefer.Outcome || c.Op != booking.Create && c.Op != booking.Update:
			continue
		case c.Edit == nil:
			expected.answered += int64(len(c.Resource.Raw()))
		case c.If == nil:
			expected.answered += int64(len(e.body))
			if rec, err := k.s.Store.Read(k.c.Request.Context(), k.see, c.Key); err == nil { // or the change says why
				expected.answered += int64(len(rec.Resource.Raw()))
			}
		}
	}
	return k.roomFor(expected)
}
