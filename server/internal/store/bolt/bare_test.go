package bolt

import (
	"context"
	"fmt"
	"path/filepath"
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

// bareCommits measures how long bbolt takes to commit the keys that n new
// appointments have in s, in groups, with the store's own settings, to a file
// that holds as much as s did before them.
func bareCommits(b *testing.B, s *Store, n, group int) time.Duration {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bbolt.Options{
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 8 << 30, NoStatistics: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	base := &Store{db: db, catalog: s.catalog, plan: s.plan, now: s.now, log: s.log}
	if err := base.prepareFile(); err != nil {
		b.Fatal(err)
	}
	base.writer = startWriter(base)
	loadWorld(b, base, 20_000)
	base.writer.stop()
	work := pairsOf(b, s, 20_000, n)
	began := time.Now()
	for len(work) > 0 {
		step := work[:min(group, len(work))]
		work = work[len(step):]
		err := db.Update(func(btx *bbolt.Tx) error {
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

// pairsOf gives what each of n appointments after the first put into s.
func pairsOf(b *testing.B, s *Store, first, n int) [][]pair {
	b.Helper()
	var out [][]pair
	for i := range n {
		k := store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprint("a", first+1+i)}
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
	}
	space, _ := v.space(k.Customer, k.Type)
	m := keyMaker{n: n, space: space}
	m.document(v.s.plan.of(k.Type), &doc)
	for _, key := range m.keys {
		out = append(out, pair{index, []byte(key), none})
	}
	return out, nil
}
