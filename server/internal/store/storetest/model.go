package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// Model is the store contract at its plainest: maps, a mutex, and search.Match
// over everything. It is the specification the engines are compared with, and
// what other packages test against. It keeps nothing on disk.
type Model struct {
	catalog *search.Catalog
	now     func() time.Time
	writing sync.Mutex
	state   atomic.Pointer[state] // nil when closed
}

var _ store.Store = (*Model)(nil)

// NewModel gives an empty model store.
func NewModel(c *search.Catalog, now func() time.Time) *Model {
	m := &Model{catalog: c, now: now}
	m.state.Store(&state{
		versions: make(map[store.Key][]version),
		claims:   make(map[[2]string]store.Claim),
		logs:     make(map[string][]store.LogRecord),
	})
	return m
}

func (m *Model) load(ctx context.Context) (*state, error) {
	if ctx.Err() != nil {
		return nil, store.Late(ctx)
	}
	if s := m.state.Load(); s != nil {
		return s, nil
	}
	return nil, store.Closed(nil)
}

// Update runs fn on a copy and keeps the copy when fn succeeds.
func (m *Model) Update(ctx context.Context, fn func(store.Tx) error) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	s, err := m.load(ctx)
	if err != nil {
		return err
	}
	t := &modelTx{m: m, s: s.copy()}
	if err := engine.Run(fn, t, nil); err != nil {
		return err
	}
	m.state.Store(t.s)
	return nil
}

// Ready says whether the store is open.
func (m *Model) Ready(ctx context.Context) error {
	_, err := m.load(ctx)
	return err
}

// Close closes the store. It forgets everything.
func (m *Model) Close() error {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.state.Store(nil)
	return nil
}

// Read gives the current version. See store.Reader.
func (m *Model) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	s, err := m.load(ctx)
	if err != nil {
		return store.Record{}, err
	}
	return s.read(see, k)
}

// Version gives one version. See store.Reader.
func (m *Model) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	s, err := m.load(ctx)
	if err != nil {
		return store.Record{}, err
	}
	return s.version(see, k, n)
}

// History gives the versions of a resource. See store.Reader.
func (m *Model) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	s, err := m.load(ctx)
	if err != nil {
		return store.Page{}, err
	}
	return s.history(see, k, after, limit)
}

// Search gives a page of a search. See store.Reader.
func (m *Model) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	s, err := m.load(ctx)
	if err != nil {
		return store.Page{}, err
	}
	return s.search(see, q)
}

// Claimed gives a claim that is held. See store.Reader.
func (m *Model) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	s, err := m.load(ctx)
	if err != nil {
		return store.Claim{}, err
	}
	return s.claimed(space, key)
}

// Changes gives the versions of all resources. See store.Reader.
func (m *Model) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	s, err := m.load(ctx)
	if err != nil {
		return store.Page{}, err
	}
	return s.changes(see, typ, since, after, limit)
}

// Claims gives claims that are held. See store.Reader.
func (m *Model) Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	s, err := m.load(ctx)
	if err != nil {
		return nil, err
	}
	return store.FittingClaims(s.held(space, prefix, after, limit)), nil
}

// Log gives records of a stream. See store.Reader.
func (m *Model) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	s, err := m.load(ctx)
	if err != nil {
		return nil, err
	}
	return s.log(stream, r)
}

// Trim takes away the oldest records of a stream. See store.Store.
func (m *Model) Trim(ctx context.Context, stream, before string) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	s, err := m.load(ctx)
	if err != nil {
		return err
	}
	next := s.copy()
	if err := next.trim(stream, before); err != nil {
		return err
	}
	m.state.Store(next)
	return nil
}
