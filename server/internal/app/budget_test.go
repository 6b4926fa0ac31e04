package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/rest"
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
