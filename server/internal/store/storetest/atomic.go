package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// errPlanned is what an Update of the suite fails with.
var errPlanned = errors.New("this Update is meant to fail")

// An Update that fails, whatever it did, leaves nothing.
func testAtomic(t *testing.T, open Open) {
	for _, how := range []string{"error", "panic"} {
		t.Run("it ends with "+how, func(t *testing.T) {
			s := begin(t, open)
			s.put("a", slot("kept", "free"))
			s.put("a", slot("deleted", "free"))
			s.remove(slotKey("a", "deleted"))
			s.update(func(tx store.Tx) error {
				return errors.Join(
					tx.Claim(s.ctx, store.Claim{Space: "slot", Key: "held", Holder: "one", Payload: []byte("p")}),
					tx.Append(s.ctx, "log", []byte("first")))
			})
			before := s.dump()
			err := s.Update(s.ctx, func(tx store.Tx) error {
				if err := everyWrite(s, tx); err != nil {
					t.Errorf("a write of the Update: %v", err)
				}
				if how == "panic" {
					panic("this Update is meant to panic")
				}
				return errPlanned
			})
			if err == nil || how == "error" && err != errPlanned {
				t.Errorf("Update() = %v, want the error of its function", err)
			}
			if after := s.dump(); after != before {
				t.Errorf("the failed Update left something:\n%s\nwant\n%s", after, before)
			}
			s.update(func(tx store.Tx) error { return everyWrite(s, tx) })
			if after := s.dump(); after == before {
				t.Error("an Update that succeeded left nothing")
			}
		})
	}
	t.Run("others of the same time are untouched", func(t *testing.T) { testNeighbours(t, begin(t, open)) })
	t.Run("an Update reads its own writes", func(t *testing.T) { testOwnWrites(t, begin(t, open)) })
	t.Run("a Tx ends with its function", func(t *testing.T) {
		s := begin(t, open)
		var kept store.Tx
		s.update(func(tx store.Tx) error { kept = tx; return nil })
		_, put := kept.Put(s.ctx, putOf(t, "a", slot("x", "free")))
		_, read := kept.Read(s.ctx, store.Of("a"), slotKey("a", "x"))
		for name, err := range map[string]error{"Put": put, "Read": read, "Append": kept.Append(s.ctx, "log", nil)} {
			wantKind(t, name+" on a Tx that has ended", err, fhir.Internal)
		}
		s.wantFound(store.Of("a"), "Slot", "")
	})
	t.Run("an error inside need not end the Update", func(t *testing.T) {
		s := begin(t, open)
		s.put("a", slot("x", "free"))
		s.update(func(tx store.Tx) error {
			p := putOf(t, "a", slot("x", "busy"))
			p.IfVersion = 9
			_, err := tx.Put(s.ctx, p)
			wantKind(t, "a stale Put", err, fhir.PreconditionFailed)
			_, err = tx.Delete(s.ctx, slotKey("a", "x"), 9)
			wantKind(t, "a stale Delete", err, fhir.PreconditionFailed)
			_, err = tx.Put(s.ctx, putOf(t, "a", slot("z", "free"), store.Link{Param: "start"}))
			if err == nil {
				t.Error("a Put with a link that is none succeeds")
			}
			c := store.Claim{Space: "q", Key: "k", Holder: "one"}
			if err := tx.Claim(s.ctx, c); err != nil {
				return err
			}
			wantKind(t, "a second Claim", tx.Claim(s.ctx, c), fhir.Conflict)
			_, err = tx.Put(s.ctx, putOf(t, "a", slot("y", "free")))
			return err
		})
		s.wantFound(store.Of("a"), "Slot", "status=free", "a/x", "a/y")
	})
}

// everyWrite writes in every way there is.
func everyWrite(s *subject, tx store.Tx) error {
	ctx := s.ctx
	_, create := tx.Put(ctx, putOf(s.tb, "a", slot("created", "free")))
	_, again := tx.Put(ctx, putOf(s.tb, "a", slot("created", "busy")))
	_, change := tx.Put(ctx, putOf(s.tb, "a", slot("kept", "busy"), store.Link{Param: "schedule", To: search.Ref{Type: "Schedule", ID: "x"}}))
	_, revive := tx.Put(ctx, putOf(s.tb, "a", slot("deleted", "busy")))
	_, newCustomer := tx.Put(ctx, putOf(s.tb, "b", patient("p", "9990002002", `,"contained":[{"resourceType":"Organization","id":"o"}]`)))
	_, remove := tx.Delete(ctx, slotKey("a", "created"), store.Any)
	return errors.Join(create, again, change, revive, newCustomer, remove,
		tx.Claim(ctx, store.Claim{Space: "slot", Key: "free", Holder: "two"}),
		tx.Release(ctx, "slot", "held", "one"),
		tx.Append(ctx, "log", []byte("second")),
		tx.Append(ctx, "new log", []byte("first")))
}

// dump shows everything that the suite's writes can touch.
func (s *subject) dump() string {
	s.tb.Helper()
	see := store.Visibility{Customers: []string{"a", "b"}}
	var out string
	for _, id := range []string{"kept", "deleted", "created"} {
		p, err := s.History(s.ctx, see, slotKey("a", id), "", 100)
		out += fmt.Sprintln(id, p.Total, err)
		for _, r := range p.Records {
			out += fmt.Sprintln(" ", r.Version, r.Deleted, r.Links, string(r.Resource.Raw()))
		}
	}
	for _, q := range [][2]string{
		{"Slot", ""},
		{"Slot", "status=free"},
		{"Slot", "status=busy"},
		{"Slot", "schedule=Schedule/x"},
		{"Slot", "start=2025-10-25"},
		{"Patient", ""},
		{"Patient", "identifier=9990002002"},
	} {
		found, total := s.find(see, q[0], q[1])
		out += fmt.Sprintln(q, found, total)
	}
	for _, key := range []string{"held", "free"} {
		c, err := s.Claimed(s.ctx, "slot", key)
		out += fmt.Sprintln(key, c, err)
	}
	claims, err := s.Claims(s.ctx, "slot", "", "", 100)
	out += fmt.Sprintln(claims, err)
	for _, typ := range []string{"", "Slot"} {
		p, err := s.Changes(s.ctx, see, typ, time.Time{}, "", 100)
		out += fmt.Sprintln("changes of", typ, err)
		for _, r := range p.Records {
			out += fmt.Sprintln(" ", r.Key, r.Version, r.Updated, r.Deleted)
		}
	}
	for _, stream := range []string{"log", "new log"} {
		records, err := s.Log(s.ctx, stream, store.LogRange{Limit: 100})
		out += fmt.Sprintln(stream, records, err)
	}
	return out
}

// testNeighbours mixes Updates that fail with ones that succeed: they may share
// a commit, but not a fate.
func testNeighbours(t *testing.T, s *subject) {
	const writers, each = 16, 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", w, i)
				fail := (w+i)%2 == 0
				err := s.Update(s.ctx, func(tx store.Tx) error {
					// All write the same resource and claim, so that undoing one
					// must not take back what another wrote before or after it.
					_, shared := tx.Put(s.ctx, putOf(t, "a", slot("shared", "state-"+id)))
					_, own := tx.Put(s.ctx, putOf(t, "a", slot(id, "free")))
					if err := errors.Join(shared, own, tx.Append(s.ctx, "log", []byte(id))); err != nil {
						return err
					}
					if fail {
						return errPlanned
					}
					return nil
				})
				if fail && err != errPlanned || !fail && err != nil {
					t.Errorf("Update of %s = %v", id, err)
				}
			}
		})
	}
	wg.Wait()
	const good = writers * each / 2
	if _, total := s.find(store.Of("a"), "Slot", "status=free"); total != good {
		t.Errorf("%d slots are stored, want %d", total, good)
	}
	p, err := s.History(s.ctx, store.Of("a"), slotKey("a", "shared"), "", 1000)
	records, logErr := s.Log(s.ctx, "log", store.LogRange{Limit: 1000})
	if err != nil || logErr != nil || p.Total != good || len(records) != good {
		t.Fatalf("the shared slot has %d versions (%v) and the log %d records (%v), want %d", p.Total, err, len(records), logErr, good)
	}
	for i, r := range p.Records { // newest first; the log tells the order
		if got, want := r.Resource.Root().Get("status").Text(), "state-"+string(records[good-1-i].Data); got != want {
			t.Errorf("version %d is %s, but the log says %s", r.Version, got, want)
		}
	}
}

func testOwnWrites(t *testing.T, s *subject) {
	see := store.Of("a")
	s.put("a", slot("x", "free"))
	s.update(func(tx store.Tx) error {
		put, err := tx.Put(s.ctx, putOf(t, "a", slot("x", "busy")))
		if err != nil {
			return err
		}
		if r, err := tx.Read(s.ctx, see, slotKey("a", "x")); err != nil || r.Version != 2 || string(r.Resource.Raw()) != string(put.Resource.Raw()) {
			t.Errorf("Read() = version %d, %v; want version 2 as it was put", r.Version, err)
		}
		if r, err := tx.Version(s.ctx, see, slotKey("a", "x"), 1); err != nil || r.Resource.Root().Get("status").Text() != "free" {
			t.Errorf("Version(1) = %v, %v; want the free slot", r.Resource, err)
		}
		if r, err := s.Read(s.ctx, see, slotKey("a", "x")); err != nil || r.Version != 1 {
			t.Errorf("outside, Read() = version %d, %v; want 1 until the Update ends", r.Version, err)
		}
		if _, err := tx.Delete(s.ctx, slotKey("a", "x"), 2); err != nil {
			return err
		}
		_, err = tx.Read(s.ctx, see, slotKey("a", "x"))
		wantKind(t, "Read of what the Update deleted", err, fhir.Gone)
		_, err = tx.Read(s.ctx, store.Of("b"), slotKey("a", "x"))
		wantKind(t, "Read of another customer's in a Tx", err, fhir.NotFound)
		return nil
	})
	_, err := s.Read(s.ctx, see, slotKey("a", "x"))
	wantKind(t, "Read after the Update", err, fhir.Gone)
}
