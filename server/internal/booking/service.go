// Package booking decides whether an appointment may be booked, changed or
// cancelled, and does so atomically. Every write of a resource passes through
// it, whichever face or transport it came by, so that what must be unique is
// unique and a slot is held once.
//
// It knows nothing of HTTP, and of HL7 only the bridge's Envelope and Answer and
// the mappings' Intent.
package booking

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
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
	// Seal encrypts the raw text of messages for the log.
	Seal func(plain []byte) []byte
}

// Request is who asks for a write, and under what conditions.
type Request struct {
	Principal auth.Principal
	// RequestID, when not empty, makes the request one that succeeds once: NHS
	// booking standard, X-Request-ID.
	RequestID string
	// IfVersion is the version that must be current, or store.Any.
	IfVersion int64
	// Create allows an update to make a resource that is not there.
	Create bool
	// SlotNeeded makes a new Appointment name the slots it takes.
	SlotNeeded bool
}

// sees is what the caller may see of some customers.
func (r Request) sees(customers ...string) store.Visibility {
	see := store.Visibility{Customers: customers}
	if len(r.Principal.Labels) > 0 {
		see.Labels = r.Principal.Labels
	}
	return see
}

// seesAll is what the caller may see.
func (r Request) seesAll() store.Visibility { return r.sees(r.Principal.Customers...) }

// Create stores a new resource under an id of ours. An Appointment that names
// slots takes them (design decision 17): all of them, or nothing is stored.
//
// fhir.Unprocessable when the resource breaks a rule, fhir.SlotTaken when a slot
// is not free, fhir.Duplicate when an identifier that must be unique exists or
// the request id was used, fhir.Forbidden when the caller may write nowhere.
func (s *Service) Create(ctx context.Context, req Request, r fhir.Resource) (store.Record, error) {
	if err := check(r); err != nil {
		return store.Record{}, err
	}
	plan, err := s.plan(ctx, req, r)
	if err != nil {
		return store.Record{}, err
	}
	key := store.Key{Customer: plan.customer, Type: r.Type(), ID: s.NewID()}
	var rec store.Record
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		if err := s.once(ctx, tx, req, key); err != nil {
			return err
		}
		w := write{key: key, resource: plan.resource, ifVersion: 0, links: plan.links}
		if err := s.takeSlots(ctx, tx, plan, key); err != nil {
			return err
		}
		if err := s.addPatient(ctx, tx, plan, &w); err != nil {
			return err
		}
		if rec, err = s.put(ctx, tx, w); err != nil {
			return err
		}
		return s.author(ctx, tx, req.Principal, key)
	})
	return rec, err
}

// Update stores the next version of a resource, or the first where the request
// allows that. It is the write of a system of record: it takes no slot, and
// fails only against another booking's hold of one; a version that holds no slot
// any more frees what the booking held.
//
// fhir.NotFound, fhir.PreconditionFailed, fhir.Unprocessable, fhir.Duplicate;
// fhir.Conflict against another booking.
func (s *Service) Update(ctx context.Context, req Request, key store.Key, r fhir.Resource) (rec store.Record, created bool, err error) {
	if err := check(r); err != nil {
		return rec, false, err
	}
	if key.Customer == "" {
		if key.Customer, err = s.customerOf(ctx, req, key, r); err != nil {
			return rec, false, err
		}
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		old, err := tx.Read(ctx, req.sees(key.Customer), key)
		if created = absent(err); err != nil && !(created && req.Create) {
			return err
		}
		if created {
			if _, err := tx.Read(ctx, store.Of(key.Customer), key); !absent(err) {
				return cmp.Or(err, error(fhir.Errorf(fhir.Conflict, "The id is in use.").At(key.Type+".id")))
			}
		}
		w := write{key: key, resource: r, ifVersion: req.IfVersion, old: old}
		if w.links, err = s.relink(ctx, tx, w); err != nil {
			return err
		}
		rec, err = s.put(ctx, tx, w)
		return err
	})
	return rec, created, err
}

// Delete stores a deletion and frees what the resource held.
func (s *Service) Delete(ctx context.Context, req Request, key store.Key) (rec store.Record, err error) {
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		old, err := tx.Read(ctx, req.seesAll(), key)
		if err != nil {
			return err
		}
		if key.Type == "Slot" {
			if _, held := s.holder(ctx, tx, old.Customer, key.ID); held {
				return fhir.Errorf(fhir.Conflict, "The slot is booked; cancel the booking first.")
			}
		}
		if err := s.release(ctx, tx, old, nil); err != nil {
			return err
		}
		for _, c := range uniqueKeys(old.Customer, old.Resource) {
			if err := tx.Release(ctx, c.Space, c.Key, key.ID); err != nil {
				return err
			}
		}
		rec, err = tx.Delete(ctx, old.Key, req.IfVersion)
		return err
	})
	return rec, err
}

// absent says whether a read found that there is no such resource.
func absent(err error) bool {
	return errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone)
}

// check validates a resource that somebody sent. What is only a warning passes.
func check(r fhir.Resource) error {
	issues := slices.DeleteFunc(r4.Validate(r), func(i fhir.Issue) bool { return i.Severity == "warning" })
	if len(issues) == 0 {
		return nil
	}
	return &fhir.Error{Kind: fhir.Unprocessable, Code: "INVALID_RESOURCE", Text: issues[0].Text, Where: issues[0].Where, Issues: issues}
}

// write is one resource on its way into the store.
type write struct {
	key       store.Key
	resource  fhir.Resource
	ifVersion int64
	old       store.Record // the current version; zero when there is none
	links     []store.Link
}

// put stores a resource and keeps what must be unique so.
func (s *Service) put(ctx context.Context, tx store.Tx, w write) (store.Record, error) {
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
	return tx.Put(ctx, store.Put{Key: w.key, Resource: w.resource, IfVersion: w.ifVersion, Links: w.links})
}

// once makes a request id succeed once.
func (s *Service) once(ctx context.Context, tx store.Tx, req Request, key store.Key) error {
	if req.RequestID == "" {
		return nil
	}
	err := tx.Claim(ctx, store.Claim{
		Space: "request", Key: req.Principal.Client + "\x00" + strings.ToLower(req.RequestID),
		Holder: key.ID, Payload: []byte(key.Type + "/" + key.ID),
	})
	if _, taken := store.IsTaken(err); taken {
		return fhir.Errorf(fhir.Duplicate, "A request with this X-Request-ID has already succeeded.").Coded("DUPLICATE_REQUEST").At("X-Request-ID")
	}
	return err
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

// Owns says whether the caller's organisation made a resource, of any customer
// that the caller may see when the key names none.
func (s *Service) Owns(ctx context.Context, p auth.Principal, key store.Key) bool {
	return slices.ContainsFunc(p.Customers, func(customer string) bool {
		if key.Customer != "" && key.Customer != customer {
			return false
		}
		c, err := s.Store.Claimed(ctx, "author", customer+"\x00"+key.Type+"/"+key.ID)
		return err == nil && string(c.Payload) == authorOf(p)
	})
}
