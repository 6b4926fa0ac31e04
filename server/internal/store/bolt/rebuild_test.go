package bolt

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/server/internal/store/storetest"
)

// A rebuild says how far it is; one that is cut short goes on at the next Open
// from where it was, and ends as one that was not.
func TestReindex(t *testing.T) {
	defer func(n int) { rebuildStep = n }(rebuildStep)
	rebuildStep = 50
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path, "UTC", nil)
	loadWorld(t, s, 100)
	want := s.dumpKeys(t)
	closeIt(t, s)

	o := Options{Catalog: storetest.Catalog(t, "UTC"), Now: func() time.Time { return testNow }}
	var steps [][2]int
	tell := func(done, of int) error {
		steps = append(steps, [2]int{done, of})
		return nil
	}
	if err := Reindex(path, o, tell); err != nil {
		t.Fatal(err)
	}
	last := steps[len(steps)-1]
	if len(steps) < 5 || last[0] != last[1] || !slices.IsSortedFunc(steps, func(a, b [2]int) int { return a[0] - b[0] }) {
		t.Errorf("progress is %v, want several steps that end with all", steps)
	}
	stop := errors.New("meant")
	if err := Reindex(path, o, func(done, _ int) error {
		if done >= 100 {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) {
		t.Errorf("Reindex that is ended = %v, want %v", err, stop)
	}
	steps = nil
	o.progress = tell
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) == 0 || steps[0][0] != 150 {
		t.Errorf("the next Open goes on with %v, want 150", steps)
	}
	if diff := cmp.Diff(want, s.dumpKeys(t)); diff != "" {
		t.Errorf("the index is another after all that (-before +after)\n%s", diff)
	}
	closeIt(t, s)
	// For another catalog it begins again: the date of the keys is another.
	if err := Reindex(path, o, func(int, int) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Reindex that is ended = %v, want %v", err, stop)
	}
	steps, o.Catalog = nil, storetest.Catalog(t, "Europe/London")
	if s, err = Open(path, o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(steps) == 0 || steps[0][0] != 50 {
		t.Errorf("an Open with another catalog goes on with %v, want to begin again with 50", steps)
	}
}
