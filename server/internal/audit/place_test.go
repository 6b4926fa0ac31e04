package audit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// moved gives a store of the other engine with the stream and the head of one, as an
// import makes it: the positions are its own.
func moved(t *testing.T, from store.Store) store.Store {
	t.Helper()
	to := onDisk(t)
	records, err := from.Log(t.Context(), audit.Stream, store.LogRange{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	head, err := from.Claimed(t.Context(), "audit", "head")
	if err != nil {
		t.Fatal(err)
	}
	err = to.Update(t.Context(), func(tx store.Tx) error {
		for _, r := range records {
			if err := tx.AppendAt(t.Context(), audit.Stream, r.Time, r.Data); err != nil {
				return err
			}
		}
		return tx.Claim(t.Context(), head)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// onDisk gives a store in a file.
func onDisk(t *testing.T) store.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "audit.db"), bolt.Options{Catalog: search.NewCatalog(nil, time.UTC), Now: func() time.Time { return began }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// add leaves so many records, with a commit each.
func add(t *testing.T, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		l.Add(&audit.Event{Time: began, Act: "read", ID: fmt.Sprint(i)})
		flush(t, l)
	}
}

// TestChainGoesOnInAnotherStore: security S100 holds of a store that everything was
// moved to, where positions are others: what is written there is sealed behind what
// was, no record is left out or covered twice, and what is old can be taken away.
func TestChainGoesOnInAnotherStore(t *testing.T) {
	for _, tc := range []struct {
		name    string
		lived   func(t *testing.T, l *audit.Log)
		trimmed bool
	}{
		{"as it was", func(*testing.T, *audit.Log) {}, false},
		{"after a trim", func(t *testing.T, l *audit.Log) {
			if err := l.Trim(t.Context(), began.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"after a trim, and more", func(t *testing.T, l *audit.Log) {
			if err := l.Trim(t.Context(), began.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			add(t, l, 3)
		}, true},
		{"with records that no seal covers", func(t *testing.T, l *audit.Log) {
			for range 3 {
				if err := l.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Append(t.Context(), audit.Stream, []byte{2, 0}) }); err != nil {
					t.Fatal(err)
				}
			}
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			old := chained(t)
			tc.lived(t, old)
			before, err := audit.Verify(t.Context(), old.Store, old.Keys, "")
			if err != nil || before.Break != "" {
				t.Fatalf("before: %+v, %v", before, err)
			}
			s := moved(t, old.Store)
			check := func(when string, seals int64) {
				t.Helper()
				got, err := audit.Verify(t.Context(), s, old.Keys, before.Last.Note())
				if err != nil || got.Break != "" || got.Trimmed != tc.trimmed || got.Last.Number != before.Last.Number+seals {
					t.Fatalf("%s: %+v, %v; want no break, trimmed %v, and %d seals more than %+v", when, got, err, tc.trimmed, seals, before)
				}
				if want := 1; seals > 0 && got.Open != want {
					t.Errorf("%s: %d records are open, want the last seal alone", when, got.Open)
				}
			}
			check("moved", 0)
			for run := range 3 { // a process each
				l := newLog(t, s)
				l.Add(&audit.Event{Time: began, Act: "read", ID: fmt.Sprint(run)})
				if err := l.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				check(fmt.Sprint("after start ", run+1), int64(run+1))
			}
			l := newLog(t, s)
			if err := l.Trim(t.Context(), began.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if err := l.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := audit.Verify(t.Context(), s, l.Keys, "")
			if err != nil || got.Break != "" || !got.Trimmed || got.First.Number != before.Last.Number+3 || got.Last.Number != got.First.Number+1 {
				t.Errorf("after a trim there: %+v, %v", got, err)
			}
		})
	}
}

// TestTrimOfWhatWasMoved: a seal that was set in another store says nothing of where
// its records are here, and no more is taken away than it covers.
func TestTrimOfWhatWasMoved(t *testing.T) {
	old := chained(t)
	s := moved(t, old.Store)
	l := newLog(t, s)
	if err := l.Trim(t.Context(), began.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	left, err := s.Log(t.Context(), audit.Stream, store.LogRange{Limit: 100})
	if err != nil || len(left) != 1 {
		t.Errorf("%d records are left, %v; want the last seal alone", len(left), err)
	}
}

// TestChainAfterABacklog: more records wait for a seal than are read at once by far, as
// after many kills, and the process that begins to cover them is killed, too. The next
// one goes on where it stopped (R61).
func TestChainAfterABacklog(t *testing.T) {
	const waiting = 110_000
	s := onDisk(t)
	l := newLog(t, s)
	add(t, l, 1) // the first seal
	const step = 2_000
	for from := 0; from < waiting; from += step {
		if err := s.Update(t.Context(), func(tx store.Tx) error {
			for n := range step {
				if err := tx.Append(t.Context(), audit.Stream, fmt.Appendf(nil, "\x02%d", from+n)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for run := range 3 {
		l := newLog(t, s)
		ctx, kill := context.WithCancel(t.Context())
		defer kill()
		seals := 0
		l.Now = func() time.Time { // each seal says when it was made
			if seals++; seals == 2 {
				kill()
			}
			return began
		}
		if err := l.Flush(ctx); run < 2 && !errors.Is(err, context.Canceled) {
			t.Fatalf("run %d ended with %v before it was killed", run, err)
		}
		got, err := audit.Verify(t.Context(), s, l.Keys, "")
		if want := int64(run + 2); err != nil || got.Break != "" || got.Seals != want {
			t.Fatalf("after run %d: %+v, %v; want no break and %d seals", run, got, err, want)
		}
	}
}
