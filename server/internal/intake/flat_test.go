package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"slotway/hl7bridge"
)

// TestFlat: nothing is kept in memory of the messages that were carried out.
// SLOTWAY_FLAT says how many messages there are; 1000000 is the long run. Each tenth
// of the way it says what is kept after a collection, and what a message took on disk.
func TestFlat(t *testing.T) {
	size := 2000
	if text := os.Getenv("SLOTWAY_FLAT"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	const tenths, slack = 10, 1 << 20
	path := filepath.Join(t.TempDir(), "flat.db")
	s := onDiskAt(t, path)
	b := newBridge(t, s.Service) // the shelf itself remembers what it was told
	b.NewID = func() string { return "A" }
	nhs := people(t, s, 1)[0].nhs
	var first, last uint64
	began, empty := time.Now(), bytesOf(t, path)
	for tenth := range tenths {
		var all sync.WaitGroup
		for w := range senders {
			all.Go(func() {
				for n := range size / tenths / senders {
					flatLife(t, b, nhs, fmt.Sprintf("F%d-%d-%d", tenth, w, n/4), n%4)
				}
			})
		}
		all.Wait()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if last = m.HeapAlloc; tenth == 1 { // by then everything is in use
			first = last
		}
		done := (tenth + 1) * (size / tenths / senders) * senders
		t.Logf("%d messages, %.0f a second: %.2f MB of heap, %d bytes of the file a message", done, float64(done)/time.Since(began).Seconds(), float64(m.HeapAlloc)/1e6, (bytesOf(t, path)-empty)/int64(done))
	}
	if last > first+slack {
		t.Errorf("%d bytes of heap are in use after all, %d after a fifth: something is kept of every message", last, first)
	}
}

// flatLife sends one of the four messages of a booking's life.
func flatLife(t *testing.T, b *hl7bridge.Bridge, nhs, placer string, step int) {
	event := []string{"S12", "S14", "S13", "S15"}[step]
	raw := msg("SIU^"+event, placer+event, "20260512100000",
		fmt.Sprintf("SCH|%s|||||CHECKUP^Check-up|ROUTINE^Review %d|FU^Follow-up^L|30|MIN|^^^2026060110%02d00^20260601110000", placer, step, step),
		"PID|||"+nhs+"^^^NHS^NH||Day^Pat", "PV1|1|O|^^^^^^^^Outpatients 4", "ZAP|https://appointments-r-us.co.uk/manage/"+placer)
	if a := b.Give(t.Context(), demo, raw); a.Code != "AA" {
		t.Errorf("%s of %s: %s %s", event, placer, a.Code, a.Text)
	}
}

func bytesOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
