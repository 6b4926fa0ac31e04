package mongo

import (
	"context"

	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// Read gives the current version. See store.Reader.
func (s *Store) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Record{}, err
	}
	return engine.Read(ctx, t, see, k)
}

// Version gives one version. See store.Reader.
func (s *Store) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Record{}, err
	}
	return engine.ReadVersion(ctx, t, see, k, n)
}

// History gives the versions of a resource. See store.Reader.
func (s *Store) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Page{}, err
	}
	return engine.History(ctx, t, see, k, after, limit)
}

// Claimed gives a claim that is held. See store.Reader.
func (s *Store) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Claim{}, err
	}
	h, err := t.claim(ctx, space, key)
	if err != nil {
		return store.Claim{}, err
	}
	return h.given(space)
}

// Newest gives the newest version of a resource. See engine.Source.
func (t sight) Newest(ctx context.Context, k store.Key) (engine.Version, error) {
	v, err := t.head(ctx, k)
	return v.found(), err
}

// One gives one version of a resource. See engine.Source.
func (t sight) One(ctx context.Context, k store.Key, n int64) (engine.Version, error) {
	v, err := t.one(ctx, k, n)
	return v.found(), err
}

// All gives the versions of a resource. See engine.Source.
func (t sight) All(ctx context.Context, k store.Key, yield func(engine.Version) bool) error {
	all, err := t.all(ctx, k)
	return yieldAll(all, err, yield)
}

// Keep fetches the bytes that a History did not read. See engine.Source.
func (t sight) Keep(ctx context.Context, records []store.Record) (kept int, err error) {
	return t.s.fill(ctx, records)
}

// Newest gives the newest version of a resource, the Tx's own if it has one. See
// engine.Source.
func (t *tx) Newest(ctx context.Context, k store.Key) (engine.Version, error) {
	v, err := t.head(ctx, k)
	return v.found(), err
}

// One gives one version of a resource, the Tx's own among them. See engine.Source.
func (t *tx) One(ctx context.Context, k store.Key, n int64) (engine.Version, error) {
	v, err := t.one(ctx, k, n)
	return v.found(), err
}

// All gives the versions of a resource, the Tx's own among them. See engine.Source.
func (t *tx) All(ctx context.Context, k store.Key, yield func(engine.Version) bool) error {
	all, err := t.all(ctx, k)
	return yieldAll(all, err, yield)
}

// found gives a version, or none, as engine.Source does.
func (v *version) found() engine.Version {
	if v == nil {
		return engine.Version{}
	}
	return engine.Version{Record: v.next.Record, Labels: v.next.Labels}
}

func yieldAll(all []*version, err error, yield func(engine.Version) bool) error {
	for _, v := range all {
		if err != nil || !yield(v.found()) {
			break
		}
	}
	return err
}
