package move_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/move"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

func newStore(t *testing.T) store.Store {
	t.Helper()
	return storetest.NewModel(storetest.Catalog(t, "UTC"), storetest.NewClock().Now)
}

// filled gives a store with something of everything: versions, a deletion, claims,
// also one without a key, and more records and claims than are read at once.
func filled(t *testing.T) store.Store {
	t.Helper()
	s, ctx := newStore(t), t.Context()
	put := func(id, status string) {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Slot","id":%q,"status":%q}`, id, status))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Update(ctx, func(tx store.Tx) error {
			_, err := tx.Put(ctx, store.Put{Key: store.Key{Customer: "a", Type: "Slot", ID: id}, Resource: r, IfVersion: store.Any})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		put(fmt.Sprint("s", i), "free")
		put(fmt.Sprint("s", i), "busy")
	}
	err := s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Delete(ctx, store.Key{Customer: "a", Type: "Slot", ID: "s1"}, store.Any)
		for i := range 150 {
			err = errors.Join(err, tx.Append(ctx, "log", fmt.Append(nil, i)), tx.Claim(ctx, store.Claim{Space: "many", Key: fmt.Sprintf("%03d", i)}))
		}
		return errors.Join(err, tx.Append(ctx, "", nil), tx.Claim(ctx, store.Claim{Space: "", Key: "", Holder: "h"}), tx.Claim(ctx, store.Claim{Space: "q", Key: "", Holder: "h"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func goOn(move.Summary) error { return nil }

// exported gives an export as it is when nothing cuts it short.
func exported(t *testing.T, s store.Store) (file string, b []byte) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "export")
	if _, err := move.Export(t.Context(), s, file, goOn); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, b
}

// An export that was cut at any byte, or got rubbish at its end as after a power cut,
// is gone on with and comes out the same.
func TestExportCutAnywhere(t *testing.T) {
	s := filled(t)
	_, whole := exported(t, s)
	file := filepath.Join(t.TempDir(), "again")
	for size := 0; size <= len(whole); size += 61 {
		for _, tail := range []string{"", "\x00\x00\x00\x00\x00", "\x00\x00\x01\x00rubbish"} {
			if err := os.WriteFile(file+".part", append(whole[:size:size], tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := move.Export(t.Context(), s, file, goOn)
			got, readErr := os.ReadFile(file)
			if err = errors.Join(err, readErr); err != nil || !bytes.Equal(got, whole) {
				t.Fatalf("cut at %d of %d, then %q: %d bytes, %v; want those of an export in one go", size, len(whole), tail, len(got), err)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What was exported of a store as it was before is not gone on with.
func TestExportOfAnotherMoment(t *testing.T) {
	s := filled(t)
	_, before := exported(t, s)
	file := filepath.Join(t.TempDir(), "again")
	if err := os.WriteFile(file+".part", before[:len(before)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	change := func() error {
		return s.Update(t.Context(), func(tx store.Tx) error { return tx.Append(t.Context(), "log", []byte("new")) })
	}
	if err := change(); err != nil {
		t.Fatal(err)
	}
	sum, err := move.Export(t.Context(), s, file, goOn)
	now, nowErr := move.Sum(t.Context(), s, goOn)
	if err = errors.Join(err, nowErr); err != nil || sum != now {
		t.Errorf("Export() = %v %s, %v; want what the store holds now, %v %s", sum, sum.Digest, err, now, now.Digest)
	}
	_, err = move.Export(t.Context(), s, file+"2", func(move.Summary) error { return change() })
	if err == nil || !strings.Contains(err.Error(), "stop all servers") {
		t.Errorf("Export() of a store that changes = %v, want it refused", err)
	}
}

// A damaged or cut file is not imported, wherever that is; nothing is written.
func TestImportOfDamage(t *testing.T) {
	_, whole := exported(t, filled(t))
	to := newStore(t)
	before, err := to.Moment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 37 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 4
		for what, b := range map[string][]byte{"damaged": damaged, "cut": whole[:at]} {
			if _, err := move.Import(t.Context(), bytes.NewReader(b), to, goOn); err == nil {
				t.Errorf("Import() of a file %s at byte %d of %d succeeded", what, at, len(whole))
			}
		}
	}
	if after, err := to.Moment(t.Context()); err != nil || after != before {
		t.Errorf("a refused import changed the store, %v", err)
	}
}

// The digest tells apart stores that differ in anything.
func TestDigestTellsApart(t *testing.T) {
	seen := map[string]string{}
	sum := func(what string, s store.Store) {
		t.Helper()
		got, err := move.Sum(t.Context(), s, goOn)
		if err != nil {
			t.Fatal(err)
		}
		if other, known := seen[got.Digest]; known {
			t.Errorf("%s has the digest of %s", what, other)
		}
		seen[got.Digest] = what
	}
	sum("an empty store", newStore(t))
	sum("the store", filled(t))
	for what, change := range map[string]func(store.Tx) error{
		"another record":  func(tx store.Tx) error { return tx.Append(t.Context(), "log", nil) },
		"another stream":  func(tx store.Tx) error { return tx.Append(t.Context(), "log2", nil) },
		"another claim":   func(tx store.Tx) error { return tx.Claim(t.Context(), store.Claim{Space: "many", Key: "x"}) },
		"another payload": reclaim(t, store.Claim{Space: "q", Holder: "h", Payload: []byte{0}}),
		"another holder":  reclaim(t, store.Claim{Space: "q", Holder: "hh"}),
		"two claims, one text": func(tx store.Tx) error {
			return tx.Claim(t.Context(), store.Claim{Space: "man", Key: "yx"})
		},
		"another version": func(tx store.Tx) error {
			_, err := tx.Delete(t.Context(), store.Key{Customer: "a", Type: "Slot", ID: "s2"}, 2)
			return err
		},
	} {
		s := filled(t)
		if err := s.Update(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		sum(what, s)
	}
	for _, order := range []string{"ab", "ba"} {
		s := newStore(t)
		for _, c := range order {
			if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Append(t.Context(), "log", []byte(string(c))) }); err != nil {
				t.Fatal(err)
			}
		}
		sum("the order "+order, s)
	}
}

func reclaim(t *testing.T, c store.Claim) func(store.Tx) error {
	return func(tx store.Tx) error {
		return errors.Join(tx.Release(t.Context(), c.Space, c.Key, "h"), tx.Claim(t.Context(), c))
	}
}

// An import that was cut short is gone on with by its own file only.
func TestImportOfAnotherFile(t *testing.T) {
	_, one := exported(t, filled(t))
	_, two := exported(t, newStore(t))
	to := newStore(t)
	stop := errors.New("stop")
	if _, err := move.Import(t.Context(), bytes.NewReader(one), to, func(move.Summary) error { return stop }); err != stop {
		t.Fatalf("Import() = %v, want it stopped", err)
	}
	if _, err := move.Import(t.Context(), bytes.NewReader(two), to, goOn); err == nil || !strings.Contains(err.Error(), "another export") {
		t.Errorf("Import() of another file = %v, want it refused", err)
	}
	if _, err := move.Import(t.Context(), bytes.NewReader(one), to, goOn); err != nil {
		t.Errorf("Import() of the same file = %v", err)
	}
	if _, err := move.Import(t.Context(), bytes.NewReader(two), newStore(t), goOn); err != nil {
		t.Errorf("Import() of nothing = %v", err)
	}
}

// FuzzImport reads files that anybody may have written: they are refused.
func FuzzImport(f *testing.F) {
	f.Add([]byte("slotway export 1\n\x00\x00\x00\x25"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if sum, err := move.Check(bytes.NewReader(b)); err == nil && sum.Digest == "" {
			t.Error("an export without a digest is taken")
		}
	})
}

// An export that an older program began is begun anew when it cannot be gone on with.
func TestExportBegunByOlder(t *testing.T) {
	s := filled(t)
	_, whole := exported(t, s)
	older, err := move.Older(whole)
	if err != nil || !bytes.Contains(older, []byte(`"inner":"`)) {
		t.Fatalf("Older() = %d bytes, %v; want some with a place of the older kind", len(older), err)
	}
	file := filepath.Join(t.TempDir(), "again")
	if err := os.WriteFile(file+".part", older, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = move.Export(t.Context(), s, file, goOn)
	got, readErr := os.ReadFile(file)
	if err = errors.Join(err, readErr); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("Export() = %d bytes, %v; want the %d of an export in one go", len(got), err, len(whole))
	}
}
