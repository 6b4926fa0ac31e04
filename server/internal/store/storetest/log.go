package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func testLog(t *testing.T, open Open) {
	t.Run("order", func(t *testing.T) {
		s := begin(t, open)
		for i := range 5 {
			s.update(func(tx store.Tx) error {
				return errors.Join(
					tx.Append(s.ctx, "in", fmt.Append(nil, "in ", i, " a")),
					tx.Append(s.ctx, "in-other", fmt.Append(nil, "other ", i)),
					tx.Append(s.ctx, "in", fmt.Append(nil, "in ", i, " b")),
					tx.Append(s.ctx, "i", nil),
				)
			})
		}
		var got []string
		for after := ""; ; {
			records, err := s.Log(s.ctx, "in", store.LogRange{After: after, Limit: 3})
			if err != nil || len(records) > 3 {
				t.Fatalf("Log(after %q) = %d records, %v", after, len(records), err)
			}
			if len(records) == 0 {
				break
			}
			for _, r := range records {
				got = append(got, string(r.Data))
			}
			after = records[len(records)-1].At
		}
		if want := "[in 0 a in 0 b in 1 a in 1 b in 2 a in 2 b in 3 a in 3 b in 4 a in 4 b]"; fmt.Sprint(got) != want {
			t.Errorf("the stream is %v, want %s", got, want)
		}
		for stream, want := range map[string]int{"in-other": 5, "i": 5, "nothing": 0, "": 0} {
			if records, err := s.Log(s.ctx, stream, store.LogRange{Limit: 100}); err != nil || len(records) != want {
				t.Errorf("stream %q has %d records, %v; want %d", stream, len(records), err, want)
			}
		}
		_, err := s.Log(s.ctx, "in", store.LogRange{After: "no position", Limit: 1})
		wantKind(t, "Log after nonsense", err, fhir.Invalid)
	})
	t.Run("backwards and by time", func(t *testing.T) { testLogRanges(t, begin(t, open)) })
	t.Run("trim", func(t *testing.T) { testTrim(t, begin(t, open)) })
	t.Run("a reader follows writers", func(t *testing.T) { testFollow(t, begin(t, open)) })
	t.Run("many writers", func(t *testing.T) { testLogOrder(t, begin(t, open)) })
}

// Who reads a stream from where he stopped misses nothing, and sees the records of
// an Update together.
func testFollow(t *testing.T, s *subject) {
	const writers, each, together = 6, 8, 3
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				s.update(func(tx store.Tx) error {
					for n := range together {
						if err := tx.Append(s.ctx, "log", []byte{byte(w), byte(i), byte(n)}); err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var got [][]byte
	for after, last := "", false; ; {
		records, err := s.Log(s.ctx, "log", store.LogRange{After: after, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			got = append(got, r.Data)
			after = r.At
		}
		if len(records) > 0 {
			continue
		}
		if last {
			break
		}
		select {
		case <-done:
			last = true // once more, for what was written meanwhile
		default:
		}
	}
	if len(got) != writers*each*together {
		t.Fatalf("the reader saw %d records, want %d", len(got), writers*each*together)
	}
	next := [writers]byte{}
	for i, data := range got {
		first := got[i-i%together]
		if data[0] != first[0] || data[1] != first[1] || int(data[2]) != i%together || data[1] != next[data[0]] {
			t.Fatalf("record %d is %v after %v, want those of an Update together and its writer's in order", i, data, got[max(0, i-1)])
		}
		if int(data[2]) == together-1 {
			next[data[0]]++
		}
	}
}

// Each writer's records stand in the order it wrote them, whole, none twice.
func testLogOrder(t *testing.T, s *subject) {
	const writers, each = 16, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := s.Update(s.ctx, func(tx store.Tx) error {
					if err := tx.Append(s.ctx, "log", []byte{byte(w), byte(i)}); err != nil {
						return err
					}
					if i%3 == 1 {
						_ = tx.Append(s.ctx, "log", []byte("must not be kept"))
						return fhir.Conflict
					}
					return nil
				})
				if (err == nil) == (i%3 == 1) {
					t.Errorf("Update() = %v", err)
				}
			}
		})
	}
	wg.Wait()
	records, err := s.Log(s.ctx, "log", store.LogRange{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	next := [writers]byte{}
	for _, r := range records {
		w := r.Data[0]
		if len(r.Data) != 2 || r.Data[1] != next[w] {
			t.Fatalf("a record is %v, want %v", r.Data, []byte{w, next[w]})
		}
		if next[w]++; next[w]%3 == 1 {
			next[w]++
		}
	}
	for w, n := range next {
		if n < each {
			t.Errorf("writer %d: the log ends before its record %d", w, n)
		}
	}
}
