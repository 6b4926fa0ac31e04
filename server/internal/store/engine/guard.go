package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Run runs fn as Turn does, in a goroutine of its own.
func Run(fn func(store.Tx) error, tx store.Tx, usable func() error) error {
	err := ErrEnded
	Apart(func() bool {
		err = Turn(fn, tx, usable)
		return false
	})
	return err
}

// ErrEnded is what becomes of a change that ends its goroutine instead of returning.
var ErrEnded = errors.New("the change ended its goroutine")

// Apart runs steps, one after another, in a goroutine that is not the caller's, until
// one says that there are no more. A step that ends the goroutine ends nobody else's
// work: the next has another.
func Apart(step func() (more bool)) {
	for more := true; more; {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			stretch()
			for more {
				more = step()
			}
		}()
		<-ended
	}
}

// stretch makes the goroutine's stack as large as changes need at once. It would be
// copied at each doubling, with all frames of a change on it.
//
//go:noinline
func stretch() {
	var frame [24 << 10]byte
	runtime.KeepAlive(&frame)
}

// Turn runs fn with a Tx that is of no use before and after, nor once a context it
// is used with has ended. Usable, when not nil, gives other reasons. It gives the
// error of fn, or that it panicked; where fn ends the goroutine it does not return.
func Turn(fn func(store.Tx) error, tx store.Tx, usable func() error) (err error) {
	g := &guard{tx: tx, usable: usable}
	defer func() {
		g.over.Store(true)
		if p := recover(); p != nil {
			err = fmt.Errorf("the change panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(g)
}

// guard is a Tx as an Update's function has it.
type guard struct {
	tx     store.Tx
	usable func() error
	over   atomic.Bool // the Update has ended
}

func (g *guard) check(ctx context.Context) error {
	switch {
	case g.over.Load():
		return fhir.Errorf(fhir.Internal, "a Tx is used after its change has ended")
	case ctx.Err() != nil:
		return store.GaveUp(ctx)
	case g.usable != nil:
		return g.usable()
	}
	return nil
}

// ask asks the Tx if it is usable.
func ask[T any](ctx context.Context, g *guard, fn func(store.Tx) (T, error)) (T, error) {
	if err := g.check(ctx); err != nil {
		var zero T
		return zero, err
	}
	return fn(g.tx)
}

func (g *guard) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Record, error) { return tx.Read(ctx, see, k) })
}

func (g *guard) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Record, error) { return tx.Version(ctx, see, k, n) })
}

func (g *guard) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Page, error) { return tx.History(ctx, see, k, after, limit) })
}

func (g *guard) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Page, error) { return tx.Search(ctx, see, q) })
}

func (g *guard) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Page, error) { return tx.Changes(ctx, see, typ, since, after, limit) })
}

func (g *guard) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Claim, error) { return tx.Claimed(ctx, space, key) })
}

func (g *guard) Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	return ask(ctx, g, func(tx store.Tx) ([]store.Claim, error) { return tx.Claims(ctx, space, prefix, after, limit) })
}

func (g *guard) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	return ask(ctx, g, func(tx store.Tx) ([]store.LogRecord, error) { return tx.Log(ctx, stream, r) })
}

func (g *guard) Put(ctx context.Context, p store.Put) (store.Record, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Record, error) { return tx.Put(ctx, p) })
}

func (g *guard) Delete(ctx context.Context, k store.Key, ifVersion int64) (store.Record, error) {
	return ask(ctx, g, func(tx store.Tx) (store.Record, error) { return tx.Delete(ctx, k, ifVersion) })
}

func (g *guard) Claim(ctx context.Context, c store.Claim) error {
	if err := cmp.Or(g.check(ctx), checkName(c.Space)); err != nil {
		return err
	}
	return g.tx.Claim(ctx, c)
}

func (g *guard) Release(ctx context.Context, space, key, holder string) error {
	if err := g.check(ctx); err != nil {
		return err
	}
	return g.tx.Release(ctx, space, key, holder)
}

func (g *guard) Append(ctx context.Context, stream string, data []byte) error {
	if err := cmp.Or(g.check(ctx), checkName(stream)); err != nil {
		return err
	}
	return g.tx.Append(ctx, stream, data)
}

func (g *guard) Restore(ctx context.Context, rec store.Record) error {
	if err := g.check(ctx); err != nil {
		return err
	}
	return g.tx.Restore(ctx, rec)
}

func (g *guard) AppendAt(ctx context.Context, stream string, at time.Time, data []byte) error {
	if err := cmp.Or(g.check(ctx), checkName(stream)); err != nil {
		return err
	}
	return g.tx.AppendAt(ctx, stream, at, data)
}

// checkName says whether a space or a stream can be called so.
func checkName(name string) error {
	if strings.IndexByte(name, 0) >= 0 {
		return fhir.Errorf(fhir.Unprocessable, "The name of a space or of a stream holds a zero byte.")
	}
	return nil
}
