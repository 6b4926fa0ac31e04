package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
	"slotway/server/internal/store/parts"
)

// rebuildStep is how many resources one commit of a rebuild takes at most. Their
// keys lie all over the index, so a large step writes each page of it fewer times.
// The first steps are smaller: bbolt divides a page at the commit only, and what
// is put into one grows dearer with the square of it.
var rebuildStep = 20_000

// stepAfter gives how many resources the step takes that follows so many.
func stepAfter(done int) int { return min(rebuildStep, max(done, 500)) }

// markRebuild stands among the spaces while a rebuild goes on: what for, and
// where it is. It goes with the bucket when that is cleared.
var markRebuild = []byte("\x00rebuild")

// Reindex makes the search index of a file anew, whether or not it has to be, and
// says after every step how many resources are done and of how many. An error of
// progress ends it; what is left is done at the next Open.
func Reindex(path string, o Options, progress func(done, of int) error) error {
	o.rebuild, o.progress = true, progress
	s, err := Open(path, o)
	if err != nil {
		return err
	}
	return s.Close()
}

// rebuild makes head, space, ix, count and change anew from the bodies. It first takes
// away the mark that says they are good, and sets it last. One that was cut short
// goes on where it was, unless it was for another catalog or plan.
func (s *Store) rebuild(again bool) error {
	from, total, err := s.resume()
	if err == nil && (from == nil || again) {
		from, total = nil, 0
		err = s.db.Update(s.clear)
	}
	for err == nil {
		err = s.db.Update(func(btx *bbolt.Tx) error {
			t := newTx(s, btx)
			done := 0
			var err error
			if from, done, err = t.rebuildFrom(from, stepAfter(total)); err != nil || from == nil {
				total += done
				return err
			}
			total += done
			mark := binary.AppendUvarint(parts.AppendText(nil, s.indexPrint()), uint64(total))
			return t.insert(spaces, markRebuild, append(mark, from...))
		})
		if err == nil {
			err = s.tell(total)
		}
		if from == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("making the search index anew: %w", err)
	}
	s.log.Info("the search index is made anew", "resources", total)
	return s.db.Update(s.create)
}

// tell says how far a rebuild is.
func (s *Store) tell(done int) error {
	if s.progress == nil {
		s.log.Info("making the search index anew", "resources", done)
		return nil
	}
	of := 0
	err := s.db.View(func(btx *bbolt.Tx) error {
		of = int(btx.Bucket(bucketNames[ids]).Sequence())
		return nil
	})
	if err != nil {
		return err
	}
	return s.progress(done, of)
}

// resume gives where a rebuild for this catalog and plan was cut short.
func (s *Store) resume() (from []byte, done int, err error) {
	err = s.db.View(func(btx *bbolt.Tx) error {
		b := btx.Bucket(bucketNames[spaces])
		if b == nil || btx.Bucket(bucketNames[meta]).Get(metaCatalog) != nil {
			return nil
		}
		r := reader{parts.Reader{Rest: b.Get(markRebuild)}}
		if print := r.Text(); !r.Bad && print == s.indexPrint() {
			done, from = int(r.Uvarint()), bytes.Clone(r.Rest)
		}
		return nil
	})
	return from, done, err
}

// clear takes away what follows from the bodies.
func (s *Store) clear(btx *bbolt.Tx) error {
	if err := btx.Bucket(bucketNames[meta]).Delete(metaCatalog); err != nil {
		return err
	}
	for _, b := range derived {
		if btx.Bucket(bucketNames[b]) != nil {
			if err := btx.DeleteBucket(bucketNames[b]); err != nil {
				return err
			}
		}
		if _, err := btx.CreateBucket(bucketNames[b]); err != nil {
			return err
		}
	}
	return nil
}

// rebuildFrom indexes so many resources from a key of the bucket id on, and
// gives the key to go on from; nil at the end.
func (t *tx) rebuildFrom(from []byte, step int) (next []byte, done int, err error) {
	c := t.in(ids).Cursor()
	for key, value := c.Seek(from); key != nil; key, value = c.Next() {
		if done == step {
			return bytes.Clone(key), done, nil
		}
		if err := t.rebuildOne(key, binary.BigEndian.Uint64(value)); err != nil {
			return nil, done, err
		}
		done++
		t.done = t.done[:0] // nothing of a rebuild is undone alone
	}
	return nil, done, nil
}

func (t *tx) rebuildOne(key []byte, n uint64) error {
	parts := bytes.SplitN(key, []byte{0}, 3)
	if len(parts) != 3 {
		return errDamaged
	}
	k := store.Key{Customer: string(parts[0]), Type: string(parts[1]), ID: string(parts[2])}
	if err := t.rebuildChanges(k, n); err != nil {
		return err
	}
	b, version, err := t.current(n)
	if err != nil || b.deleted {
		return err
	}
	rec := b.record(k, version)
	doc, err := store.Document(t.s.catalog, rec)
	if err != nil {
		return err
	}
	return t.reindex(n, store.Next{Record: rec, Labels: b.labels, Document: doc})
}

// rebuildChanges makes the keys that a resource has among all changes.
func (t *tx) rebuildChanges(k store.Key, n uint64) (err error) {
	t.each(bodies, numberKey(n), func(key, value []byte) bool {
		var b body
		if b, err = readBody(value); err == nil {
			err = t.insert(changes, changeKey(k, b.updated, n, versionOf(key)), []byte(k.ID))
		}
		return err == nil
	})
	return err
}
