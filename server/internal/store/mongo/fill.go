package mongo

import (
	"cmp"
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/server/internal/store"
)

// fewAtOnce is how many resources are asked for at once where they are large.
const fewAtOnce = 8

// fill reads the bytes of the records that have none yet and are no deletions, of as
// many of the first as a page holds, and says how many those are. It asks for all at
// once, and where they turn out to be more than a page for a few at a time, so that it
// never holds many more than it gives.
func (s *Store) fill(ctx context.Context, records []store.Record) (filled int, err error) {
	atOnce := len(records)
	for filled < len(records) {
		next := records[filled:min(filled+atOnce, len(records))]
		whole, err := s.fillAll(ctx, next, atOnce <= fewAtOnce)
		switch {
		case err != nil:
			return filled, err
		case !whole:
			atOnce = fewAtOnce
			continue
		}
		filled += len(next)
		if n := store.Fitting(records[:filled]); n < filled {
			return n, nil
		}
	}
	return filled, nil
}

// fillAll reads the bytes of records; whole is false when they were more than a page,
// unless it is to read them however many they are.
func (s *Store) fillAll(ctx context.Context, records []store.Record, however bool) (whole bool, err error) {
	at := make(map[string]int)
	var names []string
	for i, r := range records {
		if !r.Deleted && r.Resource.Raw() == nil {
			name := versionName(r.Key, r.Version)
			at[name] = i
			names = append(names, name)
		}
	}
	if names == nil {
		return true, nil
	}
	var room store.Room
	var spare error
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: names}}}}
	whole, err = s.eachVersion(ctx, filter, bson.D{{Key: "doc", Value: 0}, {Key: fieldTerms, Value: 0}}, 0, nil, func(d *storedVersion) bool {
		if !room.Takes(len(d.Version.Raw)) && !however {
			return false
		}
		if spare = store.Spare(ctx, room.Used()); spare != nil {
			return false
		}
		records[at[d.Name]] = d.Version.record()
		delete(at, d.Name)
		return true
	})
	if err = cmp.Or(err, spare); err != nil {
		return false, err
	}
	if whole && err == nil && len(at) > 0 {
		return false, errDamaged(len(at))
	}
	return whole, err
}
