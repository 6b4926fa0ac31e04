package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
)

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
