package app

import (
	"os"
	"runtime/debug"
)

// gcPercent is how far the heap may grow between collections, in percent of what is
// live. That is little, for the store maps its file: with Go's own 100 the collector
// would run after every few megabytes of answers and take a fifth of the processor.
const gcPercent = 400

// tuneMemory sets the collector's pace, unless whoever runs the program set GOGC.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// boundMemory makes the collector run sooner where large answers would have it let the
// heap grow to several times their bytes, unless whoever runs the program set GOMEMLIMIT.
func boundMemory(answers int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2 * answers)
	}
}
