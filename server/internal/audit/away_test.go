package audit_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// awayStore takes so many writes, and then none.
type awayStore struct {
	store.Store
	takes int
	look  func()
}

func (s *awayStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	if s.takes--; s.takes < 0 {
		return fhir.Errorf(fhir.Busy, "The database cannot be reached.")
	}
	s.look()
	return s.Store.Update(ctx, fn)
}

// While the store is away clients ask again and again. What they are refused with for
// that does not fill the room for records, and as soon as one write is taken requests
// are answered, however much is left to write.
func TestAwayAndBack(t *testing.T) {
	s := &awayStore{Store: storetest.NewModel(search.NewCatalog(nil, time.UTC), time.Now)}
	l := newLog(t, s)
	shut, writes := 0, 0
	s.look = func() {
		if writes++; l.Gate() != nil {
			shut++
		}
	}
	for i := range 300_000 {
		status := http.StatusServiceUnavailable
		if i%30 == 0 {
			status = http.StatusOK
		}
		l.Add(&audit.Event{Act: "read", Type: "Appointment", Client: "c", Status: status, Time: began})
	}
	if err := l.Flush(t.Context()); err == nil || l.Gate() == nil {
		t.Fatalf("nothing can be written: %v, gate %v", err, l.Gate())
	}
	s.takes = 1
	if err := l.Flush(t.Context()); err == nil {
		t.Error("all was written at once: there is nothing left to see")
	}
	s.takes, shut, writes = 1<<30, 0, 0
	waits := l.Stats().Waiting
	if waits == 0 || waits > 8<<20 {
		t.Errorf("%d bytes wait", waits)
	}
	if err := l.Flush(t.Context()); err != nil || l.Gate() != nil {
		t.Errorf("afterwards: %v, gate %v", err, l.Gate())
	}
	if shut > 1 || writes < 3 {
		t.Errorf("at %d of %d writes nobody was answered", shut, writes)
	}
	if got := l.Stats(); got.Written < 10_000 || got.Lost == 0 {
		t.Errorf("%d records were kept and %d lost; those of what was answered must all be kept", got.Written, got.Lost)
	}
}
