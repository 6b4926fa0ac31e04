package booking_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// faulty is a store whose changes fail at one step of them: the change itself, or
// what is read on the way.
type faulty struct {
	store.Store
	at    int // the step that fails; 0 for none
	steps int // that were taken
}

var errFault = errors.New("the disk is gone")

func (f *faulty) Update(ctx context.Context, fn func(store.Tx) error) error {
	return f.Store.Update(ctx, func(tx store.Tx) error {
		f.steps = 0
		if err := fn(&faultyTx{tx, f}); err != nil {
			return err
		}
		return f.step() // the commit
	})
}

func (f *faulty) step() error {
	if f.steps++; f.steps == f.at {
		return errFault
	}
	return nil
}

type faultyTx struct {
	store.Tx
	f *faulty
}

func (t *faultyTx) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	if err := t.f.step(); err != nil {
		return store.Record{}, err
	}
	return t.Tx.Read(ctx, see, k)
}

func (t *faultyTx) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	if err := t.f.step(); err != nil {
		return store.Claim{}, err
	}
	return t.Tx.Claimed(ctx, space, key)
}

func (t *faultyTx) Put(ctx context.Context, p store.Put) (store.Record, error) {
	if err := t.f.step(); err != nil {
		return store.Record{}, err
	}
	return t.Tx.Put(ctx, p)
}

func (t *faultyTx) Claim(ctx context.Context, c store.Claim) error {
	if err := t.f.step(); err != nil {
		return err
	}
	return t.Tx.Claim(ctx, c)
}

func (t *faultyTx) Release(ctx context.Context, space, key, holder string) error {
	if err := t.f.step(); err != nil {
		return err
	}
	return t.Tx.Release(ctx, space, key, holder)
}

const containedBooking = `{"resourceType":"Appointment","status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:30:00Z",
 "contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Sample"}]}],
 "slot":[{"reference":"Slot/s1"},{"reference":"Slot/s2"}],"participant":[{"actor":{"reference":"#p"},"status":"accepted"}]}`

// TestPromise: NHS booking standard, requirement 92. A booking of two slots with its
// patient and its request id, and then its cancellation, with each step of either
// failing once: what failed left nothing, and the same request id then succeeds.
func TestPromise(t *testing.T) {
	w := newWorld(t)
	f := &faulty{Store: w.Store}
	w.Store = f
	state := func() string {
		c, held := f.Store.Claimed(t.Context(), "slot", "trust\x00s1")
		return fmt.Sprint(w.status("s1"), w.status("s2"), w.read("Slot", "s1").Version, w.count("Appointment"), w.count("Patient"), c.Holder, held)
	}
	// until carries a thing out, failing at one step after another, until none is left.
	until := func(what, requestID string, do func() (store.Record, error)) store.Record {
		before := state()
		for f.at = 1; ; f.at++ {
			rec, err := do()
			if err == nil {
				if f.at < 6 {
					t.Errorf("%s took %d steps only", what, f.at)
				}
				f.at = 0
				return rec
			}
			if !errors.Is(err, errFault) || fhir.KindOf(err) != fhir.Internal {
				t.Fatalf("%s, step %d: %v", what, f.at, err)
			}
			if after := state(); after != before {
				t.Fatalf("%s, step %d left %s, was %s", what, f.at, after, before)
			}
			if made, err := w.Done(t.Context(), caller("X1").Principal, requestID); made != "" || err != nil {
				t.Fatalf("%s, step %d: the request id is used up by %q (%v)", what, f.at, made, err)
			}
		}
	}
	req := caller("X1")
	req.RequestID, req.LocalID = "0f0f0f0f-1111-4222-8333-444444444444", "https://facade.example.test/Id/patient"
	made := until("the booking", req.RequestID, func() (store.Record, error) {
		return w.Create(t.Context(), req, parse(t, containedBooking))
	})
	if done, err := w.Done(t.Context(), req.Principal, req.RequestID); done != "Appointment/"+made.ID+"/_history/1" || err != nil {
		t.Errorf("the request id is of %q (%v)", done, err)
	}
	if w.status("s1") != "busy" || w.status("s2") != "busy" || w.count("Patient") != 2 {
		t.Error("the booking is not whole")
	}
	if id := made.Resource.Root().Get("contained").First().Get("identifier").First(); id.Get("system").Text() != req.LocalID || id.Get("value").Text() == "" {
		t.Errorf("the patient's identifier is %s", id.Raw()) // 64
	}
	c := cancel(req, made.Key)
	c.RequestID = "1f0f0f0f-1111-4222-8333-444444444444"
	until("the cancellation", c.RequestID, func() (store.Record, error) {
		out, err := w.Do(t.Context(), c)
		return slices.Concat(out, []booking.Result{{}})[0].Record, err
	})
	if w.status("s1") != "free" || w.status("s2") != "free" {
		t.Error("the cancellation freed nothing")
	}
}
