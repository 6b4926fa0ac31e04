package bolt_test

import (
	"path/filepath"
	"testing"

	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
	"slotway/server/internal/store/storetest"
)

// open opens a store on a new file.
func open(t *testing.T, e storetest.Env) store.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "test.db"), bolt.Options{Catalog: e.Catalog, Now: e.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) { storetest.Run(t, open) }

func TestDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	at := func(t *testing.T, e storetest.Env) store.Store {
		t.Helper()
		s, err := bolt.Open(path, bolt.Options{Catalog: e.Catalog, Now: e.Now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	storetest.Durable(t, at, at)
}
