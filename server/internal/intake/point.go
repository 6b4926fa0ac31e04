package intake

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// point is what is remembered of one data point: an appointment by its SCH-1.1,
// or a patient, within a controller's namespace. It is one record, so that a
// message reads and writes one key for all of it.
type point struct {
	key  string
	held bool // there is a claim for it
	rev  int  // counts the writes; part of the claim's holder, so that no write is lost

	// Sent is MSH-7, in milliseconds, of the last message that was applied of each
	// sender (design decision 7).
	Sent map[string]int64 `json:"sent,omitempty"`
	// Queues are the messages held for review, by the patient they are about.
	Queues map[string]*queue `json:"queues,omitempty"`

	changed bool
}

// queue is a line of held messages of one data point and patient, oldest first,
// and what was decided about them.
type queue struct {
	First    int      `json:"first,omitempty"` // number of the oldest
	Next     int      `json:"next,omitempty"`  // number that the next one gets
	Decision decision `json:"decision,omitempty"`
}

// decision is what an administrator decided about a data point: later messages
// follow it without a new review.
type decision string

const (
	undecided decision = ""
	accepted  decision = "accepted"
	rejected  decision = "rejected"
)

func (q *queue) waiting() bool { return q.First < q.Next }

// pointSpace is the space of the claims that hold points.
const pointSpace = "point"

// pointKey names a data point: an Appointment by the placer's id, or a Patient.
func pointKey(customer, kind, name string) string {
	return strings.Join([]string{customer, kind, name}, "\x00")
}

// point reads what is remembered of the message's data point: the appointment.
func (m *message) point(ctx context.Context) (*point, error) {
	if m.in.Placer == "" {
		return &point{}, nil
	}
	return readPoint(ctx, m.tx, pointKey(m.env.Customer.Alias, "Appointment", m.in.Placer))
}

// personPoint reads that of a message about a person: the patient, or while there
// is none the identifier that the message names first.
func (m *message) personPoint(ctx context.Context, t target) (*point, error) {
	if t.found {
		return readPoint(ctx, m.tx, pointKey(m.env.Customer.Alias, "Patient", t.patient.ID))
	}
	id := m.in.Person.Identifiers[0]
	return readPoint(ctx, m.tx, pointKey(m.env.Customer.Alias, "Person", id.System+"|"+id.Value))
}

func readPoint(ctx context.Context, r store.Reader, key string) (*point, error) {
	p := &point{key: key}
	c, err := r.Claimed(ctx, pointSpace, key)
	if errors.Is(err, fhir.NotFound) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.held = true
	if p.rev, err = strconv.Atoi(c.Holder); err != nil {
		return nil, err
	}
	return p, json.Unmarshal(c.Payload, p)
}

// store writes the point if it changed.
func (p *point) store(ctx context.Context, tx store.Tx) error {
	if !p.changed || p.key == "" {
		return nil
	}
	if p.held {
		if err := tx.Release(ctx, pointSpace, p.key, strconv.Itoa(p.rev)); err != nil {
			return err
		}
	}
	payload, err := json.Marshal(p)
	if err != nil {
		return err
	}
	p.rev, p.held, p.changed = p.rev+1, true, false
	return tx.Claim(ctx, store.Claim{Space: pointSpace, Key: p.key, Holder: strconv.Itoa(p.rev), Payload: payload})
}

// sender is who the order of messages is kept for: clocks of two senders are
// never compared.
func (m *message) sender() string { return m.env.Connecting + "\x00" + m.env.Peer.Partner }

// newerThan says whether a newer message of the sender was applied.
func (p *point) newerThan(m *message) bool {
	last, ok := p.Sent[m.sender()]
	return ok && m.env.Sent.UnixMilli() < last && !m.corrects(time.UnixMilli(last))
}

// clockError is how far ahead of ours a sender's clock is taken to be, at most.
const clockError = 24 * time.Hour

// corrects says whether the message is of a time that can be, after one of a time that
// cannot be yet: a clock that was wrong once must not make all that follows too old.
func (m *message) corrects(last time.Time) bool {
	latest := m.env.Received.Add(clockError)
	return last.After(latest) && !m.env.Sent.After(latest)
}

// applied notes that a message of the sender was applied.
func (p *point) applied(m *message) {
	sender, now := m.sender(), m.env.Sent.UnixMilli()
	if last, ok := p.Sent[sender]; p.key == "" || m.env.Sent.IsZero() || ok && last >= now && !m.corrects(time.UnixMilli(last)) {
		return
	}
	if p.Sent == nil {
		p.Sent = map[string]int64{}
	}
	p.Sent[sender], p.changed = now, true
}

// queue gives the line of a patient, an empty one where there is none.
func (p *point) queue(patient string) *queue {
	if q := p.Queues[patient]; q != nil {
		return q
	}
	return &queue{}
}

// setQueue puts a line in its place.
func (p *point) setQueue(patient string, q *queue) {
	if p.Queues == nil {
		p.Queues = map[string]*queue{}
	}
	p.Queues[patient], p.changed = q, true
}
