package faults

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"slotway/server/internal/dispatch"
)

// On a full disk nothing is acknowledged, and whoever asks is told so at once; as soon
// as there is room all goes on, without a restart (R31, R34, figure "disk full"). Reads
// go on, where their records may wait for room.
func TestFullDisk(t *testing.T) {
	rounds := size(t, 2, 100)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small file system cannot be mounted here, which takes root: %v", err)
	}
	p := start(t, dir, nil, "--audit-failure", "continue")
	t.Cleanup(func() {
		p.kill()
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	c, l := login(t, p), newLoad(t)
	link := dispatch.MLLP(p.mllp, nil)
	defer link.Close()
	for round := range rounds {
		fill := fillUp(t, dir)
		n := 0
		for ; l.send(link, fmt.Sprintf("m-%d-%d", round, n)) == "AA"; n++ { // what had room already
			if n > 10_000 {
				t.Fatal("the disk is full, and every message is taken")
			}
		}
		l.since(time.Now())
		for i := range 10 {
			if code := l.send(link, fmt.Sprintf("m-%d-full-%d", round, i)); code != "AE" {
				t.Errorf("round %d: while the disk is full a message is answered %q", round, code)
			}
			r := l.store(c, fmt.Sprintf("l-%d-full-%d", round, i))
			if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
				t.Errorf("round %d: while the disk is full a PUT is answered %d %v, Retry-After %q", round, r.status, r.err, r.header.Get("Retry-After"))
			}
		}
		if l.slowest > 5*time.Second {
			t.Errorf("round %d: it takes %v to say that the disk is full", round, l.slowest)
		}
		if r := c.do(t.Context(), http.MethodGet, "/readyz", nil); r.status != http.StatusServiceUnavailable {
			t.Errorf("round %d: readiness is %d on a full disk", round, r.status)
		}
		c.must(t, http.StatusOK, http.MethodGet, "/R4/Appointment?_count=1", nil) // reads go on
		if err := os.Remove(fill); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		back := 0
		for ; l.send(link, fmt.Sprintf("m-%d-back-%d", round, back)) != "AA" && time.Since(began) < 10*time.Second; back++ {
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("round %d: service is back after %v", round, took)
		}
		c.ready(t)
	}
	l.check(c)
}

// fillUp takes all room that a file system has.
func fillUp(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for len(block) > 0 {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	return name
}
