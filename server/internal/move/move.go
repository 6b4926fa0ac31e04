// Package move carries all that one store holds to another, of whatever engine: every
// version of every resource, every claim, every record of every stream. What it
// writes in between is a file of blocks, each checked, that can be cut anywhere and
// gone on with. A digest says whether two stores hold the same; it depends neither on
// the engine nor on any order within it.
//
// It goes by the contract of package store, and knows nothing of engines. What is
// encrypted stays so: the keys must move, too.
package move

import (
	"context"
	"errors"
	"fmt"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Source is a store as it is moved from.
type Source interface {
	store.Inventory
	Claimed(ctx context.Context, space, key string) (store.Claim, error)
	Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error)
	Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error)
}

// Summary says what was moved.
type Summary struct {
	Versions, Claims, Records int
	Digest                    string // hexadecimal
}

// String says it for people.
func (s Summary) String() string {
	return fmt.Sprintf("%d versions, %d claims, %d records of streams", s.Versions, s.Claims, s.Records)
}

// Progress is told what was done so far; an error ends the work.
type Progress func(Summary) error

// How many things are read at once. A claim or a record may take as much as a
// message.
const (
	versionsAtOnce = 256
	othersAtOnce   = 64
)

// The claim that says how far an import is stands in a space of its own, which is not
// moved.
const (
	space = "moving"
	key   = "import"
)

// Unfinished gives an error while an import into the store has not come to its end:
// it must not be served then.
func Unfinished(ctx context.Context, s Source) error {
	_, err := s.Claimed(ctx, space, key)
	if errors.Is(err, fhir.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.New("an import into this store was not finished: run the same import again, it goes on where it was")
}

// Sum reads all of a store for its digest.
func Sum(ctx context.Context, from Source, told Progress) (Summary, error) {
	moment, err := from.Moment(ctx)
	if err != nil {
		return Summary{}, err
	}
	var d digest
	for w := (walk{from: from, moment: moment}); w.at.Part != partEnd; {
		items, err := w.next(ctx)
		if err != nil {
			return Summary{}, err
		}
		for _, it := range items {
			d.add(it)
		}
		if err := told(d.summary()); err != nil {
			return Summary{}, err
		}
	}
	return d.summary(), unchanged(ctx, from, moment)
}

var errChanged = errors.New("the store was changed meanwhile: stop all servers that use it, and begin again")

// unchanged says whether the store is still as it was.
func unchanged(ctx context.Context, from Source, moment string) error {
	now, err := from.Moment(ctx)
	if err == nil && now != moment {
		err = errChanged
	}
	return err
}
