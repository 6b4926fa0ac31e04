package bolt

import (
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"
)

// bucket names one of the file's buckets.
type bucket uint8

// The buckets. ids, bodies, claims and logs are the truth; heads, spaces, index,
// counts and changes follow from them and the catalog, and can be made again.
const (
	meta    bucket = iota // schema, catalog
	ids                   // customer 0 type 0 id -> number
	bodies                // number, version turned round -> a version
	heads                 // number -> what searches read of the current version
	spaces                // customer 0 owner -> number of a space of keys
	index                 // space, row, parts, number -> nothing
	counts                // customer 0 type -> how many there are
	changes               // customer 0 type 0 time, number, version -> id
	claims                // space 0 key -> holder, payload
	logs                  // stream 0 time, number -> record
	numBuckets
)

var bucketNames = [numBuckets][]byte{
	[]byte("meta"), []byte("id"), []byte("body"), []byte("head"), []byte("space"),
	[]byte("ix"), []byte("count"), []byte("change"), []byte("claim"), []byte("log"),
}

var derived = []bucket{heads, spaces, index, counts, changes}

var (
	metaSchema  = []byte("schema")
	metaCatalog = []byte("catalog")
	metaTouched = []byte("touched")
)

// prepareFile makes the buckets of a new file, brings an old one up to date, and
// makes the index anew where it is that of another catalog or unfinished.
func (s *Store) prepareFile(rebuild bool) error {
	var version uint64
	current := false
	err := s.db.View(func(btx *bbolt.Tx) (err error) {
		if version, err = checkSchema(btx, s.schema()); version > 0 {
			current = string(btx.Bucket(bucketNames[meta]).Get(metaCatalog)) == s.indexPrint()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case version == 0:
		return s.db.Update(s.create)
	}
	if err := s.migrate(version); err != nil || current && !rebuild {
		return err
	}
	return s.rebuild(current)
}

// checkFile says whether the file is of this version's schema.
func (s *Store) checkFile() error {
	return s.db.View(func(btx *bbolt.Tx) error {
		version, err := checkSchema(btx, s.schema())
		if err == nil && version < s.schema() {
			err = errors.New("the file was written by an older version of this program: start serve on it once, which brings it up to date")
		}
		return err
	})
}

func (s *Store) create(btx *bbolt.Tx) error {
	for _, name := range bucketNames {
		if _, err := btx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if err := btx.Bucket(bucketNames[spaces]).Delete(markRebuild); err != nil {
		return err
	}
	b := btx.Bucket(bucketNames[meta])
	if err := b.Put(metaSchema, binary.AppendUvarint(nil, s.schema())); err != nil {
		return err
	}
	return b.Put(metaCatalog, []byte(s.indexPrint()))
}

// indexPrint names what the derived buckets hold: the meaning of a search, and
// this package's plan of keys.
func (s *Store) indexPrint() string { return s.catalog.Fingerprint() + " " + s.plan.print }

// touch writes something of no meaning, to see whether the disk takes it.
func (t *tx) touch() error {
	return t.put(meta, metaTouched, binary.AppendUvarint(nil, uint64(t.btx.ID())))
}
