package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/server/internal/move"
	"slotway/server/internal/store"
)

// What one store holds can be carried to another, and is the same there (requirement
// R70).
func testMoving(t *testing.T, open Open) {
	t.Run("random histories, there and back", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			model, _ := opened(t, rt, func(_ *testing.T, e Env) store.Store { return NewModel(e.Catalog, e.Now) })
			live(rt, model)
			s, end := opened(t, rt, open)
			defer end()
			there := carry(t, rt, model, s)
			back, _ := opened(t, rt, func(_ *testing.T, e Env) store.Store { return NewModel(e.Catalog, e.Now) })
			if again := carry(t, rt, s, back); again != there {
				rt.Fatalf("back again it is %v, %s; it was %v, %s", again, again.Digest, there, there.Digest)
			}
			sameAnswers(rt, model, s)
			goesOn(rt, s)
		})
	})
	t.Run("names of any bytes", func(t *testing.T) { testMovingNames(t, begin(t, open)) })
	t.Run("restored versions", func(t *testing.T) { testRestore(t, begin(t, open)) })
	t.Run("times of records", func(t *testing.T) { testAppendAt(t, begin(t, open)) })
	t.Run("the moment changes with what is committed", func(t *testing.T) { testMoment(t, begin(t, open)) })
}

// opened opens a store for one run of a property.
func opened(t *testing.T, rt *rapid.T, open Open) (s *subject, end func()) {
	c, clock := Catalog(t, "Europe/London"), NewClock()
	s = &subject{open(t, Env{c, clock.Now}), rt, t.Context(), clock, c}
	return s, func() {
		if err := s.Close(); err != nil {
			rt.Errorf("Close() = %v", err)
		}
	}
}

// live writes a random history: resources, claims and records, of which some go again.
func live(rt *rapid.T, s *subject) {
	w := world{rt}
	for range rapid.IntRange(0, 12).Draw(rt, "updates") {
		s.clock.Advance(time.Duration(rapid.IntRange(-2, 4000).Draw(rt, "milliseconds")) * time.Millisecond)
		s.update(func(tx store.Tx) error {
			for range rapid.IntRange(1, 4).Draw(rt, "writes") {
				w.write(s)(tx)
			}
			key := oneOf(w, "key", "", "k", "k\x00", "a/b", "\xff", "~", "é")
			space := oneOf(w, "space", "slot", "slot-2", "s", "é/")
			if w.chance(3) {
				return errors.Join(tx.Release(s.ctx, space, key, "h"), tx.Append(s.ctx, oneOf(w, "stream", "log", "log-2", ""), nil))
			}
			if err := tx.Claim(s.ctx, store.Claim{Space: space, Key: key, Holder: "h", Payload: []byte(key)}); err != nil && fhir.KindOf(err) != fhir.Conflict {
				return err
			}
			return tx.Append(s.ctx, "log", []byte(key))
		})
		if w.chance(6) {
			if all, err := s.Log(s.ctx, "log", store.LogRange{Limit: 100}); err != nil {
				rt.Fatal(err)
			} else if len(all) > 1 {
				s.trimmed("log", all[len(all)/2].At)
			}
		}
	}
}

func (s *subject) trimmed(stream, before string) {
	s.tb.Helper()
	if err := s.Trim(s.ctx, stream, before); err != nil {
		s.tb.Fatalf("Trim() = %v", err)
	}
}

var errStopped = errors.New("stopped on purpose")

// carry exports one store and imports it into another, each cut short now and then.
func carry(t *testing.T, rt *rapid.T, from, to *subject) move.Summary {
	file := filepath.Join(t.TempDir(), fmt.Sprintf("export-%d", rand.Int64()))
	defer os.Remove(file)
	var sum move.Summary
	err := errStopped
	for tries := 0; errors.Is(err, errStopped); tries++ {
		left := rapid.IntRange(0, 3).Draw(rt, "steps of the export") + tries
		sum, err = move.Export(from.ctx, from, file, stopAfter(left))
	}
	if err != nil {
		rt.Fatalf("Export() = %v", err)
	}
	b, readErr := os.ReadFile(file)
	got, err := move.Summary{}, errStopped
	for tries := 0; errors.Is(err, errStopped); tries++ {
		left := rapid.IntRange(0, 3).Draw(rt, "steps of the import") + tries
		got, err = move.Import(to.ctx, bytes.NewReader(b), to, stopAfter(left))
		if tries == 0 && errors.Is(err, errStopped) && sum.Versions+sum.Claims+sum.Records > 0 && move.Unfinished(to.ctx, to) == nil {
			rt.Error("an import that was cut short counts as finished")
		}
	}
	if err = errors.Join(err, readErr, move.Unfinished(to.ctx, to)); err != nil || got != sum {
		rt.Fatalf("Import() = %v %s, %v; want %v %s", got, got.Digest, err, sum, sum.Digest)
	}
	return sum
}

// stopAfter ends the work after so many steps.
func stopAfter(steps int) move.Progress {
	return func(move.Summary) error {
		if steps--; steps < 0 {
			return errStopped
		}
		return nil
	}
}

// sameAnswers compares histories, and walks over searches, of two stores.
func sameAnswers(rt *rapid.T, want, got *subject) {
	see := store.Visibility{Customers: []string{"a", "b"}}
	for _, q := range [][2]string{
		{"Appointment", "_count=3"},
		{"Appointment", "status=booked,pending&_count=2&_sort=-date"},
		{"Slot", "start=2025-10-25&_count=2"},
		{"Patient", "identifier=1&_count=1"},
	} {
		if w, g := want.walked(see, q[0], q[1]), got.walked(see, q[0], q[1]); !slices.Equal(w, g) {
			rt.Errorf("%s?%s is %v, want %v", q[0], q[1], g, w)
		}
	}
	for _, typ := range []string{"Appointment", ""} {
		w, wErr := want.Changes(want.ctx, see, typ, time.Time{}, "", 1000)
		g, gErr := got.Changes(got.ctx, see, typ, time.Time{}, "", 1000)
		if len(w.Records) != len(g.Records) || wErr != nil || gErr != nil {
			rt.Errorf("there are %d changes, %v; want %d, %v", len(g.Records), gErr, len(w.Records), wErr)
		}
	}
}

// walked gives all that a search finds, page by page, with its bytes.
func (s *subject) walked(see store.Visibility, typ, text string) (out []string) {
	s.tb.Helper()
	q := s.query(typ, text)
	for {
		p, err := s.Search(s.ctx, see, q)
		if err != nil {
			s.tb.Fatalf("Search(%s?%s) = %v", typ, text, err)
		}
		out = append(out, fmt.Sprint("of ", p.Total))
		for _, r := range p.Records {
			out = append(out, fmt.Sprint(r.Customer, r.Version, r.Updated, r.Links, string(r.Resource.Raw())))
		}
		if q.After = p.Next; q.After == "" {
			return out
		}
	}
}

// goesOn looks whether versions, claims and streams go on where they were.
func goesOn(rt *rapid.T, s *subject) {
	k := store.Key{Customer: "a", Type: "Slot", ID: "s0"}
	before, err := s.History(s.ctx, store.Of("a"), k, "", 1)
	if err != nil && fhir.KindOf(err) != fhir.NotFound {
		rt.Fatal(err)
	}
	if rec := s.put("a", slot("s0", "new")); rec.Version != int64(before.Total)+1 {
		rt.Errorf("the next version is %d, want %d", rec.Version, before.Total+1)
	}
	s.update(func(tx store.Tx) error { return tx.Append(s.ctx, "log", []byte("the last")) })
	if end, err := s.Log(s.ctx, "log", store.LogRange{Back: true, Limit: 1}); err != nil || string(end[0].Data) != "the last" {
		rt.Errorf("the end of the stream is %v, %v", end, err)
	}
}

// Names and keys may hold any bytes, and be one another's beginnings.
func testMovingNames(t *testing.T, s *subject) {
	names := []string{"q", "q-a", "q/a", "q0", "q\x01", "q\xff", "é", "%", "."}
	want := slices.Clone(names)
	slices.Sort(want)
	for _, name := range names {
		s.update(func(tx store.Tx) error {
			_, err := tx.Put(s.ctx, putOf(t, name, slot("x", "free")))
			return errors.Join(err, tx.Claim(s.ctx, store.Claim{Space: name, Key: name, Holder: name}),
				tx.Claim(s.ctx, store.Claim{Space: "released " + name, Key: name, Holder: name}), tx.Append(s.ctx, name, nil))
		})
		s.update(func(tx store.Tx) error { return tx.Release(s.ctx, "released "+name, name, name) })
	}
	for what, list := range map[string]func(context.Context, string, int) ([]string, string, error){"spaces": s.Spaces, "streams": s.Streams, "customers": s.customers} {
		for _, limit := range []int{1, 2, len(names), 100} {
			var got []string
			for after := ""; ; {
				some, next, err := list(s.ctx, after, limit)
				if err != nil || len(some) > limit {
					t.Fatalf("%s, %d at a time: %d, %v", what, limit, len(some), err)
				}
				got = append(got, some...)
				if after = next; next == "" {
					break
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s, %d at a time, are %q, want %q", what, limit, got, want)
			}
		}
	}
	_, _, err := s.Versions(s.ctx, "?", 1)
	wantKind(t, "Versions after nonsense", err, fhir.Invalid)
}

// customers gives those of a page of versions.
func (s *subject) customers(ctx context.Context, after string, limit int) (out []string, next string, err error) {
	records, next, err := s.Versions(ctx, after, limit)
	for _, r := range records {
		out = append(out, r.Customer)
	}
	return out, next, err
}

// A version that does not follow the current one is refused, and changes nothing.
func testRestore(t *testing.T, s *subject) {
	rec := s.put("a", slot("x", "free"))
	for _, n := range []int64{0, 1, 3} {
		wrong := rec
		wrong.Version = n
		err := s.Update(s.ctx, func(tx store.Tx) error { return tx.Restore(s.ctx, wrong) })
		wantKind(t, fmt.Sprintf("Restore of version %d after 1", n), err, fhir.PreconditionFailed)
	}
	old := time.Date(2020, 2, 3, 4, 5, 6, 7_000_000, time.UTC)
	gone := store.Record{Key: slotKey("a", "x"), Version: 2, Updated: old, Deleted: true}
	again := store.Record{Key: gone.Key, Version: 3, Updated: old, Created: true, Posted: true, Resource: parse(t, slot("x", "busy"))}
	s.update(func(tx store.Tx) error { return errors.Join(tx.Restore(s.ctx, gone), tx.Restore(s.ctx, again)) })
	p, err := s.History(s.ctx, store.Of("a"), gone.Key, "", 10)
	if err != nil || len(p.Records) != 3 {
		t.Fatalf("the history has %d versions, %v; want 3", len(p.Records), err)
	}
	if got := p.Records[0]; !got.Updated.Equal(old) || !got.Created || !got.Posted || string(got.Resource.Raw()) != slot("x", "busy") {
		t.Errorf("restored was %+v %s, want it as it was given", got, got.Resource.Raw())
	}
	if got := p.Records[1]; !got.Deleted || !got.Updated.Equal(old) {
		t.Errorf("the deletion is %+v", got)
	}
	s.wantFound(store.Of("a"), "Slot", "status=busy", "a/x")
	s.wantFound(store.Of("a"), "Slot", "status=free")
}

// Records have the times they were given, and those that follow are never before.
func testAppendAt(t *testing.T, s *subject) {
	day := func(n int) time.Time { return time.Date(2030, 1, n, 0, 0, 0, 1_000_000, time.UTC) }
	at := func(n int, data string) {
		s.update(func(tx store.Tx) error { return tx.AppendAt(s.ctx, "log", day(n), []byte(data)) })
	}
	at(1, "a")
	s.update(func(tx store.Tx) error {
		return errors.Join(tx.AppendAt(s.ctx, "log", day(5), []byte("b")), tx.AppendAt(s.ctx, "other", day(1), []byte("x")), tx.AppendAt(s.ctx, "log", day(3), []byte("c")))
	})
	at(4, "d")
	s.update(func(tx store.Tx) error { return tx.Append(s.ctx, "log", []byte("e")) }) // the clock is in 2025
	at(6, "f")
	s.update(func(tx store.Tx) error {
		return errors.Join(tx.Append(s.ctx, "log", []byte("g")), tx.AppendAt(s.ctx, "log", day(7), []byte("h")))
	})
	records, err := s.Log(s.ctx, "log", store.LogRange{Limit: 100})
	var got string
	for i, r := range records {
		got += string(r.Data)
		if i > 0 && (r.Time.Before(records[i-1].Time) || r.At <= records[i-1].At) {
			t.Errorf("record %d is of %v at %s, the one before of %v at %s", i, r.Time, r.At, records[i-1].Time, records[i-1].At)
		}
	}
	if err != nil || got != "abcdefgh" {
		t.Fatalf("the stream is %q, %v; want abcdefgh", got, err)
	}
	for i, want := range []int{1, 5, 5, 5, 5, 6} {
		if !records[i].Time.Equal(day(want)) {
			t.Errorf("record %q is of %v, want %v", records[i].Data, records[i].Time, day(want))
		}
	}
	since, err := s.Log(s.ctx, "log", store.LogRange{Since: day(6), Limit: 100})
	if err != nil || len(since) != 3 {
		t.Errorf("%d records since the sixth day, %v; want 3", len(since), err)
	}
	if other, err := s.Log(s.ctx, "other", store.LogRange{Limit: 1}); err != nil || !other[0].Time.Equal(day(1)) {
		t.Errorf("the other stream is %v, %v", other, err)
	}
}

func testMoment(t *testing.T, s *subject) {
	seen := map[string]string{}
	look := func(after string, same bool) {
		t.Helper()
		m, err := s.Moment(s.ctx)
		if before, known := seen[m]; err != nil || known != same {
			t.Errorf("after %s it is %q, %v, as after %q", after, m, err, before)
		}
		seen[m] = after
	}
	look("opening", false)
	look("nothing", true)
	s.put("a", slot("x", "free"))
	look("a Put", false)
	_ = s.Update(s.ctx, func(tx store.Tx) error { return errPlanned })
	_, _, err := s.Versions(s.ctx, "", 10)
	look(fmt.Sprint("a failure and a read ", err), true)
	s.update(func(tx store.Tx) error { return tx.Claim(s.ctx, store.Claim{Space: "s", Key: "k"}) })
	look("a Claim", false)
	s.update(func(tx store.Tx) error { return tx.Append(s.ctx, "log", nil) })
	look("an Append", false)
}
