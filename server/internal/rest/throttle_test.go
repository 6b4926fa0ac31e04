package rest

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// TestThrottle is security S92: a burst, then a steady rate, each caller for itself.
func TestThrottle(t *testing.T) {
	now := time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)
	th := NewThrottle(Rate{PerSecond: 10, Burst: 5}, func() time.Time { return now })
	taken := func(who string, n int) (ok int) {
		for range n {
			if th.Take(who) == 0 {
				ok++
			}
		}
		return ok
	}
	for _, tc := range []struct {
		name  string
		after time.Duration
		who   string
		want  int // of 100
	}{
		{"a burst", 0, "a", 5},
		{"nothing more", 0, "a", 0},
		{"another caller", 0, "b", 5},
		{"one comes back", 100 * time.Millisecond, "a", 1},
		{"almost one", 99 * time.Millisecond, "a", 0},
		{"three", 300 * time.Millisecond, "a", 3},
		{"no more than a burst after a day", 24 * time.Hour, "a", 5},
		{"a clock that runs back", -time.Hour, "a", 0},
	} {
		now = now.Add(tc.after)
		if got := taken(tc.who, 100); got != tc.want {
			t.Errorf("%s: %d of 100, want %d", tc.name, got, tc.want)
		}
	}
	// A refusal costs nothing: who waits as long as is said is served.
	now = now.Add(48 * time.Hour)
	taken("c", 100)
	wait := th.Take("c")
	if now = now.Add(wait); wait <= 0 || wait > 100*time.Millisecond || th.Take("c") != 0 {
		t.Errorf("after waiting %s as told: refused", wait)
	}
	var none *Throttle
	if none.Take("a") != 0 || NewThrottle(Rate{}, nil) != nil {
		t.Error("no limit is one")
	}
}

// TestThrottleRates: over a long time as many pass as the rate says, and a client at
// ten thousand a second passes where that is the rate.
func TestThrottleRates(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 3, 200, 10_000} {
		now := time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)
		began := now
		th := NewThrottle(Rate{PerSecond: rate}, func() time.Time { return now })
		got := 0
		for now.Sub(began) < 20*time.Second {
			if th.Take("a") == 0 {
				got++
			}
			now = now.Add(time.Duration(float64(time.Second) / rate / 2))
		}
		if want := rate * 20; float64(got) < want || float64(got) > want+max(1, rate)+1 {
			t.Errorf("at %v a second %d passed in 20 s", rate, got)
		}
	}
}

// TestThrottleIsBounded is security S92: a million addresses take no more memory than
// the most that are known.
func TestThrottleIsBounded(t *testing.T) {
	th := NewThrottle(Rate{PerSecond: 1}, time.Now)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 1_000_000 {
		th.Take(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := th.full.Len(); n != maxThrottled {
		t.Errorf("%d callers are known, want %d", n, maxThrottled)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	runtime.KeepAlive(th)
}

func TestBlock(t *testing.T) {
	for _, tc := range []struct{ address, want string }{
		{"192.0.2.7", "192.0.2.7"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:db8:1:2:ffff::", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"@", "@"},
	} {
		if got := block(tc.address); got != tc.want {
			t.Errorf("block(%q) = %q, want %q", tc.address, got, tc.want)
		}
	}
}
