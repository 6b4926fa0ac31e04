// Package mongo keeps resources in MongoDB, for several server processes on one
// replica set or sharded cluster. Every change is decided by one insert: that of
// the next record of a log whose ids are numbers, so that of all who write, in any
// number of processes, one takes each number. All else is made from the log by
// whoever finds it undone. DESIGN.md beside it draws the collections, the life of
// a change and how a search sees one moment. The contract is package store's;
// nothing outside this package knows BSON.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Options are what Open needs besides the server's URI.
type Options struct {
	Catalog *search.Catalog  // what can be searched for
	Now     func() time.Time // the clock that stamps versions; it decides nothing else
	Log     *slog.Logger     // what was rolled forward, and writes that failed; nil: nowhere

	// Database is the database's name where the URI has none; empty: slotway.
	Database string
	// Away is how long a server may be away before a caller is told Busy;
	// 0 means 2 seconds.
	Away time.Duration
	// Timeout is how long one operation may take on a server that is there;
	// 0 means 5 seconds.
	Timeout time.Duration
	// Tick is how often what other processes left undone is looked for;
	// 0 means 1 second.
	Tick time.Duration

	// ReadOnly opens a database that is only read: there must be one, the index fields
	// need not be those of the catalog, and no Update is made.
	ReadOnly bool

	reach func(point) // in tests, what happens at a named point
	keep  int         // how many applied records the view keeps; tests keep fewer
}

// Store is a store.Store in one database.
type Store struct {
	o       Options
	client  *driver.Client
	db      collections
	print   string // the catalog's fingerprint
	process string // names this process in the records it writes

	view    atomic.Pointer[view]
	publish sync.Mutex // held to replace the view
	tail    tail
	serial  chan struct{} // holds one while an Update that has lost several times runs
	writer  *writer
	keeper  *keeper

	ctx    context.Context // of what goes on until Close
	stop   context.CancelFunc
	once   sync.Once
	closed error
}

var _ store.Store = (*Store)(nil)

// Open connects to a server and makes the collections and indexes it needs, or
// checks them. It finishes what a process that died left undone. Where the catalog
// has changed it makes the index fields anew. It fails when the server cannot be
// reached, when the database was written by a newer version, and when an index
// cannot be made.
func Open(ctx context.Context, uri string, o Options) (*Store, error) {
	o = o.withDefaults(uri)
	client, err := driver.Connect(options.Client().ApplyURI(uri).
		SetAppName("slotway").
		SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: new(true)}).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetServerSelectionTimeout(o.Away).
		SetConnectTimeout(o.Timeout))
	if err != nil {
		return nil, errors.New("the URI of the MongoDB store cannot be used: write it as mongodb://user:password@host:port/database") // its own text may show the password
	}
	s := &Store{o: o, client: client, db: collectionsOf(client.Database(o.Database)), print: o.Catalog.Fingerprint(), process: uuid.NewString(), serial: make(chan struct{}, 1)}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.begin(ctx); err != nil {
		s.stop()
		_ = client.Disconnect(context.WithoutCancel(ctx)) // the first error says more
		return nil, fmt.Errorf("opening the MongoDB store, database %s: %w", o.Database, err)
	}
	s.writer = startWriter(s)
	s.keeper = startKeeper(s)
	return s, nil
}

func (o Options) withDefaults(uri string) Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if named := databaseOf(uri); named != "" {
		o.Database = named
	}
	if o.Database == "" {
		o.Database = "slotway"
	}
	if o.Away == 0 {
		o.Away = 2 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Tick == 0 {
		o.Tick = time.Second
	}
	if o.keep == 0 {
		o.keep = keepRecords
	}
	if o.reach == nil {
		o.reach = func(point) {}
	}
	return o
}

// databaseOf gives the database that a URI names.
func databaseOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, name, _ := strings.Cut(rest, "/")
	return name
}

// begin makes the store ready: layout, what is known of the log, and what a
// process that died left undone.
func (s *Store) begin(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	v, err := s.catchUp(ctx)
	if err != nil {
		return err
	}
	s.view.Store(v)
	if err := s.apply(ctx, v.unapplied()); err != nil {
		return err
	}
	if s.o.ReadOnly {
		return nil
	}
	return s.reindex(ctx)
}

// Close waits for the change that is being written and lets go of the server.
// What is asked of the store afterwards is Busy.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.writer.queue.Close()
		s.keeper.close()
		s.stop()
		s.tail.wait()
		ctx, cancel := context.WithTimeoutCause(context.Background(), s.o.Away, errSlow)
		defer cancel()
		s.closed = s.client.Disconnect(ctx)
	})
	return s.closed
}

// Ready says whether the server can be reached, and after a write that failed also
// whether it takes one again.
func (s *Store) Ready(ctx context.Context) error {
	if _, err := s.look(ctx); err != nil {
		return err
	}
	return s.writer.recovered(ctx)
}
