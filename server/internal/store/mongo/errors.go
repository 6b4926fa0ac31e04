package mongo

import (
	"context"
	"errors"
	"slices"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// errStale ends a run of a change whose reads are not of one moment any more, or
// that another change overtook. The change is run again; nobody outside sees it.
var errStale = errors.New("another change was faster")

// errUnseen says that a number of the log is taken, and by whom cannot be read yet.
var errUnseen = errors.New("the record that has the number is not seen by a majority yet")

// errSlow is the cause of a context that ends because the server took too long, and
// not because the caller would wait no more.
var errSlow = errors.New("the database did not answer in time")

// usable says why nothing can be asked of the store, or nil.
func (s *Store) usable(ctx context.Context) error {
	switch {
	case s.ctx.Err() != nil:
		return store.Closed(nil)
	case ctx.Err() != nil:
		return store.Late(ctx)
	}
	return nil
}

// errUncertain is the answer for a change of which nobody could learn whether it
// was made.
func errUncertain(cause error) error {
	return fhir.Errorf(fhir.Busy, "The database went away in the middle of the change; whether it was made is not certain. Read before you try again.").Because(cause)
}

// failed gives the error of an operation on the server as callers are to see it:
// Busy where trying again can help.
func (s *Store) failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case s.ctx.Err() != nil || errors.Is(err, driver.ErrClientDisconnected):
		return store.Closed(nil)
	case ctx.Err() != nil && context.Cause(ctx) != errSlow:
		return store.Late(ctx)
	case isAway(err):
		return fhir.Errorf(fhir.Busy, "The database cannot be reached at present; nothing was changed. Try again in a moment.").Because(err)
	}
	return fhir.Errorf(fhir.Internal, "the database refused an operation").Because(err)
}

// notPrimary are the codes of a server that is going, coming or not the primary.
var notPrimary = []int{91, 189, 10058, 10107, 11600, 11602, 13435, 13436}

// isAway says whether an error is of a server that is not there, not the primary,
// too slow, or without a majority behind it.
func isAway(err error) bool {
	if neverSent(err) || driver.IsTimeout(err) || driver.IsNetworkError(err) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if pool, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err); ok && pool.Retryable() {
		return true
	}
	if w, ok := errors.AsType[driver.WriteException](err); ok && w.WriteConcernError != nil {
		return true
	}
	if w, ok := errors.AsType[driver.BulkWriteException](err); ok && w.WriteConcernError != nil {
		return true
	}
	e, ok := errors.AsType[driver.ServerError](err)
	return ok && (e.HasErrorLabel("RetryableWriteError") || slices.ContainsFunc(notPrimary, e.HasErrorCode))
}

// neverSent says whether an operation did not leave this process.
func neverSent(err error) bool {
	_, ok := errors.AsType[topology.ServerSelectionError](err)
	return ok
}

// errDamaged says that versions which must be there are not.
func errDamaged(missing int) error {
	return fhir.Errorf(fhir.Internal, "%d versions of resources that the database names are not in it: restore it from a backup", missing)
}
