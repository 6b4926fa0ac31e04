// Package bolt keeps resources in one bbolt file: the embedded store. Reads are
// snapshots without locks; one writer puts all waiting Updates into one commit.
// DESIGN.md beside it draws the layout of the keys. The contract is package
// store's; nothing outside this package knows bbolt.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// Options are what Open needs besides the file.
type Options struct {
	Catalog *search.Catalog  // what can be searched for; a change of it rebuilds the index at Open
	Now     func() time.Time // the clock that stamps versions
	Log     *slog.Logger     // progress of a rebuild, and writes that failed; nil: nowhere

	// LockTimeout is how long Open waits for another process to let go of the
	// file; 0 means 2 seconds.
	LockTimeout time.Duration
	// MmapSize is how much address space, in bytes, the file may grow into
	// before readers must be waited for; 0 means 8 GiB. It is not memory.
	MmapSize int
	// MaxSize, when not 0, is how many bytes the file may grow to. A write
	// beyond it is Busy, as on a full disk.
	MaxSize int

	// ReadOnly opens a file that is there, or a backup, without changing anything of
	// it: no Update is made, and the index need not be that of the catalog.
	ReadOnly bool

	migrations []migration              // the package's, but in tests
	rebuild    bool                     // make the index anew in any case
	progress   func(done, of int) error // told how far that is; an error ends it
}

// Store is a store.Store in one file.
type Store struct {
	db      *bbolt.DB
	file    *os.File // db's own
	catalog *search.Catalog
	plan    *plan
	now     func() time.Time
	log     *slog.Logger
	writer  *writer

	migrations []migration
	progress   func(done, of int) error

	offering  sync.WaitGroup // to those who ask for a backup
	stopOffer func()

	close  sync.Once
	closed error
}

var _ store.Store = (*Store)(nil)

// Open opens the file, or makes it. It refuses a file that another process has
// open and one that a newer version of this program wrote. Where the catalog
// has changed since the file was written it makes the index anew, which takes
// some three minutes for a million appointments and their slots.
func Open(path string, o Options) (*Store, error) {
	if o.LockTimeout == 0 {
		o.LockTimeout = 2 * time.Second
	}
	if o.MmapSize == 0 {
		o.MmapSize = 8 << 30
	}
	if o.migrations == nil {
		o.migrations = migrations
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{catalog: o.Catalog, plan: newPlan(o.Catalog), now: o.Now, log: o.Log, migrations: o.migrations, progress: o.progress}
	if !o.ReadOnly {
		if err := s.establish(path); err != nil {
			return nil, fmt.Errorf("making the store %s: %w", path, err)
		}
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		ReadOnly:        o.ReadOnly,
		Timeout:         o.LockTimeout,
		NoFreelistSync:  true, // the writer decides, commit by commit: see listed
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: o.MmapSize,
		MaxSize:         o.MaxSize,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag, mode)
			s.file = f
			return f, err
		},
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("the store %s is open in another process: stop that one, or give this one a file of its own", path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s.db = db
	prepare := func() error { return s.prepareFile(o.rebuild) }
	if o.ReadOnly {
		prepare = s.checkFile
	}
	if err := prepare(); err != nil {
		_ = db.Close() // the first error says more
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s.writer = startWriter(s)
	if !o.ReadOnly {
		s.offerBackups(path)
	}
	return s, nil
}

// Close ends backups that are being made, waits for the change that is being written, and for reads, and closes
// the file. What is asked of the store afterwards is Busy.
func (s *Store) Close() error {
	s.close.Do(func() {
		if s.stopOffer != nil {
			s.stopOffer()
		}
		s.writer.queue.Close()
		s.keepFreelist()
		s.closed = s.db.Close()
	})
	return s.closed
}

// keepFreelist writes the list of free pages, so that the next Open need not walk
// the file for it.
func (s *Store) keepFreelist() {
	if s.writer.failing.Load() || s.db.IsReadOnly() {
		return // it takes nothing
	}
	s.db.NoFreelistSync = false
	if err := s.db.Update(func(*bbolt.Tx) error { return nil }); err != nil {
		s.log.Warn("the list of free pages was not written; the next start takes longer", "error", err)
	}
}

// Ready says whether the store can read and write. After a write that failed
// it tries one, so that it is ready again as soon as the disk is.
func (s *Store) Ready(ctx context.Context) error {
	if s.writer.failing.Load() {
		return s.writer.update(ctx, func(t *tx) error { return t.touch() })
	}
	_, err := snapshot(ctx, s, func(*view) (bool, error) { return true, nil })
	return err
}

// Update runs fn in the next group of changes. See store.Store.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.writer.update(ctx, func(t *tx) error { return engine.Turn(fn, t, nil) })
}
