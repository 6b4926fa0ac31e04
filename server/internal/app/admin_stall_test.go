package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// A client that asks for a large page and stops reading it neither holds up
// writers nor keeps old pages of the file: design decision 16. When it reads on,
// the page is what it was when it was asked for.
func TestStalledReader(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 5,000 commits' worth of changes")
	}
	const appointments, updates, writers = 400, 5000, 4 // one page, of 8 MB
	dir := t.TempDir()
	a := startDemo(t, dir, Settings{})
	load := func(i int, status string) store.Put {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","id":"a%d","status":%q,"start":"2025-10-25T09:00:00Z","comment":"%20000s"}`, i, status, "long"))
		if err != nil {
			t.Fatal(err)
		}
		return store.Put{Key: store.Key{Customer: "trustalias", Type: "Appointment", ID: r.ID()}, Resource: r, IfVersion: store.Any}
	}
	err := a.store.Update(t.Context(), func(tx store.Tx) error {
		for i := range appointments {
			if _, err := tx.Put(t.Context(), load(i, "booked")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	body := stalled(t, a, fmt.Sprintf("/R4/Appointment?_count=%d", appointments))

	before := inUse(t, a)
	var left atomic.Int64
	left.Store(updates)
	var wg sync.WaitGroup
	began := time.Now()
	for w := range writers {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				err := storeText(t.Context(), a.store, fmt.Sprintf(`{"resourceType":"Slot","id":"s%d","status":%q,"comment":"%d"}`, w, []string{"free", "busy"}[n%2], n))
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	grown := inUse(t, a) - before
	t.Logf("%d updates in %v; the file grew by %d KB", updates, time.Since(began).Round(time.Millisecond), grown>>10)
	// Each commit gives up some ten pages: kept, they would make 50 MB and more.
	if grown > 16<<20 {
		t.Errorf("the file grew by %d MB while a reader stood still, want at most 16", grown>>20)
	}
	page, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for range r.Root().Get("entry").Each() {
		entries++
	}
	if entries != appointments || len(page) < appointments*20_000 {
		t.Errorf("the page has %d entries in %d bytes, want %d", entries, len(page), appointments)
	}
}

// stalled asks for a page, reads the head of the answer, and gives the rest
// unread. More of it than a socket holds is still to be sent.
func stalled(t *testing.T, a *App, path string) io.Reader {
	t.Helper()
	token, err := fetchToken(t.Context(), a.cfg.BaseURL, "demo-consumer", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(a.cfg.BaseURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the test is over
	if err := c.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, token); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s = %s", path, resp.Status)
	}
	return resp.Body
}

// inUse gives how many bytes of the store's file were ever written: the file is
// longer, by the room kept ahead.
func inUse(t *testing.T, a *App) int64 {
	t.Helper()
	sum, err := a.audit.Store.(*bolt.Store).Backup(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return sum.Bytes
}
