package mongo

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// Moment names what is committed: the number of the last record of the log. See
// store.Inventory.
func (s *Store) Moment(ctx context.Context) (string, error) {
	v, err := s.look(ctx)
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(v.n, 10), nil
}

// settled gives the number of the last record of the log, when everything up to it
// is applied: the collections then say all.
func (s *Store) settled(ctx context.Context) (int64, error) {
	v, err := s.look(ctx)
	if err != nil {
		return 0, err
	}
	return int64(v.n), s.apply(ctx, v.unapplied())
}

// Versions gives the versions of all resources: the index by their names, walked
// from its end, has those of one from the oldest on. The place of a version is its
// number and the name of its resource. See store.Inventory.
func (s *Store) Versions(ctx context.Context, after string, limit int) (records []store.Record, next string, err error) {
	filter := bson.D{}
	if after != "" {
		var n int64
		var key string
		if got, err := fmt.Sscanf(after, "%d %s", &n, &key); err != nil || got != 2 || n < 1 {
			return nil, "", store.BadCursor()
		}
		filter = bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: "key", Value: key}, {Key: "n", Value: bson.D{{Key: "$gt", Value: n}}}},
			bson.D{{Key: "key", Value: bson.D{{Key: "$lt", Value: key}}}},
		}}}
	}
	last, err := s.settled(ctx)
	if err != nil || limit <= 0 {
		return nil, "", err
	}
	filter = append(filter, bson.E{Key: "seq", Value: bson.D{{Key: "$lte", Value: last}}})
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	cursor, err := s.db.versions.Find(ctx, filter, options.Find().SetLimit(int64(limit)+1).
		SetSort(bson.D{{Key: "key", Value: -1}, {Key: "n", Value: 1}}).
		SetProjection(bson.D{{Key: "doc", Value: 0}, {Key: fieldTerms, Value: 0}}))
	if err != nil {
		return nil, "", s.failed(ctx, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // what is not read is not wanted
	var room store.Room
	for cursor.Next(ctx) {
		var doc storedVersion
		if err := cursor.Decode(&doc); err != nil {
			return nil, "", s.failed(ctx, err)
		}
		if len(records) == limit || !room.Takes(len(doc.Version.Raw)) {
			end := records[len(records)-1]
			return records, fmt.Sprintf("%d %s", end.Version, keyName(end.Key)), nil
		}
		records = append(records, doc.Version.record())
	}
	return records, "", s.failed(ctx, cursor.Err())
}

// Spaces gives the spaces in which claims are held. See store.Inventory.
func (s *Store) Spaces(ctx context.Context, after string, limit int) ([]string, string, error) {
	return s.firstParts(ctx, s.db.claims, "held", after, limit)
}

// Streams gives the streams that have records. See store.Inventory.
func (s *Store) Streams(ctx context.Context, after string, limit int) ([]string, string, error) {
	return s.firstParts(ctx, s.db.streams, "stream", after, limit)
}

// firstParts leaps over what stands before the first slash of a field's values. The
// place of one is itself, as it is written, behind a letter, so that none is empty.
func (s *Store) firstParts(ctx context.Context, in *driver.Collection, field, after string, limit int) (names []string, next string, err error) {
	if _, err := s.settled(ctx); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	order := options.FindOne().SetSort(bson.D{{Key: field, Value: 1}}).SetProjection(bson.D{{Key: field, Value: 1}})
	// The empty value sorts before all others, and is the name of a stream only.
	bounds := bson.D{{Key: "$gte", Value: ""}}
	if after != "" {
		bounds = beyondName(field, after[1:])
	}
	for {
		var found bson.M
		err := in.FindOne(ctx, bson.D{{Key: field, Value: bounds}}, order).Decode(&found)
		if err == driver.ErrNoDocuments {
			return names, "", nil
		}
		if err != nil {
			return nil, "", s.failed(ctx, err)
		}
		value, _ := found[field].(string)
		name, _, _ := strings.Cut(value, "/")
		if len(names) >= limit {
			return names, next, nil
		}
		names, next = append(names, unpart(name)), "n"+name
		bounds = beyondName(field, name)
	}
}

// beyondName gives the values behind all that are of a name: 0 is the character
// after the slash.
func beyondName(field, name string) bson.D {
	if field == "stream" {
		return bson.D{{Key: "$gt", Value: name}}
	}
	return bson.D{{Key: "$gte", Value: name + "0"}}
}
