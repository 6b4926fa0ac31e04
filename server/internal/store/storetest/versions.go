package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func testVersions(t *testing.T, open Open) {
	t.Run("IfVersion", func(t *testing.T) { testIfVersion(t, begin(t, open)) })
	t.Run("history", func(t *testing.T) { testHistory(t, begin(t, open)) })
	t.Run("one of many with the same IfVersion wins", func(t *testing.T) {
		s := begin(t, open)
		s.put("a", slot("x", "free"))
		var wg sync.WaitGroup
		kinds := make([]error, 32)
		for i := range kinds {
			wg.Go(func() {
				p := putOf(t, "a", slot("x", fmt.Sprint("state-", i)))
				p.IfVersion = 1
				kinds[i] = s.Update(s.ctx, func(tx store.Tx) error {
					_, err := tx.Put(s.ctx, p)
					return err
				})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range kinds {
			if err == nil {
				won++
			} else {
				wantKind(t, "the Put of a loser", err, fhir.PreconditionFailed)
			}
		}
		if rec, err := s.Read(s.ctx, store.Of("a"), slotKey("a", "x")); won != 1 || err != nil || rec.Version != 2 {
			t.Errorf("%d of %d won, and version %d is current (%v); want 1 and 2", won, len(kinds), rec.Version, err)
		}
	})
	t.Run("time does not run back", func(t *testing.T) {
		s := begin(t, open)
		first := s.put("a", slot("x", "free"))
		s.clock.Advance(-time.Hour)
		if second := s.put("a", slot("x", "busy")); second.Updated.Before(first.Updated) {
			t.Errorf("version 2 is of %v, before version 1 of %v", second.Updated, first.Updated)
		}
	})
}

func testIfVersion(t *testing.T, s *subject) {
	texts := 0
	try := func(k store.Key, ifVersion int64, remove bool) (rec store.Record, err error) {
		texts++
		err = s.Update(s.ctx, func(tx store.Tx) error {
			var err error
			if remove {
				rec, err = tx.Delete(s.ctx, k, ifVersion)
				return err
			}
			p := putOf(t, k.Customer, slot(k.ID, fmt.Sprint("state-", texts)))
			p.IfVersion = ifVersion
			rec, err = tx.Put(s.ctx, p)
			return err
		})
		return rec, err
	}
	k := slotKey("a", "x")
	for _, tc := range []struct {
		ifVersion int64
		remove    bool
		want      int64 // the version it makes; 0: it fails
	}{
		{ifVersion: 1},
		{ifVersion: 7},
		{ifVersion: 0, want: 1},
		{ifVersion: 0},
		{ifVersion: 2},
		{ifVersion: 1, want: 2},
		{ifVersion: 1},
		{ifVersion: store.Any, want: 3},
		{ifVersion: 2, remove: true},
		{ifVersion: 0, remove: true},
		{ifVersion: 3, remove: true, want: 4},
		{ifVersion: 3},
		{ifVersion: 0, want: 5},
		{ifVersion: 5, remove: true, want: 6},
		{ifVersion: 6, want: 7},
	} {
		rec, err := try(k, tc.ifVersion, tc.remove)
		if tc.want == 0 {
			wantKind(t, fmt.Sprintf("a write (delete %v) with IfVersion %d", tc.remove, tc.ifVersion), err, fhir.PreconditionFailed)
		} else if err != nil || rec.Version != tc.want {
			t.Errorf("a write (delete %v) with IfVersion %d gives version %d, %v; want %d", tc.remove, tc.ifVersion, rec.Version, err, tc.want)
		}
	}
}

func testHistory(t *testing.T, s *subject) {
	k := slotKey("a", "x")
	see := store.Of("a")
	for i := range 5 {
		s.put("a", slot("x", fmt.Sprint("state-", i)))
		s.clock.Advance(time.Second)
	}
	s.remove(k)
	s.put("a", slot("x", "back"))
	s.put("a", slot("another", "free"))

	var got []int64
	pages := 0
	for after := ""; ; pages++ {
		p, err := s.History(s.ctx, see, k, after, 3)
		if err != nil {
			t.Fatalf("History(after %q) = %v", after, err)
		}
		if p.Total != 7 || len(p.Records) > 3 {
			t.Errorf("a page of History has %d records and total %d, want at most 3 and 7", len(p.Records), p.Total)
		}
		for _, r := range p.Records {
			got = append(got, r.Version)
			if r.Deleted != (r.Version == 6) || r.Deleted != r.Resource.IsZero() || r.Key != k {
				t.Errorf("History has %+v", r)
			}
			one, err := s.Version(s.ctx, see, k, r.Version)
			if r.Deleted {
				wantKind(t, "Version of a deletion", err, fhir.Gone)
			} else if err != nil || string(one.Resource.Raw()) != string(r.Resource.Raw()) || !one.Updated.Equal(r.Updated) {
				t.Errorf("Version(%d) = %s, %v; History has %s", r.Version, one.Resource.Raw(), err, r.Resource.Raw())
			}
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if want := []int64{7, 6, 5, 4, 3, 2, 1}; !slices.Equal(got, want) || pages != 2 {
		t.Errorf("History walks %v in %d pages, want %v in 3", got, pages+1, want)
	}
	if p, err := s.History(s.ctx, see, k, "", 0); err != nil || len(p.Records) != 0 || p.Next != "" || p.Total != 7 {
		t.Errorf("History with a limit of none = %+v, %v; want the total only", p, err)
	}
	for _, n := range []int64{0, -1, 8, 1 << 40} {
		_, err := s.Version(s.ctx, see, k, n)
		wantKind(t, fmt.Sprintf("Version(%d)", n), err, fhir.NotFound)
	}
	_, err := s.History(s.ctx, see, slotKey("a", "never"), "", 10)
	wantKind(t, "History of nothing", err, fhir.NotFound)
	_, err = s.History(s.ctx, see, k, "no cursor", 10)
	wantKind(t, "History with a bad cursor", err, fhir.Invalid)
	s.remove(k)
	if p, err := s.History(s.ctx, see, k, "", 1); err != nil || len(p.Records) != 1 || !p.Records[0].Deleted {
		t.Errorf("History of a deleted one = %+v, %v; want the deletion first", p, err)
	}
	if r, err := s.Version(s.ctx, see, k, 1); err != nil || r.Version != 1 {
		t.Errorf("Version(1) of a deleted one = %v, %v; want it", r, err)
	}
}
