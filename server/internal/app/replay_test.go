package app

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestReplays: what may be used once is, whoever asks and however many at a time,
// until it need not be remembered; then nothing of it is left.
func TestReplays(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	now := time.Now()
	firsts := atomic.Int32{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { // each as a process of its own
			if first, err := (replays{a.store}).Once(t.Context(), "a", now.Add(time.Minute)); err != nil {
				t.Error(err)
			} else if first {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	if n := firsts.Load(); n != 1 {
		t.Errorf("%d were the first", n)
	}
	r := replays{a.store}
	for n := range forgetAtOnce + 10 {
		if first, err := r.Once(t.Context(), string(rune(n+0x4000)), now.Add(time.Hour)); !first || err != nil {
			t.Fatalf("%d: %v %v", n, first, err)
		}
	}
	left := func() int {
		n := 0
		for _, space := range []string{onceSpace, overSpace} {
			claims, err := a.store.Claims(t.Context(), space, "", "", 1000)
			if err != nil {
				t.Fatal(err)
			}
			n += len(claims)
		}
		return n
	}
	for _, step := range []struct {
		at   time.Duration
		want int
	}{{0, 2 * (forgetAtOnce + 11)}, {59 * time.Second, 2 * (forgetAtOnce + 11)}, {2 * time.Minute, 2 * (forgetAtOnce + 10)}, {2 * time.Hour, 0}} {
		if err := r.forget(t.Context(), now.Add(step.at)); err != nil {
			t.Fatal(err)
		}
		if got := left(); got != step.want {
			t.Errorf("after %s %d claims are left, want %d", step.at, got, step.want)
		}
	}
	if first, err := r.Once(t.Context(), "a", now.Add(time.Minute)); !first || err != nil {
		t.Errorf("what was forgotten: %v %v", first, err)
	}
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	if first, err := r.Once(t.Context(), "b", now); first || err == nil {
		t.Errorf("without a store: %v %v", first, err)
	}
}
