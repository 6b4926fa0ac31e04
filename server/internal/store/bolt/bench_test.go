package bolt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// sizes are the numbers of appointments the reading benchmarks run at. As many
// slots and a tenth as many patients stand beside them.
var sizes = []int{10_000, 100_000}

// worlds keeps the stores that were loaded, for the benchmarks that follow.
var worlds = map[int]*Store{}

func worldOf(b *testing.B, n int) *Store {
	b.Helper()
	if s := worlds[n]; s != nil {
		return s
	}
	dir, err := os.MkdirTemp("", "slotway-bench") // it outlives one benchmark
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, "bench.db")
	s := openBench(b, path)
	began := time.Now()
	loadWorld(b, s, n)
	took := time.Since(began)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("loaded %d resources in %v: %.0f a second, %d MB", n*21/10, took, float64(n)*2.1/took.Seconds(), info.Size()>>20)
	if err := os.RemoveAll(dir); err != nil { // it is open and stays until the process ends
		b.Fatal(err)
	}
	worlds[n] = s
	return s
}

func openBench(b *testing.B, path string) *Store {
	b.Helper()
	s, err := Open(path, Options{Catalog: benchCatalog(b), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkRead(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := worldOf(b, n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i + 7919) % n
				_, err := s.Read(context.Background(), store.Of("a"), store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprint("a", i)})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// searches are those of the load generator, and some that find much.
var searches = []struct{ name, typ, query string }{
	{"patient", "Appointment", chain + "&_count=100"},
	{"patient-date", "Appointment", chain + "&date=ge2025-10-01&date=lt2025-11-01&_count=100"},
	{"patient-status", "Appointment", chain + "&date=ge2025-10-01&date=lt2025-11-01&status=booked&_count=100"},
	{"day", "Appointment", "date=2025-10-DAY&_count=50"},
	{"day-sorted", "Appointment", "date=2025-10-DAY&_count=50&_sort=date"},
	{"day-total", "Appointment", "date=2025-10-DAY&_count=0"},
	{"pending", "Appointment", "status=pending&_count=50"},
	{"slots", "Slot", "schedule.actor=Practitioner/rPRACTITIONER&start=ge2025-10-DAY&start=lt2025-10-DAYT18:00:00Z&status=free&_count=50"},
	{"all", "Appointment", "_count=50"},
	{"all-sorted", "Appointment", "_count=50&_sort=-date"},
	{"identifier", "Appointment", "identifier=urn:pas|APATIENT"},
	{"birthdate", "Patient", "birthdate=19DAY-03-05&_count=50"},
}

const chain = "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|PPATIENT"

// searchText gives the i-th search of a row in a store of n appointments.
func searchText(query string, i, n int) string {
	return strings.NewReplacer("PATIENT", strconv.Itoa(i*7919%(n/10)), "DAY", strconv.Itoa(10+i%20), "PRACTITIONER", strconv.Itoa(i%10)).Replace(query)
}

func BenchmarkSearch(b *testing.B) {
	for _, tc := range searches {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", tc.name, n), func(b *testing.B) {
				s := worldOf(b, n)
				queries := make([]search.Query, 500)
				for i := range queries {
					queries[i] = query(b, s.catalog, tc.typ, searchText(tc.query, i, n))
				}
				b.ReportAllocs()
				i, found, total := 0, 0, 0
				for b.Loop() {
					i++
					p, err := s.Search(context.Background(), store.Of("a"), queries[i%len(queries)])
					if err != nil {
						b.Fatal(err)
					}
					found, total = found+len(p.Records), total+p.Total
				}
				b.ReportMetric(float64(found)/float64(i), "records/op")
				b.ReportMetric(float64(total)/float64(i), "matches/op")
			})
		}
	}
}

// BenchmarkUpdate puts new appointments, and has bare bbolt commit the same keys
// and bytes in groups of the same size to a file that holds the same. The two
// take turns, so that a noisy disk is as noisy for both: the ratio is what the
// store costs beyond its engine.
func BenchmarkUpdate(b *testing.B) {
	const held, turn = 20_000, 1000
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("%d writers", writers), func(b *testing.B) {
			s := openBench(b, filepath.Join(b.TempDir(), "store.db"))
			defer s.Close()
			loadWorld(b, s, held)
			bare := openBare(b, s, held)
			var commits, last atomic.Int64
			last.Store(held)
			s.writer.commit = func(btx *bbolt.Tx) error {
				commits.Add(1)
				return btx.Commit()
			}
			var ours, theirs time.Duration
			for done := 0; done < b.N; done += turn {
				n, first, before := min(turn, b.N-done), int(last.Load())+1, commits.Load()
				began := time.Now()
				spread(n, writers, func() { create(b, s, int(last.Add(1))) })
				ours += time.Since(began)
				theirs += bare.commit(b, pairsOf(b, s, first, n), int(commits.Load()-before))
			}
			b.ReportMetric(float64(b.N)/ours.Seconds(), "updates/s")
			b.ReportMetric(float64(b.N)/theirs.Seconds(), "bare/s")
			b.ReportMetric(float64(theirs)/float64(ours), "ratio")
			b.ReportMetric(float64(b.N)/float64(commits.Load()), "updates/commit")
			b.ReportMetric(float64(len(pairsOf(b, s, held+1, 1)[0])), "keys/update")
		})
	}
}

// create puts one appointment in an Update of its own.
func create(b *testing.B, s *Store, i int) {
	text := appointmentText(i)
	err := s.Update(context.Background(), func(tx store.Tx) error {
		r, err := fhir.Parse([]byte(text))
		if err != nil {
			return err
		}
		_, err = tx.Put(context.Background(), store.Put{Key: store.Key{Customer: "a", Type: "Appointment", ID: r.ID()}, Resource: r, IfVersion: 0})
		return err
	})
	if err != nil {
		b.Error(err)
	}
}

// spread calls fn n times from some goroutines.
func spread(n, goroutines int, fn func()) {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				fn()
			}
		})
	}
	wg.Wait()
}
