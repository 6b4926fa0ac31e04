package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// sight reads the store as a view shows it: from the view what its records
// touched, from the collections the rest. What the collections give may be newer
// than the view, never older; whoever minds looks at seq.
type sight struct {
	s *Store
	v *view
}

// observe gives the store as it is now.
func (s *Store) observe(ctx context.Context) (sight, error) {
	v, err := s.look(ctx)
	return sight{s, v}, err
}

// head gives the newest version of a resource; nil when there never was one.
func (t sight) head(ctx context.Context, k store.Key) (*version, error) {
	if v := t.v.head(k); v != nil {
		return v, nil
	}
	return t.s.findVersion(ctx, bson.D{{Key: "key", Value: keyName(k)}}, options.FindOne().SetSort(bson.D{{Key: "n", Value: -1}}))
}

// one gives one version of a resource; nil when there is none of that number.
func (t sight) one(ctx context.Context, k store.Key, n int64) (*version, error) {
	for _, v := range t.v.heads[k] {
		if v.next.Record.Version == n {
			return v, nil
		}
	}
	return t.s.findVersion(ctx, bson.D{{Key: "_id", Value: versionName(k, n)}}, options.FindOne())
}

// claim gives what is known of a key; nil when it was never claimed.
func (t sight) claim(ctx context.Context, space, key string) (*held, error) {
	name := claimName(space, key)
	if h := t.v.claims[name]; h != nil {
		return h, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.s.o.Timeout, errSlow)
	defer cancel()
	var doc claimDoc
	err := t.s.db.claims.FindOne(ctx, bson.D{{Key: "name", Value: name}}, options.FindOne().SetSort(bson.D{{Key: "seq", Value: -1}})).Decode(&doc)
	if err == driver.ErrNoDocuments {
		return nil, nil
	}
	if err != nil {
		return nil, t.s.failed(ctx, err)
	}
	return doc.held(), nil
}

// findVersion reads one version; nil when there is none.
func (s *Store) findVersion(ctx context.Context, filter bson.D, o *options.FindOneOptionsBuilder) (*version, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errSlow)
	defer cancel()
	var doc storedVersion
	err := s.db.versions.FindOne(ctx, filter, o.SetProjection(bson.D{{Key: "doc", Value: 0}, {Key: fieldTerms, Value: 0}})).Decode(&doc)
	if err == driver.ErrNoDocuments {
		return nil, nil
	}
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return &version{seq: uint64(doc.Seq), next: store.Next{Record: doc.Version.record(), Labels: doc.Version.Labels}}, nil
}

// findVersions reads versions, of each the fields asked for, in the order given.
func (s *Store) findVersions(ctx context.Context, filter, projection bson.D, limit int64, order ...bson.E) (docs []storedVersion, err error) {
	_, err = s.eachVersion(ctx, filter, projection, limit, order, func(d *storedVersion) bool {
		docs = append(docs, *d)
		return true
	})
	return docs, err
}

// eachVersion gives versions one by one, until yield returns false; whole says that it
// never did.
func (s *Store) eachVersion(ctx context.Context, filter, projection bson.D, limit int64, order []bson.E, yield func(*storedVersion) bool) (whole bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errSlow)
	defer cancel()
	o := options.Find().SetProjection(projection).SetLimit(limit)
	if order != nil {
		o.SetSort(bson.D(order))
	}
	cursor, err := s.db.versions.Find(ctx, filter, o)
	if err != nil {
		return false, s.failed(ctx, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // what is not read is not wanted
	for cursor.Next(ctx) {
		var doc storedVersion
		if err := cursor.Decode(&doc); err != nil {
			return false, s.failed(ctx, err)
		}
		if !yield(&doc) {
			return false, nil
		}
	}
	return true, s.failed(ctx, cursor.Err())
}

// all gives all versions of a resource that the view shows, newest first, without
// their bytes where they are not in the view.
func (t sight) all(ctx context.Context, k store.Key) ([]*version, error) {
	docs, err := t.s.findVersions(ctx, bson.D{{Key: "key", Value: keyName(k)}}, bson.D{{Key: "raw", Value: 0}, {Key: "doc", Value: 0}}, 0)
	if err != nil {
		return nil, err
	}
	byNumber := make(map[int64]*version)
	last := int64(0)
	note := func(v *version) {
		byNumber[v.next.Record.Version] = v
		last = max(last, v.next.Record.Version)
	}
	for i := range docs {
		if d := &docs[i]; uint64(d.Seq) <= t.v.n {
			note(&version{seq: uint64(d.Seq), next: store.Next{Record: d.Version.record(), Labels: d.Version.Labels}})
		}
	}
	for _, v := range t.v.heads[k] {
		note(v)
	}
	var out []*version
	for n := last; n > 0; n-- {
		if v := byNumber[n]; v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}
