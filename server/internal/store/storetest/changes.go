package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

func testChanges(t *testing.T, open Open) {
	t.Run("order and filters", func(t *testing.T) { testChangesOrder(t, begin(t, open)) })
	t.Run("labels", func(t *testing.T) { testChangesLabels(t, begin(t, open)) })
	t.Run("a walk while others write", func(t *testing.T) { testChangesUnderWrites(t, begin(t, open)) })
	t.Run("many of one moment", func(t *testing.T) {
		s := begin(t, open)
		load(s, "a", 30)
		load(s, "b", 30)
		all := s.changes(store.Visibility{Customers: []string{"a", "b"}}, "", time.Time{}, 100)
		for _, count := range []int{1, 7, 59, 60} {
			if got := s.changes(store.Visibility{Customers: []string{"a", "b"}}, "", time.Time{}, count); len(got) != 60 || !slices.Equal(got, all) {
				t.Errorf("in pages of %d there are %d versions:\n%v\nwant\n%v", count, len(got), got, all)
			}
		}
	})
}

// changes walks all pages of Changes, each version as customer/Type/id/version.
func (s *subject) changes(see store.Visibility, typ string, since time.Time, count int) (all []string) {
	s.tb.Helper()
	for after := ""; ; {
		p, err := s.Changes(s.ctx, see, typ, since, after, count)
		if err != nil {
			s.tb.Fatalf("Changes(after %q) = %v", after, err)
		}
		if p.Total != -1 || len(p.Records) > count || len(p.Records) < count && p.Next != "" {
			s.tb.Errorf("a page of %d has %d records, total %d and next %q; want no total", count, len(p.Records), p.Total, p.Next)
		}
		for _, r := range p.Records {
			all = append(all, fmt.Sprintf("%s/%s/%s/%d", r.Customer, r.Type, r.ID, r.Version))
		}
		if after = p.Next; after == "" {
			return all
		}
	}
}

func testChangesOrder(t *testing.T, s *subject) {
	start := s.clock.Now()
	second := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
	tick := func() { s.clock.Advance(time.Second) }
	s.put("a", slot("x", "free"))
	tick()
	s.put("b", slot("x", "free"))
	tick()
	s.put("a", patient("p", "9990002002", ""))
	tick()
	s.update(func(tx store.Tx) error {
		_, one := tx.Put(s.ctx, putOf(t, "a", slot("x", "busy")))
		_, two := tx.Put(s.ctx, putOf(t, "a", slot("x", "free")))
		return errors.Join(one, two)
	})
	tick()
	s.remove(slotKey("a", "x"))
	tick()
	s.put("a", slot("x", "free"))
	s.put("a", slot("x", "free")) // unchanged: no version

	both := store.Visibility{Customers: []string{"a", "b", "a"}}
	slots := []string{"a/Slot/x/5", "a/Slot/x/4", "a/Slot/x/3", "a/Slot/x/2"}
	for _, tc := range []struct {
		name  string
		see   store.Visibility
		typ   string
		since time.Time
		want  []string
	}{
		{"all", both, "", time.Time{}, append(slices.Clone(slots), "a/Patient/p/1", "b/Slot/x/1", "a/Slot/x/1")},
		{"one customer", store.Of("a"), "", time.Time{}, append(slices.Clone(slots), "a/Patient/p/1", "a/Slot/x/1")},
		{"one type", both, "Slot", time.Time{}, append(slices.Clone(slots), "b/Slot/x/1", "a/Slot/x/1")},
		{"another type", both, "Patient", time.Time{}, []string{"a/Patient/p/1"}},
		{"a type without any", both, "Schedule", time.Time{}, nil},
		{"nobody", store.Visibility{}, "", time.Time{}, nil},
		{"a stranger", store.Of("c"), "", time.Time{}, nil},
		{"since a time", both, "", second(3), slots},
		{"since a moment later", both, "", second(3).Add(1), slots[:2]},
		{"since now", both, "Slot", second(5), slots[:1]},
		{"since later", both, "", second(6), nil},
	} {
		for _, count := range []int{1, 3, 100} {
			if got := s.changes(tc.see, tc.typ, tc.since, count); !slices.Equal(got, tc.want) {
				t.Errorf("%s, in pages of %d: %v, want %v", tc.name, count, got, tc.want)
			}
		}
	}
	p, err := s.Changes(s.ctx, both, "Slot", time.Time{}, "", 2)
	if err != nil || len(p.Records) != 2 || !p.Records[1].Deleted || !p.Records[1].Resource.IsZero() || !p.Records[1].Updated.Equal(second(4)) {
		t.Fatalf("Changes() = %+v, %v; want a deletion second", p.Records, err)
	}
	one, err := s.Version(s.ctx, both, slotKey("a", "x"), 5)
	if err != nil || string(one.Resource.Raw()) != string(p.Records[0].Resource.Raw()) {
		t.Errorf("Changes() has %s, Version(5) = %s, %v", p.Records[0].Resource.Raw(), one.Resource.Raw(), err)
	}
	if p, err := s.Changes(s.ctx, both, "", time.Time{}, "", 0); err != nil || len(p.Records) != 0 || p.Next != "" {
		t.Errorf("Changes with a limit of none = %+v, %v; want nothing", p, err)
	}
	_, err = s.Changes(s.ctx, both, "", time.Time{}, "no cursor", 10)
	wantKind(t, "Changes with a bad cursor", err, fhir.Invalid)
}

func testChangesLabels(t *testing.T, s *subject) {
	for _, step := range []struct{ id, label string }{
		{"open", ""},
		{"hidden", "RED"},
		{"now-hidden", ""},
		{"now-hidden", "RED"},
		{"once-hidden", "RED"},
		{"once-hidden", ""},
		{"gone", "RED"},
		{"shown", "GREEN"},
	} {
		more := ""
		if step.label != "" {
			more = labelled(step.id, step.label)
		}
		s.put("a", patient(step.id, "9990002002", more))
		s.clock.Advance(time.Second)
	}
	s.remove(store.Key{Customer: "a", Type: "Patient", ID: "gone"})
	green := store.Visibility{Customers: []string{"a"}, Labels: []string{"urn:labels|GREEN"}}
	want := []string{"a/Patient/shown/1", "a/Patient/once-hidden/2", "a/Patient/open/1"}
	for _, count := range []int{1, 2, 3, 100} {
		if got := s.changes(green, "", time.Time{}, count); !slices.Equal(got, want) {
			t.Errorf("in pages of %d one who may see GREEN sees %v, want %v", count, got, want)
		}
	}
	if got := s.changes(store.Of("a"), "", time.Time{}, 100); len(got) != 9 {
		t.Errorf("one who may see all sees %v, want 9 versions", got)
	}
}

// What was there when a walk began is shown once each, in order, though others
// write.
func testChangesUnderWrites(t *testing.T, s *subject) {
	write := func(round int) {
		s.update(func(tx store.Tx) error {
			for i := range 5 {
				if _, err := tx.Put(s.ctx, putOf(t, "a", slot(fmt.Sprint("s", i), fmt.Sprint("state-", round)))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for round := range 6 {
		write(round)
		s.clock.Advance(time.Duration(round%2) * time.Second) // some rounds are of one moment
	}
	want := s.changes(store.Of("a"), "", time.Time{}, 100)
	s.clock.Advance(time.Second)
	var got []string
	round := 6
	for after := ""; ; round++ {
		p, err := s.Changes(s.ctx, store.Of("a"), "Slot", time.Time{}, after, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Records {
			got = append(got, fmt.Sprintf("%s/%s/%s/%d", r.Customer, r.Type, r.ID, r.Version))
		}
		if after = p.Next; after == "" {
			break
		}
		write(round)
	}
	if len(want) != 30 || !slices.Equal(got, want) {
		t.Errorf("a walk while others write gives\n%v\nwant\n%v", got, want)
	}
}
