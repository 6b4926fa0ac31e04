package mongo

import (
	"context"
	"slices"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// tx is a run of an Update: it reads the store at one moment and keeps what it is
// told to write. It notes what it read.
type tx struct {
	sight
	reads reads
	known map[store.Key]*version // newest versions that were committed, read before
	stale bool                   // what was read is not of one moment: the run is in vain

	staged   map[store.Key][]*version
	versions []*version // the same, in order
	claims   map[string]*stagedClaim
	order    []*stagedClaim
	entries  []entry
	ends     map[string]time.Time // of streams that AppendAt was used on, the time of the last record
	bare     int                  // bytes that the change takes without documents
	docs     int                  // bytes of these
}

var _ store.Tx = (*tx)(nil)

func newTx(s *Store, v *view) *tx {
	return &tx{
		sight: sight{s, v}, known: make(map[store.Key]*version),
		staged: make(map[store.Key][]*version), claims: make(map[string]*stagedClaim), ends: make(map[string]time.Time),
	}
}

// usable says why nothing more can be asked of the Tx, or nil.
func (t *tx) usable() error {
	switch {
	case t.stale:
		return errStale
	case t.s.ctx.Err() != nil:
		return store.Closed(nil)
	}
	return nil
}

// extend moves the moment of the reads on to where what was read is still so. It
// is called when something newer was met.
func (t *tx) extend(ctx context.Context) error {
	v, err := t.s.look(ctx)
	if err != nil {
		return err
	}
	return t.extendTo(v)
}

func (t *tx) extendTo(v *view) error {
	if v.n <= t.v.n {
		return nil
	}
	if !v.clean(t.v.n, &t.reads) {
		t.stale = true
		return errStale
	}
	t.v = v
	return nil
}

// committed gives the newest version of a resource at the moment of the reads.
func (t *tx) committed(ctx context.Context, k store.Key) (*version, error) {
	if v, ok := t.known[k]; ok {
		return v, nil
	}
	for {
		v, err := t.sight.head(ctx, k)
		if err != nil {
			return nil, err
		}
		if v == nil || v.seq <= t.v.n {
			t.known[k] = v
			t.reads.note(touchKey(k))
			return v, nil
		}
		if err := t.extend(ctx); err != nil {
			return nil, err
		}
	}
}

// head gives the newest version of a resource, the Tx's own if it has one.
func (t *tx) head(ctx context.Context, k store.Key) (*version, error) {
	if all := t.staged[k]; len(all) > 0 {
		return all[len(all)-1], nil
	}
	return t.committed(ctx, k)
}

// one gives one version of a resource.
func (t *tx) one(ctx context.Context, k store.Key, n int64) (*version, error) {
	for _, v := range t.staged[k] {
		if v.next.Record.Version == n {
			return v, nil
		}
	}
	if now, err := t.committed(ctx, k); err != nil || now == nil || n > now.next.Record.Version {
		return nil, err
	}
	return t.sight.one(ctx, k, n)
}

// all gives all versions of a resource, the Tx's own among them.
func (t *tx) all(ctx context.Context, k store.Key) ([]*version, error) {
	if _, err := t.committed(ctx, k); err != nil {
		return nil, err
	}
	all, err := t.sight.all(ctx, k)
	if own := t.staged[k]; len(own) > 0 {
		own = slices.Clone(own)
		slices.Reverse(own)
		all = append(own, all...)
	}
	return all, err
}

// Read gives the current version. See store.Reader.
func (t *tx) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return engine.Read(ctx, t, see, k)
}

// Version gives one version. See store.Reader.
func (t *tx) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	return engine.ReadVersion(ctx, t, see, k, n)
}

// History gives the versions of a resource. See store.Reader.
func (t *tx) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return engine.History(ctx, t, see, k, after, limit)
}

// Search gives a page of a search of what was committed. A change of any resource
// of a type that it looked at overtakes the run. See store.Reader.
func (t *tx) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	page, v, err := t.s.search(ctx, t.v, see, q)
	if err != nil {
		return store.Page{}, err
	}
	if err := t.extendTo(v); err != nil {
		return store.Page{}, err
	}
	for _, customer := range see.Customers {
		for typ := range typesOf(&q) {
			t.reads.note(touchType(customer, typ))
		}
	}
	return page, nil
}

// Changes gives the versions of all resources that were committed. See
// store.Reader.
func (t *tx) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	page, _, err := t.changes(ctx, see, typ, since, after, limit)
	return page, err
}

// Log gives records of a stream. See store.Reader.
func (t *tx) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	t.reads.note(touchStream(stream))
	return t.records(ctx, stream, r)
}
