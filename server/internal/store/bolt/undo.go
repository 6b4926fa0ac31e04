package bolt

import (
	"errors"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"slotway/fhir"
)

// overwritten is what a bucket held under a key before a change; old is nil
// when it held nothing. The bytes stay valid: bbolt leaves the pages of the
// transaction's beginning alone until the commit.
type overwritten struct {
	b        *bbolt.Bucket
	key, old []byte
}

// none is the value of keys that say all themselves. It is not nil, which to
// bbolt's Get would mean that the key is not there.
var none = []byte{}

// put sets a key. Neither slice may be changed afterwards.
func (t *tx) put(in bucket, key, value []byte) error {
	return t.set(in, key, t.get(in, key), value)
}

// insert sets a key that is known not to be there.
func (t *tx) insert(in bucket, key, value []byte) error { return t.set(in, key, nil, value) }

func (t *tx) set(in bucket, key, old, value []byte) error {
	b := t.in(in)
	if err := b.Put(key, value); errors.Is(err, berrors.ErrKeyTooLarge) {
		return fhir.Errorf(fhir.Unprocessable, "A name or key of %d bytes is too long to be stored.", len(key)).Because(err)
	} else if err != nil {
		return err
	}
	t.done = append(t.done, overwritten{b, key, old})
	t.size += len(key) + len(value)
	return nil
}

// remove takes away a key that is known to hold that value.
func (t *tx) remove(in bucket, key, value []byte) error {
	b := t.in(in)
	if err := b.Delete(key); err != nil {
		return err
	}
	t.done = append(t.done, overwritten{b, key, value})
	return nil
}

// undo takes back what the change wrote, last first.
func (t *tx) undo() error {
	for i := len(t.done) - 1; i >= 0; i-- {
		o := t.done[i]
		var err error
		if o.old == nil {
			err = o.b.Delete(o.key)
		} else {
			err = o.b.Put(o.key, o.old)
		}
		if err != nil {
			return err
		}
	}
	t.done = nil
	clear(t.ends)
	return nil
}
