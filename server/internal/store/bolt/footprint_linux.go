package bolt

import "syscall"

// giveBack takes the pages of a mapped file out of the process's memory. They stay
// mapped, and in the system's cache. That it may fail does no harm.
func giveBack(at uintptr, size int64) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, at, uintptr(size), syscall.MADV_DONTNEED)
}
