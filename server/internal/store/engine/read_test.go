package engine

import (
	"context"
	"errors"
	"testing"

	"slotway/server/internal/store"
)

// refusing has two versions of everything, and keeps so many of them before it fails.
type refusing struct {
	kept int
	err  error
}

func (r refusing) version(k store.Key, n int64) Version {
	return Version{Record: store.Record{Key: k, Version: n}}
}

func (r refusing) Newest(_ context.Context, k store.Key) (Version, error) {
	return r.version(k, 2), nil
}

func (r refusing) One(_ context.Context, k store.Key, n int64) (Version, error) {
	return r.version(k, n), nil
}

func (r refusing) All(_ context.Context, k store.Key, yield func(Version) bool) error {
	for n := int64(2); n > 0 && yield(r.version(k, n)); n-- {
		continue
	}
	return nil
}

func (r refusing) Keep(context.Context, []store.Record) (int, error) { return r.kept, r.err }

// TestHistoryNotKept: security S85. When there is no room for what a history shows, that
// is its answer, however much of it was kept before.
func TestHistoryNotKept(t *testing.T) {
	none := errors.New("there is no room")
	for kept := range 3 {
		page, err := History(t.Context(), refusing{kept, none}, store.Of("a"), store.Key{Customer: "a", Type: "Slot", ID: "x"}, "", 10)
		if !errors.Is(err, none) || len(page.Records) > 0 || page.Next != "" {
			t.Errorf("with %d kept: %v, %v; want what Keep failed with, and no page", kept, page, err)
		}
	}
	page, err := History(t.Context(), refusing{kept: 1}, store.Of("a"), store.Key{Customer: "a", Type: "Slot", ID: "x"}, "", 10)
	if err != nil || len(page.Records) != 1 || page.Next != "2" || page.Total != 2 {
		t.Errorf("of a page that holds one: %v, %v; want it, and that there is more", page, err)
	}
}
