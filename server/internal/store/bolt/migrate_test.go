package bolt

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// openWith opens a file with migrations of its own.
func openWith(t *testing.T, path string, m []migration) (*Store, error) {
	t.Helper()
	return Open(path, Options{Catalog: storetest.Catalog(t, "UTC"), Now: func() time.Time { return testNow }, migrations: m})
}

func schemaOf(t *testing.T, s *Store) (version uint64) {
	t.Helper()
	err := s.db.View(func(btx *bbolt.Tx) error {
		version, _ = binary.Uvarint(btx.Bucket(bucketNames[meta]).Get(metaSchema))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// An older file is brought up to date step by step, each once and whole; one that
// fails leaves the file as the step before made it.
func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := openWith(t, path, []migration{})
	if err != nil {
		t.Fatal(err)
	}
	loadWorld(t, s, 10)
	closeIt(t, s)

	var ran []string
	step := func(name string, err error) migration {
		return migration{name, func(btx *bbolt.Tx) error {
			ran = append(ran, name)
			return errors.Join(btx.Bucket(bucketNames[meta]).Put([]byte(name), []byte("done")), err)
		}}
	}
	broken := errors.New("meant")
	if _, err := openWith(t, path, []migration{step("first", nil), step("second", broken)}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "schema 2 to 3") {
		t.Errorf("Open with a step that fails = %v, want it to say which", err)
	}
	s, err = openWith(t, path, []migration{step("first", nil), step("second", nil)})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ran, " "); got != "first second second" || schemaOf(t, s) != 3 || slots(t, s) != 10 {
		t.Errorf("the steps %s ran, the schema is %d with %d slots; want the first once, schema 3 and 10", got, schemaOf(t, s), slots(t, s))
	}
	closeIt(t, s)
	_, err = openWith(t, path, []migration{})
	if err == nil || !strings.Contains(err.Error(), "newer version of this program (its schema is 3, this program knows 1)") {
		t.Errorf("Open by an older program = %v, want a refusal that says why", err)
	}
	fresh, err := openWith(t, filepath.Join(t.TempDir(), "new.db"), []migration{step("first", nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if len(ran) != 3 || schemaOf(t, fresh) != 2 {
		t.Errorf("a new file gets %d steps and schema %d, want no step and 2", len(ran)-3, schemaOf(t, fresh))
	}
}

// Schema 2: records of streams have a time. Those of before are of 1970, in their
// order, and new ones follow them. What Changes shows is made from the bodies.
func TestMigrateLogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path, "UTC", nil)
	loadWorld(t, s, 10)
	want, err := s.Changes(t.Context(), store.Of("a"), "", time.Time{}, "", 1000)
	if err != nil || len(want.Records) < 20 {
		t.Fatalf("Changes() = %d records, %v", len(want.Records), err)
	}
	err = s.db.Update(func(btx *bbolt.Tx) error { // as schema 1 had it
		b := btx.Bucket(bucketNames[logs])
		for n := range uint64(3) {
			for _, stream := range []string{"one", "two"} {
				if err := b.Put(binary.BigEndian.AppendUint64(append([]byte(stream), 0), n+1), []byte{byte(n)}); err != nil {
					return err
				}
			}
		}
		m := btx.Bucket(bucketNames[meta])
		return errors.Join(m.Put(metaSchema, []byte{1}), m.Put(metaCatalog, []byte("of another plan")), btx.DeleteBucket(bucketNames[changes]))
	})
	if err != nil {
		t.Fatal(err)
	}
	closeIt(t, s)
	s = openAt(t, path, "UTC", nil)
	defer s.Close()
	if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Append(t.Context(), "one", []byte{3}) }); err != nil {
		t.Fatal(err)
	}
	for stream, n := range map[string]int{"one": 4, "two": 3} {
		records, err := s.Log(t.Context(), stream, store.LogRange{Limit: 10})
		if err != nil || len(records) != n {
			t.Fatalf("stream %s has %d records, %v; want %d", stream, len(records), err, n)
		}
		for i, r := range records {
			if at := map[bool]time.Time{false: time.UnixMicro(0).UTC(), true: testNow}[i == 3]; int(r.Data[0]) != i || !r.Time.Equal(at) {
				t.Errorf("record %d of stream %s is %v of %v, want %d of %v", i, stream, r.Data, r.Time, i, at)
			}
		}
	}
	got, err := s.Changes(t.Context(), store.Of("a"), "", time.Time{}, "", 1000)
	if diff := cmp.Diff(keysOf(want), keysOf(got)); diff != "" || err != nil {
		t.Errorf("Changes() after a rebuild differs (-before +after), %v\n%s", err, diff)
	}
}

func keysOf(p store.Page) (keys []store.Key) {
	for _, r := range p.Records {
		keys = append(keys, r.Key)
	}
	return keys
}

// A backup of a newer schema is refused, as the store itself is (S112).
func TestRestoreRefusesNewer(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "test.db"), filepath.Join(dir, "backup")
	s := openAt(t, path, "UTC", nil)
	if err := s.db.Update(func(btx *bbolt.Tx) error {
		return btx.Bucket(bucketNames[meta]).Put(metaSchema, binary.AppendUvarint(nil, s.schema()+1))
	}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.Backup(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), f, path+"2"); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("Restore of a newer schema = %v, want a refusal that says why", err)
	}
	if _, err := os.Stat(path + "2"); err == nil {
		t.Error("what was refused is there")
	}
}

func TestOpenRefusesOthers(t *testing.T) {
	for name, change := range map[string]func(*bbolt.Tx) error{
		"something else": func(btx *bbolt.Tx) error {
			_, err := btx.CreateBucket([]byte("other"))
			return errors.Join(err, btx.DeleteBucket(bucketNames[meta]))
		},
		"does not say which schema": func(btx *bbolt.Tx) error { return btx.Bucket(bucketNames[meta]).Delete(metaSchema) },
	} {
		path := filepath.Join(t.TempDir(), "test.db")
		s := openAt(t, path, "UTC", nil)
		if err := s.db.Update(change); err != nil {
			t.Fatal(err)
		}
		closeIt(t, s)
		if _, err := openWith(t, path, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Open = %v, want it to say %q", err, name)
		}
	}
}
