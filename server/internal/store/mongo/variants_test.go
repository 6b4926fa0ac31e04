package mongo

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/mongo/mongotest"
	"slotway/server/internal/store/storetest"
)

// forgetful holds nothing of what it wrote: every read is answered by the
// collections.
type forgetful struct{ *Store }

func (f forgetful) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := f.Store.Update(ctx, fn)
	if err == nil {
		err = f.apply(ctx, f.view.Load().unapplied())
		f.trim()
	}
	return err
}

func (f forgetful) Trim(ctx context.Context, stream, before string) error {
	err := f.Store.Trim(ctx, stream, before)
	if err == nil {
		err = f.apply(ctx, f.view.Load().unapplied())
		f.trim()
	}
	return err
}

// The suite on one store.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, e storetest.Env) store.Store {
		return openAt(t, mongotest.URI(t), e, Options{})
	})
}

// The suite without the view, which would else answer most of its reads.
func TestStoreFromCollections(t *testing.T) {
	storetest.Run(t, func(t *testing.T, e storetest.Env) store.Store {
		return forgetful{openAt(t, mongotest.URI(t), e, Options{keep: -1})}
	})
}

// pair is two instances on one database, as two processes have them. They take
// turns, so that one always reads what the other wrote.
type pair struct {
	stores [2]*Store
	turn   atomic.Int64
}

func (p *pair) next() *Store { return p.stores[p.turn.Add(1)%2] }

func (p *pair) Update(ctx context.Context, fn func(store.Tx) error) error {
	return p.next().Update(ctx, fn)
}

func (p *pair) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return p.next().Read(ctx, see, k)
}

func (p *pair) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	return p.next().Version(ctx, see, k, n)
}

func (p *pair) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return p.next().History(ctx, see, k, after, limit)
}

func (p *pair) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	return p.next().Search(ctx, see, q)
}

func (p *pair) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	return p.next().Claimed(ctx, space, key)
}

func (p *pair) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	return p.next().Changes(ctx, see, typ, since, after, limit)
}

func (p *pair) Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	return p.next().Claims(ctx, space, prefix, after, limit)
}

func (p *pair) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	return p.next().Log(ctx, stream, r)
}

func (p *pair) Moment(ctx context.Context) (string, error) { return p.next().Moment(ctx) }

func (p *pair) Versions(ctx context.Context, after string, limit int) ([]store.Record, string, error) {
	return p.next().Versions(ctx, after, limit)
}

func (p *pair) Spaces(ctx context.Context, after string, limit int) ([]string, string, error) {
	return p.next().Spaces(ctx, after, limit)
}

func (p *pair) Streams(ctx context.Context, after string, limit int) ([]string, string, error) {
	return p.next().Streams(ctx, after, limit)
}

func (p *pair) Trim(ctx context.Context, stream, before string) error {
	return p.next().Trim(ctx, stream, before)
}

func (p *pair) Ready(ctx context.Context) error { return p.next().Ready(ctx) }

func (p *pair) Close() error { return errors.Join(p.stores[0].Close(), p.stores[1].Close()) }

func TestDurable(t *testing.T) {
	uri := mongotest.URI(t)
	at := func(t *testing.T, e storetest.Env) store.Store { return openAt(t, uri, e, Options{}) }
	storetest.Durable(t, at, at)
}

// The suite through two instances.
func TestStoreInTwoProcesses(t *testing.T) {
	storetest.Run(t, func(t *testing.T, e storetest.Env) store.Store {
		uri := mongotest.URI(t)
		return &pair{stores: [2]*Store{openAt(t, uri, e, Options{}), openAt(t, uri, e, Options{keep: -1})}}
	})
}
