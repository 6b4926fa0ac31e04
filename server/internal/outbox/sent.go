package outbox

import (
	"context"
	"fmt"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

var refPlacer = hl7.MustRef("SCH-1.1")

// journal records in the journal what became of a message: who was sent it, when, and
// the answer's code. What a partner writes in an answer may name the patient, so its
// text is with the letter only.
func (w *worker) journal(ctx context.Context, tx store.Tx, state journal.State, at place, l letter, out sending) error {
	now := w.s.Now()
	e := journal.Entry{
		ID: journal.NewID(now, w.s.NewID()), Act: journal.Sending, Received: now, Took: out.took.Microseconds(),
		Partner: at.partner, Transport: w.sub.Transport, Address: w.sub.Address, Connecting: at.customer, Controller: at.customer,
		Control: l.Control, Event: "SIU^" + l.Event, State: state, Answer: out.answer.Code, Tries: out.tries,
		Tells: fmt.Sprintf("Appointment/%s/%d", at.id, at.version),
	}
	if sent, err := time.Parse(whenFormat, at.when); err == nil {
		e.Sent = sent
	}
	if m, _ := hl7.Parse(out.message); m != nil {
		e.Placer = m.Get(refPlacer).Text
	}
	return journal.Append(ctx, tx, e, l.Sealed)
}

// sending is one attempt that was answered.
type sending struct {
	message []byte
	answer  dispatch.Answer
	took    time.Duration
	tries   int // with those before, as far as this process knows
}
