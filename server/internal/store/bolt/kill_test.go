package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// The test binary is its own child: with these set it writes to a store until it
// is killed, or until it has met a file it may not grow.
const (
	envFile  = "SLOTWAY_BOLT_CHILD_FILE"
	envRound = "SLOTWAY_BOLT_CHILD_ROUND"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(envFile); path != "" {
		if err := child(path, os.Getenv(envRound)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func openFile(path string) (*bolt.Store, error) {
	return bolt.Open(path, bolt.Options{Catalog: search.NewCatalog(nil, time.UTC), Now: time.Now, LockTimeout: 10 * time.Second})
}

// child writes with several writers and prints each name that was acknowledged.
func child(path, round string) error {
	s, err := openFile(path)
	if err != nil {
		return err
	}
	switch round {
	case "limit":
		return limited(s)
	case "full":
		return filled(s, path)
	}
	var printing sync.Mutex
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", round, w, i)
				if err := writeNamed(s, name); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				printing.Lock()
				fmt.Println(name)
				printing.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// writeNamed does what a message does: an entry in the log, a claim, a resource,
// and a version more of one that all share.
func writeNamed(s *bolt.Store, name string) error {
	ctx := context.Background()
	return s.Update(ctx, func(tx store.Tx) error {
		own, err := put(ctx, tx, name, "free")
		if err != nil || own.Version != 1 {
			return fmt.Errorf("%s is put as version %d: %w", name, own.Version, err)
		}
		_, err = put(ctx, tx, "shared", name)
		return errors.Join(err,
			tx.Claim(ctx, store.Claim{Space: "message", Key: name, Holder: "child"}),
			tx.Append(ctx, "log", []byte(name)))
	})
}

func put(ctx context.Context, tx store.Tx, id, status string) (store.Record, error) {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Slot","id":%q,"status":%q}`, id, status))
	if err != nil {
		return store.Record{}, err
	}
	return tx.Put(ctx, store.Put{Key: store.Key{Customer: "a", Type: "Slot", ID: id}, Resource: r, IfVersion: store.Any})
}

// An acknowledged write survives kill -9, whole and once; what was not
// acknowledged is there whole or not at all.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kill.db")
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	acknowledged := map[string]bool{}
	for round := range 6 {
		run(t, path, fmt.Sprint(round), 1+random.IntN(300), acknowledged)
		verify(t, path, acknowledged)
	}
	t.Logf("%d writes were acknowledged", len(acknowledged))
}

// run starts a child, kills it once it has acknowledged some writes, and notes
// all that it said.
func run(t *testing.T, path, round string, kill int, acknowledged map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envFile+"="+path, envRound+"="+round)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := 0
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line without its end was not said
		}
		acknowledged[strings.TrimSpace(line)] = true
		if said++; said == kill {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || said < kill {
		t.Fatalf("the child ended by itself after %d of %d writes: %v", said, kill, err)
	}
}

func verify(t *testing.T, path string, acknowledged map[string]bool) {
	t.Helper()
	s, err := openFile(path)
	if err != nil {
		t.Fatalf("opening after a kill: %v", err)
	}
	defer s.Close()
	records, err := s.Log(t.Context(), "log", store.LogRange{Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, r := range records {
		kept = append(kept, string(r.Data))
	}
	for i, name := range kept {
		if _, err := s.Claimed(t.Context(), "message", name); err != nil {
			t.Errorf("%s is in the log, but not its claim: %v", name, err)
		}
		rec, err := s.Version(t.Context(), store.Of("a"), store.Key{Customer: "a", Type: "Slot", ID: "shared"}, int64(i+1))
		if err != nil || rec.Resource.Root().Get("status").Text() != name {
			t.Errorf("entry %d of the log is %s, but version %d of the shared slot is another: %v", i+1, name, i+1, err)
		}
	}
	p, err := s.Search(t.Context(), store.Of("a"), search.Query{Type: "Slot", Count: 0})
	if err != nil || p.Total != len(kept)+1 {
		t.Errorf("%d slots are stored, %v; want %d and the shared one", p.Total, err, len(kept))
	}
	slices.Sort(kept)
	if len(slices.Compact(slices.Clone(kept))) != len(kept) {
		t.Error("the log has an entry twice")
	}
	for name := range acknowledged {
		if _, found := slices.BinarySearch(kept, name); !found {
			t.Errorf("%s was acknowledged and is not in the log", name)
		}
	}
}

// limited meets a limit of the operating system on the file's size, as it would
// meet a full disk, and goes on once the limit is lifted.
func limited(s *bolt.Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := writeNamed(s, "before"); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		return err
	}
	for i := range 3 {
		if err := writeNamed(s, fmt.Sprint("full-", i)); fhir.KindOf(err) != fhir.Busy || !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("a write beyond the limit: %w, want Busy caused by EFBIG", err)
		}
		if err := s.Ready(context.Background()); fhir.KindOf(err) != fhir.Busy {
			return fmt.Errorf("Ready while nothing can be written: %w, want Busy", err)
		}
		if _, err := s.Claimed(context.Background(), "message", "before"); err != nil {
			return fmt.Errorf("reading while nothing can be written: %w", err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := s.Ready(context.Background()); err != nil {
		return fmt.Errorf("Ready once the limit is lifted: %w", err)
	}
	if err := writeNamed(s, "after"); err != nil {
		return fmt.Errorf("a write once the limit is lifted: %w", err)
	}
	return s.Close()
}

// filled writes until a file that may grow no more is full, and goes on once it may.
func filled(s *bolt.Store, path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	if err := writeNamed(s, "before"); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(info.Size()) + 1<<20, Max: old.Max}); err != nil {
		return err
	}
	written := 0
	for ; err == nil; written++ {
		err = s.Update(context.Background(), func(tx store.Tx) error {
			return tx.Append(context.Background(), "filler", make([]byte, 20_000))
		})
	}
	if fhir.KindOf(err) != fhir.Busy || !errors.Is(err, syscall.EFBIG) || written < 10 {
		return fmt.Errorf("after %d writes: %w, want Busy caused by EFBIG", written, err)
	}
	if err := s.Ready(context.Background()); fhir.KindOf(err) != fhir.Busy {
		return fmt.Errorf("Ready of a full store: %w, want Busy", err)
	}
	if _, err := s.Claimed(context.Background(), "message", "before"); err != nil {
		return fmt.Errorf("reading a full store: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := errors.Join(s.Ready(context.Background()), writeNamed(s, "after")); err != nil {
		return fmt.Errorf("once there is room: %w", err)
	}
	return s.Close()
}

func TestOutOfSpace(t *testing.T) {
	for _, round := range []string{"limit", "full"} {
		t.Run(round, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "limit.db")
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), envFile+"="+path, envRound+"="+round)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("the child says: %s%v", out, err)
			}
			verify(t, path, map[string]bool{"before": true, "after": true})
		})
	}
}
