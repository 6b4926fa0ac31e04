package mongo

import (
	"log/slog"
	"testing"
	"time"

	"slotway/server/internal/store/storetest"
)

// openAt opens a store on a database, quick to find what others left.
func openAt(t testing.TB, uri string, e storetest.Env, o Options) *Store {
	t.Helper()
	o.Catalog, o.Now = e.Catalog, e.Now
	if o.Tick == 0 {
		o.Tick = 200 * time.Millisecond
	}
	if o.Away == 0 { // the test server reads all there is for each question
		o.Away, o.Timeout = 10*time.Second, 20*time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	s, err := Open(t.Context(), uri, o)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	return s
}
