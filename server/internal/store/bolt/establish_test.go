package bolt_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/store/bolt"
	"slotway/server/internal/store/storetest"
)

// A new file has its name when it is whole, and nothing else is left beside it; of
// several that make one at once each finds the same.
func TestNewFile(t *testing.T) {
	dir := t.TempDir()
	o := bolt.Options{Catalog: storetest.Catalog(t, "UTC"), Now: storetest.NewClock().Now, LockTimeout: time.Minute}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := bolt.Open(filepath.Join(dir, "new.db"), o)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "new.db" {
		t.Errorf("the folder holds %v, %v; want the file alone", left, err)
	}
	info, err := os.Stat(filepath.Join(dir, "new.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want it for its owner only", info, err)
	}
}
