// Package outbox tells partners of what happens to appointments: a change that is
// made here becomes an SIU message, which is kept in the same commit and sent until
// the partner has taken it.
//
//	change -> Note (in the change's Update) -> queue of each subscriber -> worker -> partner
//
// A message is written once, when the change is, and kept as it is: what is sent
// again, after a failure or a crash, is the same message with the same MSH-10, which
// a receiver knows to have had. Messages about one appointment go out in the order of
// its versions, one after the other is taken; those about others do not wait.
package outbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/booking"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/store"
)

// Subscriber is a partner who is told.
type Subscriber struct {
	Partner   string
	Customers []string // whose appointments; none: every customer's that it has a grant for
	Events    []string // codes; none: all of mappings.EventOfChange
	Relay     bool     // also of what other partners' messages change

	ToApp, ToFacility    string // MSH-5, MSH-6
	Processing, Standard string // MSH-11, MSH-12; P and 2.4 where empty
	Timeout              time.Duration
	GiveUp               time.Duration // how long a message is sent again that is answered AE

	// Transport and Address say in the journal where messages went.
	Transport, Address string

	// Open makes the way to the partner. Way tells two ways apart: when it changes,
	// the link is made anew.
	Open func() (dispatch.Link, error)
	Way  string
}

// Subscribers knows who is told, and of customers what messages need. It is asked
// anew for each change, so that it may be replaced while in use.
type Subscribers interface {
	Subscribers() []Subscriber
	Customer(alias string) (hl7bridge.Customer, bool)
}

// Service keeps the outbox. Its fields are set once, before first use.
type Service struct {
	Store store.Store
	Who   Subscribers
	Bases []string // under which an absolute reference is to a resource here
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger
	// Seal and Open encrypt messages at rest.
	Seal func(plain []byte) []byte
	Open func(sealed []byte) ([]byte, error)
	// Alone says that no other process can have the store open, so that a lease
	// left behind by one that is gone is nobody's.
	Alone bool
	// Observe is told of every attempt: delivered, refused, failed or unanswered.
	Observe func(partner, outcome string)

	stats stats
}

// Space is the space of the claims that are the outbox. A key is
//
//	partner \0 q or d \0 time \0 version \0 customer \0 appointment
//
// where q is the queue and d what was given up, and time is when the version was
// stored: versions of one appointment stand in their order, whatever process stored
// them, and others about in theirs.
const Space = "outbox"

const (
	queued = "q"
	dead   = "d"
)

// place is such a key.
type place struct {
	partner, state, when string
	version              int64
	customer, id         string
}

const whenFormat = "20060102T150405.000Z"

func (p place) key() string {
	return strings.Join([]string{p.partner, p.state, p.when, fmt.Sprintf("%016x", p.version), p.customer, p.id}, "\x00")
}

func placeOf(key string) (p place, ok bool) {
	parts := strings.Split(key, "\x00")
	if len(parts) != 6 {
		return p, false
	}
	n, err := strconv.ParseInt(parts[3], 16, 64)
	return place{parts[0], parts[1], parts[2], n, parts[4], parts[5]}, err == nil
}

func prefix(partner, state string) string { return partner + "\x00" + state + "\x00" }

// as gives the place in another state.
func (p place) as(state string) place { p.state = state; return p }

// about tells appointments apart.
func (p place) about() string { return p.customer + "\x00" + p.id }

// letter is the payload of a claim.
type letter struct {
	Event   string    `json:"event"`
	Control string    `json:"control"` // MSH-10
	Queued  time.Time `json:"queued"`
	Sealed  []byte    `json:"sealed,omitempty"` // nil where no message could be written
	// Why it was given up.
	Code string    `json:"code,omitempty"` // MSA-1; empty where there was no message to send
	Why  string    `json:"why,omitempty"`
	Gone time.Time `json:"gone,omitzero"`
}

// Note keeps the messages of a change, within the change's Update. A change that
// cannot be told is kept as given up: it must not fail for it.
func (s *Service) Note(ctx context.Context, tx store.Tx, c booking.Told) error {
	var t *telling
	for _, sub := range s.Who.Subscribers() {
		if !sub.hears(c) {
			continue
		}
		if t == nil {
			var err error
			if t, err = s.telling(ctx, tx, c); err != nil || t == nil {
				return err
			}
		}
		event := sub.eventOf(t.notice.Event)
		if event == "" {
			continue
		}
		if err := s.enqueue(ctx, tx, sub, t.of(event), place{sub.Partner, queued, c.Now.Updated.UTC().Format(whenFormat), c.Now.Version, c.Now.Customer, c.Now.ID}); err != nil {
			return err
		}
	}
	return nil
}

// hears says whether a change is the subscriber's to be told: of its customers, and
// not its own. What came by a partner's message is for those who ask for it.
func (sub Subscriber) hears(c booking.Told) bool {
	if !slices.Contains(sub.Customers, c.Now.Customer) || c.From == sub.Partner {
		return false
	}
	return c.From == "" || sub.Relay
}

// eventOf gives the event by which the subscriber hears of one: a deletion is a
// cancellation to those who know no other.
func (sub Subscriber) eventOf(event string) string {
	if len(sub.Events) == 0 || slices.Contains(sub.Events, event) {
		return event
	}
	if event == "S17" && slices.Contains(sub.Events, "S15") {
		return "S15"
	}
	return ""
}

// enqueue writes the subscriber's message and keeps it.
func (s *Service) enqueue(ctx context.Context, tx store.Tx, sub Subscriber, n mappings.Notice, at place) error {
	n.ToApp, n.ToFacility = sub.ToApp, sub.ToFacility
	n.Processing, n.Standard = cmp.Or(sub.Processing, "P"), cmp.Or(sub.Standard, "2.4")
	n.Control = controlOf(at, n.At)
	l := letter{Event: n.Event, Control: n.Control, Queued: s.Now().UTC()}
	message, err := n.Message()
	if err != nil {
		at.state, l.Why, l.Gone = dead, fhir.AsError(err).Text, l.Queued
	} else {
		l.Sealed = s.Seal(message)
	}
	return s.keep(ctx, tx, at, l)
}

func (s *Service) keep(ctx context.Context, tx store.Tx, at place, l letter) error {
	payload, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return tx.Claim(ctx, store.Claim{Space: Space, Key: at.key(), Holder: l.Control, Payload: payload})
}

// controlOf makes MSH-10: of at most 20 characters (v2.3 to v2.5), the same for the same
// message, and no other's.
func controlOf(at place, when time.Time) string {
	sum := sha256.Sum256([]byte(at.as(queued).key() + "\x00" + when.UTC().Format(time.RFC3339Nano)))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:20]
}
