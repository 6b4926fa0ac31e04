package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
	"slotway/server/internal/audit"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// message is one message. What needs no Update is worked out before there is one, since
// those come one after another.
type message struct {
	s        *Service
	env      hl7bridge.Envelope
	in       mappings.Intent
	warnings []string // of in, before the Update
	see      store.Visibility
	prefix   string // of the keys of all messages of its sender with its control id
	sum      string
	sealed   []byte // its text
	unfit    unfitItems

	// Within one Update.
	tx      *recorder
	entry   string        // id of its journal entry: see entryID
	note    journal.Entry // what a decision in review adds to the entry
	state   journal.State // what became of it, once that is known
	repeats bool          // its control id was that of another message before
}

func (s *Service) message(env hl7bridge.Envelope, in mappings.Intent) *message {
	return &message{
		s: s, env: env, in: in, warnings: in.Warnings, see: store.Of(env.Customer.Alias),
		prefix: keyOf(env.Customer.Alias, env.Connecting, env.Peer.Partner, env.Control), sum: sumOf(env.Raw), sealed: s.Seal(env.Raw), unfit: unfitItems{},
	}
}

// within begins an Update, of which there may be several.
func (m *message) within(tx store.Tx) *message {
	m.tx, m.in.Warnings = &recorder{Tx: tx}, m.warnings
	m.entry, m.note, m.state, m.repeats = "", journal.Entry{}, "", false
	return m
}

// run carries the message out, or says that it released others, after which it is
// to be run again.
func (m *message) run(ctx context.Context, answer func(error) hl7bridge.Answer) (out hl7bridge.Answer, released bool, err error) {
	if out, again, err := m.answered(ctx); err != nil || again {
		return out, false, err
	}
	p, err := m.point(ctx)
	if err != nil {
		return out, false, err
	}
	if p.newerThan(m) {
		out = answer(nil)
		out.Stale = true
		return out, false, m.record(ctx, journal.Stale, out)
	}
	if e := m.in.Event.Effect; e == mappings.EffectBlock || e == mappings.EffectUnblock {
		out = answer(nil)
		return out, false, m.block(ctx, out)
	}
	t, err := m.aim(ctx)
	if err != nil {
		return out, false, err
	}
	if m.person() {
		if p, err = m.personPoint(ctx, t); err != nil {
			return out, false, err
		}
	}
	fits, why := m.compare(t)
	q := p.queue(t.patient.ID)
	switch {
	case q.waiting() && (fits == matches || q.Decision != undecided):
		return out, true, m.releaseSome(ctx, p, t.patient.ID, q.Decision)
	case fits == differs && q.Decision == rejected:
		out = answer(nil)
		return out, false, m.record(ctx, journal.Dropped, out)
	}
	plan, err := m.plan(ctx, t)
	hold := fits == differs && q.Decision != accepted || q.waiting()
	switch {
	case hold && (err == nil || q.waiting()): // what waits before it may be what it lacks
		out = answer(nil)
		out.Held = true
		return out, false, m.hold(ctx, p, t, why, out)
	case err != nil:
		return out, false, err
	}
	out = answer(nil)
	return out, false, m.commit(ctx, p, plan, out)
}

// commit carries out a plan and keeps the answer.
func (m *message) commit(ctx context.Context, p *point, writes plan, out hl7bridge.Answer) error {
	if err := m.carry(ctx, p, writes); err != nil {
		return err
	}
	if err := p.store(ctx, m.tx); err != nil {
		return err
	}
	return m.record(ctx, m.effect(), out)
}

// carry makes a plan's effect, and notes in the point that the message had it.
func (m *message) carry(ctx context.Context, p *point, writes plan) error {
	if err := m.follow(ctx, writes); err != nil {
		return err
	}
	for _, w := range writes {
		w.From = m.env.Peer.Partner
		_, clashes, err := m.s.Booking.PutFeed(ctx, m.tx, w)
		if err != nil {
			return err
		}
		if err := m.raise(ctx, clashes); err != nil {
			return err
		}
	}
	if m.in.Placer != "" {
		p.applied(m)
	}
	return nil
}

// effect says whether the message changed anything.
func (m *message) effect() journal.State {
	if len(m.tx.wrote) == 0 {
		return journal.Unchanged
	}
	return journal.Applied
}

// messageSpace is the space of the claims of messages that were carried out, with
// their answers: key of (*message).key.
const messageSpace = "message"

// kept is the payload of such a claim.
type kept struct {
	hl7bridge.Answer
	ID string `json:"id"` // of the journal entry
}

// sumOf tells messages of one control id apart.
func sumOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// keyOf is what the keys of all messages of one sender with one control id have in
// common.
func keyOf(customer, connecting, partner, control string) string {
	return strings.Join([]string{customer, connecting, partner, control, ""}, "\x00")
}

// key is what makes a message the same message: who sent it for whom, its
// control id, and its bytes.
func (m *message) key() string { return m.prefix + m.sum }

// answered gives the stored answer of a message that was carried out before. Other
// bytes under the same control id are a fault with some partners, and worth a warning
// with the others.
func (m *message) answered(ctx context.Context) (out hl7bridge.Answer, again bool, err error) {
	c, other, err := m.carriedOut(ctx)
	switch {
	case err != nil:
		return out, false, err
	case other && m.env.Repeats == hl7bridge.RepeatsRefused && m.env.Peer.By == "":
		return out, false, errRepeated
	case other:
		m.repeats, m.in = true, warned(m.in)
	}
	switch {
	case c.Key == "":
		return out, false, nil
	case m.env.Repeats == hl7bridge.RepeatsCarriedOut && m.env.Peer.By == "":
		return out, false, m.tx.Release(ctx, messageSpace, c.Key, c.Holder)
	}
	var k kept
	if err := json.Unmarshal(c.Payload, &k); err != nil {
		return out, false, err
	}
	k.Replay = true
	m.note.Of = k.ID
	return k.Answer, true, m.log(ctx, journal.Repeated, k.Answer)
}

// carriedOut gives the claim of the message, the zero one where there is none, and
// whether there is one of other bytes under its control id.
func (m *message) carriedOut(ctx context.Context) (own store.Claim, other bool, err error) {
	claims, err := m.tx.Claims(ctx, messageSpace, m.prefix, "", 2)
	if err != nil {
		return own, false, err
	}
	key := m.key()
	for _, c := range claims {
		if c.Key == key {
			own = c
		} else {
			other = true
		}
	}
	if own.Key == "" && len(claims) == 2 { // there may be more
		if own, err = m.tx.Claimed(ctx, messageSpace, key); errors.Is(err, fhir.NotFound) {
			return store.Claim{}, other, nil
		}
	}
	return own, other, err
}

// warned says in a message's warnings that its control id is not its own.
func warned(in mappings.Intent) mappings.Intent {
	in.Warnings = append(slices.Clone(in.Warnings), "MSH-10 was sent before, with another message")
	return in
}

var errRepeated = fault(fhir.Duplicate, hl7bridge.ControlIDRepeated)

// record keeps the answer of a message, and logs it.
func (m *message) record(ctx context.Context, state journal.State, a hl7bridge.Answer) error {
	payload, err := json.Marshal(kept{a, m.entryID()})
	if err != nil {
		return err
	}
	err = m.tx.Claim(ctx, store.Claim{Space: messageSpace, Key: m.key(), Holder: m.env.Control, Payload: payload})
	if err != nil {
		return err
	}
	return m.log(ctx, state, a)
}

var sch1 = hl7.MustRef("SCH-1.1")

// log adds the message's entry to the journal.
func (m *message) log(ctx context.Context, state journal.State, a hl7bridge.Answer) error {
	m.state = state
	var sealed []byte
	if state != journal.Repeated { // the message is there already
		sealed = m.sealed
	}
	audit.Note(m.tx.Tx, func(e *audit.Event) { m.tell(e, a) })
	return journal.Append(ctx, m.tx, m.entryOf(state, a), sealed)
}

// tell says in the audit whose message it was. What an administrator has carried
// out stays the administrator's act.
func (m *message) tell(e *audit.Event, a hl7bridge.Answer) {
	e.Of = append(e.Of, m.entryID())
	if e.Act != "" {
		return
	}
	e.Act, e.Face, e.Client, e.Address, e.Sent = "message", "hl7", m.env.Peer.Partner, m.env.Peer.Address, m.env.Control
	e.Type, e.Code = m.env.Event, a.Code
	if a.App != "" {
		e.Code += " " + a.App
	}
	if a.Code == "AR" || a.Code == "AE" {
		e.Status = statusRefused
	}
	if c := m.env.Customer.Alias; c != "" {
		e.Reach = []string{c}
	}
}

// statusRefused is what stands for a refusal where HTTP has its status.
const statusRefused = 422

// entryID makes the id of the message's entry when it is first asked for.
func (m *message) entryID() string {
	if m.entry == "" {
		m.entry = m.s.newID()
	}
	return m.entry
}

// entryOf makes the message's entry.
func (m *message) entryOf(state journal.State, a hl7bridge.Answer) journal.Entry {
	e := m.env
	entry := journal.Entry{
		ID: m.entryID(), Received: e.Received, Took: m.s.Now().Sub(e.Received).Microseconds(),
		Partner: e.Peer.Partner, Transport: e.Peer.Transport, Address: e.Peer.Address, Charset: e.Peer.Charset,
		Connecting: e.Connecting, Controller: e.Customer.Alias, Control: e.Control, Event: e.Event, Sent: e.Sent,
		Placer: m.in.Placer, State: state, Answer: a.Code, App: a.App, Text: a.Text, Wrote: m.tx.wrote, Warnings: m.in.Warnings,
		Of: m.note.Of, Review: m.note.Review, By: cmp.Or(m.note.By, e.Peer.By), Sum: m.sum,
	}
	if len(a.Errors) > 0 {
		entry.Errors, _ = json.Marshal(a.Errors) // texts and numbers
	}
	if entry.Placer == "" && e.Message != nil {
		entry.Placer = e.Message.Get(sch1).Text
	}
	return entry
}
