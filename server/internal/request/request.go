// Package request holds what patients ask of the people who run a clinic: to
// change an appointment, or to cancel it. A request is a FHIR Task that points at
// the appointment and holds the conversation about it. While it is open the
// appointment's status is pending; whatever moves the status on, a message of the
// feed or a FHIR client, answers the request in the same commit.
//
// What the status was before stands in the Task, so that a request that is
// withdrawn, or done without a change, puts it back. An appointment has at most
// one open request: a claim sees to that, whichever process asks.
package request

import (
	"context"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// Service carries out what patients and staff do with requests. Its fields are set
// once, before first use.
type Service struct {
	Store   store.Store
	Booking *booking.Service
	Catalog *search.Catalog
	Bases   []string // under which an absolute reference is to a resource here
	Now     func() time.Time
	NewID   func() string
	// Zone gives the zone in which a customer's dates are worded; nil is UTC.
	Zone func(customer string) *time.Location
	// Asks gives what a customer's patients may ask for: nothing where the customer
	// does not take requests (seed 002, step 1).
	Asks    func(customer string) []Kind
	numbers counter
}

// Kind is what a patient asks for.
type Kind string

// The kinds.
const (
	Change Kind = "change"
	Cancel Kind = "cancel"
)

// Kinds are all of them.
var Kinds = []Kind{Change, Cancel}

// State is the Task's status.
type State string

// The states. A request is open in the first two.
const (
	Requested State = "requested"   // nobody has it yet
	Claimed   State = "in-progress" // somebody works on it
	Completed State = "completed"   // the appointment was changed, or staff are done with it
	Rejected  State = "rejected"    // staff will not do it
	Withdrawn State = "cancelled"   // by the patient, or because the appointment is gone
)

// Open says whether the request still waits for its answer.
func (s State) Open() bool { return s == Requested || s == Claimed }

// Request is a view of the Task of a request.
type Request struct {
	Key         store.Key // of the Task; its ID is also that of the conversation
	Version     int64
	Number      Number // of its first message
	Kind        Kind
	State       State
	Subject     string // such as: Request to change appointment: Sunday 14 September 2025 12:00am - Emergency
	Progress    string // how far it is, in the words of staff; may be empty
	Why         string // why it is in its state; may be empty
	Before      string // the appointment's status before the request, or as the feed has said since
	After       string // the status that answered it; empty while open
	Appointment store.Key
	Patient     store.Key
	Owner       Party // who works on it; zero when nobody does
	Asked       time.Time
	Changed     time.Time
	Ended       time.Time // zero while open
	Messages    []Message // oldest first; the first is the patient's note
	Notes       []Message // of staff, among themselves
}

// Message is one of a conversation, or a note of staff.
type Message struct {
	Number  Number // 0 of a note
	Time    time.Time
	Author  Party // of a patient's message the patient
	Text    string
	Patient bool // the patient wrote it
}

// Party is somebody of the staff, or a team.
type Party struct {
	Number Number // of a Staff or a Team; may be 0 of a team
	Name   string
}

// Read gives a request. fhir.NotFound when it is not there or not visible.
func (s *Service) Read(ctx context.Context, see store.Visibility, key store.Key) (Request, error) {
	key.Type = "Task"
	rec, err := s.Store.Read(ctx, see, key)
	if err != nil {
		return Request{}, err
	}
	return s.view(rec)
}

// OpenOf gives the open request of an appointment; ok is false when there is none.
func (s *Service) OpenOf(ctx context.Context, see store.Visibility, appointment store.Key) (r Request, ok bool, err error) {
	c, err := s.Store.Claimed(ctx, openSpace, openKey(appointment))
	if absent(err) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	r, err = s.Read(ctx, see, store.Key{Customer: appointment.Customer, ID: c.Holder})
	return r, err == nil, err
}

// Query is a search for requests. Params are those of Task, as in an address.
type Query struct {
	Params string // such as status=requested&_sort=authored-on
	After  string // where the page before ended
	Limit  int
}

// Page is a page of requests.
type Page struct {
	Requests []Request
	Total    int
	Next     string // After of the next page; empty on the last
}

// Search gives a page of requests. fhir.Invalid for a search that is not understood.
func (s *Service) Search(ctx context.Context, see store.Visibility, q Query) (p Page, err error) {
	parsed, err := search.Parse(s.Catalog, "Task", q.Params, s.Now())
	if err != nil {
		return p, err
	}
	parsed.Query.After, parsed.Query.Count = q.After, q.Limit
	page, err := s.Store.Search(ctx, see, parsed.Query)
	if err != nil {
		return p, err
	}
	p.Total, p.Next = page.Total, page.Next
	for _, rec := range page.Records {
		r, err := s.view(rec)
		if err != nil {
			return p, err
		}
		p.Requests = append(p.Requests, r)
	}
	return p, nil
}

// openSpace is the space of the claims that keep a second request from an
// appointment: key customer\0appointment, holder the Task.
const openSpace = "asked"

func openKey(appointment store.Key) string { return appointment.Customer + "\x00" + appointment.ID }

// put stores the next version of a Task, or the first.
func (s *Service) put(ctx context.Context, tx store.Tx, old store.Record, key store.Key, changes ...fhir.Change) (store.Record, error) {
	from := old.Resource
	if old.Version == 0 {
		from = fhir.Empty("Task")
	}
	next, err := from.Apply(changes...)
	if err != nil {
		return store.Record{}, err
	}
	rec, _, err := s.Booking.PutFeed(ctx, tx, booking.Feed{Key: key, Old: old, Resource: next})
	return rec, err
}

// move puts an appointment's status.
func (s *Service) move(ctx context.Context, tx store.Tx, old store.Record, status string) error {
	next, err := old.Resource.Apply(set("status", fhir.Quote(status)))
	if err != nil {
		return err
	}
	_, _, err = s.Booking.PutFeed(ctx, tx, booking.Feed{Key: old.Key, Old: old, Resource: next})
	return err
}

// note says in the audit what was done; who did it the caller's context says.
func note(tx store.Tx, act string, task store.Key) {
	audit.Note(tx, func(e *audit.Event) {
		if e.Act == "" {
			e.Act = act
		}
		e.Of = append(e.Of, task.ID)
	})
}

func statusOf(rec store.Record) string { return rec.Resource.Root().Get("status").Text() }

func absent(err error) bool {
	k := fhir.KindOf(err)
	return err != nil && (k == fhir.NotFound || k == fhir.Gone)
}
