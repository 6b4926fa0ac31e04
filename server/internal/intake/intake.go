// Package intake carries out what HL7 v2 messages ask for: it finds the patient
// and the appointment, says what changes, holds back what an administrator is to
// see first, and keeps the journal of all messages. A message's effect, its
// journal entry and its answer are one commit.
//
//	Apply -> answered before? -> older than the last? -> whose is it? -> does it fit
//	the patient? -> plan -> commit
//
// It knows of HL7 what an Intent and an Envelope say, and leaves the rules of
// appointments and slots to package booking.
package intake

import (
	"context"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/booking"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// Service carries out messages. Its fields are set once, before first use.
type Service struct {
	Store   store.Store
	Booking *booking.Service
	Catalog *search.Catalog
	Bases   []string // under which an absolute reference is to a resource here
	Now     func() time.Time
	NewID   func() string
	// Seal and Open encrypt the text of messages at rest.
	Seal func(plain []byte) []byte
	Open func(sealed []byte) ([]byte, error)
	// Bridge reads messages that were kept.
	Bridge Bridge
}

// Bridge is what the bridge does with messages that were kept, as partners and
// customers are now.
type Bridge interface {
	// Read understands a message without carrying it out.
	Read(from hl7bridge.Peer, received time.Time, raw []byte) (hl7bridge.Envelope, mappings.Intent, error)
	// Give carries a message out as if it came in now.
	Give(ctx context.Context, from hl7bridge.Peer, raw []byte) hl7bridge.Answer
}

var _ hl7bridge.Applier = (*Service)(nil)

// Apply carries out a message, spec hl7-bridge 3 and 4.4. The effect, the entry
// in the journal and the stored answer are one commit. A message whose effect is
// refused leaves its entry, and nothing else.
func (s *Service) Apply(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent, answer func(error) hl7bridge.Answer) (hl7bridge.Answer, error) {
	out, repeats, err := s.carryOut(ctx, env, in, answer)
	if err == nil {
		return out, nil
	}
	if repeats {
		in = warned(in)
	}
	out = answer(err)
	if fhir.KindOf(err) == fhir.Busy {
		return out, err
	}
	return out, s.refuse(ctx, env, in, out)
}

// carryOut applies a message. Those that were held before it, and that it
// releases, have their effect in commits of their own, some at a time, so that no
// commit is long; what a crash leaves of them is released by the next message. It
// says whether the message's control id was that of another before.
func (s *Service) carryOut(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent, answer func(error) hl7bridge.Answer) (out hl7bridge.Answer, repeats bool, err error) {
	m := s.message(env, in)
	for {
		var released bool
		err := s.Store.Update(ctx, func(tx store.Tx) (err error) {
			out, released, err = m.within(tx).run(ctx, answer)
			return err
		})
		if m.unfit.note(err) || err == nil && released {
			continue
		}
		return out, m.repeats, err
	}
}

// Refuse records a message that had no effect. Its answer is not stored for a
// replay: the same bytes may be right later, when a booking or a grant is there.
func (s *Service) Refuse(ctx context.Context, env hl7bridge.Envelope, a hl7bridge.Answer) error {
	return s.refuse(ctx, env, mappings.Intent{}, a)
}

func (s *Service) refuse(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent, a hl7bridge.Answer) error {
	m := s.message(env, in)
	return s.Store.Update(ctx, func(tx store.Tx) error { return m.within(tx).log(ctx, stateOf(a), a) })
}

// newID makes the id of a journal entry or a review item.
func (s *Service) newID() string { return journal.NewID(s.Now(), s.NewID()) }

// stateOf says what became of a message that had no effect.
func stateOf(a hl7bridge.Answer) journal.State {
	switch a.Code {
	case "":
		return journal.Reply
	case "AE":
		return journal.Failed
	}
	return journal.Refused
}
