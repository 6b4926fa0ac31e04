package app

import (
	"os"
	"runtime"
	"runtime/debug"
	gometrics "runtime/metrics"
	"sync"
)

// The collector's pace. Go's own lets the heap grow by as much as is live, which is
// little here, for the store maps its file: it would run after every few megabytes of
// answers and take a fifth of the processor. A fixed larger share of what is live would
// let slow clients, each of whom has a little, cost many times that.
const (
	gcGrowth = 80 << 20 // bytes by which the heap grows between collections
	gcLeast  = 100      // percent of what is live by which it grows in any case
	gcMost   = 1000     // percent, for before the first collection nothing is known
)

// tuneMemory sets the collector's pace, once for a process, unless whoever runs the
// program set GOGC.
var tuneMemory = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		pace()
	}
})

// pace sets what share of the memory that is live the heap may grow by, and is called
// again after each collection, as a new share is right when that much is live.
func pace() {
	looked := []gometrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	gometrics.Read(looked)
	live := uint64(1)
	for _, l := range looked {
		live += l.Value.Uint64()
	}
	debug.SetGCPercent(percentFor(live))
	runtime.AddCleanup(new([64]byte), func(struct{}) { pace() }, struct{}{})
}

// percentFor gives the share, in percent, for so many live bytes.
func percentFor(live uint64) int { return int(min(gcMost, max(gcLeast, 100*gcGrowth/live))) }

// boundMemory makes the collector run sooner where large answers would have it let the
// heap grow to several times their bytes, unless whoever runs the program set GOMEMLIMIT.
func boundMemory(answers int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2 * answers)
	}
}
