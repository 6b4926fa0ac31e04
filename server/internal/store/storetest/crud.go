package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// odd is a resource whose bytes a store must not touch: white space, an unknown
// element, a decimal, escapes and the order of members.
const odd = `{ "status" : "free",
  "resourceType":"Slot", "id":"odd","x-unknown": [1.50, 1.0E2, null],
  "_end": {"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},
  "comment":"a<b & \u00e9 \/" }`

func testCRUD(t *testing.T, open Open) {
	t.Run("bytes come back", func(t *testing.T) {
		s := begin(t, open)
		written := s.put("a", odd)
		rec, err := s.Read(t.Context(), store.Of("a"), slotKey("a", "odd"))
		if err != nil {
			t.Fatalf("Read() = %v", err)
		}
		want, err := parse(t, odd).Stamp("odd", 1, s.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := string(rec.Resource.Raw()); got != string(want.Raw()) || got != string(written.Resource.Raw()) {
			t.Errorf("read %s\nput gave %s\nwant %s", got, written.Resource.Raw(), want.Raw())
		}
		if rec.Version != 1 || !rec.Updated.Equal(s.clock.Now()) || rec.Deleted || rec.Key != slotKey("a", "odd") {
			t.Errorf("Read() = %+v, want version 1 of now", rec)
		}
		for _, piece := range []string{`"x-unknown": [1.50, 1.0E2, null]`, `"a<b & \u00e9 \/"`, `"_end": {"extension"`} {
			if !strings.Contains(string(rec.Resource.Raw()), piece) {
				t.Errorf("%s is not in %s", piece, rec.Resource.Raw())
			}
		}
	})
	t.Run("slices are their callers'", func(t *testing.T) { testAliasing(t, begin(t, open)) })
	t.Run("what is not there", func(t *testing.T) {
		s := begin(t, open)
		s.put("a", slot("here", "free"))
		for _, k := range []store.Key{slotKey("a", "nothing"), slotKey("b", "here"), {Customer: "a", Type: "Schedule", ID: "here"}} {
			_, err := s.Read(t.Context(), store.Visibility{Customers: []string{"a", "b"}}, k)
			wantKind(t, "Read of nothing", err, fhir.NotFound)
			err = s.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.Delete(t.Context(), k, store.Any)
				return err
			})
			wantKind(t, "Delete of nothing", err, fhir.NotFound)
		}
	})
	t.Run("delete", func(t *testing.T) {
		s := begin(t, open)
		s.put("a", slot("x", "free"))
		if rec := s.remove(slotKey("a", "x")); rec.Version != 2 || !rec.Deleted || !rec.Resource.IsZero() {
			t.Errorf("Delete() = %+v, want version 2, a deletion", rec)
		}
		_, err := s.Read(t.Context(), store.Of("a"), slotKey("a", "x"))
		wantKind(t, "Read of a deleted one", err, fhir.Gone)
		if rec := s.remove(slotKey("a", "x")); rec.Version != 2 {
			t.Errorf("the second Delete() gives version %d, want 2 still", rec.Version)
		}
		s.wantFound(store.Of("a"), "Slot", "")
		if rec := s.put("a", slot("x", "busy")); rec.Version != 3 {
			t.Errorf("put after a deletion gives version %d, want 3", rec.Version)
		}
		s.wantFound(store.Of("a"), "Slot", "status=busy", "a/x")
	})
	t.Run("how it was made", func(t *testing.T) { testPosted(t, begin(t, open)) })
	t.Run("an unchanged put keeps its version", func(t *testing.T) { testUnchanged(t, begin(t, open)) })
	t.Run("the key is the resource's", func(t *testing.T) {
		s := begin(t, open)
		r := parse(t, slot("x", "free"))
		for _, k := range []store.Key{{}, {Type: "Slot", ID: "x"}, slotKey("a", "y"), slotKey("a", ""), slotKey("a", "no/id"), {Customer: "a", Type: "Schedule", ID: "x"}, slotKey("a\x00b", "x")} {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.Put(t.Context(), store.Put{Key: k, Resource: r, IfVersion: store.Any})
				return err
			})
			if err == nil {
				t.Errorf("Put of Slot/x under %+v succeeds, want an error", k)
			}
		}
		s.update(func(tx store.Tx) error {
			rec, err := tx.Put(t.Context(), store.Put{Key: slotKey("a", "new"), Resource: fhir.Empty("Slot"), IfVersion: 0})
			if err == nil && rec.Resource.ID() != "new" {
				t.Errorf("a resource without id is stored as %s, want new", rec.Resource)
			}
			return err
		})
	})
}

// Each version says whether it was posted, and whether anything was there before,
// however it is read.
func testPosted(t *testing.T, s *subject) {
	k := slotKey("a", "x")
	put := func(text string, posted bool) {
		t.Helper()
		s.update(func(tx store.Tx) error {
			rec, err := tx.Put(t.Context(), store.Put{Key: k, Resource: parse(t, text), IfVersion: store.Any, Posted: posted})
			if err == nil && rec.Posted != posted {
				t.Errorf("Put() gives Posted %v, want %v", rec.Posted, posted)
			}
			return err
		})
	}
	put(slot("x", "free"), true)
	put(slot("x", "busy"), false)
	s.remove(k)
	put(slot("x", "free"), false)
	want := "put created, delete, put, post created"
	history, err := s.History(t.Context(), store.Of("a"), k, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := s.Changes(t.Context(), store.Of("a"), "Slot", time.Time{}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]store.Page{"History": history, "Changes": changes} {
		var all []string
		for _, rec := range page.Records {
			made := map[[2]bool]string{{false, false}: "put", {true, false}: "post", {false, true}: "delete"}[[2]bool{rec.Posted, rec.Deleted}]
			if rec.Created {
				made += " created"
			}
			all = append(all, made)
		}
		if got := strings.Join(all, ", "); got != want {
			t.Errorf("%s() gives %s; want %s", name, got, want)
		}
	}
	rec, err := s.Version(t.Context(), store.Of("a"), k, 1)
	if err != nil || !rec.Posted || !rec.Created {
		t.Errorf("Version(1) = %+v, %v; want it posted and created", rec, err)
	}
}

// Design 2.3, rule 8.
func testUnchanged(t *testing.T, s *subject) {
	first := s.put("a", slot("x", "free"))
	s.clock.Advance(1e9)
	link := store.Link{Param: "schedule"}
	link.To.Type, link.To.ID = "Schedule", "other"
	for _, tc := range []struct {
		name, text string
		links      []store.Link
		want       int64
	}{
		{"the same bytes", slot("x", "free"), nil, 1},
		{"what was read", string(first.Resource.Raw()), nil, 1},
		{"other content", slot("x", "busy"), nil, 2},
		{"the same again", slot("x", "busy"), nil, 2},
		{"a link", slot("x", "busy"), []store.Link{link}, 3},
		{"the same link", slot("x", "busy"), []store.Link{link}, 3},
		{"no link", slot("x", "busy"), nil, 4},
	} {
		rec := s.put("a", tc.text, tc.links...)
		if rec.Version != tc.want {
			t.Errorf("%s: put gives version %d, want %d", tc.name, rec.Version, tc.want)
		}
		if tc.want == 1 && !rec.Updated.Equal(first.Updated) {
			t.Errorf("%s: Updated is %v, want %v", tc.name, rec.Updated, first.Updated)
		}
		now, err := s.Read(t.Context(), store.Of("a"), slotKey("a", "x"))
		if err != nil || now.Version != tc.want || len(now.Links) != len(tc.links) {
			t.Errorf("%s: Read() = version %d, links %v, %v", tc.name, now.Version, now.Links, err)
		}
	}
}

// What a caller does with bytes after he gave them or got them changes nothing.
func testAliasing(t *testing.T, s *subject) {
	see, k := store.Of("a"), slotKey("a", "x")
	payload, data := []byte("payload"), []byte("data")
	s.update(func(tx store.Tx) error {
		_, err := tx.Put(s.ctx, putOf(t, "a", slot("x", "free")))
		err = errors.Join(err, tx.Claim(s.ctx, store.Claim{Space: "q", Key: "k", Holder: "h", Payload: payload}), tx.Append(s.ctx, "log", data))
		clear(payload)
		clear(data)
		c, claimErr := tx.Claimed(s.ctx, "q", "k")
		clear(c.Payload)
		return errors.Join(err, claimErr)
	})
	before := s.dumpOf(k)
	for range 2 {
		c, claimErr := s.Claimed(s.ctx, "q", "k")
		all, claimsErr := s.Claims(s.ctx, "q", "", "", 1)
		records, logErr := s.Log(s.ctx, "log", store.LogRange{Limit: 1})
		if err := errors.Join(claimErr, claimsErr, logErr); err != nil || string(c.Payload) != "payload" || len(all) != 1 || string(all[0].Payload) != "payload" || len(records) != 1 || string(records[0].Data) != "data" {
			t.Fatalf("the claim is %v and %v, the record %v, %v; want them as they were given", c, all, records, err)
		}
		clear(c.Payload)
		clear(all[0].Payload)
		clear(records[0].Data)
		rec, err := s.Read(s.ctx, see, k)
		if err != nil {
			t.Fatal(err)
		}
		s.put("a", slot("y", "free")) // pages that a reader gave back may be written
		if got := string(rec.Resource.Raw()); !strings.Contains(got, `"free"`) {
			t.Errorf("what was read is now %s", got)
		}
	}
	if after := s.dumpOf(k); after != before {
		t.Errorf("the slot is %s, want %s", after, before)
	}
}

// dumpOf shows a resource as every read gives it.
func (s *subject) dumpOf(k store.Key) string {
	s.tb.Helper()
	see := store.Of(k.Customer)
	rec, readErr := s.Read(s.ctx, see, k)
	old, versionErr := s.Version(s.ctx, see, k, 1)
	p, historyErr := s.History(s.ctx, see, k, "", 1)
	found, searchErr := s.Search(s.ctx, see, s.query(k.Type, "_id="+k.ID))
	if err := errors.Join(readErr, versionErr, historyErr, searchErr); err != nil || len(p.Records) != 1 || len(found.Records) != 1 {
		s.tb.Fatalf("reading %v = %v", k, err)
	}
	return fmt.Sprintf("%s %s %s %s", rec.Resource.Raw(), old.Resource.Raw(), p.Records[0].Resource.Raw(), found.Records[0].Resource.Raw())
}
