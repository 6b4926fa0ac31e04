package store

import (
	"context"

	"slotway/fhir"
)

// NotFound is the error for a key that holds nothing the caller may see.
func NotFound(k Key) error {
	return fhir.Errorf(fhir.NotFound, "There is no %s with this id.", k.Type)
}

// Gone is the error for a key whose resource, or version asked for, is a deletion.
func Gone(k Key) error {
	return fhir.Errorf(fhir.Gone, "The %s was deleted.", k.Type)
}

// NoVersion is the error for a version that never was.
func NoVersion(k Key, version int64) error {
	return fhir.Errorf(fhir.NotFound, "The %s has no version %d.", k.Type, version)
}

// MultipleMatches is the error for an id that several visible customers hold
// when the key names none.
func MultipleMatches(k Key) error {
	return fhir.Errorf(fhir.Conflict, "More than one %s that you may see has this id; name the customer.", k.Type).Coded("multiple-matches")
}

// BadCursor is the error for an After that this store did not give.
func BadCursor() error {
	return fhir.Errorf(fhir.Invalid, "The place to go on from is not one this server gave. Begin the search again.")
}

// NoClaim is the error for a key that nobody holds. It names the space only:
// keys may identify a patient.
func NoClaim(space string) error {
	return fhir.Errorf(fhir.NotFound, "The key is free in space %s.", space)
}

// Held is the error for a key that is held by c.
func Held(c Claim) error {
	return fhir.Errorf(fhir.Conflict, "The key is taken in space %s.", c.Space).Because(&Taken{Claim: c})
}

// GaveUp is the error for a change whose context ended before it was made.
func GaveUp(ctx context.Context) error {
	return fhir.Errorf(fhir.Busy, "The change did not get its turn in time; nothing was changed.").Because(context.Cause(ctx))
}

// Late is the error for a read whose context ended before it had its answer.
func Late(ctx context.Context) error {
	return fhir.Errorf(fhir.Busy, "The answer was not ready in the time it may take; ask for less, or try again in a moment.").Because(context.Cause(ctx))
}

// Closed is the error for whatever is asked of a store that is closed.
func Closed(cause error) error {
	return fhir.Errorf(fhir.Busy, "The store is closed; try again in a moment.").Because(cause)
}
