package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// load reads one record of the log; nil when there is none yet.
func (s *Store) load(ctx context.Context, n uint64) (r *record, emptied bool, err error) {
	var doc logDoc
	err = s.db.log.FindOne(ctx, bson.D{{Key: "_id", Value: numberName(n)}}).Decode(&doc)
	switch {
	case err == driver.ErrNoDocuments:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case doc.Emptied:
		return nil, true, nil
	}
	r, err = s.decode(&doc)
	return r, false, err
}

// learn adds the record to the view, if it is the next.
func (s *Store) learn(r *record) {
	s.publish.Lock()
	defer s.publish.Unlock()
	if v := s.view.Load(); r.n == v.n+1 {
		s.view.Store(v.with(r).trimmed(s.o.keep))
	}
}

// trim lets go of records that have been applied since they came into the view.
func (s *Store) trim() {
	s.publish.Lock()
	defer s.publish.Unlock()
	s.view.Store(s.view.Load().trimmed(s.o.keep))
}

// resume begins anew at the end of the log, after this process slept so long that
// others have emptied the records it would have read next.
func (s *Store) resume(ctx context.Context) error {
	v, err := s.catchUp(ctx)
	if err != nil {
		return err
	}
	s.publish.Lock()
	defer s.publish.Unlock()
	if v.n > s.view.Load().n {
		s.view.Store(v)
	}
	return nil
}

// catchUp reads the log from the last mark on.
func (s *Store) catchUp(ctx context.Context) (*view, error) {
	base, err := s.newestMark(ctx)
	if err == nil {
		base.written, err = s.writtenAt(ctx, base.n)
	}
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	var records []*record
	for n := base.n + 1; ; n++ {
		r, emptied, err := s.load(ctx, n)
		switch {
		case err != nil:
			return nil, s.failed(ctx, err)
		case emptied: // a newer mark was set meanwhile
			return s.catchUp(ctx)
		case r != nil:
			records = append(records, r)
			continue
		}
		v := newView(base, records)
		return v, s.note(ctx, v.records)
	}
}

// writtenAt says when a record that may be emptied was written; nothing was before
// the first.
func (s *Store) writtenAt(ctx context.Context, n uint64) (time.Time, error) {
	var doc logDoc
	err := s.db.log.FindOne(ctx, bson.D{{Key: "_id", Value: numberName(n)}}, options.FindOne().SetProjection(bson.D{{Key: "written", Value: 1}})).Decode(&doc)
	if err == driver.ErrNoDocuments {
		return time.Time{}, nil
	}
	return doc.At.UTC(), err
}

// newestMark gives the moment up to which all records are known to be applied.
func (s *Store) newestMark(ctx context.Context) (origin, error) {
	var mark markDoc
	err := s.db.marks.FindOne(ctx, bson.D{}, options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})).Decode(&mark)
	if err == driver.ErrNoDocuments {
		return origin{}, nil
	}
	m := origin{n: parseNumber(mark.ID), counts: make(map[string]int)}
	for _, c := range mark.Counts {
		m.counts[c.Scope] = c.N
	}
	return m, err
}

// note marks those of the records that the store says are applied.
func (s *Store) note(ctx context.Context, records []*record) error {
	var names []string
	for _, r := range records {
		names = append(names, numberName(r.n))
	}
	if names == nil {
		return nil
	}
	found, err := s.idsAmong(ctx, s.db.applied, names)
	if err != nil {
		return s.failed(ctx, err)
	}
	mark, err := s.newestMark(ctx) // asked afterwards: notes go when a mark covers them
	if err != nil {
		return s.failed(ctx, err)
	}
	for _, r := range records {
		if r.n <= mark.n || found[numberName(r.n)] {
			r.applied.Store(true)
		}
	}
	return nil
}

// idsAmong gives those ids that a collection has.
func (s *Store) idsAmong(ctx context.Context, in *driver.Collection, ids []string) (map[string]bool, error) {
	found := make(map[string]bool)
	cursor, err := in.Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, err
	}
	var docs []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, err
	}
	for _, d := range docs {
		found[d.ID] = true
	}
	return found, nil
}
