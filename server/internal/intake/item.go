package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/server/internal/store"
)

// ItemState is the state of an item of the review queue:
//
//	pending -> accepted | rejected | released | failed | expired
//	failed, rejected, expired -> (replayed) pending | accepted | released | failed
type ItemState string

// The states of items.
const (
	Pending  ItemState = "pending"
	Accepted ItemState = "accepted" // carried out, as an administrator said
	Rejected ItemState = "rejected" // not carried out, as an administrator said
	Released ItemState = "released" // carried out, since a later message matched; or the cause is gone
	Failed   ItemState = "failed"   // it was to be carried out, and could not be
	Expired  ItemState = "expired"  // nobody decided in time
)

// ItemStates gives the states, for those who ask by them.
func ItemStates() []ItemState {
	return []ItemState{Pending, Failed, Accepted, Rejected, Released, Expired}
}

// open says whether somebody has something to do about the item.
func (s ItemState) open() bool { return s == Pending || s == Failed }

// Item is an item of a customer's review queue: a message that is held, or the
// notice of a time that is booked twice.
type Item struct {
	ID       string    `json:"id"` // sorts by time
	Customer string    `json:"customer"`
	State    ItemState `json:"state"`
	Reason   Reason    `json:"reason"`

	Peer       hl7bridge.Peer `json:"peer"`
	Connecting string         `json:"connecting"`
	Control    string         `json:"control"`
	Event      string         `json:"event"`
	Sent       time.Time      `json:"sent,omitzero"`
	Received   time.Time      `json:"received"`
	Placer     string         `json:"placer,omitempty"`
	Entry      string         `json:"entry"` // of the journal

	Patient     string   `json:"patient,omitempty"`     // id of the stored patient
	Appointment string   `json:"appointment,omitempty"` // id, where it was known
	Slots       []string `json:"slots,omitempty"`       // ids of the slots booked twice
	Cleared     []string `json:"cleared,omitempty"`     // ids of those that are booked twice no longer
	Others      []string `json:"others,omitempty"`      // ids of the appointments that they were booked for before

	Point  string `json:"point,omitempty"` // key of the data point it waits at
	Number int    `json:"number,omitempty"`
	Sealed []byte `json:"sealed,omitempty"` // evidence

	By      string    `json:"by,omitempty"` // who decided
	Decided time.Time `json:"decided,omitzero"`
	Why     string    `json:"why,omitempty"`
	Answer  string    `json:"answer,omitempty"` // what it would have been answered in the end
	App     string    `json:"app,omitempty"`
	Text    string    `json:"text,omitempty"`
	Wrote   []string  `json:"wrote,omitempty"`
}

// public gives an item without what is for the store only.
func (it Item) public() Item {
	it.Point, it.Number, it.Sealed = "", 0, nil
	return it
}

// evidence is what of an item is encrypted at rest.
type evidence struct {
	Raw      []byte `json:"raw"`
	Expected string `json:"expected,omitempty"` // date of birth on record when it was held
	Received string `json:"received,omitempty"` // date of birth in the message
}

// reviewSpace is the space of the claims that hold items: customer, whether it is
// open, id. heldSpace finds those that wait at a data point by their number.
const (
	reviewSpace = "review"
	heldSpace   = "held"
)

func itemKey(customer string, open bool, id string) string {
	group := "done"
	if open {
		group = "open"
	}
	return customer + "\x00" + group + "\x00" + id
}

func heldKey(point, patient string, number int) string {
	return fmt.Sprintf("%s\x00%s\x00%010d", point, patient, number)
}

// readItem gives an item of a customer. fhir.NotFound when there is none.
func readItem(ctx context.Context, r store.Reader, customer, id string) (it Item, err error) {
	for _, open := range []bool{true, false} {
		c, err := r.Claimed(ctx, reviewSpace, itemKey(customer, open, id))
		if errors.Is(err, fhir.NotFound) {
			continue
		}
		if err != nil {
			return it, err
		}
		return it, json.Unmarshal(c.Payload, &it)
	}
	return it, fhir.Errorf(fhir.NotFound, "There is no item with this id in the review queue.")
}

// add puts a new item into the queue.
func (it *Item) add(ctx context.Context, tx store.Tx) error {
	payload, err := json.Marshal(it)
	if err != nil {
		return err
	}
	return tx.Claim(ctx, store.Claim{
		Space: reviewSpace, Key: itemKey(it.Customer, it.State.open(), it.ID), Holder: string(it.State), Payload: payload,
	})
}

// leave takes an item out of the queue.
func (it *Item) leave(ctx context.Context, tx store.Tx) error {
	return tx.Release(ctx, reviewSpace, itemKey(it.Customer, it.State.open(), it.ID), string(it.State))
}

// move gives an item another state.
func (it *Item) move(ctx context.Context, tx store.Tx, to ItemState) error {
	if err := it.leave(ctx, tx); err != nil {
		return err
	}
	it.State = to
	return it.add(ctx, tx)
}
