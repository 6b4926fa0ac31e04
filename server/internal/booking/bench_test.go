package booking_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir/fhirtest"
	"slotway/fhir/search"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// benchService is a service on the embedded store with a diary of free slots.
func benchService(b *testing.B, slots int) *booking.Service {
	b.Helper()
	catalog := search.NewCatalog([]string{base}, time.UTC)
	engine, err := bolt.Open(b.TempDir()+"/bench.db", bolt.Options{Catalog: catalog, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() }) // the folder goes with it
	var n atomic.Int64
	s := &booking.Service{
		Store: engine, Catalog: catalog, Bases: []string{base}, Now: time.Now,
		NewID: func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n.Add(1)) },
	}
	var all []booking.Change
	for i := range slots {
		text := fmt.Sprintf(`{"resourceType":"Slot","id":"b%d","schedule":{"reference":"Schedule/d%d"},"status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`, i, i)
		req := booking.Request{Principal: feed, IfVersion: store.Any, Create: true}
		r := fhirtest.Parse(b, text)
		all = append(all, booking.Change{Request: req, Op: booking.Update, Key: store.Key{Type: "Slot", ID: r.ID()}, Resource: r})
		if len(all) == 200 || i == slots-1 {
			if _, err := s.Do(b.Context(), all...); err != nil {
				b.Fatal(err)
			}
			all = nil
		}
	}
	return s
}

// BenchmarkBook is a booking from its bytes to the commit: parsed, validated, its
// slot claimed, stored. Clients book at the same time, so commits are shared.
func BenchmarkBook(b *testing.B) {
	s := benchService(b, b.N)
	pad := `"comment":"` + strings.Repeat("Please arrive ten minutes early. ", 60) + `",`
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			text := appointment("booked", "10:00", "10:15", fmt.Sprintf("Slot/b%d", n.Add(1)-1))
			r := fhirtest.Parse(b, strings.Replace(strings.Replace(text, "Patient/p1", "Device/p1", 1), `"start"`, pad+`"start"`, 1))
			if _, err := s.Create(b.Context(), caller("X1"), r); err != nil {
				b.Error(err)
			}
		}
	})
}
