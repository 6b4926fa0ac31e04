package bolt

import (
	"context"
	"slices"
	"strconv"

	"slotway/server/internal/store"
)

// Read gives the current version. See store.Reader.
func (s *Store) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return snapshot(ctx, s, func(v *view) (store.Record, error) { return v.read(see, k) })
}

// Version gives one version. See store.Reader.
func (s *Store) Version(ctx context.Context, see store.Visibility, k store.Key, version int64) (store.Record, error) {
	return snapshot(ctx, s, func(v *view) (store.Record, error) { return v.version(see, k, version) })
}

// History gives the versions of a resource. See store.Reader.
func (s *Store) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return snapshot(ctx, s, func(v *view) (store.Page, error) { return v.history(see, k, after, limit) })
}

// snapshot runs fn on a view of its own. Nothing of the view may be kept: fn
// copies what it gives back.
func snapshot[T any](ctx context.Context, s *Store, fn func(*view) (T, error)) (T, error) {
	var zero T
	if ctx.Err() != nil {
		return zero, gaveUp(ctx)
	}
	btx, err := s.db.Begin(false)
	if err != nil {
		return zero, errClosed(err)
	}
	defer func() { _ = btx.Rollback() }() // a read transaction has nothing to lose
	return fn(&view{s: s, btx: btx})
}

// found is a resource that a key leads to and the caller may see.
type found struct {
	key     store.Key
	n       uint64
	version int64
	body    body
}

// find gives the resource a key means, among the customers visible.
func (v *view) find(see store.Visibility, k store.Key) (found, error) {
	customers := see.Customers
	if k.Customer != "" {
		customers = []string{k.Customer}
		if !see.Sees(k.Customer) {
			return found{}, store.NotFound(k)
		}
	}
	var all []found
	var held []store.Holder
	for i, customer := range customers {
		if slices.Contains(customers[:i], customer) {
			continue
		}
		f := found{key: store.Key{Customer: customer, Type: k.Type, ID: k.ID}}
		if f.n = v.number(f.key); f.n == 0 {
			continue
		}
		var err error
		if f.body, f.version, err = v.current(f.n); err != nil {
			return found{}, err
		}
		if see.Shows(f.body.labels) {
			all = append(all, f)
			held = append(held, store.Holder{Key: f.key, Deleted: f.body.deleted})
		}
	}
	i, err := store.Choose(k, held)
	if err != nil {
		return found{}, err
	}
	return all[i], nil
}

func (v *view) read(see store.Visibility, k store.Key) (store.Record, error) {
	f, err := v.find(see, k)
	if err != nil {
		return store.Record{}, err
	}
	if f.body.deleted {
		return store.Record{}, store.Gone(k)
	}
	var buf []byte
	return f.body.record(f.key, f.version, &buf), nil
}

func (v *view) version(see store.Visibility, k store.Key, version int64) (store.Record, error) {
	f, err := v.find(see, k)
	if err != nil {
		return store.Record{}, err
	}
	value := v.get(bodies, versionKey(f.n, version))
	if value == nil {
		return store.Record{}, store.NoVersion(k, version)
	}
	b, err := readBody(value)
	switch {
	case err != nil:
		return store.Record{}, err
	case !see.Shows(b.labels):
		return store.Record{}, store.NoVersion(k, version)
	case b.deleted:
		return store.Record{}, store.Gone(k)
	}
	var buf []byte
	return b.record(f.key, version, &buf), nil
}

// history walks the versions, which stand newest first. The cursor is the last
// version shown.
func (v *view) history(see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	last := int64(0)
	if after != "" {
		var err error
		if last, err = strconv.ParseInt(after, 10, 64); err != nil || last < 1 {
			return store.Page{}, store.BadCursor()
		}
	}
	f, err := v.find(see, k)
	if err != nil {
		return store.Page{}, err
	}
	var page store.Page
	v.each(bodies, numberKey(f.n), func(key, value []byte) bool {
		version := versionOf(key)
		var b body
		if b, err = readBody(value); err != nil {
			return false
		}
		if !see.Shows(b.labels) {
			return true
		}
		page.Total++
		switch {
		case last > 0 && version >= last:
		case len(page.Records) < limit:
			var buf []byte
			page.Records = append(page.Records, b.record(f.key, version, &buf))
		case page.Next == "" && limit > 0:
			page.Next = strconv.FormatInt(page.Records[limit-1].Version, 10)
		}
		return true
	})
	return page, err
}
