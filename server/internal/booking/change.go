package booking

import (
	"context"
	"errors"
	"fmt"

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
	// fhir.NotFound, fhir.Gone, fhir.PreconditionFailed; fhir.Conflict for a slot
	// that is booked.
	Delete
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
}

// Result is what a Change came to.
type Result struct {
	Record  store.Record // the version that is current after it
	Created bool         // by an Update that stored the first version
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
// those before it did. The error for one among several is a *Failed.
func (s *Service) Do(ctx context.Context, changes ...Change) ([]Result, error) {
	if len(changes) == 1 {
		r, err := s.do(ctx, changes[0])
		return []Result{r}, err
	}
	var out []Result
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		out = make([]Result, 0, len(changes))
		for i, c := range changes {
			r, err := s.DoIn(ctx, tx, c)
			if err != nil {
				return &Failed{At: i, Err: err}
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// do carries out one change. It is planned before the store is locked.
func (s *Service) do(ctx context.Context, c Change) (out Result, err error) {
	run, err := s.plan(ctx, s.Store, c)
	if err != nil {
		return out, err
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		out, err = run(ctx, tx)
		return err
	})
	return out, err
}

// DoIn carries out one change within an Update that is at work.
func (s *Service) DoIn(ctx context.Context, tx store.Tx, c Change) (Result, error) {
	run, err := s.plan(ctx, tx, c)
	if err != nil {
		return Result{}, err
	}
	return run(ctx, tx)
}

// step carries out a change that was planned. It may run more than once.
type step func(ctx context.Context, tx store.Tx) (Result, error)

// plan checks of a change what needs no lock, and gives the rest.
func (s *Service) plan(ctx context.Context, now store.Reader, c Change) (step, error) {
	plans := [numOps]func(context.Context, store.Reader, Change) (step, error){
		Create: s.planCreate, Update: s.planUpdate, Delete: s.planDelete,
	}
	return plans[c.Op](ctx, now, c)
}

// Create stores a new resource under an id of ours; see the operation Create.
func (s *Service) Create(ctx context.Context, req Request, r fhir.Resource) (store.Record, error) {
	out, err := s.do(ctx, Change{Request: req, Op: Create, Key: store.Key{Type: r.Type()}, Resource: r})
	return out.Record, err
}

// Update stores the next version of a resource; see the operation Update.
func (s *Service) Update(ctx context.Context, req Request, key store.Key, r fhir.Resource) (rec store.Record, created bool, err error) {
	out, err := s.do(ctx, Change{Request: req, Op: Update, Key: key, Resource: r})
	return out.Record, out.Created, err
}

// Delete stores a deletion; see the operation Delete.
func (s *Service) Delete(ctx context.Context, req Request, key store.Key) (store.Record, error) {
	out, err := s.do(ctx, Change{Request: req, Op: Delete, Key: key})
	return out.Record, err
}

// absent says whether a read found that there is no such resource.
func absent(err error) bool {
	return errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone)
}
