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

// An Update of 8 MB is taken by every store; a larger one wholly, or not at all.
// Names and keys of 1,024 bytes are taken, whatever their bytes are.
func testSizes(t *testing.T, open Open) {
	t.Run("8 MB of resources", func(t *testing.T) { testLarge(t, begin(t, open), 8, true) })
	t.Run("32 MB of resources", func(t *testing.T) { testLarge(t, begin(t, open), 32, false) })
	t.Run("8 MB of small things", func(t *testing.T) { testManySmall(t, begin(t, open)) })
	t.Run("long names and keys", func(t *testing.T) { testLongNames(t, begin(t, open)) })
}

// testLarge writes that many MB in one Update, a resource to the MB.
func testLarge(t *testing.T, s *subject, mb int, must bool) {
	s.put("a", slot("before", "free"))
	filler := strings.Repeat("x", 1<<20-2<<10)
	err := s.Update(s.ctx, func(tx store.Tx) error {
		for i := range mb {
			text := fmt.Sprintf(`{"resourceType":"Slot","id":"large-%d","schedule":{"reference":"Schedule/s"},"status":"free","start":"2025-10-25T09:00:00Z","comment":%q}`, i, filler)
			if _, err := tx.Put(s.ctx, putOf(t, "a", text)); err != nil {
				return err
			}
		}
		return tx.Append(s.ctx, "log", []byte("written"))
	})
	want := mb
	if err != nil {
		want = 0
		if must {
			t.Fatalf("Update() of %d MB = %v, want it to be taken", mb, err)
		}
		wantKind(t, "Update() of more than the store takes", err, fhir.TooLarge)
	}
	records, logErr := s.Log(s.ctx, "log", store.LogRange{Limit: 10})
	if got, total := s.find(store.Of("a"), "Slot", "status=free&_count=0"); total != want+1 || logErr != nil || len(records) != min(want, 1) {
		t.Errorf("after the Update (%v) there are %d slots and %d records, %v, %v; want %d and %d", err, total, len(records), got, logErr, want+1, min(want, 1))
	}
	s.put("a", slot("after", "free"))
}

func testManySmall(t *testing.T, s *subject) {
	const each = 2500 // of three things that take a little more than 1 KB
	s.update(func(tx store.Tx) error {
		for i := range each {
			key := fmt.Sprintf("%06d", i)
			_, put := tx.Put(s.ctx, putOf(t, "a", slot(key, "free")))
			err := errors.Join(put,
				tx.Claim(s.ctx, store.Claim{Space: "q", Key: key, Holder: key, Payload: []byte(key)}),
				tx.Append(s.ctx, "log", []byte(key)))
			if err != nil {
				return err
			}
		}
		return nil
	})
	claims, err := s.Claims(s.ctx, "q", "", "", 2*each)
	records, logErr := s.Log(s.ctx, "log", store.LogRange{Limit: 2 * each})
	if _, total := s.find(store.Of("a"), "Slot", "_count=0"); total != each || len(claims) != each || len(records) != each {
		t.Errorf("%d slots, %d claims (%v) and %d records (%v) are stored, want %d of each", total, len(claims), err, len(records), logErr, each)
	}
}

func testLongNames(t *testing.T, s *subject) {
	long := func(c string) string { return strings.Repeat(c, 1024/len(c)) }
	for _, c := range []string{"x", "/", "%", "~", "\xff", "\x01", "é", "$", "."} {
		customer, space, stream, key := long(c), long(c), long(c), strings.Repeat(c+"\x00", 1024)[:1024]
		s.update(func(tx store.Tx) error {
			_, err := tx.Put(s.ctx, putOf(t, customer, slot("x", "free")))
			return errors.Join(err, tx.Claim(s.ctx, store.Claim{Space: space, Key: key, Holder: "h"}), tx.Append(s.ctx, stream, []byte("r")))
		})
		see := store.Of(customer)
		_, readErr := s.Read(s.ctx, see, slotKey(customer, "x"))
		claims, claimsErr := s.Claims(s.ctx, space, key[:1000], "", 10)
		records, logErr := s.Log(s.ctx, stream, store.LogRange{Limit: 10})
		if err := errors.Join(readErr, claimsErr, logErr); err != nil || len(claims) != 1 || claims[0].Key != key || len(records) != 1 {
			t.Errorf("with names of %q there are %d claims and %d records, %v; want one of each", c, len(claims), len(records), err)
		}
		s.wantFound(see, "Slot", "status=free", customer+"/x")
		if got := s.changes(see, "Slot", time.Time{}, 10); len(got) != 1 {
			t.Errorf("with names of %q there are %d changes, want one", c, len(got))
		}
	}
	for name, write := range map[string]func(store.Tx) error{
		"Claim in a space":   func(tx store.Tx) error { return tx.Claim(s.ctx, store.Claim{Space: "a\x00b", Key: "k"}) },
		"Append to a stream": func(tx store.Tx) error { return tx.Append(s.ctx, "a\x00b", nil) },
	} {
		wantKind(t, name+" with a zero byte", s.Update(s.ctx, write), fhir.Unprocessable)
	}
}
