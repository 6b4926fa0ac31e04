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
