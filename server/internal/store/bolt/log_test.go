package bolt

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// The records of one group are numbered one after another; one that is undone leaves
// no number out, and streams have numbers of their own.
func TestNumbersOfAGroup(t *testing.T) {
	s := openTest(t)
	planned := errors.New("planned")
	synctest.Test(t, func(t *testing.T) {
		w := &writer{s: s, commit: s.writer.commit, room: s.writer.room, memory: s.writer.memory}
		w.queue = engine.NewQueue(w.group)
		release := make(chan struct{})
		add := func(stream string, end error) {
			go func() {
				err := w.update(context.Background(), func(tx *tx) error {
					<-release
					return errors.Join(tx.Append(context.Background(), stream, []byte("a record")), end)
				})
				if !errors.Is(err, end) {
					t.Errorf("Update = %v, want %v", err, end)
				}
			}()
			synctest.Wait()
		}
		for range 3 {
			add("log", nil)
			add("log", planned)
			add("another", nil)
		}
		close(release)
		synctest.Wait()
		w.queue.Close()
	})
	for _, stream := range []string{"log", "another"} {
		records, err := s.Log(t.Context(), stream, store.LogRange{Limit: 10})
		if err != nil || len(records) != 3 {
			t.Fatalf("%s has %d records, %v; want 3", stream, len(records), err)
		}
		for i, r := range records {
			place, err := placeOf(r.At)
			if err != nil || lastNumber(place) != uint64(i+1) {
				t.Errorf("record %d of %s has number %d, %v", i+1, stream, lastNumber(place), err)
			}
		}
	}
}
