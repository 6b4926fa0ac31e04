package mongo

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/mongo/mongotest"
)

// A booking moves between two slots again and again, in changes that keep its slot
// free and the other busy. Whatever another instance writes and applies between the
// questions of a search, the search sees one moment: the booking with a free slot.
func TestSearchSeesOneMoment(t *testing.T) {
	e, uri := envFor(t), mongotest.URI(t)
	ctx := t.Context()
	mover := openAt(t, uri, e, Options{})
	defer mover.Close()
	moves := 0
	move := func() {
		moves++
		err := mover.Update(ctx, func(tx store.Tx) error {
			return errors.Join(
				putSlot(ctx, tx, fmt.Sprint("s", moves%2), "free"), putSlot(ctx, tx, fmt.Sprint("s", (moves+1)%2), "busy"),
				putBooking(ctx, tx, fmt.Sprint("s", moves%2)))
		})
		if err == nil {
			err = mover.apply(ctx, mover.view.Load().unapplied())
		}
		if err != nil {
			t.Errorf("moving the booking: %v", err)
		}
	}
	move()
	left := 0 // how many times the booking moves during a search
	s := openAt(t, uri, e, Options{keep: -1, reach: func(p point) {
		if p == asked && left > 0 {
			left--
			move()
		}
	}})
	defer s.Close()
	for _, tc := range []struct{ typ, query string }{
		{"Appointment", "slot.status=free"},
		{"Appointment", "slot.status=free&status=booked"},
		{"Slot", "_has:Appointment:slot:status=booked&status=free"},
	} {
		for left = range 5 {
			during := left
			v, err := s.look(ctx)
			if err == nil {
				err = s.note(ctx, v.unapplied())
			}
			if err != nil {
				t.Fatal(err)
			}
			s.trim() // so that the collections are asked
			p, err := search.Parse(e.Catalog, tc.typ, tc.query, e.Now())
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.Search(ctx, store.Of("a"), p.Query)
			if err != nil || page.Total != 1 || len(page.Records) != 1 {
				t.Errorf("%s?%s with %d moves meanwhile finds %d, %v; want 1", tc.typ, tc.query, during-left, page.Total, err)
			}
		}
	}
	if moves < 10 {
		t.Errorf("the booking moved %d times, want it to move between the questions", moves)
	}
}

func putBooking(ctx context.Context, tx store.Tx, slot string) error {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","id":"b","status":"booked","slot":[{"reference":"Slot/%s"}]}`, slot))
	if err != nil {
		return err
	}
	_, err = tx.Put(ctx, store.Put{Key: store.Key{Customer: "a", Type: "Appointment", ID: "b"}, Resource: r, IfVersion: store.Any})
	return err
}
