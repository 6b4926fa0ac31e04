package bolt

import (
	"errors"
	"os"
	"syscall"
)

// reserve gives the file blocks of the disk, which it keeps.
func reserve(f *os.File, from, size int64) error {
	for {
		if err := syscall.Fallocate(int(f.Fd()), 0, from, size); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
