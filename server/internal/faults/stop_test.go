package faults

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Told to stop under load, a server breaks no answer, loses nothing that it
// acknowledged, and ends within 10 seconds with exit code 0 (R42, R43).
func TestStopUnderLoad(t *testing.T) {
	stops := size(t, 3, 500)
	dir := t.TempDir()
	l := newLoad(t)
	slowest := time.Duration(0)
	for round := range stops {
		p := start(t, dir, nil)
		c := login(t, p)
		var stopped atomic.Bool
		wg := l.run(p, c, fmt.Sprint(round), 4, func() bool { return !stopped.Load() })
		for range 10 + rand.IntN(60) {
			<-l.heard
		}
		began := time.Now()
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case <-p.ended:
		case <-time.After(15 * time.Second):
			t.Errorf("round %d: it runs 15 seconds after it was told to stop", round)
			p.kill()
		}
		took := time.Since(began)
		stopped.Store(true)
		wg.Wait()
		if slowest = max(slowest, took); took > 10*time.Second || p.err != nil {
			t.Errorf("round %d: it ended after %v: %v", round, took, p.err)
		}
	}
	for _, b := range l.broken {
		t.Error(b)
	}
	t.Logf("%d stops, the slowest %v", stops, slowest.Round(time.Millisecond))
	l.check(login(t, start(t, dir, nil)))
}
