package app

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/audit"
)

// TestAuditAndKill is reliability R57 and decision 23: after a kill every write that
// was acknowledged has its record, every read of more than a moment ago too, and the
// chain is whole.
func TestAuditAndKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts and kills processes for some seconds")
	}
	dir := t.TempDir()
	written, read := 0, 0
	for round := range 3 {
		c := startChild(t, dir)
		token, err := fetchToken(t.Context(), c.base, "demo-admin", demoSecret, "")
		if err != nil {
			t.Fatal(err)
		}
		w := wireDemo{demo: &demo{base: c.base}, admin: token}
		for i := range 20 {
			id := fmt.Sprintf("r%d-%d", round, i)
			got := w.do(t, exchange{method: "PUT", path: "/R4/Patient/" + id, body: []byte(`{"resourceType":"Patient","id":"` + id + `"}`)})
			if got.StatusCode == http.StatusCreated {
				written++
			}
			if i < 10 {
				w.do(t, exchange{method: "GET", path: "/R4/Patient/" + id})
				read++
			}
			if i == 9 {
				w.recorded(t)
			}
		}
		c.kill()
	}
	a := startDemo(t, dir, Settings{})
	count := map[string]int{}
	for _, e := range audited(t, a) {
		count[e.Act]++
	}
	if count["update"] != written || written != 60 || count["read"] < read {
		t.Errorf("%d of %d writes and %d of %d reads have records", count["update"], written, count["read"], read)
	}
	got, err := audit.Verify(t.Context(), a.audit.Store, a.audit.Keys, "")
	if err != nil || got.Break != "" || got.Trimmed || got.Open > 1 {
		t.Errorf("the chain after kills: %+v, %v", got, err)
	}
}

// recorded waits until the records of all that was answered are written, which is to
// be within a second; a slow machine is given more.
func (w wireDemo) recorded(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		resp := w.do(t, exchange{method: "GET", path: "/metrics", nobody: true})
		b, _ := io.ReadAll(resp.Body)
		if strings.Contains(string(b), "\nslotway_audit_waiting_bytes 0\n") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("records are not written")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
