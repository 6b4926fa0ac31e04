package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestBundleAnswers: security S85 and S86. One request of a client that may only
// read slots can ask a thousand times for a thousand of them: what a Bundle is
// answered is bounded, entry by entry in a batch, and as a whole in a transaction.
func TestBundleAnswers(t *testing.T) {
	w := newWorld(t)
	w.app.rest.Limits.Answers = 100_000
	for i := range 40 {
		w.put("feed-a", doc{
			"resourceType": "Slot", "id": fmt.Sprint("s", i), "status": "free", "schedule": doc{"reference": "Schedule/x"},
			"start": "2030-01-08T09:15:00Z", "end": "2030-01-08T09:30:00Z", "comment": strings.Repeat("x", 500),
		})
	}
	send := func(kind string, entry doc, times int) (int, fhir.Node, int) {
		t.Helper()
		all := make([]doc, times)
		for i := range all {
			all[i] = entry
		}
		status, body, err := w.call(t.Context(), http.MethodPost, "/R4", w.tokens["slots"], doc{"resourceType": "Bundle", "type": kind, "entry": all})
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		return status, r.Root(), len(body)
	}
	search := doc{"request": doc{"method": "GET", "url": "Slot?_count=1000"}}
	for name, entry := range map[string]doc{
		"searches":        search,
		"posted searches": {"request": doc{"method": "POST", "url": "Slot/_search?_count=1000"}},
		"histories":       {"request": doc{"method": "GET", "url": "Slot/_history?_count=1000"}},
	} {
		status, root, size := send("batch", entry, 200)
		codes := map[string]int{}
		for e := range root.Get("entry").Each() {
			codes[e.Find("response", "status").Text()]++
		}
		if status != http.StatusOK || codes["200 OK"] < 2 || codes["200 OK"] > 6 || len(codes) != 2 || codes["413 Request Entity Too Large"] == 0 || size > 400_000 {
			t.Errorf("%s: %d, %d bytes, %v", name, status, size, codes)
		}
	}
	if status, root, _ := send("transaction", search, 200); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a transaction: %d %.300s", status, root.Raw())
	}
	if status, _, _ := send("transaction", search, 2); status != http.StatusOK {
		t.Errorf("a small transaction: %d", status)
	}
}
