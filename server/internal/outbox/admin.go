package outbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/mappings"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// State says whether a letter is on its way.
type State string

// The states.
const (
	Queued State = "queued"
	Dead   State = "dead" // given up: refused, or there was nothing to send
)

// States gives the states, for those who ask by them.
func States() []State { return []State{Queued, Dead} }

// Item is a letter as administrators see it. It names no patient.
type Item struct {
	ID          string    `json:"id"`
	Partner     string    `json:"partner"`
	Customer    string    `json:"customer"`
	State       State     `json:"state"`
	Event       string    `json:"event"`
	Control     string    `json:"control"`
	Appointment string    `json:"appointment"` // its id
	Version     int64     `json:"version"`
	Queued      time.Time `json:"queued"`
	Given       time.Time `json:"given_up,omitzero"`
	Answer      string    `json:"answer,omitempty"` // MSA-1 of a refusal
	Why         string    `json:"why,omitempty"`
}

// Query says which letters are asked for. What is empty asks for all.
type Query struct {
	Customer, Partner string
	States            []State
	After             string
	Limit             int
}

// Page is a page of the outbox: by partner, what is dead first, oldest first.
type Page struct {
	Items []Item
	Next  string // After of the next page; empty on the last
}

var encoding = base64.RawURLEncoding

func itemOf(c store.Claim) (it Item, ok bool) {
	at, ok := placeOf(c.Key)
	var l letter
	if !ok || json.Unmarshal(c.Payload, &l) != nil {
		return it, false
	}
	state := Queued
	if at.state == dead {
		state = Dead
	}
	return Item{
		ID: encoding.EncodeToString([]byte(c.Key)), Partner: at.partner, Customer: at.customer, State: state, Event: l.Event, Control: l.Control,
		Appointment: at.id, Version: at.version, Queued: l.Queued, Given: l.Gone, Answer: l.Code, Why: l.Why,
	}, true
}

// maxLooked is how many letters one page looks at, at most.
const maxLooked = 5_000

// Items gives a page of the outbox of the caller's customers.
//
// fhir.Forbidden for another customer's.
func (s *Service) Items(ctx context.Context, p auth.Principal, q Query) (page Page, err error) {
	if q.Customer != "" && !slices.Contains(p.Customers, q.Customer) {
		return page, fhir.Errorf(fhir.Forbidden, "This client does not act for that customer.").At("customer")
	}
	after, err := encoding.DecodeString(q.After)
	if err != nil {
		return page, fhir.Errorf(fhir.Invalid, "There is no such page.").At("after")
	}
	start := ""
	if q.Partner != "" {
		start = q.Partner + "\x00"
	}
	key := string(after)
	for looked := 0; looked < maxLooked; {
		claims, err := s.Store.Claims(ctx, Space, start, key, pageSize)
		if err != nil {
			return page, err
		}
		for _, c := range claims {
			key = c.Key
			it, ok := itemOf(c)
			if !ok || !slices.Contains(p.Customers, it.Customer) || q.Customer != "" && it.Customer != q.Customer || len(q.States) > 0 && !slices.Contains(q.States, it.State) {
				continue
			}
			if page.Items = append(page.Items, it); len(page.Items) == q.Limit {
				page.Next = encoding.EncodeToString([]byte(key))
				return page, nil
			}
		}
		if len(claims) == 0 {
			return page, nil
		}
		looked += len(claims)
	}
	page.Next = encoding.EncodeToString([]byte(key))
	return page, nil
}

// find gives a letter of one of the caller's customers.
func (s *Service) find(ctx context.Context, r store.Reader, p auth.Principal, id string) (store.Claim, place, error) {
	missing := fhir.Errorf(fhir.NotFound, "There is no such message in the outbox.")
	key, err := encoding.DecodeString(id)
	at, ok := placeOf(string(key))
	if err != nil || !ok || !slices.Contains(p.Customers, at.customer) {
		return store.Claim{}, at, missing
	}
	c, err := r.Claimed(ctx, Space, string(key))
	if errors.Is(err, fhir.NotFound) {
		err = missing
	}
	return c, at, err
}

// Drop takes a letter out of the outbox, whatever its state. It is recorded.
func (s *Service) Drop(ctx context.Context, p auth.Principal, id string) (it Item, err error) {
	return it, s.Store.Update(ctx, func(tx store.Tx) error {
		c, at, err := s.find(ctx, tx, p, id)
		if err != nil {
			return err
		}
		it, _ = itemOf(c)
		if err := tx.Release(ctx, Space, c.Key, c.Holder); err != nil {
			return err
		}
		return looked(tx, p, "outbox.drop", at, id)
	})
}

// Requeue sends what was given up again: as the appointment is now, so that it can
// not undo what was told since. Where a later message about it is in the queue, that
// one says it all, and the letter is only dropped. It is recorded.
//
// fhir.Conflict for a letter that is in the queue, or whose partner is no subscriber.
func (s *Service) Requeue(ctx context.Context, p auth.Principal, id string) (it Item, err error) {
	return it, s.Store.Update(ctx, func(tx store.Tx) error {
		c, at, err := s.find(ctx, tx, p, id)
		if err != nil {
			return err
		}
		if at.state != dead {
			return fhir.Errorf(fhir.Conflict, "The message is in the queue already.")
		}
		it, _ = itemOf(c)
		if err := tx.Release(ctx, Space, c.Key, c.Holder); err != nil {
			return err
		}
		if it, err = s.tellNow(ctx, tx, at, it); err != nil {
			return err
		}
		return looked(tx, p, "outbox.requeue", at, id)
	})
}

// tellNow puts a message about an appointment as it is now into the queue.
func (s *Service) tellNow(ctx context.Context, tx store.Tx, at place, was Item) (Item, error) {
	i := slices.IndexFunc(s.Who.Subscribers(), func(sub Subscriber) bool { return sub.Partner == at.partner })
	if i < 0 {
		return was, fhir.Errorf(fhir.Conflict, "The partner is told of nothing any more; drop the message.")
	}
	rec, old, err := s.versions(ctx, tx, at)
	if err != nil {
		return was, err
	}
	n, err := s.notice(ctx, tx, booking.Told{Old: old, Now: rec})
	if err != nil {
		return was, err
	}
	now := rec.Resource
	if rec.Deleted {
		now = fhir.Resource{}
	}
	switch n.Event = mappings.EventOfChange(old.Resource, now); {
	case mappings.EventOfChange(fhir.Resource{}, now) != "": // it is a booking
		if n.Event = was.Event; was.Event != "S13" && was.Event != "S14" {
			n.Event = "S12"
		}
	case n.Event == "":
		n.Event = was.Event
	}
	n.Before, n.PartiesBefore, n.At = fhir.Resource{}, nil, s.Now()
	to := place{at.partner, queued, rec.Updated.UTC().Format(whenFormat), rec.Version, at.customer, at.id}
	err = s.enqueue(ctx, tx, s.Who.Subscribers()[i], n, to)
	if taken, is := store.IsTaken(err); is { // what is queued says the same
		it, _ := itemOf(taken)
		return it, nil
	}
	if err != nil {
		return was, err
	}
	c, err := tx.Claimed(ctx, Space, to.key())
	if errors.Is(err, fhir.NotFound) { // there is still nothing to send
		c, err = tx.Claimed(ctx, Space, to.as(dead).key())
	}
	it, _ := itemOf(c)
	return it, err
}

// versions gives the current version of an appointment, and the one before.
func (s *Service) versions(ctx context.Context, r store.Reader, at place) (now, old store.Record, err error) {
	key := store.Key{Customer: at.customer, Type: "Appointment", ID: at.id}
	page, err := r.History(ctx, store.Of(at.customer), key, "", 2)
	if err != nil {
		return now, old, err
	}
	now = page.Records[0]
	if len(page.Records) > 1 {
		old = page.Records[1]
	}
	return now, old, nil
}

// looked records what somebody does, within an Update that is at work.
func looked(tx store.Tx, p auth.Principal, act string, at place, id string) error {
	audit.Note(tx, func(e *audit.Event) {
		e.By(p)
		e.Act, e.Reach, e.Of = act, []string{at.customer}, append(e.Of, id)
	})
	return nil
}
