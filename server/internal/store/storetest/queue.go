package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/store"
)

// keys gives the keys of the claims that Claims lists.
func keysOf(t *testing.T, r store.Reader, s *subject, space, prefix, after string, limit int) string {
	t.Helper()
	claims, err := r.Claims(s.ctx, space, prefix, after, limit)
	if err != nil {
		t.Fatalf("Claims(%q, %q, %q) = %v", space, prefix, after, err)
	}
	var out []string
	for _, c := range claims {
		if c.Space != space || c.Holder != "of "+c.Key || string(c.Payload) != "what "+c.Key {
			t.Errorf("Claims gives %+v, want it as it was claimed", c)
		}
		out = append(out, c.Key)
	}
	return strings.Join(out, " ")
}

func claimOf(space, key string) store.Claim {
	return store.Claim{Space: space, Key: key, Holder: "of " + key, Payload: []byte("what " + key)}
}

// testQueue proves what Claims gives: keys in order of their bytes, by prefix,
// from a key on.
func testQueue(t *testing.T, s *subject) {
	keys := []string{"a", "a/1", "a/10", "a/2", "a/~", "a/\x7f", "a/é", "a0", "A/1", "b/1", "a/\x00", "a/!", "a/%", "a/ "}
	s.update(func(tx store.Tx) error {
		for _, k := range keys {
			if err := tx.Claim(s.ctx, claimOf("q", k)); err != nil {
				return err
			}
		}
		return errors.Join(tx.Claim(s.ctx, claimOf("q2", "a/1")), tx.Claim(s.ctx, claimOf("", "a/1")))
	})
	sorted := slices.Sorted(slices.Values(keys))
	all := strings.Join(sorted, " ")
	for _, tc := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"", "", 100, all},
		{"", "", 3, strings.Join(sorted[:3], " ")},
		{"", "", 0, ""},
		{"a/1", "", 100, "a/1 a/10"},
		{"a/1", "a/1", 100, "a/10"},
		{"a/1", "a/10", 100, ""},
		{"a/1", "a/2", 100, ""},
		{"a/1", "A", 1, "a/1"},
		{"b", "", 100, "b/1"},
		{"c", "", 100, ""},
		{"", "a/2", 2, "a/~ a/\x7f"},
		{"a/", "a/15", 1, "a/2"},
		{"a/\x00", "", 100, "a/\x00"},
	} {
		if got := keysOf(t, s, s, "q", tc.prefix, tc.after, tc.limit); got != tc.want {
			t.Errorf("Claims(%q after %q, %d) = %q, want %q", tc.prefix, tc.after, tc.limit, got, tc.want)
		}
	}
	var walked []string
	for after := ""; ; {
		got := keysOf(t, s, s, "q", "", after, 1)
		if got == "" {
			break
		}
		walked = append(walked, got)
		after = got
	}
	if !slices.Equal(walked, sorted) {
		t.Errorf("one at a time Claims walks %q, want %q", walked, sorted)
	}
	s.update(func(tx store.Tx) error {
		return errors.Join(tx.Release(s.ctx, "q", "a/1", "of a/1"), tx.Release(s.ctx, "q", "a/10", "another"), tx.Claim(s.ctx, claimOf("q", "a/11")))
	})
	if got := keysOf(t, s, s, "q", "a/1", "", 100); got != "a/10 a/11" {
		t.Errorf("after a release Claims = %q, want a/10 a/11", got)
	}
	s.update(func(tx store.Tx) error { return tx.Claim(s.ctx, claimOf("q", "a/1")) })
	if got := keysOf(t, s, s, "q", "a/1", "", 2); got != "a/1 a/10" {
		t.Errorf("after another claim Claims = %q, want a/1 a/10", got)
	}
}

// Within a Tx Claims shows what the Tx did; an Update that fails leaves none of it.
func testQueueInTx(t *testing.T, s *subject) {
	s.update(func(tx store.Tx) error {
		return errors.Join(tx.Claim(s.ctx, claimOf("q", "1")), tx.Claim(s.ctx, claimOf("q", "3")), tx.Claim(s.ctx, claimOf("q", "5")))
	})
	err := s.Update(s.ctx, func(tx store.Tx) error {
		if err := errors.Join(tx.Claim(s.ctx, claimOf("q", "2")), tx.Release(s.ctx, "q", "3", "of 3"), tx.Claim(s.ctx, claimOf("q", "4")), tx.Release(s.ctx, "q", "4", "of 4"), tx.Release(s.ctx, "q", "5", "of 5"), tx.Claim(s.ctx, claimOf("q", "5"))); err != nil {
			return err
		}
		if got := keysOf(t, tx, s, "q", "", "", 100); got != "1 2 5" {
			t.Errorf("within the Tx Claims = %q, want 1 2 5", got)
		}
		if got := keysOf(t, tx, s, "q", "", "1", 1); got != "2" {
			t.Errorf("within the Tx Claims after 1 = %q, want 2", got)
		}
		if got := keysOf(t, s, s, "q", "", "", 100); got != "1 3 5" {
			t.Errorf("outside of the Tx Claims = %q, want 1 3 5", got)
		}
		return errPlanned
	})
	if err != errPlanned {
		t.Errorf("Update() = %v, want the error of its function", err)
	}
	if got := keysOf(t, s, s, "q", "", "", 100); got != "1 3 5" {
		t.Errorf("after an Update that failed Claims = %q, want 1 3 5", got)
	}
}

// Workers empty a queue: each takes the first that is there and puts a record of
// it. Nothing is done twice and nothing is left.
func testQueueWorkers(t *testing.T, s *subject) {
	const jobs, workers = 24, 4
	for i := range jobs / 2 {
		s.update(func(tx store.Tx) error {
			return errors.Join(tx.Claim(s.ctx, claimOf("q", fmt.Sprintf("%04d", 2*i))), tx.Claim(s.ctx, claimOf("q", fmt.Sprintf("%04d", 2*i+1))))
		})
	}
	done := make(chan error)
	for range workers {
		go func() {
			for {
				left := 0
				err := s.Update(s.ctx, func(tx store.Tx) error {
					first, err := tx.Claims(s.ctx, "q", "", "", 1)
					if left = len(first); err != nil || left == 0 {
						return err
					}
					return errors.Join(tx.Release(s.ctx, "q", first[0].Key, first[0].Holder), tx.Append(s.ctx, "done", []byte(first[0].Key)))
				})
				if err != nil || left == 0 {
					done <- err
					return
				}
			}
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Errorf("a worker ended with %v", err)
		}
	}
	records, err := s.Log(s.ctx, "done", store.LogRange{Limit: 1000})
	if err != nil || len(records) != jobs {
		t.Fatalf("%d jobs were done, %v; want %d", len(records), err, jobs)
	}
	for i, r := range records {
		if want := fmt.Sprintf("%04d", i); string(r.Data) != want {
			t.Errorf("job %s was done in the place of %s", r.Data, want)
		}
	}
}
