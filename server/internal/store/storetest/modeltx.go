package storetest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// modelTx is an Update at work on its copy. Reading is the state's.
type modelTx struct {
	m *Model
	s *state
}

// Read gives the current version.
func (t *modelTx) Read(_ context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return t.s.read(see, k)
}

// Version gives one version.
func (t *modelTx) Version(_ context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	return t.s.version(see, k, n)
}

// History gives the versions of a resource.
func (t *modelTx) History(_ context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return t.s.history(see, k, after, limit)
}

// Search gives a page of a search.
func (t *modelTx) Search(_ context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	return t.s.search(see, q)
}

// Claimed gives a claim that is held.
func (t *modelTx) Claimed(_ context.Context, space, key string) (store.Claim, error) {
	return t.s.claimed(space, key)
}

// Changes gives the versions of all resources.
func (t *modelTx) Changes(_ context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	return t.s.changes(see, typ, since, after, limit)
}

// Claims gives claims that are held.
func (t *modelTx) Claims(_ context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	return t.s.held(space, prefix, after, limit), nil
}

// Log gives records of a stream.
func (t *modelTx) Log(_ context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	return t.s.log(stream, r)
}

func (t *modelTx) current(k store.Key) version {
	if v := t.s.versions[k]; len(v) > 0 {
		return v[len(v)-1]
	}
	return version{Next: store.Next{Record: store.Record{Key: k}}}
}

func (t *modelTx) add(next store.Next) {
	k := next.Record.Key
	t.s.versions[k] = append(slices.Clip(t.s.versions[k]), version{next, t.s.seq})
}

// Put stores the next version of a resource.
func (t *modelTx) Put(_ context.Context, p store.Put) (store.Record, error) {
	next, err := store.Prepare(t.m.catalog, t.m.now(), t.current(p.Key).Record, p)
	if err == nil && !next.Same {
		t.add(next)
	}
	return next.Record, err
}

// Delete stores a deletion.
func (t *modelTx) Delete(_ context.Context, k store.Key, ifVersion int64) (store.Record, error) {
	now := t.current(k)
	next, err := store.PrepareDelete(t.m.now(), now.Record, now.Labels, ifVersion)
	if err == nil && !next.Same {
		t.add(next)
	}
	return next.Record, err
}

// Claim takes a key.
func (t *modelTx) Claim(_ context.Context, c store.Claim) error {
	if held, err := t.s.claimed(c.Space, c.Key); err == nil {
		return store.Held(held)
	}
	c.Payload = bytes.Clone(c.Payload)
	t.s.claims[[2]string{c.Space, c.Key}] = c
	return nil
}

// Release frees a key if that holder holds it.
func (t *modelTx) Release(_ context.Context, space, key, holder string) error {
	if c, ok := t.s.claims[[2]string{space, key}]; ok && c.Holder == holder {
		delete(t.s.claims, [2]string{space, key})
	}
	return nil
}

// Append adds a record to a stream.
func (t *modelTx) Append(_ context.Context, stream string, data []byte) error {
	t.s.append(stream, t.m.now(), data)
	return nil
}

// Restore stores a version as another store gave it.
func (t *modelTx) Restore(_ context.Context, rec store.Record) error {
	now := t.current(rec.Key)
	next, err := store.PrepareRestore(t.m.catalog, now.Record, now.Labels, rec)
	if err == nil {
		t.add(next)
	}
	return err
}

// AppendAt adds a record of a time to a stream.
func (t *modelTx) AppendAt(_ context.Context, stream string, at time.Time, data []byte) error {
	t.s.append(stream, at, data)
	return nil
}
