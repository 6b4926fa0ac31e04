package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Restore makes a store of a backup. It refuses a target that holds anything, a
// backup that is not whole or not sound, and one of a newer schema; then there is
// no target afterwards. The file is for its owner only.
func Restore(ctx context.Context, from io.Reader, path string) (Summary, error) {
	if err := vacant(path); err != nil {
		return Summary{}, err
	}
	part := path + ".restoring"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Summary{}, err
	}
	defer os.Remove(part)
	length, digest, err := verify(ctx, from, f)
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return Summary{}, err
	}
	sum, err := inspect(ctx, part, true)
	if err != nil {
		return Summary{}, err
	}
	sum.Bytes, sum.Digest = length, digest
	if err := vacant(path); err != nil { // another may have made it meanwhile
		return Summary{}, err
	}
	if err := os.Rename(part, path); err != nil {
		return Summary{}, err
	}
	return sum, syncFolder(path)
}

// vacant refuses a path that holds something.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() > 0:
		return fmt.Errorf("%s holds data already: a restore goes to a new file; move that one away, or name another", path)
	}
	return nil
}

// inspect says what a backup holds. A thorough one also checks that every page is
// where it should be and every key in its order.
func inspect(ctx context.Context, path string, thorough bool) (sum Summary, err error) {
	defer func() {
		if p := recover(); p != nil { // bbolt panics on pages that cannot be
			err = fmt.Errorf("the backup does not hold a sound store: %v", p)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return Summary{}, fmt.Errorf("the backup does not hold a store: %w", err)
	}
	defer db.Close()
	err = db.View(func(btx *bbolt.Tx) error {
		version, err := checkSchema(btx, 1+uint64(len(migrations)))
		if err != nil {
			return err
		}
		if version == 0 {
			return errors.New("the backup holds no store")
		}
		if thorough {
			for fault := range btx.Check() { // to the end: it is a goroutine's channel
				if err == nil {
					err = fault
				}
			}
		}
		if err != nil {
			return fmt.Errorf("the backup does not hold a sound store: %w", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		sum, err = summarise(btx)
		return err
	})
	return sum, err
}

// syncFolder makes a new name durable.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
