package intake

import (
	"context"
	"encoding/json"

	"slotway/hl7bridge"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// hold puts the message at the end of the queue of its data point. It is answered
// like one that had an effect.
func (m *message) hold(ctx context.Context, p *point, t target, why Reason, out hl7bridge.Answer) error {
	q := p.queue(t.patient.ID)
	if q.waiting() && why == "" {
		why = Behind
	}
	it := Item{
		ID: m.entryID(), Customer: m.env.Customer.Alias, State: Pending, Reason: why,
		Peer: m.env.Peer, Connecting: m.env.Connecting, Control: m.env.Control, Event: m.env.Event,
		Sent: m.env.Sent, Received: m.env.Received, Placer: m.in.Placer, Entry: m.entryID(),
		Patient: t.patient.ID, Appointment: t.old.ID,
	}
	var err error
	it.Sealed, err = m.s.sealed(evidence{Raw: m.env.Raw, Expected: birthDateOf(t.patient.Resource), Received: m.in.Person.BirthDate})
	if err != nil {
		return err
	}
	if err := it.wait(ctx, m.tx, p, t.patient.ID); err != nil {
		return err
	}
	m.note.Review = it.ID
	return m.record(ctx, journal.Held, out)
}

// wait puts an item at the end of the line of a data point and patient.
func (it *Item) wait(ctx context.Context, tx store.Tx, p *point, patient string) error {
	q := p.queue(patient)
	it.Point, it.Number, it.Patient = p.key, q.Next, patient
	q.Next++
	p.setQueue(patient, q)
	if err := p.store(ctx, tx); err != nil {
		return err
	}
	err := tx.Claim(ctx, store.Claim{Space: heldSpace, Key: heldKey(p.key, patient, it.Number), Holder: it.ID, Payload: []byte(it.ID)})
	if err != nil {
		return err
	}
	return it.add(ctx, tx)
}

func (s *Service) sealed(e evidence) ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return s.Seal(b), nil
}

func (s *Service) unsealed(b []byte) (e evidence, err error) {
	plain, err := s.Open(b)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(plain, &e)
}
