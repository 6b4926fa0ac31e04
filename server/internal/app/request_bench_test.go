package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// The days of the benchmark's diary: from here on, 100 appointments each.
var benchDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// benchWorld fills a store with appointments of about 3 KB, ten to a patient, as many
// slots in ten schedules, spread over days of 100: a larger world has more days, and
// every search below the same answer in each.
func benchWorld(b *testing.B, s store.Store, appointments int) {
	b.Helper()
	var pending []fhir.Resource
	flush := func() {
		err := s.Update(b.Context(), func(tx store.Tx) error {
			for _, r := range pending {
				key := store.Key{Customer: "trustalias", Type: r.Type(), ID: r.ID()}
				if _, err := tx.Put(b.Context(), store.Put{Key: key, Resource: r, IfVersion: store.Any}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		pending = pending[:0]
	}
	add := func(format string, args ...any) {
		r, err := fhir.Parse(fmt.Appendf(nil, format, args...))
		if err != nil {
			b.Fatal(err)
		}
		if pending = append(pending, r); len(pending) == 500 {
			flush()
		}
	}
	for i := range 10 {
		add(`{"resourceType":"Schedule","id":"s%d","actor":[{"reference":"HealthcareService/h%d"},{"reference":"Practitioner/r%d"}]}`, i, i, i)
	}
	for i := range appointments / 10 {
		add(`{"resourceType":"Patient","id":"p%d","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"P%d"}]}`, i, i)
	}
	words := strings.Repeat("as was agreed by telephone ", 90)
	for i := range appointments {
		start := benchDay.AddDate(0, 0, i/100).Add(8*time.Hour + time.Duration(i%100)*5*time.Minute)
		from, to := start.Format(time.RFC3339), start.Add(10*time.Minute).Format(time.RFC3339)
		status := "booked"
		if i%7 == 0 {
			status = "cancelled"
		}
		add(`{"resourceType":"Appointment","id":"a%d","identifier":[{"system":"urn:pas","value":"A%d"}],"status":%q,"start":%q,"end":%q,"comment":%q,"participant":[{"actor":{"reference":"Patient/p%d"},"status":"accepted"},{"actor":{"reference":"Practitioner/r%d"},"status":"accepted"}]}`,
			i, i, status, from, to, words, i%(appointments/10), i%10)
		add(`{"resourceType":"Slot","id":"t%d","schedule":{"reference":"Schedule/s%d"},"status":"free","start":%q,"end":%q}`, i, i%10, from, to)
	}
	flush()
}

// discard is a ResponseWriter that counts.
type discard struct {
	header http.Header
	status int
	bytes  int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { d.bytes += len(p); return len(p), nil }

// BenchmarkRequests measures what a request costs from its header to the answer's last
// byte, token check and all, without a socket, in stores of three sizes. The answers are
// equally large in each, so that the cost should be equal too.
func BenchmarkRequests(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := startDemo(b, b.TempDir(), Settings{})
			benchWorld(b, a.store, n)
			token, err := fetchToken(b.Context(), a.cfg.BaseURL, "demo-admin", demoSecret, "")
			if err != nil {
				b.Fatal(err)
			}
			handler := a.rest.Handler([]string{"r4"})
			chain := "/R4/Appointment?actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7CP17"
			day := benchDay.AddDate(0, 0, 3).Format(time.DateOnly)
			slots := "/R4/Slot?status=free&_include=Slot:schedule&start=ge" + day + "&start=lt" + day + "T23:00:00Z"
			for _, bc := range []struct{ name, path string }{
				{"read", "/R4/Appointment/a17"},
				{"patient", chain},
				{"patient-date-status", chain + "&date=ge2026-03-01&status=booked"},
				{"day", "/R4/Appointment?_count=50&date=" + day},
				{"slots", slots + "&schedule=Schedule/s3"},
				{"slots-chain", slots + "&schedule.actor=Practitioner/r3"},
			} {
				b.Run(bc.name, func(b *testing.B) { benchRequest(b, handler, bc.path, token) })
			}
		})
	}
}

func benchRequest(b *testing.B, handler http.Handler, path, token string) {
	b.ReportAllocs()
	w := &discard{}
	for b.Loop() {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header["Authorization"] = []string{"Bearer " + token}
		r.Header["Accept"] = []string{"application/fhir+json"}
		*w = discard{header: http.Header{}}
		if handler.ServeHTTP(w, r); w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
	b.ReportMetric(float64(w.bytes), "bytes/answer")
}
