package bolt_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// A backup of a store that is being written to is one moment of it: all that was
// acknowledged before it began, and everything else whole or not at all.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live.db")
	s, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	enough, done := make(chan bool), make(chan bool)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("load-%d-%d", w, i)
				if err := writeNamed(s, name); err != nil {
					t.Errorf("writing while a backup is made: %v", err)
					return
				}
				mu.Lock()
				acknowledged[name] = true
				if len(acknowledged) == 200 {
					close(enough)
				}
				mu.Unlock()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	<-enough
	mu.Lock()
	before := maps.Clone(acknowledged)
	mu.Unlock()
	file := filepath.Join(dir, "backup")
	sum, err := bolt.BackupFile(t.Context(), path, file)
	close(done)
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if sum.Logs["log"] < uint64(len(before)) || sum.Resources != sum.Logs["log"]+1 {
		t.Errorf("the summary says %d resources and a log of %d, want what belongs together and at least %d", sum.Resources, sum.Logs["log"], len(before))
	}
	restored := filepath.Join(dir, "restored.db")
	again, err := restore(t.Context(), file, restored)
	if err != nil || again.Digest != sum.Digest || again.Resources != sum.Resources {
		t.Fatalf("Restore() = %+v, %v; want what was backed up, %+v", again, err, sum)
	}
	for _, name := range []string{file, restored} {
		if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v; want it for its owner only", name, info.Mode(), err) // S112
		}
	}
	verify(t, restored, before)
}

func restore(ctx context.Context, file, to string) (bolt.Summary, error) {
	f, err := os.Open(file)
	if err != nil {
		return bolt.Summary{}, err
	}
	defer f.Close()
	return bolt.Restore(ctx, f, to)
}

// backedUp makes a stopped store of 3 slots and a backup of it.
func backedUp(t *testing.T) (path, file string) {
	t.Helper()
	dir := t.TempDir()
	path, file = filepath.Join(dir, "store.db"), filepath.Join(dir, "backup")
	s, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		if err := writeNamed(s, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sum, err := bolt.BackupFile(t.Context(), path, file)
	if err != nil || sum.Resources != 3 || sum.Schema != 2 || sum.Logs["log"] != 2 {
		t.Fatalf("BackupFile() = %+v, %v; want 3 resources, schema 2 and a log of 2", sum, err)
	}
	return path, file
}

func TestRestoreRefuses(t *testing.T) {
	path, file := backedUp(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	for _, tc := range []struct {
		name, want string
		file       []byte
	}{
		{"a part", "no backup", whole[:len(whole)-1]},
		{"a short part", "no backup", whole[:10]},
		{"nothing", "no backup", nil},
		{"a store", "no backup", raw},
		{"a damaged one", "damaged", damaged},
		{"one with more behind it", "no backup", append(bytes.Clone(whole), 0)},
	} {
		target := filepath.Join(t.TempDir(), "target.db")
		_, err := bolt.Restore(t.Context(), bytes.NewReader(tc.file), target)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Restore of %s = %v, want it to say %q", tc.name, err, tc.want)
		}
		if left, _ := os.ReadDir(filepath.Dir(target)); len(left) != 0 {
			t.Errorf("Restore of %s leaves %v, want nothing", tc.name, left)
		}
	}
	if _, err := bolt.Restore(t.Context(), bytes.NewReader(whole), path); err == nil || !strings.Contains(err.Error(), "holds data already") {
		t.Errorf("Restore over a store = %v, want it to say that there is data", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, raw) {
		t.Errorf("Restore over a store changed it: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Restore(t.Context(), bytes.NewReader(whole), empty); err != nil {
		t.Errorf("Restore to an empty file = %v", err)
	}
	verify(t, empty, map[string]bool{"one": true, "two": true})
}

func TestBackupRefuses(t *testing.T) {
	path, file := backedUp(t)
	if _, err := bolt.BackupFile(t.Context(), path, file); err == nil || !strings.Contains(err.Error(), "holds data already") {
		t.Errorf("BackupFile over a file = %v, want it to say that there is data", err)
	}
	missing := filepath.Join(t.TempDir(), "missing.db")
	if _, err := bolt.BackupFile(t.Context(), missing, file+"2"); err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("BackupFile of nothing = %v, want it to say so", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("BackupFile of nothing makes a store")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bolt.BackupFile(ctx, path, file+"3"); err == nil {
		t.Error("BackupFile that was given up succeeds")
	}
}

// The socket is the owner's only, one that a killed process left is no hindrance,
// and a store whose name is too long for one serves all the same.
func TestBackupSocket(t *testing.T) {
	path, _ := backedUp(t)
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path + ".backup", Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path + ".backup")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has %v, %v; want mode 0600", info, err)
	}
	if _, err := bolt.BackupFile(t.Context(), path, path+".copy"); err != nil {
		t.Errorf("BackupFile of an open store = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".backup"); err == nil {
		t.Error("a closed store leaves its socket")
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 120)+".db")
	if s, err = openFile(long); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := writeNamed(s, "one"); err != nil {
		t.Error(err)
	}
	if _, err := bolt.BackupFile(t.Context(), long, path+".none"); err == nil || !strings.Contains(err.Error(), "open in another process") {
		t.Errorf("BackupFile of a store without a socket = %v, want it to say what to do", err)
	}
}

// One who asks for a backup and takes none of it does not keep a store from closing.
func TestBackupStalled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := bolt.Open(path, bolt.Options{Catalog: search.NewCatalog(nil, time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(tx store.Tx) error {
		return tx.Append(t.Context(), "log", make([]byte, 8<<20))
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", path+".backup")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}
