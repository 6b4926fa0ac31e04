package bolt

import (
	"context"
	"encoding/binary"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// tx is one change at work in a transaction that it shares with others of its
// group. It remembers what it overwrote, so that it can be undone alone. It
// reads, and searches, its own writes.
type tx struct {
	view
	done []overwritten
	size int            // bytes of the keys and values set
	ends map[string]end // of the streams that were added to, by all of the group
}

var _ store.Tx = (*tx)(nil)

func newTx(s *Store, btx *bbolt.Tx) *tx {
	return &tx{view: view{s: s, btx: btx}, ends: map[string]end{}}
}

// Read gives the current version. See store.Reader.
func (t *tx) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	return engine.Read(ctx, t, see, k)
}

// Version gives one version. See store.Reader.
func (t *tx) Version(ctx context.Context, see store.Visibility, k store.Key, version int64) (store.Record, error) {
	return engine.ReadVersion(ctx, t, see, k, version)
}

// History gives the versions of a resource. See store.Reader.
func (t *tx) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	return engine.History(ctx, t, see, k, after, limit)
}

// Search gives a page of a search. See store.Reader.
func (t *tx) Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error) {
	return t.search(ctx, see, q)
}

// Claimed gives a claim that is held. See store.Reader.
func (t *tx) Claimed(_ context.Context, space, key string) (store.Claim, error) {
	return t.claimed(space, key)
}

// Changes gives the versions of all resources. See store.Reader.
func (t *tx) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	return t.changes(ctx, see, typ, since, after, limit)
}

// Claims gives claims that are held. See store.Reader.
func (t *tx) Claims(_ context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	return t.held(space, prefix, after, limit, math.MaxInt)
}

// Log gives records of a stream. See store.Reader.
func (t *tx) Log(_ context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	return t.records(stream, r)
}

// Claim takes a key. See store.Tx.
func (t *tx) Claim(_ context.Context, c store.Claim) error {
	return t.claim(c)
}

// Release frees a key. See store.Tx.
func (t *tx) Release(_ context.Context, space, key, holder string) error {
	return t.release(space, key, holder)
}

// Append adds a record to a stream. See store.Tx.
func (t *tx) Append(_ context.Context, stream string, data []byte) error {
	return t.appendTo(stream, t.s.now(), data)
}

// Put stores the next version of a resource. See store.Tx.
func (t *tx) Put(_ context.Context, p store.Put) (store.Record, error) {
	n, old, _, err := t.present(p.Key)
	if err != nil {
		return store.Record{}, err
	}
	next, err := store.Prepare(t.s.catalog, t.s.now(), old, p)
	if err != nil {
		return store.Record{}, err
	}
	return t.write(n, next)
}

// Delete stores a deletion. See store.Tx.
func (t *tx) Delete(_ context.Context, k store.Key, ifVersion int64) (store.Record, error) {
	n, old, labels, err := t.present(k)
	if err != nil {
		return store.Record{}, err
	}
	next, err := store.PrepareDelete(t.s.now(), old, labels, ifVersion)
	if err != nil {
		return store.Record{}, err
	}
	return t.write(n, next)
}

// Restore stores a version as another store gave it. See store.Tx.
func (t *tx) Restore(_ context.Context, rec store.Record) error {
	n, old, labels, err := t.present(rec.Key)
	if err != nil {
		return err
	}
	next, err := store.PrepareRestore(t.s.catalog, old, labels, rec)
	if err != nil {
		return err
	}
	_, err = t.write(n, next)
	return err
}

// AppendAt adds a record of a time to a stream. See store.Tx.
func (t *tx) AppendAt(_ context.Context, stream string, at time.Time, data []byte) error {
	return t.appendTo(stream, at, data)
}

// present gives the newest version of a resource, its bytes still the file's, its
// number and its labels; the number is 0 when there never was one.
func (t *tx) present(k store.Key) (n uint64, rec store.Record, labels []string, err error) {
	rec.Key = k
	if n = t.number(k); n == 0 {
		return 0, rec, nil, nil
	}
	b, version, err := t.current(n)
	if err != nil {
		return 0, rec, nil, err
	}
	return n, b.record(k, version), b.labels, nil
}

// write stores a version, brings what follows from it up to date, and gives it.
func (t *tx) write(n uint64, next store.Next) (store.Record, error) {
	k, version := next.Record.Key, next.Record.Version
	if next.Same {
		one := []store.Record{next.Record}
		_, err := t.Keep(context.Background(), one)
		return one[0], err
	}
	if n == 0 {
		var err error
		if n, err = t.in(ids).NextSequence(); err != nil {
			return store.Record{}, err
		}
		if err := t.insert(ids, idKey(k), numberKey(n)); err != nil {
			return store.Record{}, err
		}
	}
	if err := t.insert(bodies, versionKey(n, version), bodyOf(next).encode()); err != nil {
		return store.Record{}, err
	}
	if err := t.insert(changes, changeKey(k, next.Record.Updated.UnixMicro(), n, version), []byte(k.ID)); err != nil {
		return store.Record{}, err
	}
	return next.Record, t.reindex(n, next)
}

// reindex brings head, index and count of a resource to its newest version.
func (t *tx) reindex(n uint64, next store.Next) error {
	k, key := next.Record.Key, numberKey(n)
	value := t.get(heads, key)
	was := value != nil
	var before keySet
	if was {
		old, err := readHead(value)
		if err != nil {
			return err
		}
		doc, err := t.s.catalog.DecodeDocument(old.doc)
		if err != nil {
			return err
		}
		if before, err = t.keysOf(k.Customer, doc, n); err != nil {
			return err
		}
	}
	if next.Record.Deleted {
		if err := t.replaceKeys(before, keySet{}); err != nil || !was {
			return err
		}
		if err := t.remove(heads, key, value); err != nil {
			return err
		}
		return t.recount(k, -1)
	}
	after, err := t.keysOf(k.Customer, next.Document, n)
	if err != nil {
		return err
	}
	if err := t.replaceKeys(before, after); err != nil {
		return err
	}
	h := head{uint64(t.btx.ID()), next.Labels, t.s.catalog.AppendDocument(nil, next.Document)}
	if err := t.set(heads, key, value, h.encode()); err != nil || was {
		return err
	}
	return t.recount(k, +1)
}

// recount adds to the count of a type.
func (t *tx) recount(k store.Key, change int64) error {
	n := int64(t.count(k.Customer, k.Type)) + change
	return t.put(counts, pairKey(k.Customer, k.Type), binary.AppendUvarint(nil, uint64(n)))
}
