package app

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Security S85 and S86: what one answer holds does not grow with what others have
// stored. Where a page, or what it includes, would be more than store.PageBytes, it ends
// earlier, and its next link goes on exactly.

// stuffed gives resources of nearly 1 MiB each: n slots in n schedules of one service.
func (w *world) stuffed(n int) {
	filler := strings.Repeat("x", 1<<20-2<<10)
	w.put("feed-a", doc{"resourceType": "HealthcareService", "id": "900000001", "name": "Large", "identifier": []doc{{"system": "urn:x", "value": "1"}}})
	for i := range n {
		id := fmt.Sprintf("large-%02d", i)
		w.put("feed-a",
			doc{"resourceType": "Schedule", "id": id, "actor": []doc{{"reference": "HealthcareService/900000001"}}, "comment": filler[len(filler)/2:], "serviceType": []doc{{"text": filler[:len(filler)/2-1000]}}},
			doc{"resourceType": "Slot", "id": id, "status": "free", "schedule": doc{"reference": "Schedule/" + id}, "start": fmt.Sprintf("2030-01-08T%02d:00:00Z", i), "end": fmt.Sprintf("2030-01-08T%02d:15:00Z", i), "comment": filler})
	}
}

// heavy asks for something and gives the answer and what the process allocated for it,
// in bytes, without what reads it here.
func (w *world) heavy(path string, header ...string) (body []byte, allocated uint64) {
	w.t.Helper()
	path = strings.TrimPrefix(path, w.base)
	ask := func(read func(io.Reader) error) {
		w.t.Helper()
		req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.base+path, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.tokens["caller"])
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			w.t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }() // it was read
		if err := read(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			w.t.Fatalf("%.200s: %d %v", path, resp.StatusCode, err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ask(func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	runtime.ReadMemStats(&after)
	ask(func(r io.Reader) (err error) {
		body, err = io.ReadAll(r)
		return err
	})
	return body, after.TotalAlloc - before.TotalAlloc
}

func TestAnswerBytes(t *testing.T) {
	const n = 20
	w := newWorld(t)
	w.stuffed(n)
	bars := []string{
		"NHSD-Target-Identifier", base64.StdEncoding.EncodeToString([]byte(`{"system":"urn:x","value":"1"}`)),
		"NHSD-End-User-Organisation", base64.StdEncoding.EncodeToString([]byte(`{"resourceType":"Organization","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A2"}],"name":"A"}`)),
		"NHSD-Requesting-Software", base64.StdEncoding.EncodeToString([]byte(`{"resourceType":"Device"}`)),
		"X-Request-Id", "11111111-1111-4111-8111-111111111111", "X-Correlation-Id", "11111111-1111-4111-8111-111111111111",
	}
	bounds := "&start=ge2030-01-08T00:00:00Z&start=le2030-01-09T00:00:00Z"
	slots := make([]string, n)
	for i := range slots {
		slots[i] = fmt.Sprintf("large-%02d", i)
	}
	var proposed []string
	for _, id := range slots {
		proposed = append(proposed, "find."+id)
	}
	for _, tc := range []struct {
		name, path string
		header     []string
		want       []string // matches; what each includes is on its page
		included   string   // the type of which one is included with each match
	}{
		{"a search", "/R4/Slot?_count=1000", nil, slots, ""},
		{"by date", "/R4/Slot?_count=1000&_sort=start&status=free&_total=none", nil, slots, ""},
		{"with includes", "/R4/Slot?_count=1000&_include=Slot:schedule", nil, slots, "Schedule"},
		{"with what refers to it", "/R4/Schedule?_count=1000&_revinclude=Slot:schedule", nil, slots, "Slot"},
		{"a chain", "/R4/Slot?_count=1000&schedule.actor=HealthcareService/900000001", nil, slots, ""},
		{"compressed", "/R4/Slot?_count=1000&_sort=-start", []string{"Accept-Encoding", "gzip"}, nil, ""},
		{"a history", "/R4/Slot/_history?_count=1000", nil, slots, ""},
		{"a history by time", "/R4/Slot/_history?_count=1000&_at=" + time.Now().UTC().Format("2006"), nil, slots, ""},
		{"proposals", "/R4/Appointment/$find?start=2030-01-08&end=2030-01-09&_count=1000", nil, proposed, ""},
		{"the booking face", "/STU3/1/booking/Slot?schedule.actor:healthcareservice=900000001" + bounds + "&_include=Slot:schedule", nil, slots, "Schedule"},
		{"BaRS", "/R4/bars/Slot?Schedule.actor:HealthcareService=900000001&status=free" + bounds + "&_include=Slot:schedule&_include=Schedule:actor:Practitioner&_include=Schedule:actor:HealthcareService", bars, slots, "Schedule"},
		{"in XML", "/R4/Slot?_count=1000&_format=xml", nil, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			pages := 0
			most := uint64(0)
			for path := tc.path; path != ""; pages++ {
				body, allocated := w.heavy(path, tc.header...)
				most = max(most, allocated)
				if limit := 2*store.PageBytes + 2<<20; len(body) > limit {
					t.Errorf("a page has %d bytes, want at most %d", len(body), limit)
				}
				if tc.want == nil {
					break
				}
				r, err := fhir.Parse(body)
				if err != nil {
					t.Fatal(err)
				}
				shown := map[string]int{}
				for e := range r.Root().Get("entry").Each() {
					res := e.Get("resource")
					if mode := e.Find("search", "mode").Text(); mode == "include" {
						shown[res.Get("resourceType").Text()]++
					} else {
						got = append(got, res.Get("id").Text())
						shown["match"]++
					}
				}
				if tc.included != "" && shown[tc.included] != shown["match"] {
					t.Errorf("a page has %v, want a %s with each match", shown, tc.included)
				}
				if total := r.Root().Get("total"); total.Exists() && string(total.Raw()) != fmt.Sprint(len(tc.want)) {
					t.Errorf("the total is %s, want %d", total.Raw(), len(tc.want))
				}
				path = ""
				for l := range r.Root().Get("link").Each() {
					if l.Get("relation").Text() == "next" {
						path = l.Get("url").Text()
					}
				}
			}
			slices.Sort(got)
			if tc.want != nil && !slices.Equal(got, tc.want) {
				t.Errorf("the pages show %v, want %v", got, tc.want)
			}
			if limit := uint64(15 * store.PageBytes); most > limit {
				t.Errorf("a page takes %d bytes of memory, want at most %d", most, limit)
			}
			t.Logf("%d pages, at most %d MiB allocated for one", pages, most>>20)
		})
	}
	t.Run("one match that includes too much", func(t *testing.T) {
		for i := range 10 {
			w.put("feed-a", doc{"resourceType": "Slot", "id": fmt.Sprint("same-", i), "status": "free", "schedule": doc{"reference": "Schedule/large-00"}, "start": "2031-01-08T09:00:00Z", "end": "2031-01-08T09:15:00Z", "comment": strings.Repeat("x", 1<<20-2<<10)})
		}
		status, body, err := w.call(t.Context(), http.MethodGet, "/R4/Schedule?_revinclude=Slot:schedule", w.tokens["caller"], nil)
		if err := expect(err, status, http.StatusUnprocessableEntity, body); err != nil || !strings.Contains(string(body), `"code":"too-costly"`) {
			t.Errorf("%v %s; want it refused as too costly", err, body)
		}
	})
	t.Run("posted", func(t *testing.T) {
		form := url.Values{"_count": {"1000"}, "_sort": {"-start"}}
		status, body, _, err := w.request(t.Context(), http.MethodPost, "/R4/Slot/_search", w.tokens["caller"], []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		if err := expect(err, status, http.StatusOK, body[:min(len(body), 500)]); err != nil || len(body) > store.PageBytes+1<<20 {
			t.Errorf("%v, %d bytes", err, len(body))
		}
	})
}
