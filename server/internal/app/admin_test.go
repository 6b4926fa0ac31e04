package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// runMain runs the program with a command line.
func runMain(ctx context.Context, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Main(ctx, args, &o, &e)
	return code, o.String(), e.String()
}

// putText stores a resource as a feed of trustalias would.
func putText(t testing.TB, s store.Store, text string) {
	t.Helper()
	if err := storeText(t.Context(), s, text); err != nil {
		t.Fatal(err)
	}
}

func storeText(ctx context.Context, s store.Store, text string) error {
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		return err
	}
	return s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Put(ctx, store.Put{Key: store.Key{Customer: "trustalias", Type: r.Type(), ID: r.ID()}, Resource: r, IfVersion: store.Any})
		return err
	})
}

// A backup of a running server, restored, is a store that a server opens without
// making anything anew.
func TestBackupCommands(t *testing.T) {
	dir := t.TempDir()
	a := startDemo(t, dir, Settings{})
	putText(t, a.store, `{"resourceType":"Slot","id":"s1","status":"free","start":"2025-10-25T09:00:00Z","schedule":{"reference":"Schedule/c1"}}`)
	file, target := filepath.Join(dir, "backup"), "bolt://"+filepath.Join(dir, "restored.db")
	code, out, errs := runMain(t.Context(), "backup", "--store", a.cfg.Store, file)
	if code != 0 || !strings.HasPrefix(out, "backed up 1 resources") || !strings.Contains(out, "sha256 ") {
		t.Fatalf("backup = %d\n%s%s", code, out, errs)
	}
	if code, _, errs = runMain(t.Context(), "backup", "--store", a.cfg.Store, file); code != 1 || !strings.Contains(errs, "holds data already") {
		t.Errorf("backup over a file = %d %s, want a refusal", code, errs)
	}
	if code, _, errs = runMain(t.Context(), "restore", file, "--store", a.cfg.Store); code != 1 || !strings.Contains(errs, "holds data already") {
		t.Errorf("restore over a store = %d %s, want a refusal", code, errs)
	}
	if code, out, errs = runMain(t.Context(), "restore", file, "--store", target); code != 0 || !strings.HasPrefix(out, "restored 1 resources") {
		t.Fatalf("restore = %d\n%s%s", code, out, errs)
	}
	code, out, errs = runMain(t.Context(), "reindex", "--store", target, "--base-url", a.cfg.BaseURL)
	if code != 0 || !strings.Contains(out, "1 of 1 resources (100%)") {
		t.Errorf("reindex = %d\n%s%s", code, out, errs)
	}
	catalog, err := a.cfg.catalog()
	if err != nil {
		t.Fatal(err)
	}
	log, to := new(bytes.Buffer), streams{}
	to.err = log
	logger, _, err := newLog(to.err, "info")
	if err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(strings.TrimPrefix(target, "bolt://"), bolt.Options{Catalog: a.booking.Catalog, Now: time.Now, Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if catalog.Fingerprint() != a.booking.Catalog.Fingerprint() || strings.Contains(log.String(), "anew") {
		t.Errorf("reindex makes another index than serve: %s", log)
	}
	rec, err := s.Read(t.Context(), store.Of("trustalias"), store.Key{Customer: "trustalias", Type: "Slot", ID: "s1"})
	if err != nil || rec.Version != 1 {
		t.Errorf("the restored store has version %d of the slot, %v; want 1", rec.Version, err)
	}
}

func TestAdminRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := "bolt://" + filepath.Join(dir, "none.db")
	a := startDemo(t, t.TempDir(), Settings{})
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"backup", "--store", none, filepath.Join(dir, "out")}, 1, "there is no store"},
		{[]string{"backup", "--store", "mongodb://host/db", filepath.Join(dir, "out")}, 1, "embedded store"},
		{[]string{"backup", filepath.Join(dir, "out")}, 2, "--store"},
		{[]string{"restore", file, "--store", none}, 1, "no backup of this program"},
		{[]string{"restore", file + "2", "--store", none}, 2, "file2"},
		{[]string{"reindex", "--store", none}, 1, "base_url is missing"},
		{[]string{"reindex", "--store", none, "--base-url", "http://127.0.0.1:1"}, 1, "there is no store"},
		{[]string{"reindex", "--store", a.cfg.Store, "--base-url", a.cfg.BaseURL}, 1, "open in another process"},
	} {
		code, _, errs := runMain(t.Context(), tc.args...)
		if code != tc.code || !strings.Contains(errs, tc.want) {
			t.Errorf("server %s = %d %q, want %d and %q", strings.Join(tc.args, " "), code, errs, tc.code, tc.want)
		}
	}
	if _, err := os.Stat(strings.TrimPrefix(none, "bolt://")); err == nil {
		t.Error("a command that was refused made a store")
	}
}
