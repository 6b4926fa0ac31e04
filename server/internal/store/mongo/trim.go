package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// trimStep is how many records one step of a Trim takes away, about.
const trimStep = 2000

// Trim takes away the oldest records of a stream, each step by a record of the
// log. See store.Store.
func (s *Store) Trim(ctx context.Context, stream, before string) error {
	if !isPosition(before) {
		return store.BadCursor()
	}
	for from := ""; from != before; {
		v, err := s.look(ctx)
		if err != nil {
			return err
		}
		if from, err = s.stepFrom(ctx, stream, from, before); err != nil {
			return err
		}
		c := &change{since: v.n, reads: &reads{}, trims: []trim{{stream, from}}, size: overhead + 3*len(stream)}
		if err := s.writer.commit(ctx, c); err != nil && err != errStale {
			return err
		}
	}
	return nil
}

// stepFrom gives the position that the next step trims before.
func (s *Store) stepFrom(ctx context.Context, stream, from, before string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errSlow)
	defer cancel()
	filter := bson.D{{Key: "stream", Value: part(stream)}, {Key: "at", Value: bson.D{{Key: "$gte", Value: from}, {Key: "$lt", Value: before}}}}
	var doc entryDoc
	err := s.db.streams.FindOne(ctx, filter, options.FindOne().SetSort(bson.D{{Key: "at", Value: 1}}).SetSkip(trimStep).SetProjection(bson.D{{Key: "at", Value: 1}})).Decode(&doc)
	if err == driver.ErrNoDocuments {
		return before, nil
	}
	return doc.At, s.failed(ctx, err)
}

// applyStreams inserts records of streams. One that was trimmed meanwhile (another
// process was faster) is found by looking for trims afterwards.
func (s *Store) applyStreams(ctx context.Context, records []*record) error {
	var docs []any
	for _, r := range records {
		for _, e := range r.entries {
			name := part(e.stream)
			docs = append(docs, entryDoc{ID: name + "/" + e.at, Stream: name, At: e.at, Seq: int64(e.seq), Data: e.data})
		}
	}
	if len(docs) == 0 {
		s.o.reach(afterStreams)
		return nil
	}
	if err := insertNew(ctx, s.db.streams, docs); err != nil {
		return err
	}
	s.o.reach(afterStreams)
	cursor, err := s.db.trims.Find(ctx, bson.D{})
	if err != nil {
		return err
	}
	var trims []trimDoc
	if err := cursor.All(ctx, &trims); err != nil {
		return err
	}
	for _, t := range trims {
		for _, d := range docs {
			if e := d.(entryDoc); e.Stream == t.Stream && e.At < t.Before {
				if err := s.takeAway(ctx, t); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// applyTrims notes what is trimmed, for those who apply older records later, takes
// the records away, and then the older notes.
func (s *Store) applyTrims(ctx context.Context, records []*record) error {
	var docs []any
	for _, r := range records {
		for _, t := range r.trims {
			name := part(t.stream)
			docs = append(docs, trimDoc{ID: name + "/" + t.before, Stream: name, Before: t.before})
		}
	}
	if err := insertNew(ctx, s.db.trims, docs); err != nil {
		return err
	}
	for _, d := range docs {
		t := d.(trimDoc)
		if err := s.takeAway(ctx, t); err != nil {
			return err
		}
		if _, err := s.db.trims.DeleteMany(ctx, bson.D{{Key: "stream", Value: t.Stream}, {Key: "before", Value: bson.D{{Key: "$lt", Value: t.Before}}}}); err != nil {
			return err
		}
	}
	s.o.reach(afterTrims)
	return nil
}

func (s *Store) takeAway(ctx context.Context, t trimDoc) error {
	_, err := s.db.streams.DeleteMany(ctx, bson.D{{Key: "stream", Value: t.Stream}, {Key: "at", Value: bson.D{{Key: "$lt", Value: t.Before}}}})
	return err
}
