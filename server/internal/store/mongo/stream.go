package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// Log gives records of a stream. See store.Reader.
func (s *Store) Log(ctx context.Context, stream, after string, limit int) ([]store.LogRecord, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return nil, err
	}
	return t.records(ctx, stream, after, limit)
}

// records gives records of a stream up to the moment of the view. Positions are
// numbers of the log, so what is decided later stands later, and no reader that
// goes on from a position misses one.
func (t sight) records(ctx context.Context, stream, after string, limit int) ([]store.LogRecord, error) {
	if after != "" && !isPosition(after) {
		return nil, store.BadCursor()
	}
	if limit <= 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.s.o.Timeout)
	defer cancel()
	filter := bson.D{{Key: "stream", Value: part(stream)}, {Key: "at", Value: bson.D{{Key: "$gt", Value: after}, {Key: "$lt", Value: position(t.v.base+1, 0)}}}}
	cursor, err := t.s.db.streams.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, t.s.failed(ctx, err)
	}
	var docs []entryDoc
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, t.s.failed(ctx, err)
	}
	var out []store.LogRecord
	for _, d := range docs {
		out = append(out, store.LogRecord{At: d.At, Data: d.Data})
	}
	for _, e := range t.v.entries[stream] {
		if len(out) < limit && e.at > after {
			out = append(out, store.LogRecord{At: e.at, Data: slices.Clone(e.data)})
		}
	}
	return out, nil
}
