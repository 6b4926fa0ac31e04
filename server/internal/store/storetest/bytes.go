package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/store"
)

// A page ends before its resources have more than store.PageBytes bytes, whatever was
// asked for, and walking on from it gives everything, once, in order: spec
// security-reliability S85 and S86.
func testBytes(t *testing.T, open Open) {
	s := begin(t, open)
	both := store.Visibility{Customers: []string{"a", "b"}}
	putLarge(s, "a", 9)
	putLarge(s, "b", 4)
	for i := range 10 { // versions of one
		s.put("a", large("many", i, 1<<20-2<<10))
		s.clock.Advance(time.Minute)
	}
	for i, query := range []string{"", "status=booked,pending&_sort=-date"} {
		q := s.query("Appointment", query)
		q.Count = 7
		want := s.walk(both, q, nil)
		if len(want) != 14 {
			t.Fatalf("%q finds %v, want all 14", query, want)
		}
		q.Count = []int{1000, -1}[i]
		page, err := s.Search(s.ctx, both, q)
		if got := s.pages(&page, err, func(after string) (store.Page, error) {
			q := q
			q.After = after
			return s.Search(s.ctx, both, q)
		}); !slices.Equal(got, want) {
			t.Errorf("%q with a count of %d gives\n%v\nwant\n%v", query, q.Count, got, want)
		}
		q.Count = 13
		if all, err := store.Every(s.ctx, s, both, q); err != nil || !slices.Equal(names(all), want[:13]) {
			t.Errorf("Every(%q) of 13 = %v, %v; want %v", query, names(all), err, want[:13])
		}
	}
	t.Run("history", func(t *testing.T) { testBytesOfHistory(t, s) })
	t.Run("changes", func(t *testing.T) { testBytesOfChanges(t, s, both) })
	t.Run("log", func(t *testing.T) { testBytesOfLog(t, s) })
	t.Run("claims", func(t *testing.T) { testBytesOfClaims(t, s) })
}

// large gives an appointment of about so many bytes.
func large(id string, i, size int) string {
	text := fmt.Sprintf(`{"resourceType":"Appointment","id":%q,"status":%q,"start":"2025-10-%02dT09:00:00Z","participant":[{"actor":{"reference":"Patient/p"}}],"comment":"%d `,
		id, []string{"booked", "pending"}[i%2], 1+i*7%28, i)
	return text + strings.Repeat("x", size-len(text)) + `"}`
}

// putLarge puts n appointments of 1 KB to 1 MB, each in an Update of its own.
func putLarge(s *subject, customer string, n int) {
	for i := range n {
		size := 1<<20 - 2<<10
		if i%4 == 3 {
			size = 1 << 10
		}
		s.put(customer, large(fmt.Sprintf("%04d", i), i, size))
		s.clock.Advance(time.Second)
	}
}

// pages gives what a walk shows, each as customer/id, and checks its pages.
func (s *subject) pages(page *store.Page, err error, next func(after string) (store.Page, error)) (all []string) {
	s.tb.Helper()
	for {
		if err != nil {
			s.tb.Fatalf("a page of large resources: %v", err)
		}
		size := 0
		for i := range page.Records {
			size += len(page.Records[i].Resource.Raw())
		}
		if size > store.PageBytes || page.Next != "" && size < store.PageBytes-1<<20 {
			s.tb.Errorf("a page of %d has %d bytes and next %q; want as much as %d bytes hold", len(page.Records), size, page.Next, store.PageBytes)
		}
		all = append(all, names(page.Records)...)
		if page.Next == "" || len(page.Records) == 0 {
			return all
		}
		*page, err = next(page.Next)
	}
}

func testBytesOfHistory(t *testing.T, s *subject) {
	key := store.Key{Type: "Appointment", ID: "many"}
	history := func(after string) (store.Page, error) { return s.History(s.ctx, store.Of("a"), key, after, 1000) }
	page, err := history("")
	if page.Total != 10 || page.Next == "" {
		t.Errorf("a history of 10 large versions has a total of %d and next %q", page.Total, page.Next)
	}
	if got := s.pages(&page, err, history); len(got) != 10 {
		t.Errorf("a history of 10 large versions shows %d", len(got))
	}
}

func testBytesOfChanges(t *testing.T, s *subject, see store.Visibility) {
	for _, labels := range [][]string{nil, {"urn:x|y"}} {
		see.Labels = labels
		changes := func(after string) (store.Page, error) {
			return s.Changes(s.ctx, see, "Appointment", time.Time{}, after, 1000)
		}
		page, err := changes("")
		if got := s.pages(&page, err, changes); len(got) != 23 {
			t.Errorf("changes of 23 large versions show %d: %v", len(got), got)
		}
	}
}

// Fewer records of a stream than asked for are not its end: only none is.
func testBytesOfLog(t *testing.T, s *subject) {
	const n = 12
	for i := range n {
		s.update(func(tx store.Tx) error {
			return tx.Append(s.ctx, "large", []byte(fmt.Sprintf("%02d", i)+strings.Repeat("x", 1<<20-2<<10)))
		})
	}
	for _, back := range []bool{false, true} {
		var got []string
		for r := (store.LogRange{Back: back, Limit: 100}); ; {
			records, err := s.Log(s.ctx, "large", r)
			if err != nil {
				t.Fatalf("Log() = %v", err)
			}
			if len(records) == 0 {
				break
			}
			size := 0
			for _, rec := range records {
				size += len(rec.Data)
				got = append(got, string(rec.Data[:2]))
			}
			if size > store.PageBytes {
				t.Errorf("Log gives %d bytes at once, want at most %d", size, store.PageBytes)
			}
			r.After = records[len(records)-1].At
		}
		var want []string
		for i := range n {
			want = append(want, fmt.Sprintf("%02d", i))
		}
		if back {
			slices.Reverse(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("a walk with back = %v over large records gives %v, want each once", back, got)
		}
	}
}

// Fewer claims than asked for are not their end: only none is. Within a Tx they are all.
func testBytesOfClaims(t *testing.T, s *subject) {
	const n = 12
	payload := bytes.Repeat([]byte("x"), 1<<20-2<<10)
	var want []string
	for i := range n {
		key := fmt.Sprintf("k%02d", i)
		want = append(want, key)
		s.update(func(tx store.Tx) error {
			return tx.Claim(s.ctx, store.Claim{Space: "large", Key: key, Holder: "h", Payload: payload})
		})
	}
	list := func(r store.Reader, after string) (keys []string, size int) {
		t.Helper()
		claims, err := r.Claims(s.ctx, "large", "k", after, 100)
		if err != nil {
			t.Fatalf("Claims() = %v", err)
		}
		for _, c := range claims {
			keys = append(keys, c.Key)
			size += len(c.Payload)
		}
		return keys, size
	}
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		keys, size := list(s, after)
		if len(keys) == 0 {
			break
		}
		if size > store.PageBytes || after == "" && size < store.PageBytes-1<<20 {
			t.Errorf("Claims gives %d bytes at once, want what %d have room for", size, store.PageBytes)
		}
		got = append(got, keys...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("a walk over large claims gives %v, want each once", got)
	}
	s.update(func(tx store.Tx) error {
		err := tx.Release(s.ctx, "large", "k00", "h")
		if keys, _ := list(tx, ""); !slices.Equal(keys, want[1:]) {
			t.Errorf("within a Tx the claims are %v, want all but the first", keys)
		}
		return err
	})
}
