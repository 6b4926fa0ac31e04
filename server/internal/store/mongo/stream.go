package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// Log gives records of a stream. See store.Reader.
func (s *Store) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return nil, err
	}
	return t.records(ctx, stream, r)
}

// span is the positions from the first on, before the second.
type span struct{ from, to string }

func (p span) has(at string) bool { return at >= p.from && at < p.to }

// beyond is behind every position.
const beyond = "g"

// spanOf gives where the records of a range stand.
func spanOf(r store.LogRange) span {
	p := span{"", beyond}
	if !r.Since.IsZero() {
		p.from = timeName(r.Since)
	}
	if !r.Until.IsZero() {
		p.to = timeName(r.Until)
	}
	switch {
	case r.After == "":
	case r.Back:
		p.to = min(p.to, r.After)
	default:
		p.from = max(p.from, r.After+".") // behind it: positions are of one length
	}
	return p
}

// records gives records of a stream up to the moment of the view. Positions are
// those of the log, so what is decided later stands later, and no reader that goes
// on from a position misses one. What the view's records appended stands behind all
// that the collection is asked for.
func (t sight) records(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	if r.After != "" && !isPosition(r.After) {
		return nil, store.BadCursor()
	}
	in := spanOf(r)
	in.from = max(in.from, t.v.trims[stream])
	var out []store.LogRecord
	for _, e := range t.v.entries[stream] {
		if in.has(e.at) {
			out = append(out, store.LogRecord{At: e.at, Time: timeOf(e.at), Data: slices.Clone(e.data)})
		}
	}
	if r.Back {
		slices.Reverse(out)
		out = out[:max(0, min(len(out), r.Limit))]
	}
	room := r.Limit
	if r.Back {
		room -= len(out)
	}
	if room <= 0 {
		return fitting(out[:max(0, min(len(out), r.Limit))]), nil
	}
	older, whole, err := t.applied(ctx, stream, in, r.Back, room)
	switch {
	case err != nil:
		return nil, err
	case r.Back:
		out = append(out, older...)
	case !whole:
		out = older
	default:
		out = append(older, out...)
	}
	return fitting(out[:min(len(out), r.Limit)]), nil
}

// fitting gives as many of the first records as are given at once.
func fitting(records []store.LogRecord) []store.LogRecord {
	var room store.Room
	for i := range records {
		if !room.Takes(len(records[i].Data)) {
			return records[:i]
		}
	}
	return records
}

// applied reads records of a stream that were appended before the view's, and says
// whether these are all there are, but for those behind the limit.
func (t sight) applied(ctx context.Context, stream string, in span, back bool, limit int) (out []store.LogRecord, whole bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.s.o.Timeout, errSlow)
	defer cancel()
	filter := bson.D{
		{Key: "stream", Value: part(stream)},
		{Key: "at", Value: bson.D{{Key: "$gte", Value: in.from}, {Key: "$lt", Value: in.to}}},
		{Key: "seq", Value: bson.D{{Key: "$lte", Value: int64(t.v.base)}}},
	}
	order := 1
	if back {
		order = -1
	}
	cursor, err := t.s.db.streams.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "at", Value: order}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, false, t.s.failed(ctx, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // what is not read is not wanted
	var room store.Room
	for cursor.Next(ctx) {
		var d entryDoc
		if err := cursor.Decode(&d); err != nil {
			return nil, false, t.s.failed(ctx, err)
		}
		if !room.Takes(len(d.Data)) {
			return out, false, nil
		}
		out = append(out, store.LogRecord{At: d.At, Time: timeOf(d.At), Data: d.Data})
	}
	return out, true, t.s.failed(ctx, cursor.Err())
}
