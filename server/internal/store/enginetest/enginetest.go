// Package enginetest gives the tests of what stands on a store the store to run on:
// the model, or an engine that the environment names. Only tests import it.
package enginetest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
	"slotway/server/internal/store/mongo"
	"slotway/server/internal/store/mongo/mongotest"
	"slotway/server/internal/store/storetest"
)

// Env names the engine: bolt or mongo. Without it the model is taken, which is the
// fastest, and by which both engines are measured.
const Env = "SLOTWAY_TEST_STORE"

// New gives an empty store, closed with the test.
func New(t testing.TB, catalog *search.Catalog, now func() time.Time) store.Store {
	t.Helper()
	var s store.Store
	var err error
	switch engine := os.Getenv(Env); engine {
	case "":
		return storetest.NewModel(catalog, now)
	case "bolt":
		s, err = bolt.Open(filepath.Join(t.TempDir(), "test.db"), bolt.Options{Catalog: catalog, Now: now})
	case "mongo":
		s, err = mongo.Open(t.Context(), mongotest.URI(t), mongo.Options{Catalog: catalog, Now: now})
	default:
		t.Fatalf("%s=%s: there is no store of that name; name bolt or mongo", Env, engine)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Main runs a package's tests and ends the server that they started, if any.
func Main(m *testing.M) {
	code := m.Run()
	mongotest.Stop()
	os.Exit(code)
}
