package bolt

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

func benchCatalog(b *testing.B) *search.Catalog {
	b.Helper()
	return storetest.Catalog(b, "Europe/London")
}

type pair struct {
	in         bucket
	key, value []byte
}

// bare is a bbolt file with the store's own settings.
type bare struct{ db *bbolt.DB }

// openBare opens one that holds what a store of n appointments does.
func openBare(b *testing.B, s *Store, n int) bare {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bbolt.Options{
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 8 << 30,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	base := &Store{db: db, catalog: s.catalog, plan: s.plan, now: s.now, log: s.log}
	if err := base.prepareFile(false); err != nil {
		b.Fatal(err)
	}
	base.writer = startWriter(base)
	base.writer.room.off = true
	loadWorld(b, base, n)
	base.writer.queue.Close()
	return bare{db}
}

// commit measures how long that many commits of the work take.
func (f bare) commit(b *testing.B, work [][]pair, commits int) time.Duration {
	b.Helper()
	began := time.Now()
	for step := range slices.Chunk(work, (len(work)+commits-1)/commits) {
		err := f.db.Update(func(btx *bbolt.Tx) error {
			for _, pairs := range step {
				for _, p := range pairs {
					if err := btx.Bucket(bucketNames[p.in]).Put(p.key, p.value); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// pairsOf gives what each of n appointments from the first put into s.
func pairsOf(b *testing.B, s *Store, first, n int) [][]pair {
	b.Helper()
	var out [][]pair
	for i := range n {
		k := store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprint("a", first+i)}
		pairs, err := snapshot(context.Background(), s, func(v *view) ([]pair, error) { return v.pairs(k) })
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, pairs)
	}
	return out
}

func (v *view) pairs(k store.Key) ([]pair, error) {
	n := v.number(k)
	h, _, err := v.head(n)
	if err != nil {
		return nil, err
	}
	doc, err := v.s.catalog.DecodeDocument(h.doc)
	if err != nil {
		return nil, err
	}
	current, version, err := v.current(n)
	if err != nil {
		return nil, err
	}
	out := []pair{
		{ids, idKey(k), numberKey(n)},
		{bodies, versionKey(n, version), current.encode()},
		{heads, numberKey(n), h.encode()},
		{counts, pairKey(k.Customer, k.Type), []byte{1, 2, 3}},
		{changes, changeKey(k, current.updated, n, version), []byte(k.ID)},
	}
	space, _ := v.space(k.Customer, k.Type)
	m := keyMaker{n: n, space: space}
	m.document(v.s.plan.of(k.Type), &doc)
	slices.Sort(m.keys)
	set := keySet{keys: slices.Compact(m.keys), space: space, id: []byte(k.ID)}
	for _, key := range set.keys {
		out = append(out, pair{index, []byte(key), set.value(key)})
	}
	return out, nil
}
