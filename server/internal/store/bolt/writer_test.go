package bolt

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// slotPut makes a Put of a slot.
func slotPut(i int) store.Put {
	r, err := fhir.Parse([]byte(slotText(i)))
	if err != nil {
		panic(err)
	}
	return store.Put{Key: store.Key{Customer: "a", Type: "Slot", ID: r.ID()}, Resource: r, IfVersion: store.Any}
}

// writeSlot puts a slot in an Update of its own.
func writeSlot(ctx context.Context, s *Store, i int) error {
	return s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Put(ctx, slotPut(i))
		return err
	})
}

// slots counts the slots a search sees.
func slots(t *testing.T, s *Store) int {
	t.Helper()
	p, err := s.Search(context.Background(), store.Of("a"), query(t, s.catalog, "Slot", "_count=0"))
	if err != nil {
		t.Fatal(err)
	}
	return p.Total
}

// hold begins an Update that keeps the writer until release is closed, and
// waits until it has begun.
func hold(t *testing.T, s *Store) (release chan struct{}, done chan error) {
	release, done = make(chan struct{}), make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		done <- s.Update(context.Background(), func(store.Tx) error {
			close(begun)
			<-release
			return nil
		})
	}()
	<-begun
	return release, done
}

func TestGroupCommit(t *testing.T) {
	s := openTest(t)
	var commits atomic.Int64
	s.writer.commit = func(btx *bbolt.Tx) error {
		commits.Add(1)
		return btx.Commit()
	}
	const n = 50
	synctest.Test(t, func(t *testing.T) {
		// A writer of its own, so that the bubble can tell that all wait.
		w := &writer{s: s, commit: s.writer.commit, room: s.writer.room, memory: s.writer.memory}
		w.queue = engine.NewQueue(w.group)
		release := make(chan struct{})
		go func() {
			if err := w.update(context.Background(), func(*tx) error { <-release; return nil }); err != nil {
				t.Errorf("the first Update = %v", err)
			}
		}()
		synctest.Wait()
		for i := range n {
			go func() {
				err := w.update(context.Background(), func(tx *tx) error {
					_, err := tx.Put(context.Background(), slotPut(i))
					return err
				})
				if err != nil {
					t.Errorf("Update %d = %v", i, err)
				}
			}()
		}
		synctest.Wait()
		close(release)
		synctest.Wait()
		w.queue.Close()
	})
	if got := commits.Load(); got != 1 {
		t.Errorf("%d changes that waited took %d commits, want 1", n, got)
	}
	if got := slots(t, s); got != n {
		t.Errorf("%d slots are stored, want %d", got, n)
	}
}

// Disk full and I/O errors: every change of the group is Busy and left nothing,
// reads go on, and the store recovers by itself.
func TestCommitFails(t *testing.T) {
	s := openTest(t)
	if err := writeSlot(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	s.writer.commit = func(*bbolt.Tx) error { return syscall.ENOSPC }
	release, first := hold(t, s)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			err := writeSlot(t.Context(), s, i+1)
			if fhir.KindOf(err) != fhir.Busy || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Update while the disk is full = %v, want Busy caused by ENOSPC", err)
			}
		})
	}
	close(release)
	wg.Wait()
	<-first
	if got := slots(t, s); got != 1 {
		t.Errorf("%d slots are stored, want the one from before", got)
	}
	if err := s.Ready(t.Context()); fhir.KindOf(err) != fhir.Busy {
		t.Errorf("Ready() = %v, want Busy", err)
	}
	s.writer.commit = (*bbolt.Tx).Commit
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready() once there is room = %v", err)
	}
	if err := writeSlot(t.Context(), s, 1); err != nil || slots(t, s) != 2 {
		t.Errorf("Update once there is room = %v with %d slots, want 2", err, slots(t, s))
	}
}

// A commit whose very last sync fails is visible already: it is made durable by
// another one, or its outcome is said to be uncertain.
func TestCommitFailsAtItsEnd(t *testing.T) {
	for _, tc := range []struct {
		name     string
		failures int
		want     string
	}{{"once", 1, ""}, {"again", 2, "not certain"}} {
		t.Run(tc.name, func(t *testing.T) {
			s := openTest(t)
			failures := tc.failures
			s.writer.commit = func(btx *bbolt.Tx) error {
				err := btx.Commit()
				if failures--; failures >= 0 {
					err = syscall.EIO
				}
				return err
			}
			err := writeSlot(t.Context(), s, 1)
			if tc.want == "" && err != nil || tc.want != "" && (fhir.KindOf(err) != fhir.Busy || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Update() = %v, want %q", err, tc.want)
			}
			if got := slots(t, s); got != 1 {
				t.Errorf("%d slots are stored, want 1", got)
			}
			if err := writeSlot(t.Context(), s, 2); err != nil {
				t.Errorf("the next Update = %v", err)
			}
		})
	}
}

func TestFileMayNotGrow(t *testing.T) {
	s := openTest(t)
	s.db.MaxSize = 2 << 20
	var err error
	written := 0
	for ; written < 2000 && err == nil; written++ {
		err = s.Update(t.Context(), func(tx store.Tx) error {
			for range 20 {
				if err := tx.Append(t.Context(), "log", make([]byte, 4000)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if fhir.KindOf(err) != fhir.Busy {
		t.Fatalf("after %d Updates = %v, want Busy", written, err)
	}
	records, err := s.Log(t.Context(), "log", store.LogRange{Limit: 1 << 20})
	if err != nil || len(records) != (written-1)*20 {
		t.Errorf("the log has %d records, %v; want those of the %d Updates that succeeded", len(records), err, written-1)
	}
	s.db.MaxSize = 0
	if err := writeSlot(t.Context(), s, 1); err != nil {
		t.Errorf("Update once the file may grow = %v", err)
	}
}

func TestFunctionsAreContained(t *testing.T) {
	s := openTest(t)
	for name, end := range map[string]func(){
		"panic":  func() { panic("meant") },
		"Goexit": runtime.Goexit,
		"index": func() {
			var none []int
			none[len(t.Name())]++
		},
	} {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			if _, err := tx.Put(t.Context(), slotPut(1)); err != nil {
				t.Error(err)
			}
			end()
			return nil
		})
		if fhir.KindOf(err) != fhir.Internal {
			t.Errorf("%s: Update() = %v, want Internal", name, err)
		}
	}
	if got := slots(t, s); got != 0 {
		t.Errorf("%d slots are stored, want none", got)
	}
}

// A change that ends its goroutine takes none of its group with it: the others are
// made, in the same commit.
func TestGroupOutlivesAGoroutine(t *testing.T) {
	s := openTest(t)
	commits := 0
	const n = 12
	synctest.Test(t, func(t *testing.T) {
		w := &writer{s: s, room: s.writer.room, memory: s.writer.memory, commit: func(btx *bbolt.Tx) error { commits++; return btx.Commit() }}
		w.queue = engine.NewQueue(w.group)
		release := make(chan struct{})
		go func() { _ = w.update(context.Background(), func(*tx) error { <-release; return nil }) }()
		synctest.Wait()
		for i := range n {
			go func() {
				err := w.update(context.Background(), func(tx *tx) error {
					_, err := tx.Put(context.Background(), slotPut(i))
					if i%3 == 1 {
						runtime.Goexit()
					}
					return err
				})
				if (err != nil) != (i%3 == 1) {
					t.Errorf("change %d = %v", i, err)
				}
			}()
			synctest.Wait() // so that they wait in this order
		}
		close(release)
		synctest.Wait()
		w.queue.Close()
	})
	if commits != 1 {
		t.Errorf("%d commits, want 1", commits)
	}
	if got := slots(t, s); got != n*2/3 {
		t.Errorf("%d slots are stored, want %d", got, n*2/3)
	}
}

// A change whose caller gives up before its turn is not made; one that has begun
// is waited for.
func TestGivingUp(t *testing.T) {
	s := openTest(t)
	release, first := hold(t, s)
	ctx, cancel := context.WithCancelCause(t.Context())
	second := make(chan error)
	go func() { second <- writeSlot(ctx, s, 1) }()
	gone := errors.New("the client went away")
	cancel(gone)
	if err := <-second; !errors.Is(err, gone) || fhir.KindOf(err) != fhir.Busy {
		t.Errorf("Update of a caller that gave up = %v, want Busy caused by %v", err, gone)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	err := s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Put(context.Background(), slotPut(2))
		cancel(gone)
		return err
	})
	if got := slots(t, s); err != nil || got != 1 {
		t.Errorf("Update of a caller that gave up after its turn began = %v with %d slots, want 1", err, got)
	}
}
