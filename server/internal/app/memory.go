package app

import (
	"os"
	"runtime/debug"
)

// gcPercent is how far the heap may grow between collections, in percent of what is
// live. That is little, for the store maps its file: with Go's own 100 the collector
// would run after every few megabytes of answers and take a fifth of the processor.
const gcPercent = 400

// gcFloor is how much, in bytes, counts as live beside what is: a server that has little,
// as a rule 10 MB, collects when its heap is some 90 MB and not 50, which takes a twentieth
// of the processor less.
const gcFloor = 8 << 20

// tuneMemory sets the collector's pace, unless whoever runs the program set GOGC. What it
// gives must be kept, and is never touched, so that it takes no memory.
func tuneMemory() (kept []byte) {
	if os.Getenv("GOGC") == "" {
		kept = make([]byte, gcFloor)
		debug.SetGCPercent(gcPercent)
	}
	return kept
}

// boundMemory makes the collector run sooner where large answers would have it let the
// heap grow to several times their bytes, unless whoever runs the program set GOMEMLIMIT.
func boundMemory(answers int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2 * answers)
	}
}
