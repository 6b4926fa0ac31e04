package bolt

import (
	"context"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// Read gives the current version. See store.Reader.
func (s *Store) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return snapshot(ctx, s, func(v *view) (store.Record, error) { return engine.Read(ctx, v, see, k) })
}

// Version gives one version. See store.Reader.
func (s *Store) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	return snapshot(ctx, s, func(v *view) (store.Record, error) { return engine.ReadVersion(ctx, v, see, k, n) })
}

// History gives the versions of a resource. See store.Reader.
func (s *Store) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return snapshot(ctx, s, func(v *view) (store.Page, error) { return engine.History(ctx, v, see, k, after, limit) })
}

// snapshot runs fn on a view of its own. Nothing of the view may be kept: fn
// copies what it gives back.
func snapshot[T any](ctx context.Context, s *Store, fn func(*view) (T, error)) (T, error) {
	var zero T
	if ctx.Err() != nil {
		return zero, store.Late(ctx)
	}
	btx, err := s.db.Begin(false)
	if err != nil {
		return zero, store.Closed(err)
	}
	defer func() { _ = btx.Rollback() }() // a read transaction has nothing to lose
	return fn(&view{s: s, btx: btx})
}

// Newest gives the newest version of a resource. See engine.Source.
func (v *view) Newest(_ context.Context, k store.Key) (engine.Version, error) {
	n := v.number(k)
	if n == 0 {
		// What is not there takes as long as what its labels hide (security S41).
		_, _, _ = v.current(1)
		return engine.Version{}, nil
	}
	b, version, err := v.current(n)
	return b.version(k, version), err
}

// One gives one version of a resource. See engine.Source.
func (v *view) One(_ context.Context, k store.Key, version int64) (engine.Version, error) {
	value := v.get(bodies, versionKey(v.number(k), version))
	if value == nil {
		return engine.Version{}, nil
	}
	b, err := readBody(value)
	return b.version(k, version), err
}

// All gives the versions of a resource, which stand newest first. See
// engine.Source.
func (v *view) All(_ context.Context, k store.Key, yield func(engine.Version) bool) (err error) {
	v.each(bodies, numberKey(v.number(k)), func(key, value []byte) bool {
		var b body
		b, err = readBody(value)
		return err == nil && yield(b.version(k, versionOf(key)))
	})
	return err
}

// Keep copies the bytes of records into one buffer. See engine.Source.
func (v *view) Keep(ctx context.Context, records []store.Record) (kept int, err error) {
	records = records[:store.Fitting(records)]
	size := 0
	for i := range records {
		size += len(records[i].Resource.Raw())
	}
	if err := store.Spare(ctx, size); err != nil {
		return 0, err
	}
	buf := make([]byte, 0, size)
	for i := range records {
		if r := &records[i]; !r.Deleted {
			from := len(buf)
			buf = append(buf, r.Resource.Raw()...)
			r.Resource = fhir.Stored(buf[from:len(buf):len(buf)], r.Type, r.ID)
		}
	}
	return len(records), nil
}
