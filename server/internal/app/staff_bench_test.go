package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"slotway/fhir"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// waiting fills a store with requests that wait, an hour apart, each with its
// appointment and patient.
func waiting(tb testing.TB, s store.Store, n int) {
	tb.Helper()
	var pending []fhir.Resource
	flush := func() {
		err := s.Update(tb.Context(), func(tx store.Tx) error {
			for _, r := range pending {
				if _, err := tx.Put(tb.Context(), store.Put{Key: store.Key{Customer: "trustalias", Type: r.Type(), ID: r.ID()}, Resource: r, IfVersion: store.Any}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
		pending = pending[:0]
	}
	add := func(format string, args ...any) {
		r, err := fhir.Parse(fmt.Appendf(nil, format, args...))
		if err != nil {
			tb.Fatal(err)
		}
		if pending = append(pending, r); len(pending) >= 600 {
			flush()
		}
	}
	specialties := []string{"Cardiology", "Dermatology", "Ophthalmology", "Orthopaedics", "Paediatrics"}
	for i := range n {
		asked := time.Now().UTC().Add(-time.Duration(n-i) * 97 * time.Second)
		start := asked.AddDate(0, 1, 0).Format(time.RFC3339)
		specialty := fmt.Sprintf(`{"coding":[{"system":"http://snomed.info/sct","code":"%d","display":%q}]}`, 394579000+i%5, specialties[i%5])
		add(`{"resourceType":"Patient","id":"q%d","identifier":[{"system":%q,"value":"P%d"}],"name":[{"family":"Waiting","given":["Number%d"]}],"birthDate":"1980-01-01"}`, i, fhir.NHSNumberSystem, i, i)
		add(`{"resourceType":"Appointment","id":"q%d","status":"pending","specialty":[%s],"start":%q,"participant":[{"actor":{"reference":"Patient/q%d"},"status":"accepted"}]}`, i, specialty, start, i)
		owner, status := "", "requested"
		if i%4 == 0 {
			owner, status = fmt.Sprintf(`"owner":{"display":"Worker %d","identifier":{"system":%q,"value":"%d"}},`, i%40, requests.LegacySystem, 4096+i%40*4096), "in-progress"
		}
		add(`{"resourceType":"Task","id":"q%d","status":%q,"intent":"order","code":{"coding":[{"system":%q,"code":"change"}]},"description":"Request to change appointment: Sunday 14 September 2025 12:00am - Follow-up",
			"focus":{"reference":"Appointment/q%d"},"for":{"reference":"Patient/q%d"},"authoredOn":%q,"lastModified":%q,"requester":{"reference":"Patient/q%d"},%s"performerType":[%s],
			"note":[{"authorReference":{"reference":"Patient/q%d"},"time":%q,"text":"I cannot come on that day, because I work. Could it be a week later, in the morning?","extension":[{"url":%q,"valueString":"%d"}]}]}`,
			i, status, requests.CodeSystem, i, i, asked.Format(time.RFC3339), asked.Format(time.RFC3339), i, owner, specialty, i, asked.Format(time.RFC3339), fhir.MessageID, 4096+i*16)
	}
	flush()
}

// BenchmarkStaffBoard measures what the first page of 10,000 requests costs the
// server, from the request's header to the answer's last byte.
func BenchmarkStaffBoard(b *testing.B) { benchmarkPage(b, 10_000, "/staff/requests") }

// BenchmarkStaffReport measures a report of a year over 20,000 requests and as many
// appointments; it takes so much longer as there are more.
func BenchmarkStaffReport(b *testing.B) { benchmarkPage(b, 20_000, "/staff/reports?by=month") }

func benchmarkPage(b *testing.B, n int, path string) {
	b.Helper()
	a := startDemo(b, b.TempDir(), Settings{})
	waiting(b, a.store, n)
	w := newBrowser()
	for _, step := range []func() error{
		func() error { return w.open(b.Context(), a.cfg.BaseURL+"/staff/requests") }, func() error { return w.follow(b.Context(), `id="provider"`) },
		func() error { return w.submit(b.Context(), "person", url.Values{"person": {"jack.brown"}}) },
	} {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
	handler := a.rest.Handler([]string{"staff"})
	cookies := w.client.Jar.Cookies(w.at)
	b.ReportAllocs()
	out := &discard{}
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		*out = discard{header: http.Header{}}
		if handler.ServeHTTP(out, r); out.status != http.StatusOK {
			b.Fatal(out.status)
		}
	}
	b.ReportMetric(float64(out.bytes), "bytes/page")
}
