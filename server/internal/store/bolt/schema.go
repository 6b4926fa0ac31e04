package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
)

// schema is the version of the layout that DESIGN.md describes. It is raised
// with every change that this package's older versions could not read.
const schema = 1

// bucket names one of the file's buckets.
type bucket uint8

// The buckets. ids, bodies, claims and logs are the truth; heads, spaces, index
// and counts follow from them and the catalog, and can be made again.
const (
	meta   bucket = iota // schema, catalog
	ids                  // customer 0 type 0 id -> number
	bodies               // number, version turned round -> a version
	heads                // number -> what searches read of the current version
	spaces               // customer 0 owner -> number of a space of keys
	index                // space, row, parts, number -> nothing
	counts               // customer 0 type -> how many there are
	claims               // space 0 key -> holder, payload
	logs                 // stream 0 position -> record
	numBuckets
)

var bucketNames = [numBuckets][]byte{
	[]byte("meta"), []byte("id"), []byte("body"), []byte("head"), []byte("space"),
	[]byte("ix"), []byte("count"), []byte("claim"), []byte("log"),
}

var derived = []bucket{heads, spaces, index, counts}

var (
	metaSchema  = []byte("schema")
	metaCatalog = []byte("catalog")
	metaTouched = []byte("touched")
)

// prepareFile makes the buckets of a new file, checks the schema of an old one,
// and makes the index anew where it is that of another catalog or unfinished.
func (s *Store) prepareFile() error {
	fresh, current := false, false
	err := s.db.View(func(btx *bbolt.Tx) error {
		b := btx.Bucket(bucketNames[meta])
		if b == nil {
			fresh = true
			return nil
		}
		version, _ := binary.Uvarint(b.Get(metaSchema))
		if version == 0 || version > schema {
			return fmt.Errorf("the file was written by a newer version of this program (its schema is %d, this program knows %d): use that version, or restore a backup that this one made", version, schema)
		}
		current = string(b.Get(metaCatalog)) == s.indexPrint()
		return nil
	})
	if err != nil || current {
		return err
	}
	if fresh {
		return s.db.Update(s.create)
	}
	return s.rebuild()
}

func (s *Store) create(btx *bbolt.Tx) error {
	for _, name := range bucketNames {
		if _, err := btx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	b := btx.Bucket(bucketNames[meta])
	if err := b.Put(metaSchema, binary.AppendUvarint(nil, schema)); err != nil {
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

// rebuildStep is how many resources one commit of a rebuild takes.
const rebuildStep = 2000

// rebuild makes head, space, ix and count anew from the bodies. It first takes
// away the mark that says they are good, and sets it last, so that a rebuild
// that is cut short begins again at the next Open.
func (s *Store) rebuild() error {
	if err := s.db.Update(s.clear); err != nil {
		return err
	}
	total := 0
	for from := []byte(nil); ; {
		done := 0
		err := s.db.Update(func(btx *bbolt.Tx) error {
			var err error
			from, done, err = newTx(s, btx).rebuildFrom(from)
			return err
		})
		if err != nil {
			return fmt.Errorf("making the search index anew: %w", err)
		}
		total += done
		if from == nil {
			break
		}
		s.log.Info("making the search index anew", "resources", total)
	}
	s.log.Info("the search index is made anew", "resources", total)
	return s.db.Update(s.create)
}

// clear takes away what follows from the bodies.
func (s *Store) clear(btx *bbolt.Tx) error {
	if err := btx.Bucket(bucketNames[meta]).Delete(metaCatalog); err != nil {
		return err
	}
	for _, b := range derived {
		if err := btx.DeleteBucket(bucketNames[b]); err != nil {
			return err
		}
		if _, err := btx.CreateBucket(bucketNames[b]); err != nil {
			return err
		}
	}
	return nil
}

// rebuildFrom indexes the next resources from a key of the bucket id on, and
// gives the key to go on from; nil at the end.
func (t *tx) rebuildFrom(from []byte) (next []byte, done int, err error) {
	c := t.in(ids).Cursor()
	for key, value := c.Seek(from); key != nil; key, value = c.Next() {
		if done == rebuildStep {
			return bytes.Clone(key), done, nil
		}
		if err := t.rebuildOne(key, binary.BigEndian.Uint64(value)); err != nil {
			return nil, done, err
		}
		done++
	}
	return nil, done, nil
}

func (t *tx) rebuildOne(key []byte, n uint64) error {
	parts := bytes.SplitN(key, []byte{0}, 3)
	if len(parts) != 3 {
		return errDamaged
	}
	b, version, err := t.current(n)
	if err != nil || b.deleted {
		return err
	}
	var buf []byte
	rec := b.record(store.Key{Customer: string(parts[0]), Type: string(parts[1]), ID: string(parts[2])}, version, &buf)
	doc, err := store.Document(t.s.catalog, rec)
	if err != nil {
		return err
	}
	return t.reindex(n, store.Next{Record: rec, Labels: b.labels, Document: doc})
}
