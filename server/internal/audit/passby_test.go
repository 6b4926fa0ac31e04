package audit_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/store"
)

// many gives a reader of n events that are written in one record, as a busy server
// writes them.
func many(t testing.TB, n int) (*audit.Reader, *search.Catalog) {
	t.Helper()
	l := newLog(t, empty(t))
	for i := range n {
		e := audit.Event{Time: began, Act: []string{"read", "search-type", "create"}[i%3], Client: "c", Reach: []string{"a"}}
		if i%1000 == 0 {
			e.Act, e.Status = "delete", 403
			e.Claims = `{"requesting_practitioner":{"resourceType":"Practitioner","id":"u","name":[{"family":"Rare"}]}}`
		}
		l.Add(&e)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := search.NewCatalog(nil, time.UTC)
	return &audit.Reader{Log: l, Catalog: c, Source: "http://x.test", Customers: func() []string { return []string{"a"} }}, c
}

func ask(t testing.TB, c *search.Catalog, text string) search.Query {
	t.Helper()
	p, err := search.Parse(c, "AuditEvent", text, began)
	if err != nil {
		t.Fatal(err)
	}
	return p.Query
}

// A search ends its page when its time is up, also in the middle of a large record, and
// its next page goes on from there: every match is shown once.
func TestSearchEndsInTime(t *testing.T) {
	r, c := many(t, 5000)
	var calls atomic.Int64
	r.Log.Now = func() time.Time { return began.Add(time.Duration(calls.Add(1)) * 2 * time.Second) }
	for _, text := range []string{"action=D&_count=1000", "agent-name=Rare&_count=1000", "agent-name=Rare&_sort=date&_count=3"} {
		q, found, pages := ask(t, c, text), map[string]bool{}, 0
		for {
			calls.Store(0)
			page, err := r.Search(t.Context(), store.Of("a"), q)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			for _, rec := range page.Records {
				if found[rec.ID] {
					t.Errorf("%s: %s was shown twice", text, rec.ID)
				}
				found[rec.ID] = true
			}
			if pages++; page.Next == "" {
				break
			}
			q.After = page.Next
		}
		if len(found) != 5 || pages < 2 {
			t.Errorf("%s: %d events on %d pages, want 5 on several: their time was up", text, len(found), pages)
		}
	}
}

// What is passed by unread is what does not match: each parameter finds the same as it
// does where nothing can be passed by.
func TestPassedBy(t *testing.T) {
	r, c := many(t, 3000)
	for text, want := range map[string]int{
		"action=D": 3, "action=d": 0, "action=R": 999, "action=C,D": 1002, "action:not=R": 2001, "action:missing=true": 0,
		"outcome=4": 3, "outcome=0": 2997, "subtype=delete": 3, "subtype=http://hl7.org/fhir/restful-interaction|delete": 3, "subtype=urn:x|delete": 0,
		"agent-name=Rare": 3, "agent-name=rar": 3, "agent-name:exact=Rare": 3, "agent-name:contains=ARE": 3, "agent-name:missing=true": 2997, "agent-name=None": 0,
		"action=D&outcome=4&agent-name=Rare": 3, "action=D&outcome=0": 0, "site=internal": 3000, "site=r4": 0,
	} {
		q := ask(t, c, text+"&_count=1000")
		got := 0
		for {
			page, err := r.Search(t.Context(), store.Of("a"), q)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got += len(page.Records); page.Next == "" {
				break
			}
			q.After = page.Next
		}
		if got != want {
			t.Errorf("%s finds %d, want %d", text, got, want)
		}
	}
}

// BenchmarkSearch looks for what is rare among 100,000 events.
func BenchmarkSearch(b *testing.B) {
	r, c := many(b, 100_000)
	for _, text := range []string{"action=D", "agent-name=Rare", "outcome=4"} {
		b.Run(text, func(b *testing.B) {
			q := ask(b, c, text+"&_count=1000")
			for b.Loop() {
				page, err := r.Search(b.Context(), store.Of("a"), q)
				if err != nil || len(page.Records) != 100 {
					b.Fatal(fmt.Sprint(len(page.Records), page.Next != "", err))
				}
			}
		})
	}
}

// A page of events keeps to store.PageBytes: what is made is as large as what is stored.
func TestSearchPageBytes(t *testing.T) {
	l := newLog(t, empty(t))
	for range 30 {
		e := audit.Event{Time: began, Act: "search-type", Client: "c", Reach: []string{"a"}}
		for i := range 2000 {
			e.Touched = append(e.Touched, audit.Ref(store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i)}, 1))
		}
		l.Add(&e)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := search.NewCatalog(nil, time.UTC)
	r := &audit.Reader{Log: l, Catalog: c, Source: "http://x.test", Customers: func() []string { return []string{"a"} }}
	for _, order := range []string{""} {
		q, found, pages := ask(t, c, "_count=1000"+order), map[string]bool{}, 0
		for {
			page, err := r.Search(t.Context(), store.Of("a"), q)
			if err != nil {
				t.Fatal(err)
			}
			size := 0
			for _, rec := range page.Records {
				size += len(rec.Resource.Raw())
				if found[rec.ID] {
					t.Errorf("%s was shown twice", rec.ID)
				}
				found[rec.ID] = true
			}
			if size > store.PageBytes {
				t.Errorf("a page has %d bytes, want at most %d", size, store.PageBytes)
			}
			if pages++; page.Next == "" {
				break
			}
			q.After = page.Next
		}
		if len(found) != 30 || pages < 2 {
			t.Errorf("%d events on %d pages, want 30 on several", len(found), pages)
		}
	}
}
