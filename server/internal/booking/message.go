package booking

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/store"
)

// Apply carries out a message, spec hl7-bridge 3 and 4.4. The effect, the record
// in the message log and the stored answer are one commit. A message whose
// effect is refused leaves its record and its answer, and nothing else.
func (s *Service) Apply(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent, answer func(error) hl7bridge.Answer) (hl7bridge.Answer, error) {
	var out hl7bridge.Answer
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		m := &message{s: s, tx: tx, env: env, in: in, see: store.Of(env.Customer.Alias)}
		if stored, err := tx.Claimed(ctx, messageSpace, m.key()); err == nil {
			out = hl7bridge.Answer{}
			if err := json.Unmarshal(stored.Payload, &out); err != nil {
				return err
			}
			out.Replay = true
			return nil
		} else if !errors.Is(err, fhir.NotFound) {
			return err
		}
		stale, err := m.stale(ctx)
		if err != nil {
			return err
		}
		if !stale {
			if err := m.apply(ctx); err != nil {
				return err
			}
		}
		out = answer(nil)
		out.Stale = stale
		return m.record(ctx, out)
	})
	if err == nil {
		return out, nil
	}
	out = answer(err)
	if fhir.KindOf(err) == fhir.Busy {
		return out, err
	}
	return out, s.Refuse(ctx, env, out)
}

// Refuse records a message that had no effect. Its answer is not stored for a
// replay: the same bytes may be right later, when a booking or a grant is there.
func (s *Service) Refuse(ctx context.Context, env hl7bridge.Envelope, a hl7bridge.Answer) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		m := &message{s: s, tx: tx, env: env}
		return m.log(ctx, a)
	})
}

// The spaces of claims, and the stream, that messages use.
const (
	messageSpace = "message" // one that was applied: key of (*message).key, payload its answer
	sentSpace    = "sent"    // MSH-7 of the last one applied, by booking and sender
	// MessageStream is the message log.
	MessageStream = "messages"
)

// message is one message within one Update.
type message struct {
	s     *Service
	tx    store.Tx
	env   hl7bridge.Envelope
	in    mappings.Intent
	see   store.Visibility
	wrote []string // Type/id/version of what it made
}

// key is what makes a message the same message: who sent it for whom, its
// control id, and its bytes.
func (m *message) key() string {
	sum := sha256.Sum256(m.env.Raw)
	return strings.Join([]string{m.env.Customer.Alias, m.env.Connecting, m.env.Peer.Partner, m.env.Control, hex.EncodeToString(sum[:])}, "\x00")
}

// record keeps the answer of a message that was applied, and logs it.
func (m *message) record(ctx context.Context, a hl7bridge.Answer) error {
	payload, err := json.Marshal(a)
	if err != nil {
		return err
	}
	err = m.tx.Claim(ctx, store.Claim{Space: messageSpace, Key: m.key(), Holder: m.env.Control, Payload: payload})
	if err != nil {
		return err
	}
	return m.log(ctx, a)
}

// LogEntry is a record of the message log. Only Raw holds patient data; it is
// encrypted.
type LogEntry struct {
	Received   time.Time `json:"received"`
	Partner    string    `json:"partner"`
	Transport  string    `json:"transport"`
	Connecting string    `json:"connecting,omitempty"`
	Controller string    `json:"controller,omitempty"`
	Control    string    `json:"control"`
	Event      string    `json:"event"`
	Answer     string    `json:"answer"`
	App        string    `json:"app,omitempty"`
	Stale      bool      `json:"stale,omitempty"`
	Wrote      []string  `json:"wrote,omitempty"`
	Warnings   []string  `json:"warnings,omitempty"`
	Raw        []byte    `json:"raw"`
}

func (m *message) log(ctx context.Context, a hl7bridge.Answer) error {
	e := m.env
	b, err := json.Marshal(LogEntry{
		Received: e.Received, Partner: e.Peer.Partner, Transport: e.Peer.Transport,
		Connecting: e.Connecting, Controller: e.Customer.Alias, Control: e.Control, Event: e.Event,
		Answer: a.Code, App: a.App, Stale: a.Stale, Wrote: m.wrote, Warnings: m.in.Warnings, Raw: m.s.Seal(e.Raw),
	})
	if err != nil {
		return err
	}
	return m.tx.Append(ctx, MessageStream, b)
}

// stale says whether a newer message of the same sender about the same booking
// was applied before (design decision 7), and otherwise notes this one.
func (m *message) stale(ctx context.Context) (bool, error) {
	if m.in.Placer == "" || m.env.Sent.IsZero() {
		return false, nil
	}
	key := strings.Join([]string{m.env.Customer.Alias, m.in.Placer, m.env.Connecting, m.env.Peer.Partner}, "\x00")
	sent := strconv.FormatInt(m.env.Sent.UnixMilli(), 10)
	last, err := m.tx.Claimed(ctx, sentSpace, key)
	switch {
	case errors.Is(err, fhir.NotFound):
	case err != nil:
		return false, err
	default:
		at, err := strconv.ParseInt(string(last.Payload), 10, 64)
		if err != nil {
			return false, err
		}
		if now := m.env.Sent.UnixMilli(); now <= at {
			return now < at, nil
		}
		if err := m.tx.Release(ctx, sentSpace, key, last.Holder); err != nil {
			return false, err
		}
	}
	return false, m.tx.Claim(ctx, store.Claim{Space: sentSpace, Key: key, Holder: m.env.Peer.Partner, Payload: []byte(sent)})
}

// put stores what the message made of a resource.
func (m *message) put(ctx context.Context, w write) (store.Record, error) {
	rec, err := m.s.put(ctx, m.tx, w)
	if err != nil {
		return rec, err
	}
	if rec.Version != w.old.Version {
		m.wrote = append(m.wrote, rec.Type+"/"+rec.ID+"/"+itoa(rec.Version))
	}
	return rec, nil
}
