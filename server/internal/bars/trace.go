package bars

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// The spaces of the claims that remember messages.
const (
	requestSpace = "bars-request" // key client\0organisation\0X-Request-Id, since the proxy brings those of many: carried is the payload
	messageSpace = "bars-message" // key client\0organisation\0Bundle.id: the same
	lastSpace    = "bars-last"    // key customer\0id of the appointment: the same, of the last message about it
)

// carried is what is remembered of a message that was carried out, with the bytes
// of it.
type carried struct {
	Bundle      string          `json:"bundle"`
	Digest      string          `json:"digest"` // SHA-256 of the message
	Appointment string          `json:"appointment"`
	Version     int64           `json:"version"` // that the message made
	Received    time.Time       `json:"received"`
	Message     json.RawMessage `json:"message,omitempty"` // of the last message about an appointment, as it was sent
}

// trace is the trace that a message leaves.
type trace struct {
	sender, request string
	now             carried
}

func (s *Service) trace(c Call, body fhir.Resource) *trace {
	sum := sha256.Sum256(body.Raw())
	return &trace{
		sender: c.sender(), request: strings.ToLower(c.RequestID),
		now: carried{Bundle: body.ID(), Digest: hex.EncodeToString(sum[:]), Received: s.Now(), Message: body.Raw()},
	}
}

// sender says whose request it is. One client, the proxy, brings those of many
// organisations, which are to learn nothing of one another.
func (c Call) sender() string {
	return c.Request.Principal.Client + "\x00" + c.Request.Principal.Organisation
}

func bundleKey(sender, id string) string { return sender + "\x00" + strings.ToLower(id) }

func (t *trace) requestKey() string { return t.sender + "\x00" + t.request }
func (t *trace) bundleKey() string  { return bundleKey(t.sender, t.now.Bundle) }

// fresh says whether the message is a new one. A sender that got no answer sends
// the same under the same X-Request-Id, and is told that it was carried out; a
// Bundle.id that is used for something else is a fault of the sender.
func (t *trace) fresh(ctx context.Context, now store.Reader) error {
	was, err := remembered(ctx, now, requestSpace, t.requestKey())
	if err != nil && !errors.Is(err, fhir.NotFound) {
		return err
	}
	if err == nil && (was.Bundle != t.now.Bundle || was.Digest == t.now.Digest) {
		return copied(was)
	}
	if t.now.Bundle == "" {
		return nil
	}
	switch _, err := remembered(ctx, now, messageSpace, t.bundleKey()); {
	case err == nil:
		return unknown("Bundle.id", "A message with this id was carried out before; each message has an id of its own.")
	case errors.Is(err, fhir.NotFound):
		return nil
	default:
		return err
	}
}

func copied(was carried) error {
	text := "A message with this X-Request-Id was carried out before, and is not carried out again. It was about Appointment/" + was.Appointment + "."
	return fault(fhir.Duplicate, "duplicate", "X-Request-Id", text)
}

func remembered(ctx context.Context, now store.Reader, space, key string) (was carried, err error) {
	c, err := now.Claimed(ctx, space, key)
	if err != nil {
		return was, err
	}
	return was, json.Unmarshal(c.Payload, &was)
}

// record leaves the trace in the commit of what the message did.
func (t *trace) record(ctx context.Context, tx store.Tx, made booking.Result) error {
	all := t.now
	all.Appointment, all.Version = made.Record.ID, made.Record.Version
	short := all
	short.Message = nil
	last := made.Record.Customer + "\x00" + made.Record.ID
	if c, err := tx.Claimed(ctx, lastSpace, last); err == nil {
		if err := tx.Release(ctx, lastSpace, last, c.Holder); err != nil {
			return err
		}
	} else if !errors.Is(err, fhir.NotFound) {
		return err
	}
	for _, c := range []struct {
		space, key string
		payload    carried
	}{{requestSpace, t.requestKey(), short}, {messageSpace, t.bundleKey(), all}, {lastSpace, last, short}} {
		payload, err := json.Marshal(c.payload)
		if err != nil {
			return err
		}
		err = tx.Claim(ctx, store.Claim{Space: c.space, Key: c.key, Holder: made.Record.ID, Payload: payload})
		if _, taken := store.IsTaken(err); taken {
			return copied(all)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
