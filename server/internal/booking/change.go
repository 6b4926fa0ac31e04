package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Op is what a Change does with a resource.
type Op uint8

// The operations of a Change.
const (
	// Create stores a new resource. An Appointment that names slots takes them
	// (design decision 17): all of them, or nothing is stored.
	//
	// fhir.Unprocessable when the resource breaks a rule, fhir.SlotTaken when a
	// slot is not free, fhir.Duplicate when an identifier that must be unique
	// exists or the request id was used, fhir.Forbidden when the caller may write
	// nowhere.
	Create Op = iota

	// Update stores the next version of a resource, or the first where the request
	// allows that. It is the write of a system of record: it takes no slot, and
	// fails only against another booking's hold of one; a version that holds no
	// slot any more frees what the booking held.
	//
	// fhir.NotFound, fhir.PreconditionFailed, fhir.Unprocessable, fhir.Duplicate;
	// fhir.Conflict against another booking.
	Update

	// Delete stores a deletion and frees what the resource held.
	//
	// fhir.NotFound and fhir.Gone, where that is not allowed for;
	// fhir.PreconditionFailed; fhir.Conflict for a slot that is booked.
	Delete

	// Check does nothing, and fails unless the resource is there for the caller to
	// see: fhir.NotFound, fhir.Gone.
	Check
	numOps
)

// Change is one write that somebody asks for. It is planned against what is
// stored and carried out within one Update of the store, alone or with others.
type Change struct {
	Request
	Op Op
	// Key names the resource. A Create takes its ID, or makes one where it has
	// none; the others look through all customers that the caller may see where
	// it names none.
	Key store.Key
	// Resource is what a Create or an Update stores.
	Resource fhir.Resource
	// Edit, when not nil, makes the next version out of the current one, in place
	// of Resource: a patch, a cancellation. It may run more than once, and must do
	// nothing else. Its error is the change's.
	Edit func(current store.Record) (fhir.Resource, error)
	// Take makes an Update of an Appointment take the slots that the version
	// names, as a Create does.
	Take bool
	// HoldUntil, when not zero, makes what is taken a hold until then.
	HoldUntil time.Time

	// MayBeGone makes a Delete of what is not there do nothing.
	MayBeGone bool

	// If, when not nil, names the resource by a search in place of Key. A Create is
	// not done when something meets it (If-None-Exist). An Update or Delete is done
	// with what meets it; when nothing does, the Update makes a new resource, under
	// the ID of Key if it has one, and the Delete does nothing. Several matches are
	// fhir.PreconditionFailed.
	If *Condition
	// FullURL is what links in other changes of the same Do call the resource
	// (http://hl7.org/fhir/R4/bundle.html#references). They are made to point at
	// it under the id that it has here.
	FullURL string
	// Also, when not nil, does more in the same commit, once the change is made. It
	// may run more than once; its error is the change's.
	Also func(ctx context.Context, tx store.Tx, made Result) error
	// Refs are the searches that stand in place of references within Resource, by
	// their text. Each must find one resource.
	Refs map[string]*Condition
	answer
}

// answer is what was found out about a change's condition.
type answer struct {
	kept  *store.Record // what is there already, so that nothing is to be done
	twin  int           // that many changes before it, one creates under the same condition
	fresh bool          // nothing meets the condition, and so it creates
}

// Result is what a Change came to.
type Result struct {
	Record  store.Record // the version that is current after it
	Created bool         // the first version was stored
	Notes   []fhir.Issue // on what was stored, for one who asked for them
}

// Failed says which of several changes failed, by its place among them, and why.
type Failed struct {
	At  int
	Err error
}

// Error gives the place and the reason.
func (f *Failed) Error() string { return fmt.Sprintf("change %d: %v", f.At, f.Err) }

// Unwrap gives the reason, so that it keeps its kind.
func (f *Failed) Unwrap() error { return f.Err }

// Do carries out changes in their order, all of them or none. Each sees what
// those before it did; conditions are about what was before all of them. No
// resource may be changed twice. The error for one among several is a *Failed.
func (s *Service) Do(ctx context.Context, changes ...Change) (out []Result, err error) {
	changes = s.named(changes)
	for range 2 {
		if out, err = s.do(ctx, changes); !lostRace(err) || !slices.ContainsFunc(changes, Change.createsOnce) {
			break
		}
		// Who lost a race for a slot or an identifier may find that the winner's
		// meets the condition.
	}
	return out, err
}

// createsOnce says whether a change creates unless something meets its condition.
func (c Change) createsOnce() bool { return c.If != nil && c.Op == Create }

func lostRace(err error) bool {
	return errors.Is(err, fhir.Duplicate) || errors.Is(err, fhir.SlotTaken)
}

func (s *Service) do(ctx context.Context, changes []Change) (out []Result, err error) {
	early, err := s.prepare(ctx, s.Store, changes)
	if err != nil {
		return nil, err
	}
	d := &deed{s: s, changes: changes, early: early}
	if len(changes) == 1 {
		// One change alone is planned before the store is locked.
		if d.planned, err = s.plan(ctx, s.Store, early[0]); err != nil {
			return nil, err
		}
		if early[0].kept != nil {
			return []Result{{Record: *early[0].kept}}, nil
		}
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		out, err = d.run(ctx, tx)
		return err
	})
	return out, err
}

// DoIn carries out changes, as Do does, within an Update that is at work.
func (s *Service) DoIn(ctx context.Context, tx store.Tx, changes ...Change) ([]Result, error) {
	changes = s.named(changes)
	early, err := s.prepare(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	d := &deed{s: s, changes: changes, early: early}
	return d.run(ctx, tx)
}

// named gives every change that may store a new resource the id for it.
func (s *Service) named(changes []Change) []Change {
	out := slices.Clone(changes)
	for i := range out {
		if c := &out[i]; c.Key.ID == "" && (c.Op == Create || c.Op == Update) {
			c.Key.ID = s.NewID()
		}
	}
	return out
}

// step carries out a change that was planned. It may run more than once.
type step func(ctx context.Context, tx *work) (Result, error)

// plan checks of a change what needs no lock, and gives the rest.
func (s *Service) plan(ctx context.Context, now store.Reader, c Change) (step, error) {
	if c.kept != nil {
		return func(context.Context, *work) (Result, error) { return Result{Record: *c.kept}, nil }, nil
	}
	plans := [numOps]func(context.Context, store.Reader, Change) (step, error){
		Create: s.planCreate, Update: s.planUpdate, Delete: s.planDelete, Check: s.planCheck,
	}
	return plans[c.Op](ctx, now, c)
}

func (s *Service) one(ctx context.Context, c Change) (Result, error) {
	out, err := s.Do(ctx, c)
	if err != nil {
		return Result{}, err
	}
	return out[0], nil
}

// Create stores a new resource under an id of ours; see the operation Create.
func (s *Service) Create(ctx context.Context, req Request, r fhir.Resource) (store.Record, error) {
	out, err := s.one(ctx, Change{Request: req, Op: Create, Key: store.Key{Type: r.Type()}, Resource: r})
	return out.Record, err
}

// Update stores the next version of a resource; see the operation Update.
func (s *Service) Update(ctx context.Context, req Request, key store.Key, r fhir.Resource) (rec store.Record, created bool, err error) {
	out, err := s.one(ctx, Change{Request: req, Op: Update, Key: key, Resource: r})
	return out.Record, out.Created, err
}

// Delete stores a deletion; see the operation Delete.
func (s *Service) Delete(ctx context.Context, req Request, key store.Key) (store.Record, error) {
	out, err := s.one(ctx, Change{Request: req, Op: Delete, Key: key})
	return out.Record, err
}

// absent says whether a read found that there is no such resource.
func absent(err error) bool {
	return errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone)
}
