// Package booking decides whether an appointment may be booked, changed or
// cancelled, and does so atomically. Every write of a resource passes through
// it, whichever face or transport it came by, so that what must be unique is
// unique and a slot is held once.
//
// It knows nothing of HTTP, and nothing of HL7.
package booking

import (
	"context"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Service carries out writes. Its fields are set once, before first use.
type Service struct {
	Store   store.Store
	Catalog *search.Catalog
	Bases   []string // under which an absolute reference is to a resource here
	Now     func() time.Time
	NewID   func() string
	// StrictReferences refuses a resource that points at something of ours that is
	// not there.
	StrictReferences bool
	// Rules are those a resource must keep that somebody sent.
	Rules r4.Rules
	// HoldFor is how long a hold lasts; DefaultHold when zero.
	HoldFor time.Duration
	// Offers gives the policy of what consumers are offered, as it is in force. A
	// service that it does not name is offered to all. Nil for no policy.
	Offers func() []Offer
	// Cleared, when not nil, is told within the Update that a slot is booked twice
	// no longer; see Feed.Note.
	Cleared func(ctx context.Context, tx store.Tx, c Clash) error
	// Tell, when not nil, is told within the Update of each new version of an
	// appointment.
	Tell func(ctx context.Context, tx store.Tx, t Told) error
	// Said, when not nil, is told within the Update of a feed that says itself what the
	// status of a stored appointment is, also where that is no change.
	Said func(ctx context.Context, tx store.Tx, appointment store.Key, status string) error
}

// Told is a new version of an appointment, which may be a deletion.
type Told struct {
	Old, Now store.Record // Old is zero of one that is new
	From     string       // the HL7 partner whose message made it; empty where it was a FHIR client
}

// write is one resource on its way into the store.
type write struct {
	key       store.Key
	resource  fhir.Resource
	ifVersion int64
	old       store.Record // the current version; zero when there is none
	links     []store.Link
	posted    bool   // a new resource under an id of ours
	from      string // the partner whose message it is; see Told
}

// put stores a resource and keeps what must be unique so.
func (s *Service) put(ctx context.Context, tx *work, w write) (store.Record, error) {
	if err := s.claimUnique(ctx, tx, w); err != nil {
		return store.Record{}, err
	}
	switch w.key.Type {
	case "Appointment":
		if err := s.checkHolds(ctx, tx, w); err != nil {
			return store.Record{}, err
		}
	case "Slot":
		if err := s.checkSlot(ctx, tx, w); err != nil {
			return store.Record{}, err
		}
	}
	rec, err := tx.Put(ctx, store.Put{Key: w.key, Resource: w.resource, IfVersion: w.ifVersion, Links: w.links, Posted: w.posted})
	if err != nil || rec.Version == w.old.Version {
		return rec, err
	}
	return rec, s.tell(ctx, tx, Told{Old: w.old, Now: rec, From: w.from})
}

func (s *Service) tell(ctx context.Context, tx *work, t Told) error {
	if s.Tell == nil || t.Now.Type != "Appointment" {
		return nil
	}
	return s.Tell(ctx, tx.Tx, t)
}

// author records who made a resource, for those who may read only their own.
func (s *Service) author(ctx context.Context, tx store.Tx, p auth.Principal, key store.Key) error {
	if key.Type != "Appointment" {
		return nil
	}
	return tx.Claim(ctx, store.Claim{
		Space: "author", Key: key.Customer + "\x00" + key.Type + "/" + key.ID,
		Holder: key.ID, Payload: []byte(authorOf(p)),
	})
}

// authorOf is whose a booking is: the organisation's, or the client's where it
// names none.
func authorOf(p auth.Principal) string {
	if p.Organisation != "" {
		return "organisation " + p.Organisation
	}
	return "client " + p.Client
}

// Owned gives the key of a resource that the caller's organisation made, with the
// customer that it is of. Any other is fhir.NotFound, whether it is there or not.
func (s *Service) Owned(ctx context.Context, p auth.Principal, key store.Key) (store.Key, error) {
	var of []string
	for _, customer := range p.Customers {
		if key.Customer != "" && key.Customer != customer {
			continue
		}
		c, err := s.Store.Claimed(ctx, "author", customer+"\x00"+key.Type+"/"+key.ID)
		if err == nil && string(c.Payload) == authorOf(p) {
			of = append(of, customer)
		} else if err != nil && fhir.KindOf(err) != fhir.NotFound {
			return key, err
		}
	}
	switch len(of) {
	case 0:
		return key, store.NotFound(key)
	case 1:
		key.Customer = of[0]
		return key, nil
	}
	return key, store.MultipleMatches(key)
}
