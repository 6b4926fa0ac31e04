package faults

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// clockEnv names the file that a process has in memory with whoever sets its clock.
const clockEnv = "SLOTWAY_FAULTS_CLOCK"

// clock is that of a process. Two things are done to it: it is set to another time,
// which a process does not notice in what it measures; and time passes, as it does
// for one that was stopped and is continued.
type clock struct{ set, passed *atomic.Int64 } // nanoseconds

// newClock gives the clock of a folder's processes.
func newClock(t *testing.T, dir string) *clock {
	t.Helper()
	file := filepath.Join(dir, "clock")
	if _, err := os.Stat(file); err != nil {
		if err := os.WriteFile(file, make([]byte, 16), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := openClock(file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openClock shares the file's memory.
func openClock(file string) (*clock, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := syscall.Mmap(int(f.Fd()), 0, 16, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return &clock{(*atomic.Int64)(unsafe.Pointer(&b[0])), (*atomic.Int64)(unsafe.Pointer(&b[8]))}, nil
}

// now is the time by the clock.
func (c *clock) now() time.Time {
	t := time.Now().Add(time.Duration(c.passed.Load()))
	// Seconds since 1885 stand above 30 bits of nanoseconds; what measures stands apart.
	*(*uint64)(unsafe.Pointer(&t)) += uint64(c.set.Load()/int64(time.Second)) << 30
	return t
}

// jump sets the clock some whole seconds on, or back.
func (c *clock) jump(by time.Duration) { c.set.Add(int64(by)) }

// pass lets time go by.
func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

// A clock that is set differs from one by which time has passed.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	c := newClock(t, dir)
	was := c.now()
	c.jump(-24 * time.Hour)
	now := c.now()
	if d := now.Sub(was); d < 0 || d > time.Minute {
		t.Errorf("a clock that is set back has measured %v", d)
	}
	if d := now.Round(0).Sub(was.Round(0)); d > -23*time.Hour || d < -25*time.Hour {
		t.Errorf("a clock that is set back a day shows %v", d)
	}
	c.pass(time.Hour)
	if d := newClock(t, dir).now().Sub(was); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("an hour has passed, and %v by the clock", d)
	}
}
