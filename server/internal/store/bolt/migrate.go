package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// migration brings a file from the schema before to the next, in one commit, so
// that a file is of the one or of the other. What follows from the bodies needs
// none: it is made anew where the plan is another.
type migration struct {
	what string // for the log
	run  func(*bbolt.Tx) error
}

// migrations are those from schema 1 on, in order: the first leads to schema 2.
// One is never changed once a version of the program with it is out.
var migrations = []migration{
	{"records of streams have a time", timeLogs},
}

// timeLogs gives the records of streams keys with a time. When they were appended
// is not known: they are of the beginning of time, 1970.
func timeLogs(btx *bbolt.Tx) error {
	type pair struct{ key, value []byte }
	var old []pair
	b := btx.Bucket(bucketNames[logs])
	err := b.ForEach(func(key, value []byte) error {
		old = append(old, pair{bytes.Clone(key), value})
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range old {
		if len(p.key) < 9 {
			return errDamaged
		}
		stream := string(p.key[:len(p.key)-9])
		if err := errors.Join(b.Delete(p.key), b.Put(logKey(stream, 0, lastNumber(p.key)), p.value)); err != nil {
			return err
		}
	}
	return nil
}

// schema is the version of the layout that DESIGN.md describes. It is raised,
// by a migration, with every change that this package's older versions could not
// read.
func (s *Store) schema() uint64 { return 1 + uint64(len(s.migrations)) }

// checkSchema gives the schema of a file, 0 for one that is empty. It refuses a
// file that is something else, or of a newer version of the program.
func checkSchema(btx *bbolt.Tx, newest uint64) (uint64, error) {
	b := btx.Bucket(bucketNames[meta])
	if b == nil {
		if name, _ := btx.Cursor().First(); name != nil {
			return 0, fmt.Errorf("the file is not a store of this program: it holds something else")
		}
		return 0, nil
	}
	version, size := binary.Uvarint(b.Get(metaSchema))
	switch {
	case size <= 0 || version == 0:
		return 0, fmt.Errorf("the file does not say which schema it has: restore it from a backup")
	case version > newest:
		return 0, fmt.Errorf("the file was written by a newer version of this program (its schema is %d, this program knows %d): use that version, or restore a backup that this one made", version, newest)
	}
	return version, nil
}

// migrate brings a file of an older schema up to date, a commit for each step.
func (s *Store) migrate(from uint64) error {
	for version := from; version < s.schema(); version++ {
		m := s.migrations[version-1]
		s.log.Info("bringing the store up to date", "schema", version+1, "change", m.what)
		err := s.db.Update(func(btx *bbolt.Tx) error {
			if err := m.run(btx); err != nil {
				return err
			}
			return btx.Bucket(bucketNames[meta]).Put(metaSchema, binary.AppendUvarint(nil, version+1))
		})
		if err != nil {
			return fmt.Errorf("bringing the file from schema %d to %d (%s): %w", version, version+1, m.what, err)
		}
	}
	return nil
}
