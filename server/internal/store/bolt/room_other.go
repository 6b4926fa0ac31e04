//go:build !linux

package bolt

import (
	"errors"
	"os"
)

// reserve cannot be had here: bbolt finds out when it writes.
func reserve(*os.File, int64, int64) error { return errors.ErrUnsupported }
