package rest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// TestBudget: security S85. Room is given in the order in which it is asked for, no
// client has more than half, and what is not given is not lost.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100, time.Second)
		take := func(client string, bytes int64) (given int64, err error) {
			ctx, cancel := context.WithTimeout(t.Context(), b.wait)
			defer cancel()
			return b.take(ctx, client, bytes)
		}
		for _, tc := range []struct {
			client      string
			asks, wants int64
		}{{"a", 30, 30}, {"b", 1000, 50}, {"a", 10, 10}} {
			if got, err := take(tc.client, tc.asks); got != tc.wants || err != nil {
				t.Fatalf("%s asks for %d: %d, %v; want %d", tc.client, tc.asks, got, err, tc.wants)
			}
		}
		for _, client := range []string{"a", "b"} { // a has 40 of its 50, b all
			if got := b.try(client, 11); got != 0 {
				t.Errorf("%s has %d more than its share", client, got)
			}
		}
		if _, err := take("c", 11); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("more than there is: %v", err)
		}
		if got := b.try("c", 10); got != 10 {
			t.Errorf("what is left after one gave up: %d", got)
		}
		var mu sync.Mutex
		var order []string
		var wg sync.WaitGroup
		for _, who := range []struct {
			client string
			bytes  int64
		}{{"a", 20}, {"d", 45}, {"e", 5}} {
			wg.Go(func() {
				_, err := take(who.client, who.bytes)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					order = append(order, who.client)
				}
			})
			synctest.Wait()
		}
		if got := b.try("f", 1); got != 0 {
			t.Error("one who did not wait passes those who do")
		}
		b.back("c", 10) // e would fit, but d came before; a has its share
		synctest.Wait()
		mu.Lock()
		if len(order) > 0 {
			t.Errorf("%v have room that is not theirs", order)
		}
		mu.Unlock()
		b.back("b", 50)
		wg.Wait()
		if len(order) != 2 || order[0] == "a" || order[1] == "a" {
			t.Errorf("%v have room; want d and e, while a has its share", order)
		}
	})
}

// TestBudgetNeverStops: whatever is taken, given up and given back, all of it is there
// in the end, and nobody waits for ever.
func TestBudgetNeverStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100, time.Second)
		var wg sync.WaitGroup
		for i := range 200 {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			client := string(rune('a' + i%7))
			wg.Go(func() {
				for range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(1000))*time.Millisecond)
					got, err := b.take(ctx, client, 1+r.Int64N(80))
					cancel()
					time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
					if err == nil {
						part := r.Int64N(got + 1)
						b.back(client, part)
						b.back(client, got-part)
					}
				}
			})
		}
		wg.Wait()
		if b.free != 100 || len(b.has) != 0 || len(b.queue) != 0 {
			t.Errorf("%d is free, %v is held, %d wait", b.free, b.has, len(b.queue))
		}
	})
}

// looked is a store that notes what a search may hold, and finds nothing.
type looked struct {
	store.Store
	k    *call
	room int64
}

func (l *looked) Search(ctx context.Context, _ store.Visibility, _ search.Query) (store.Page, error) {
	err := store.Spare(ctx, heavyFrom+1)
	l.room = l.k.lease.bytes
	return store.Page{}, errors.Join(err, errHeavy)
}

// TestIncludesRoom: security S85. What includes has room for them, however it is written.
func TestIncludesRoom(t *testing.T) {
	const page = 3 * store.PageBytes
	for query, want := range map[string]int64{
		"_count=9":                          page,
		"_include=Slot:schedule":            2 * page,
		"_%69nclude=Slot:schedule":          2 * page,
		"%5frev%69nclude=Appointment:slot":  2 * page,
		"_include%3aiterate=Slot:schedule":  2 * page,
		"comment=include":                   page,
		"_tag=_include":                     page,
		"_count=9&_%49nclude=Slot:schedule": page, // that is another name
	} {
		l := &looked{}
		k := &call{s: &Server{Store: l, Now: time.Now}, face: &Face{Catalog: search.NewCatalog(nil, time.UTC)}, route: &Route{Interaction: fhir.SearchType}}
		k.c = &gin.Context{Request: httptest.NewRequest("GET", "/Slot?"+query, nil), Writer: &kept{header: http.Header{}}}
		k.typ, _ = fhir.ServedType("Slot")
		k.lease = &lease{budget: NewBudget(1<<30, time.Second)}
		l.k = k
		if err := k.search(); !errors.Is(err, errHeavy) || l.room != want {
			t.Errorf("%s has room for %d bytes (%v), want %d", query, l.room, err, want)
		}
	}
}

func BenchmarkBudget(b *testing.B) {
	all := NewBudget(1<<30, time.Second)
	b.ReportAllocs()
	for b.Loop() {
		all.back("a", all.try("a", 1<<20))
	}
}
