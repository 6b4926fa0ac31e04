package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slotway/server/internal/dispatch"
)

// envRates is how long the tests of rates send in each of their parts, such as 20s.
const envRates = "SLOTWAY_RATES"

// ratesSpan gives how long a test of rates measures in each of its parts; it is skipped
// where nothing says so.
func ratesSpan(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(envRates)
	if text == "" {
		t.Skip("it measures, for as long as " + envRates + " says")
	}
	span, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return span
}

// TestRates shows how many messages a second are acknowledged, each in the file, by
// a process of its own: on one connection, on 16 and on 64, and how long an
// acknowledgement takes at 300 a second. Beside each rate stands what bare bbolt
// makes of the same keys and bytes in as many commits. The processor's time is that of
// the server, its start left out: other than a rate, it hardly depends on what else
// the machine does.
//
//	SLOTWAY_RATES=20s go test -run TestRates -v ./server/internal/app
func TestRates(t *testing.T) {
	span := ratesSpan(t)
	for _, tc := range []struct{ conns, pace int }{{1, 0}, {16, 0}, {64, 0}, {64, 300}} {
		dir := t.TempDir()
		empty := startChild(t, dir) // makes the file
		empty.kill()
		before := pairsIn(t, filepath.Join(dir, "slotway.db"))
		c := startChild(t, dir)
		took := hammer(t, c.mllp, tc.conns, tc.pace, span)
		c.kill()
		if len(took) == 0 {
			t.Fatalf("%d connections: no message was acknowledged", tc.conns)
		}
		slices.Sort(took)
		rate := float64(len(took)) / span.Seconds()
		bare, perCommit := bareRate(t, before, pairsIn(t, filepath.Join(dir, "slotway.db")), len(took))
		work := (c.worked() - empty.worked()) / time.Duration(len(took))
		t.Logf("%d connections, at most %d a second (0: any): %.0f messages a second, p50 %v, p99 %v; bare bbolt %.0f, ratio %.2f; %.1f messages a commit; %v of the processor a message",
			tc.conns, tc.pace, rate, took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), bare, rate/bare, perCommit, work.Round(time.Microsecond))
	}
}

// worked gives how long a process that has ended had a processor.
func (c *child) worked() time.Duration {
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
}

// hammer sends lives of bookings on some connections, at a pace where there is one,
// and gives how long each acknowledgement took.
func hammer(t *testing.T, addr string, conns, pace int, span time.Duration) (took []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	end := time.Now().Add(span)
	var interval time.Duration // of one connection's messages
	if pace > 0 {
		interval = time.Second * time.Duration(conns) / time.Duration(pace)
	}
	for i := range conns {
		all.Go(func() {
			link := dispatch.MLLP(addr, nil)
			defer link.Close()
			l := newLane(i)
			next := time.Now().Add(time.Duration(rand.Int64N(int64(interval) + 1)))
			for time.Now().Before(end) {
				time.Sleep(time.Until(next))
				next = next.Add(interval)
				l.next()
				began := time.Now()
				ack, err := link.Send(t.Context(), l.message)
				if err != nil {
					t.Error(err)
					return
				}
				now := time.Since(began)
				if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" {
					t.Errorf("%s was answered %s: %s", l.control, a.Code, a.Text)
					return
				}
				l.acknowledged()
				mu.Lock()
				took = append(took, now)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took
}

// contents is what is in a file, by bucket and key, and how many commits it has seen.
type contents struct {
	buckets map[string]map[string]string
	commits int
}

func pairsIn(t *testing.T, path string) contents {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := contents{buckets: map[string]map[string]string{}}
	err = db.View(func(tx *bbolt.Tx) error {
		all.commits = int(tx.ID())
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			pairs := map[string]string{}
			all.buckets[string(name)] = pairs
			return b.ForEach(func(k, v []byte) error {
				pairs[string(k)] = string(v)
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// random are the buckets whose keys come in no order.
var random = []string{"id", "claim", "ix", "space", "count"}

// bareRate gives how many messages a second bare bbolt commits: what is in the file
// after them and was not before, in as many commits. What was written and is gone, or
// was written again, it is spared, so it does less than the store did.
func bareRate(t *testing.T, before, after contents, messages int) (rate, perCommit float64) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "bare.db"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	added := map[string][]string{}
	err = db.Update(func(tx *bbolt.Tx) error {
		for name, pairs := range after.buckets {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
			for k, v := range pairs {
				if old, had := before.buckets[name][k]; !had || old != v {
					added[name] = append(added[name], k)
				}
			}
			slices.Sort(added[name])
			if slices.Contains(random, name) {
				rand.Shuffle(len(added[name]), func(i, j int) { added[name][i], added[name][j] = added[name][j], added[name][i] })
			}
		}
		return nil
	})
	commits := max(after.commits-before.commits, 1)
	began := time.Now()
	for i := 0; i < commits && err == nil; i++ {
		err = db.Update(func(tx *bbolt.Tx) error {
			for name, keys := range added {
				for _, k := range keys[len(keys)*i/commits : len(keys)*(i+1)/commits] {
					if err := tx.Bucket([]byte(name)).Put([]byte(k), []byte(after.buckets[name][k])); err != nil {
						return fmt.Errorf("%s: %w", name, err)
					}
				}
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return float64(messages) / time.Since(began).Seconds(), float64(messages) / float64(commits)
}
