package faults

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A server takes a million messages and then has no more memory of its own than when it
// had taken a fifth of them: nothing is kept of a message that was carried out. Nor does
// what is mapped of its file, which is the system's cache, grow as the file does. The
// table says how it went on; the heap's live part is what the collector found in use
// when it last ran, as its next goal and pace tell (hl7-bridge, speed).
func TestMillionMessages(t *testing.T) {
	const tellers, samples, slack, mostMapped = 16, 20, 16 << 20, 1 << 30
	n := size(t, 10_000, 1_000_000)
	p := start(t, t.TempDir(), nil)
	l := newMixed(t, tellers, 0)
	done := make(chan struct{})
	wg := l.run(p, nil, 0, 0, done)
	t.Log("  messages  a second  own MB  mapped MB  heap MB  live MB")
	began := time.Now()
	var early memory
	for sample := 1; sample <= samples; sample++ {
		for l.messages() < n*sample/samples {
			select {
			case <-l.heard:
			case <-p.ended:
				t.Fatal("the server ended")
			}
		}
		m := memoryOf(t, p)
		t.Logf("%10d  %8.0f  %6.1f  %9.1f  %7.1f  %7.1f", l.messages(), float64(l.messages())/time.Since(began).Seconds(), mega(m.own), mega(m.mapped), mega(m.heap), mega(m.live))
		if sample == samples/5 {
			early = m
		}
		if sample == samples && m.own > early.own+slack {
			t.Errorf("%.1f MB are the server's own after %d messages, %.1f after a fifth of them", mega(m.own), n, mega(early.own))
		}
		if m.mapped > mostMapped {
			t.Fatalf("%.0f MB of the file are mapped", mega(m.mapped))
		}
	}
	close(done)
	wg.Wait()
	p.kill()
}

// memory is what a process has, in bytes.
type memory struct {
	own, mapped int64 // in memory: of nobody else, and of files
	heap, live  int64 // of its own: the heap, and what of that was in use at the last collection
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }

// memoryOf gives what the kernel and the metrics say of a process.
func memoryOf(t *testing.T, p *process) (m memory) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Skipf("memory is not known here: %v", err)
	}
	status, metrics := string(b), watch(t, p)
	m.own = 1024 * valueOf(t, status, "RssAnon:")
	m.mapped = 1024 * (valueOf(t, status, "RssFile:") + valueOf(t, status, "RssShmem:"))
	m.heap = valueOf(t, metrics, "go_memstats_heap_inuse_bytes")
	m.live = 100 * valueOf(t, metrics, "go_memstats_next_gc_bytes") / (100 + valueOf(t, metrics, "go_gc_gogc_percent"))
	return m
}

// valueOf reads a number off the line of a name.
func valueOf(t *testing.T, text, name string) int64 {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `\s+(\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("%s is not there", name)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(n)
}
