package bolt

import (
	"errors"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// establish makes the file where there is none. It gets its name when it is whole and
// on the disk: bbolt writes the first pages of a file at once, and cannot open one of
// which a power cut left some.
func (s *Store) establish(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return nil // what is wrong with it, opening it says
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(s.create), db.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if errors.Is(err, os.ErrExist) {
		return nil // another process was a moment faster
	}
	if err != nil { // a file system without links
		err = os.Rename(f.Name(), path)
	}
	return errors.Join(err, syncFolder(path))
}
