package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

func openAt(t *testing.T, path, zone string, log *slog.Logger) *Store {
	t.Helper()
	s, err := Open(path, Options{Catalog: storetest.Catalog(t, zone), Now: func() time.Time { return testNow }, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func closeIt(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path, "UTC", nil)
	_, err := Open(path, Options{Catalog: s.catalog, Now: time.Now, LockTimeout: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "open in another process") {
		t.Errorf("Open of a file that is open = %v, want it to say so", err)
	}
	err = s.db.Update(func(btx *bbolt.Tx) error {
		return btx.Bucket(bucketNames[meta]).Put(metaSchema, binary.AppendUvarint(nil, s.schema()+1))
	})
	if err != nil {
		t.Fatal(err)
	}
	closeIt(t, s)
	_, err = Open(path, Options{Catalog: s.catalog, Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("Open of a file of a newer version = %v, want it to say so", err)
	}
	if _, err := Open(filepath.Join(path, "no", "folder"), Options{Catalog: s.catalog, Now: time.Now}); err == nil {
		t.Error("Open in a folder that is none succeeds")
	}
}

// A file as a crash leaves it says where its free pages are, so that a start need
// not walk all of it; one of which much was taken away at once need not.
func TestListOfFreePages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path, "UTC", nil)
	loadWorld(t, s, 500)
	for i := range 5 {
		if err := writeSlot(t.Context(), s, 600+i); err != nil {
			t.Fatal(err)
		}
		if !listsFreePages(t, path) {
			t.Errorf("after commit %d the file does not say where its free pages are", i)
		}
	}
	if err := s.db.Update(func(btx *bbolt.Tx) error { // 40 MB that nobody needs any more
		b, err := btx.CreateBucket([]byte("waste"))
		for i := range 10_000 {
			err = errors.Join(err, b.Put(numberKey(uint64(i)), make([]byte, 4096)))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Update(func(btx *bbolt.Tx) error { return btx.DeleteBucket([]byte("waste")) }); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := writeSlot(t.Context(), s, 700+i); err != nil {
			t.Fatal(err)
		}
	}
	if listsFreePages(t, path) {
		t.Error("small commits write a list of 15,000 pages")
	}
	closeIt(t, s)
	if !listsFreePages(t, path) {
		t.Error("after Close the file does not say where its free pages are")
	}
	s = openAt(t, path, "UTC", nil)
	if got := slots(t, s); got != 508 {
		t.Errorf("%d slots are stored, want 508", got)
	}
}

// listsFreePages reads off the newer of the file's two meta pages whether there is
// a list of free pages.
func listsFreePages(t *testing.T, path string) bool {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int(binary.LittleEndian.Uint32(b[16+8:]))
	var newest, list uint64
	for _, page := range [][]byte{b, b[size:]} {
		if txid := binary.LittleEndian.Uint64(page[16+48:]); txid >= newest {
			newest, list = txid, binary.LittleEndian.Uint64(page[16+32:])
		}
	}
	return list != math.MaxUint64
}

// A file written under another catalog gets its index anew: here, a date without
// a zone begins an hour earlier in London.
func TestRebuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path, "UTC", nil)
	loadTexts(t, s, []string{
		`{"resourceType":"Slot","id":"day","start":"2025-07-01","status":"free","schedule":{"reference":"Schedule/x"}}`,
		`{"resourceType":"Slot","id":"gone","start":"2025-07-01","status":"free"}`,
		`{"resourceType":"Slot","id":"day","start":"2025-07-01","status":"busy","schedule":{"reference":"Schedule/x"}}`,
	})
	link := slotPut(1)
	link.Links = []store.Link{{Param: "schedule"}}
	link.Links[0].To.Type, link.Links[0].To.ID = "Schedule", "linked"
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if _, err := tx.Put(t.Context(), link); err != nil {
			return err
		}
		_, err := tx.Delete(t.Context(), store.Key{Customer: "a", Type: "Slot", ID: "gone"}, store.Any)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	total := func(s *Store, text string) int {
		t.Helper()
		p, err := s.Search(t.Context(), store.Of("a"), query(t, s.catalog, "Slot", text))
		if err != nil {
			t.Fatal(err)
		}
		return p.Total
	}
	const before = "start=lt2025-07-01T00:00:00Z"
	if got := total(s, before); got != 0 {
		t.Fatalf("in UTC %d slots start before midnight, want none", got)
	}
	closeIt(t, s)

	var log bytes.Buffer
	s = openAt(t, path, "Europe/London", slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "index is made anew") || !strings.Contains(log.String(), "resources=3") {
		t.Errorf("the log says %q, want how many resources the index was made of", log.String())
	}
	for text, want := range map[string]int{before: 1, "status=busy": 2, "status=free": 0, "schedule=linked": 1, "schedule=x": 1, "": 2} {
		if got := total(s, text); got != want {
			t.Errorf("after the rebuild %q finds %d, want %d", text, got, want)
		}
	}
	if err := s.db.Update(s.clear); err != nil { // as a rebuild that was cut short leaves it
		t.Fatal(err)
	}
	closeIt(t, s)
	log.Reset()
	s = openAt(t, path, "Europe/London", slog.New(slog.NewTextHandler(&log, nil)))
	if got := total(s, before); got != 1 || log.Len() == 0 {
		t.Errorf("after a rebuild that was cut short %q finds %d, want 1", before, got)
	}
	closeIt(t, s)
	log.Reset()
	s = openAt(t, path, "Europe/London", slog.New(slog.NewTextHandler(&log, nil)))
	if log.Len() != 0 || total(s, before) != 1 {
		t.Errorf("an Open with nothing to do says %q", log.String())
	}
}

// The rebuild of many resources goes step by step and gives what writing gave.
func TestRebuildGivesTheSame(t *testing.T) {
	defer func(n int) { rebuildStep = n }(rebuildStep)
	rebuildStep = 2000
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path, "UTC", nil)
	loadWorld(t, s, rebuildStep)
	written := s.dumpKeys(t)
	if err := s.rebuild(true); err != nil {
		t.Fatal(err)
	}
	if made := s.dumpKeys(t); made != written {
		t.Errorf("the index made anew has %d bytes of keys, that which was written %d, or others", len(made), len(written))
	}
}

// dumpKeys gives what the derived buckets hold, but for the numbers of the
// spaces, which a rebuild may give otherwise.
func (s *Store) dumpKeys(t *testing.T) string {
	t.Helper()
	var lines []string
	err := s.db.View(func(btx *bbolt.Tx) error {
		for _, b := range []bucket{index, counts, spaces} {
			err := btx.Bucket(bucketNames[b]).ForEach(func(k, v []byte) error {
				if b == index {
					k = k[4:]
				}
				if b == spaces {
					v = nil
				}
				lines = append(lines, string(k)+"="+string(v))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
