package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/intake"
	"slotway/server/internal/store"
	"slotway/server/internal/store/enginetest"
)

// shelf is the service on the model store, with what tests look at.
type shelf struct {
	*intake.Service
	t testing.TB

	mu      sync.Mutex
	refused []hl7bridge.Answer
	intents []mappings.Intent
	fails   error // what the store says when it does not work
	clock   time.Time
}

func newShelf(t testing.TB) *shelf {
	var mu sync.Mutex
	made := 0
	s := &shelf{t: t, clock: now}
	clock := func() time.Time { return s.clock }
	catalog := search.NewCatalog([]string{"http://facade.example.test/R4"}, time.UTC)
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		made++
		return fmt.Sprintf("new-%d", made)
	}
	kept := enginetest.New(t, catalog, clock)
	s.Service = &intake.Service{
		Store: kept, Catalog: catalog, Now: clock, NewID: newID,
		Booking: &booking.Service{Store: kept, Catalog: catalog, Now: clock, NewID: newID},
		Seal:    func(plain []byte) []byte { return append([]byte("sealed "), plain...) },
		Open: func(sealed []byte) ([]byte, error) {
			plain, ok := bytes.CutPrefix(sealed, []byte("sealed "))
			if !ok {
				return nil, errors.New("not sealed")
			}
			return plain, nil
		},
	}
	return s
}

func (s *shelf) Apply(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent, answer func(error) hl7bridge.Answer) (hl7bridge.Answer, error) {
	if s.fails != nil {
		return answer(s.fails), s.fails
	}
	s.mu.Lock()
	s.intents = append(s.intents, in)
	s.mu.Unlock()
	return s.Service.Apply(ctx, env, in, answer)
}

func (s *shelf) Refuse(ctx context.Context, env hl7bridge.Envelope, a hl7bridge.Answer) error {
	s.mu.Lock()
	s.refused = append(s.refused, a)
	s.mu.Unlock()
	if s.fails != nil {
		return s.fails
	}
	return s.Service.Refuse(ctx, env, a)
}

// put stores what was there before.
func (s *shelf) put(customer string, r fhir.Resource) {
	s.t.Helper()
	id := r.ID()
	if id == "" {
		id = "before"
		var err error
		if r, err = r.Apply(fhir.Change{Path: fhir.MustPath("id"), Op: fhir.Set, Value: fhir.Quote(id)}); err != nil {
			s.t.Fatal(err)
		}
	}
	_, _, err := s.Booking.Update(s.t.Context(), booking.Request{Principal: auth.Principal{Client: "before"}, IfVersion: store.Any, Create: true},
		store.Key{Customer: customer, Type: r.Type(), ID: id}, r)
	if err != nil {
		s.t.Fatalf("storing %s: %v", r, err)
	}
}

// stored gives the bytes of every resource of a type, by customer and id, without
// what the store writes: version, time, and an id that was made up here.
func (s *shelf) stored(typ string) map[string][]byte {
	s.t.Helper()
	all := map[string][]byte{}
	for _, c := range readDirectory(s.t).Customers {
		page, err := s.Store.Search(s.t.Context(), store.Of(c.Alias), search.Query{Type: typ, Count: 1000})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, rec := range page.Records {
			r, err := rec.Resource.Bare()
			if err != nil {
				s.t.Fatal(err)
			}
			if typ == "Appointment" && (strings.HasPrefix(rec.ID, "new-") || rec.ID == "before") {
				if r, err = r.Apply(fhir.Change{Path: fhir.MustPath("id"), Op: fhir.Remove}); err != nil {
					s.t.Fatal(err)
				}
			}
			all[c.Alias+"/"+rec.ID] = slices.Clone(r.Raw())
		}
	}
	return all
}

// at gives the appointment of a placer id in the customer trustalias.
func (s *shelf) at(placer string) fhir.Node {
	for key, raw := range s.stored("Appointment") {
		if r, err := fhir.Parse(raw); err == nil && strings.HasPrefix(key, "trustalias/") && placerOf(r) == placer {
			return r.Root()
		}
	}
	return fhir.Node{}
}

// searchAll asks for every resource of a type.
func searchAll(typ string) search.Query { return search.Query{Type: typ, Count: 1000} }
