package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/rest"
	"slotway/server/internal/store"
)

// TestLargeAnswersTogether: security S85. While others hold the memory that large
// answers may have, one more is 503 with Retry-After, small ones are answered, and so
// is another client; when they let go it is answered.
func TestLargeAnswersTogether(t *testing.T) {
	w := newWorld(t)
	w.stuffed(20)
	w.put("feed-a", doc{"resourceType": "Slot", "id": "large-00", "status": "free", "schedule": doc{"reference": "Schedule/large-00"}, "start": "2030-01-08T00:00:00Z", "end": "2030-01-08T00:15:00Z", "comment": strings.Repeat("y", 1<<20-2<<10)})
	w.app.rest.Budget = rest.NewBudget(2, time.Millisecond) // one large answer of each client, two of all
	host := strings.TrimPrefix(w.base, "http://")
	large := "/R4/Slot?_count=1000"
	conn, err := net.DialTimeout("tcp", host, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // it may be closed already
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	// More than any socket takes: the server waits for who does not read.
	fmt.Fprintf(conn, "GET %s&_include=Slot:schedule HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", large, host, w.tokens["caller"])
	line, err := bufio.NewReaderSize(conn, 16).ReadString('\n')
	if err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q %v", line, err)
	}
	batch := func(entry string) []byte {
		return []byte(`{"resourceType":"Bundle","type":"batch","entry":[` + entry + `]}`)
	}
	padded := batch(`{"request":{"method":"GET","url":"metadata"},"fullUrl":"` + strings.Repeat("x", 2<<20) + `"}`)
	for _, tc := range []struct {
		name, method, path string
		body               []byte
		header             []string
	}{
		{"a search", "GET", large, nil, nil},
		{"a search that is posted", "POST", "/R4/Slot/_search", []byte("_count=1000"), []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"what is included", "GET", "/R4/HealthcareService?_id=900000001&_revinclude=Schedule:actor", nil, nil},
		{"a history", "GET", "/R4/Slot/_history?_count=1000", nil, nil},
		{"a history of one", "GET", "/R4/Slot/large-00/_history", nil, nil},
		{"a history by time", "GET", "/R4/Slot/_history?_count=1000&_at=" + time.Now().UTC().Format("2006"), nil, nil},
		{"proposals", "GET", "/R4/Appointment/$find?start=2030-01-08&end=2030-01-09&_count=1000", nil, nil},
		{"the booking face", "GET", "/STU3/1/booking/Slot?schedule.actor:healthcareservice=900000001", nil, nil},
		{"a Bundle", "POST", "/R4", padded, nil},
	} {
		status, answer, header, err := w.request(t.Context(), tc.method, tc.path, w.tokens["caller"], tc.body, tc.header...)
		var outcome struct{ ResourceType string }
		if err := expect(err, status, http.StatusServiceUnavailable, answer[:min(len(answer), 500)]); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		} else if header.Get("Retry-After") == "" || json.Unmarshal(answer, &outcome) != nil || outcome.ResourceType != "OperationOutcome" {
			t.Errorf("%s: Retry-After %q, %.300s", tc.name, header.Get("Retry-After"), answer)
		}
	}
	status, answer, _, err := w.request(t.Context(), "POST", "/R4", w.tokens["caller"], batch(`{"request":{"method":"GET","url":"Slot?_count=1000"}}`))
	if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil || !strings.Contains(string(answer), `"status":"503`) {
		t.Errorf("an entry of a Bundle: %v %.300s", err, answer)
	}
	// What was stored before an entry has no room is told, and so is why that has none.
	status, answer, _, err = w.request(t.Context(), "POST", "/R4", w.tokens["caller"], batch(`{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},{"request":{"method":"GET","url":"Slot/large-00/_history"}}`))
	if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil || !strings.Contains(string(answer), `"status":"201`) || !strings.Contains(string(answer), `"status":"503`) {
		t.Errorf("an entry after one that was stored: %v %.500s", err, answer)
	}
	for _, path := range []string{"/R4/Slot?_count=1", "/R4/Slot?_summary=count", "/R4/Slot/large-00", "/R4/metadata"} {
		status, answer, err := w.call(t.Context(), "GET", path, w.tokens["caller"], nil)
		if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	status, answer, err = w.call(t.Context(), "GET", large, w.tokens["feed-a"], nil)
	if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil {
		t.Errorf("another client: %v", err)
	}
	_ = conn.Close()
	for until := time.Now().Add(time.Minute); ; {
		status, answer, err = w.call(t.Context(), "GET", large, w.tokens["caller"], nil)
		if err == nil && status == http.StatusOK {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("after they let go: %d %v %.300s", status, err, answer)
		}
	}
	for _, tc := range []struct{ method, path, body string }{{"GET", "/R4/Slot/_history?_count=1000", ""}, {"POST", "/R4/Slot/_search?_count=1000", ""}} {
		status, answer, _, err := w.request(t.Context(), tc.method, tc.path, w.tokens["caller"], []byte(tc.body))
		if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil {
			t.Errorf("%s %s: %v", tc.method, tc.path, err)
		}
	}
}

// TestWritesOfBundle: security S85. A Bundle that changes large resources by a few bytes
// each is answered with no more of them than there is room for: what comes after is done,
// and answered without the resource, or refused before it is done.
func TestWritesOfBundle(t *testing.T) {
	for _, tc := range []struct {
		name, kind, url, prefer string
		room                    int64
		whole                   int // status of the Bundle
		want                    map[string]int
		resources               int
		changed                 int
	}{
		{"a batch", "batch", "Slot/large-%02d", "", 1 << 30, 200, map[string]int{"200 OK": 8}, 4, 8},
		{"a transaction", "transaction", "Slot/large-%02d", "", 1 << 30, 200, map[string]int{"200 OK": 8}, 4, 8},
		{"a batch without room", "batch", "Slot/large-%02d", "", -1, 200, map[string]int{"200 OK": 2, "503 Service Unavailable": 6}, 2, 2},
		{"a transaction without room", "transaction", "Slot/large-%02d", "", -1, 503, map[string]int{}, 0, 0},
		{"a transaction of what is searched for", "transaction", "Slot?_id=large-%02d", "", -1, 200, map[string]int{"200 OK": 8}, 2, 8},
		{"a batch that wants little", "batch", "Slot/large-%02d", "return=minimal", -1, 200, map[string]int{"200 OK": 8}, 0, 8},
		{"a transaction that wants little", "transaction", "Slot/large-%02d", "return=minimal", -1, 200, map[string]int{"200 OK": 8}, 0, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.stuffed(8)
			w.app.rest.Limits.Answers = 3 << 20
			w.app.rest.Budget = rest.NewBudget(tc.room, time.Millisecond)
			var entries []doc
			for i := range 8 {
				data := base64.StdEncoding.EncodeToString([]byte(`[{"op":"replace","path":"/status","value":"busy-unavailable"}]`))
				entries = append(entries, doc{
					"request":  doc{"method": "PATCH", "url": fmt.Sprintf(tc.url, i)},
					"resource": doc{"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data},
				})
			}
			body, err := json.Marshal(doc{"resourceType": "Bundle", "type": tc.kind, "entry": entries})
			if err != nil {
				t.Fatal(err)
			}
			status, answer, _, err := w.request(t.Context(), "POST", "/R4", w.tokens["feed-a"], body, "Prefer", tc.prefer, "Content-Type", "application/fhir+json")
			if err := expect(err, status, tc.whole, answer[:min(len(answer), 500)]); err != nil {
				t.Fatal(err)
			}
			r, err := fhir.Parse(answer)
			if err != nil {
				t.Fatal(err)
			}
			got, resources := map[string]int{}, 0
			for e := range r.Root().Get("entry").Each() {
				status := e.Find("response", "status").Text()
				got[status]++
				switch has := e.Get("resource").Exists(); {
				case has:
					resources++
				case status == "200 OK" && (e.Find("response", "etag").Text() == "" || strings.Contains(tc.url, "?") && e.Find("response", "location").Text() == ""):
					t.Errorf("an entry does not say what was done: %.300s", e.Raw())
				}
			}
			_, found, err := w.call(t.Context(), "GET", "/R4/Slot?status=busy-unavailable&_summary=count", w.tokens["feed-a"], nil)
			if want := fmt.Sprintf(`"total":%d`, tc.changed); err != nil || !strings.Contains(string(found), want) {
				t.Errorf("%v, of what is changed %s; want %s", err, found, want)
			}
			if !maps.Equal(got, tc.want) || resources != tc.resources {
				t.Errorf("the entries are %v, with %d resources; want %v, with %d", got, resources, tc.want, tc.resources)
			}
		})
	}
}

// TestReadsOfTransaction: what a transaction has stored large, it is not answered over and
// over because it was small, or not there, when its reads were tried.
func TestReadsOfTransaction(t *testing.T) {
	w := newWorld(t)
	w.app.rest.Limits.Answers = 3 << 20
	entries := []doc{{
		"request": doc{"method": "PUT", "url": "Slot/s"},
		"resource": doc{
			"resourceType": "Slot", "id": "s", "status": "free", "schedule": doc{"reference": "Schedule/x"}, "start": "2030-01-08T09:00:00Z", "end": "2030-01-08T09:15:00Z",
			"comment": strings.Repeat("x", 1<<20-2<<10),
		},
	}}
	for range 20 {
		entries = append(entries, doc{"request": doc{"method": "GET", "url": "Slot/s"}})
	}
	status, answer, err := w.call(t.Context(), "POST", "/R4", w.tokens["feed-a"], doc{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil || len(answer) > 5<<20 || !strings.Contains(string(answer), `"status":"413`) {
		t.Errorf("%v, %d bytes; want at most 5 MiB, and to be told that there is more", err, len(answer))
	}
}

// broken panics when a resource of that id is read.
type broken struct{ store.Store }

func (b broken) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	if k.ID == "broken" {
		panic("broken")
	}
	return b.Store.Read(ctx, see, k)
}

// TestPanicInEntry: an entry that meets a fault of ours says so, and those that were
// carried out before are answered.
func TestPanicInEntry(t *testing.T) {
	w := newWorld(t)
	w.app.rest.Store = broken{w.app.rest.Store}
	status, answer, err := w.call(t.Context(), "POST", "/R4", w.tokens["feed-a"], doc{"resourceType": "Bundle", "type": "batch", "entry": []doc{
		{"resource": doc{"resourceType": "Patient"}, "request": doc{"method": "POST", "url": "Patient"}},
		{"request": doc{"method": "GET", "url": "Slot/broken"}},
		{"request": doc{"method": "GET", "url": "metadata"}},
	}})
	if err := expect(err, status, http.StatusOK, answer[:min(len(answer), 500)]); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"status":"201`, `"status":"500`, `"status":"200`} {
		if strings.Count(string(answer), want) != 1 {
			t.Errorf("%s is not there once: %.500s", want, answer)
		}
	}
}

// TestBundleMemory: security S85. A Bundle's answers are held once as they are collected
// and once as they are sent, and not several times more.
func TestBundleMemory(t *testing.T) {
	w := newWorld(t)
	w.stuffed(20)
	var entries []doc
	for i := range 40 {
		entries = append(entries, doc{"request": doc{"method": "GET", "url": fmt.Sprintf("Slot/large-%02d", i%20)}})
	}
	body, err := json.Marshal(doc{"resourceType": "Bundle", "type": "batch", "entry": entries})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.base+"/R4", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.tokens["caller"])
	req.Header.Set("Content-Type", "application/fhir+json")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	n, err := io.Copy(io.Discard, resp.Body)
	runtime.ReadMemStats(&after)
	if err != nil || n < 32<<20 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if got := int64(after.TotalAlloc - before.TotalAlloc); got > 4*n {
		t.Errorf("an answer of %d MiB takes %d MiB", n>>20, got>>20)
	} else {
		t.Logf("an answer of %d MiB takes %d MiB", n>>20, got>>20)
	}
}
