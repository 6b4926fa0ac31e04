package mongo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/server/internal/store"
	"slotway/server/internal/store/mongo/mongotest"
	"slotway/server/internal/store/storetest"
)

// Records may be applied in any order, twice, and by two processes at once.
func TestApplyInAnyOrder(t *testing.T) {
	e := envFor(t)
	want := ""
	for seed := range uint64(6) {
		uri := mongotest.URI(t)
		s, other := openAt(t, uri, e, Options{Tick: 3600e9}), openAt(t, uri, e, Options{Tick: 3600e9})
		s.keeper.close() // it would be faster
		for i := range 4 {
			history(t, s, i)
		}
		if _, err := other.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(seed, 0))
		var wg sync.WaitGroup
		for _, one := range []*Store{s, other, s} {
			records := slices.Clone(one.view.Load().records)
			random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			wg.Go(func() {
				for some := range slices.Chunk(records, 1+int(seed)%3) {
					if err := one.apply(context.Background(), some); err != nil {
						t.Errorf("apply() = %v", err)
					}
				}
			})
		}
		wg.Wait()
		got := contents(t, s)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("seed %d: the collections hold\n%s\nwant\n%s", seed, got, want)
		}
		s.Close()
		other.Close()
	}
}

// history makes changes that follow one another on the same keys.
func history(t *testing.T, s *Store, i int) {
	t.Helper()
	ctx := t.Context()
	for _, fn := range []func(store.Tx) error{
		func(tx store.Tx) error { return putSlot(ctx, tx, "x", fmt.Sprint("state-", i)) },
		func(tx store.Tx) error {
			return tx.Claim(ctx, store.Claim{Space: "slot", Key: "x", Holder: fmt.Sprint(i)})
		},
		func(tx store.Tx) error {
			if _, err := tx.Delete(ctx, slotKey("x"), store.Any); err != nil {
				return err
			}
			return tx.Append(ctx, "log", []byte{byte(i)})
		},
		func(tx store.Tx) error { return putSlot(ctx, tx, "y", fmt.Sprint("state-", i)) },
		func(tx store.Tx) error {
			if i == 3 {
				return nil
			}
			return tx.Release(ctx, "slot", "x", fmt.Sprint(i))
		},
	} {
		if err := s.Update(ctx, fn); err != nil {
			t.Fatal(err)
		}
	}
	records, err := s.Log(ctx, "log", store.LogRange{Back: true, Limit: 1})
	if err != nil || len(records) != 1 {
		t.Fatalf("Log() = %v, %v; want a record", records, err)
	}
	if i == 1 {
		if err := s.Trim(ctx, "log", records[0].At); err != nil {
			t.Fatal(err)
		}
	}
}

// contents shows what the applied collections hold.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	out := ""
	for _, c := range []struct {
		name string
		find func() ([]bson.D, error)
	}{
		{"versions", func() ([]bson.D, error) { return everything(t, s, "versions") }},
		{"claims", func() ([]bson.D, error) { return everything(t, s, "claims") }},
		{"streams", func() ([]bson.D, error) { return everything(t, s, "streams") }},
		{"trims", func() ([]bson.D, error) { return everything(t, s, "trims") }},
	} {
		docs, err := c.find()
		if err != nil {
			t.Fatal(err)
		}
		out += c.name + "\n"
		for _, d := range docs {
			out += fmt.Sprintln(" ", d)
		}
	}
	return out
}

func everything(t *testing.T, s *Store, name string) (docs []bson.D, err error) {
	cursor, err := s.client.Database(s.o.Database).Collection(name).Find(t.Context(), bson.D{})
	if err != nil {
		return nil, err
	}
	err = cursor.All(t.Context(), &docs)
	for _, d := range docs { // the order of fields is the server's affair
		slices.SortFunc(d, func(a, b bson.E) int { return compare(a.Key, b.Key) })
	}
	slices.SortFunc(docs, func(a, b bson.D) int { return compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return docs, err
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// A process that slept while others marked and emptied the log goes on where they
// are, and loses no change to a number that was taken before.
func TestSleeperWakes(t *testing.T) {
	e := envFor(t)
	uri := mongotest.URI(t)
	sleeper := openAt(t, uri, e, Options{Tick: 3600e9})
	defer sleeper.Close()
	if err := put(t, sleeper, "x", "free"); err != nil {
		t.Fatal(err)
	}
	awake := openAt(t, uri, e, Options{})
	for i := range 3 * markStep {
		if err := put(t, awake, "x", fmt.Sprint("state-", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := awake.Close(); err != nil {
		t.Fatal(err)
	}
	if _, emptied, err := sleeper.load(t.Context(), 2); err != nil || !emptied {
		t.Fatalf("record 2 is emptied: %v, %v; want it so", emptied, err)
	}
	if err := put(t, sleeper, "x", "busy"); err != nil {
		t.Fatal(err)
	}
	rec, err := sleeper.Read(t.Context(), store.Of("a"), slotKey("x"))
	if want := int64(3*markStep + 2); err != nil || rec.Version != want {
		t.Errorf("Read() = version %d, %v; want %d", rec.Version, err, want)
	}
	if v := sleeper.view.Load(); v.base < markStep {
		t.Errorf("the view begins at %d, want it at a mark", v.base)
	}
}

// Another catalog makes the index fields anew, and reads what is not yet remade.
func TestAnotherCatalog(t *testing.T) {
	e := envFor(t)
	uri := mongotest.URI(t)
	old := openAt(t, uri, e, Options{Tick: 3600e9})
	defer old.Close()
	old.print = "an older one" // as if its table had other rows
	for i := range 3 {
		if err := put(t, old, fmt.Sprint("x", i), "free"); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.apply(t.Context(), old.view.Load().unapplied()); err != nil {
		t.Fatal(err)
	}
	now := openAt(t, uri, e, Options{keep: -1, Tick: 3600e9})
	defer now.Close()
	if docs, err := now.findVersions(t.Context(), bson.D{{Key: fieldPrint, Value: now.print}}, seen, 0); err != nil || len(docs) != 3 {
		t.Errorf("%d versions have the new catalog's fields (%v), want 3", len(docs), err)
	}
	if err := put(t, old, "x3", "free"); err != nil { // an old process still runs
		t.Fatal(err)
	}
	for _, from := range []string{"the log", "the collection"} {
		if from == "the collection" {
			if err := old.apply(t.Context(), old.view.Load().unapplied()); err != nil {
				t.Fatal(err)
			}
			if err := now.note(t.Context(), now.view.Load().unapplied()); err != nil {
				t.Fatal(err)
			}
			now.trim()
		}
		if got := describe(t, now, e.Catalog); got != describe(t, modelWith(t, e, 4), e.Catalog) {
			t.Errorf("from %s the new instance sees\n%s", from, got)
		}
	}
}

func modelWith(t *testing.T, e storetest.Env, slots int) store.Store {
	m := storetest.NewModel(e.Catalog, e.Now)
	for i := range slots {
		if err := put(t, m, fmt.Sprint("x", i), "free"); err != nil {
			t.Fatal(err)
		}
	}
	return m
}
