package rest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// aged is a store in which some slots were put and deleted many times, and all its
// versions, newest first.
func aged(t *testing.T, versions int) (*storetest.Model, []store.Record) {
	t.Helper()
	clock := storetest.NewClock()
	m := storetest.NewModel(catalog(), clock.Now)
	for i := range versions {
		clock.Advance(time.Second)
		key := store.Key{Customer: "a", Type: "Slot", ID: fmt.Sprintf("s%d", i*i%17)}
		err := m.Update(t.Context(), func(tx store.Tx) error {
			if i%11 == 10 {
				if _, err := tx.Delete(t.Context(), key, store.Any); fhir.KindOf(err) != fhir.NotFound {
					return err
				}
			}
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Slot","comment":"%d"}`, i))
			if err == nil {
				_, err = tx.Put(t.Context(), store.Put{Key: key, Resource: r, IfVersion: store.Any})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := m.Changes(t.Context(), store.Of("a"), "", time.Time{}, "", 1e6)
	if err != nil {
		t.Fatal(err)
	}
	return m, all.Records
}

// wanted says what a history asks for, one version at a time, with all in view:
// those of a resource, made since a time, current at some moment of another.
func wanted(all []store.Record, key store.Key, h search.History) (out []string) {
	for i, rec := range all {
		if key.ID != "" && rec.ID != key.ID || rec.Updated.Before(h.Since) {
			continue
		}
		if !h.To.IsZero() {
			next := h.To // when it was no longer current
			for _, later := range all[:i] {
				if later.Key == rec.Key && later.Version == rec.Version+1 {
					next = later.Updated
				}
			}
			during := !rec.Updated.Before(h.From) && rec.Updated.Before(h.To)
			before := rec.Updated.Before(h.From) && next.After(h.From) && !rec.Deleted
			if !during && !before {
				continue
			}
		}
		out = append(out, fmt.Sprintf("%s/%d", rec.ID, rec.Version))
	}
	return out
}

// The pages of a history hold what was asked for, each version once and in order,
// whatever the size of a page.
func TestPeriodPages(t *testing.T) {
	const versions, atOnce = 130, 20
	m, all := aged(t, versions)
	first := all[len(all)-1].Updated
	at := func(n int) time.Time { return first.Add(time.Duration(n) * 500 * time.Millisecond) }
	k := &call{s: &Server{Store: m, Limits: DefaultLimits}, see: store.Of("a")}
	rapid.Check(t, func(rt *rapid.T) {
		h := search.History{Query: search.Query{Count: rapid.SampledFrom([]int{1, 2, 7, 19, 20, 21, 50, 200}).Draw(rt, "count")}}
		if rapid.Bool().Draw(rt, "since") {
			h.Since = at(rapid.IntRange(-2, 2*versions+2).Draw(rt, "since"))
		}
		if rapid.Bool().Draw(rt, "at") {
			from := rapid.IntRange(-2, 2*versions+2).Draw(rt, "from")
			h.From, h.To = at(from), at(from+rapid.IntRange(1, 60).Draw(rt, "length"))
		}
		key := store.Key{Type: "Slot", ID: rapid.SampledFrom([]string{"", "s0", "s1", "s4", "s16"}).Draw(rt, "id")}
		p := period{k: k, asked: h, key: key, atOnce: atOnce}
		var got []string
		after := ""
		for pages := 0; ; pages++ {
			page, err := p.page(t.Context(), after)
			if err != nil {
				rt.Fatal(err)
			}
			if len(page.Records) > h.Count || pages > versions {
				rt.Fatalf("page %d has %d records", pages, len(page.Records))
			}
			for _, rec := range page.Records {
				got = append(got, fmt.Sprintf("%s/%d", rec.ID, rec.Version))
			}
			if page.Total >= 0 && page.Next == "" && after == "" && page.Total != len(got) {
				rt.Fatalf("total %d of %d", page.Total, len(got))
			}
			if after = page.Next; after == "" {
				break
			}
		}
		want := wanted(all, key, h)
		if !slices.Equal(got, want) {
			rt.Fatalf("%+v of %s: %d %.300v, want %d %.300v", h, key.ID, len(got), got, len(want), want)
		}
	})
}
